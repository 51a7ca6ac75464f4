/**
 * How to look at a place that is known to within an ellipse: circle it where the camera sees all of it from one circle, else fly parallel tracks
 * over it (creeping line, IAMSAR Manual Vol. II, 5.5), sized by the ellipse and by what the camera sees on the ground.
 */
import type { Place } from "#contract/geo.ts";
import { type LatLon, movedBy, type OffsetM } from "./local.ts";

export interface Camera {
  /** Horizontal field of view. */
  fieldOfViewDeg: number;
  /** Share of a track's width that the next one sees again. */
  overlap: number;
  /** The smallest circle it flies around people. */
  standOffM: number;
}

export interface Pattern {
  kind: "orbit" | "search";
  points: LatLon[];
  /** Radius of an orbit. */
  radiusM?: number;
  /** Distance between the tracks of a search. */
  spacingM?: number;
}

const orbitPoints = 12;
const maxTracks = 40;

/** Width of ground that a camera looking down sees from `heightM`. */
export function groundWidthM(camera: Camera, heightM: number): number {
  return 2 * heightM * Math.tan((camera.fieldOfViewDeg * Math.PI) / 360);
}

/** One round, from the point nearest to `from`, clockwise; the first point is not repeated. */
export function orbit(centre: LatLon, radiusM: number, from?: OffsetM): LatLon[] {
  const start = from ? Math.atan2(from.eastM, from.northM) : 0;
  return Array.from({ length: orbitPoints }, (_, k) => {
    const angle = start + (2 * Math.PI * k) / orbitPoints;
    return movedBy(centre, { eastM: radiusM * Math.sin(angle), northM: radiusM * Math.cos(angle) });
  });
}

/** The pattern for a place. `from` is where the drone comes from, relative to the place: it starts on that side. */
export function patternFor(place: Place, heightM: number, camera: Camera, from?: OffsetM): Pattern {
  const { semiMajorM, semiMinorM, azimuthDeg } = place.ellipse95;
  const widthM = groundWidthM(camera, heightM);
  // An orbit keeps the whole ellipse in the picture when it is no wider than the picture at the centre.
  if (2 * semiMajorM <= widthM) {
    const radiusM = Math.max(camera.standOffM, semiMajorM);
    return { kind: "orbit", points: orbit(place, radiusM, from), radiusM };
  }
  const spacingM = widthM * (1 - camera.overlap);
  const tracks = Math.min(maxTracks, Math.max(2, Math.ceil((2 * semiMinorM) / spacingM)));
  const along = (azimuthDeg * Math.PI) / 180;
  const major: OffsetM = { eastM: Math.sin(along), northM: Math.cos(along) };
  const minor: OffsetM = { eastM: Math.cos(along), northM: -Math.sin(along) };
  const points: LatLon[] = [];
  for (let track = 0; track < tracks; track++) {
    const across = -semiMinorM + ((track + 0.5) * 2 * semiMinorM) / tracks;
    const half = semiMajorM * Math.sqrt(Math.max(0, 1 - (across / Math.max(semiMinorM, 1e-9)) ** 2));
    const ends = track % 2 === 0 ? [-half, half] : [half, -half];
    for (const end of ends) {
      points.push(
        movedBy(place, {
          eastM: major.eastM * end + minor.eastM * across,
          northM: major.northM * end + minor.northM * across,
        }),
      );
    }
  }
  const startsFar = from !== undefined && fartherFirst(points, place, from);
  return { kind: "search", points: startsFar ? points.reverse() : points, spacingM: (2 * semiMinorM) / tracks };
}

function fartherFirst(points: readonly LatLon[], place: LatLon, from: OffsetM): boolean {
  const origin = movedBy(place, from);
  const square = (p: LatLon) =>
    (p.lat - origin.lat) ** 2 + ((p.lon - origin.lon) * Math.cos((origin.lat * Math.PI) / 180)) ** 2;
  return square(points[0]!) > square(points[points.length - 1]!);
}
