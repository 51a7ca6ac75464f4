/** GeoJSON of what the map shows. Pure: incidents, nodes and shots in, features out. */
import { percent } from "#contract/certainty.ts";
import type { IncidentState } from "#contract/incident.ts";
import type { ShotFixed } from "#contract/shot.ts";
import { type Bounded, type Box, boxOf, circleRing, ellipseRing, type LonLat, rangeM } from "../geometry.ts";
import { headline, within } from "../words.ts";
import type { PlacedNode } from "./placed-nodes.ts";

export interface Feature {
  type: "Feature";
  geometry:
    | { type: "Point"; coordinates: LonLat }
    | { type: "LineString"; coordinates: LonLat[] }
    | { type: "Polygon"; coordinates: LonLat[][] };
  properties: Record<string, string | number | boolean>;
}
export interface Features {
  type: "FeatureCollection";
  features: Feature[];
}

export const collection = (features: Feature[]): Features => ({ type: "FeatureCollection", features });

const point = (lon: number, lat: number, properties: Feature["properties"]): Feature => ({
  type: "Feature",
  geometry: { type: "Point", coordinates: [lon, lat] },
  properties,
});
const area = (ring: LonLat[], properties: Feature["properties"]): Feature => ({
  type: "Feature",
  geometry: { type: "Polygon", coordinates: [ring] },
  properties,
});

export function nodeFeatures(nodes: readonly PlacedNode[]): Features {
  return collection(nodes.map(({ id, lat, lon, condition }) => point(lon, lat, { id, icon: `node-${condition}` })));
}

/** Places of the other incidents, every one that fits: a bound each, never a bare dot. */
export function incidentFeatures(incidents: readonly IncidentState[]): Features {
  return collection(incidents.flatMap(marksOf));
}

/** More seconds than there are between any two incidents. */
const ON_TOP = 1e10;

/** A version of an incident never changes: its ellipse is computed once. */
const marks = new WeakMap<IncidentState, Feature[]>();

function marksOf(incident: IncidentState): Feature[] {
  const known = marks.get(incident);
  if (known !== undefined) return known;
  const { status } = incident;
  // What waits for somebody lies on top of what was reviewed, and the newer on the older.
  const order = Date.parse(incident.firedAt) / 1000 + (status === "unreviewed" ? ON_TOP : 0);
  const properties = { incident: incident.incident, status, icon: `incident-${status}`, order };
  const features = placesOf(incident).flatMap((place) => {
    // An ellipse of a few metres cannot be seen on a map of the city: what waits for somebody has its bound in words too.
    const letter = place.letter === "" ? "" : `${place.letter} · `;
    const label = status === "unreviewed" && { label: `${letter}${headline(incident)}\n${within(place.ellipse95)}` };
    return [
      area(ellipseRing(place, 48), { ...properties, shape: "bound" }),
      point(place.lon, place.lat, { ...properties, ...label, shape: "mark" }),
    ];
  });
  marks.set(incident, features);
  return features;
}

/** Every place that fits, best first; with more than one each is named by a letter. */
export function placesOf(incident: IncidentState): (Bounded & { letter: string; probability: number })[] {
  if (incident.place === undefined) return [];
  const others = incident.alternatives ?? [];
  const rest = others.reduce((sum, other) => sum + other.probability, 0);
  const all = [{ ...incident.place, probability: Math.max(0, 1 - rest) }, ...others];
  return all.map((place, i) => ({ ...place, letter: all.length > 1 ? String.fromCharCode(65 + i) : "" }));
}

/** The selected incident: an ellipse and a locating mark per place, a number per round, a thin ellipse for the chosen one. */
export function selectedFeatures(incident: IncidentState | undefined, shot?: string): Features {
  if (incident === undefined) return collection([]);
  const features: Feature[] = [];
  const status = incident.status;
  const places = placesOf(incident);
  for (const place of places) {
    const label =
      places.length > 1
        ? `${place.letter} · ${percent(place.probability)}\n${within(place.ellipse95)}`
        : `${headline(incident)}\n${within(place.ellipse95)}`;
    features.push(area(ellipseRing(place), { shape: "bound", status, several: places.length > 1 }));
    features.push(point(place.lon, place.lat, { shape: "mark", status, icon: `mark-${status}`, label }));
  }
  incident.rounds.forEach((round, i) => {
    if (round.shot === shot) features.push(area(ellipseRing(round, 40), { shape: "round", status }));
    features.push(point(round.lon, round.lat, { shape: "number", status, label: String(i + 1) }));
  });
  return collection(features);
}

/** How far the sound had come at each node when it was heard: the rings cross at the place. */
export function ringFeatures(shot: ShotFixed | undefined): Features {
  if (shot === undefined) return collection([]);
  const features: Feature[] = [];
  for (const arrival of shot.arrivals) {
    const radiusM = rangeM(arrival.toa, shot.time, shot.speedOfSoundMps);
    if (radiusM <= 0) continue;
    const used = arrival.weight > 0;
    features.push({
      type: "Feature",
      geometry: { type: "LineString", coordinates: circleRing(arrival.lat, arrival.lon, radiusM) },
      properties: { node: arrival.node, used, label: `${arrival.node} ${Math.round(radiusM)} m` },
    });
  }
  return collection(features);
}

/** What has to be in view for an incident: its places and their bounds, and the nodes that heard it. */
export function boxOfIncident(incident: IncidentState, shots: readonly ShotFixed[]): Box | undefined {
  const points: LonLat[] = placesOf(incident).flatMap((place) => ellipseRing(place, 24));
  for (const shot of shots) for (const { lat, lon } of shot.arrivals) points.push([lon, lat]);
  return boxOf(points);
}
