/** Where a camera on a pan and tilt mount has to turn for a place: from the mount's place and height to angles of its two servos. */
import { frameAt, type LatLonAlt } from "../localise/geo.ts";

/** One servo. Angles are degrees of the servo, 0 to 180. */
export interface Axis {
  /** Where the camera looks along `azimuthDeg` (pan), or level (tilt). */
  zeroDeg: number;
  leastDeg: number;
  mostDeg: number;
  /** Greater angles turn the camera to the left (pan), or down (tilt), instead of to the right, or up. */
  reversed: boolean;
}

export interface Mount {
  position: LatLonAlt;
  /** Of the camera above the ground. */
  heightM: number;
  /** Where it looks with `pan` at its zero, clockwise from true north. */
  azimuthDeg: number;
  pan: Axis;
  tilt: Axis;
}

/** A place to look at. `heightM` is above the ground there, which is taken to be as high as under the mount; 0 where it is absent. */
export interface LookAt {
  lat: number;
  lon: number;
  heightM?: number | undefined;
}

/** `azimuthDeg` clockwise from true north, `elevationDeg` above level, `rangeM` along the ground. */
export type Aim =
  | { kind: "aim"; panDeg: number; tiltDeg: number; azimuthDeg: number; elevationDeg: number; rangeM: number }
  | { kind: "out-of-reach"; why: string };

const DEG = 180 / Math.PI;

export function aimAt(mount: Mount, at: LookAt): Aim {
  const { position, heightM, pan, tilt } = mount;
  const { eastM, northM } = frameAt(position).toLocal(at.lat, at.lon, position.altM);
  const rangeM = Math.hypot(eastM, northM);
  const azimuthDeg = (Math.atan2(eastM, northM) * DEG + 360) % 360;
  const elevationDeg = Math.atan2((at.heightM ?? 0) - heightM, rangeM) * DEG;
  const panDeg = servoDeg(pan, halfTurn(azimuthDeg - mount.azimuthDeg));
  const tiltDeg = servoDeg(tilt, elevationDeg);
  if (!reaches(pan, panDeg)) {
    const [left, right] = turns(pan).map((deg) => (mount.azimuthDeg + deg + 360) % 360) as [number, number];
    const why = `the place lies at ${azimuthDeg.toFixed(0)} degrees, the mount turns from ${left.toFixed(0)} clockwise to ${right.toFixed(0)}`;
    return { kind: "out-of-reach", why };
  }
  if (!reaches(tilt, tiltDeg)) {
    const [low, high] = turns(tilt);
    const why = `the place lies at ${elevationDeg.toFixed(0)} degrees of elevation, the mount tilts from ${low.toFixed(0)} to ${high.toFixed(0)}`;
    return { kind: "out-of-reach", why };
  }
  return { kind: "aim", panDeg, tiltDeg, azimuthDeg, elevationDeg, rangeM };
}

function servoDeg({ zeroDeg, reversed }: Axis, turnDeg: number): number {
  return zeroDeg + (reversed ? -turnDeg : turnDeg);
}

function reaches({ leastDeg, mostDeg }: Axis, deg: number): boolean {
  return deg >= leastDeg && deg <= mostDeg;
}

/** Its limits as turns of the camera, the leftmost (lowest) first. */
function turns({ zeroDeg, leastDeg, mostDeg, reversed }: Axis): [number, number] {
  return reversed ? [zeroDeg - mostDeg, zeroDeg - leastDeg] : [leastDeg - zeroDeg, mostDeg - zeroDeg];
}

/** -180 to 180. */
function halfTurn(deg: number): number {
  return ((((deg + 180) % 360) + 360) % 360) - 180;
}
