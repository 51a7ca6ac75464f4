/** The map without WebGL: the same streets, nodes and bounds as an SVG. It follows the chosen incident; it does not pan. */

import { metres, percent } from "#contract/certainty.ts";
import { etaWords, lastHeard } from "../flight-words.ts";
import { type Box, boxOf, circleRing, ellipseRing, enOf, type LonLat } from "../geometry.ts";
import { courseOf, pointsOfDrone } from "../map/drone-features.ts";
import { boxOfIncident, placesOf } from "../map/features.ts";
import { ageS, isOld } from "../state/drones.ts";
import { callers, robots } from "../state/field.ts";
import { robotAgeS, robotIsOld } from "../state/field-age.ts";
import { outHere } from "../state/flight.ts";
import { nodesPlaced, selectedShots } from "../state/map-state.ts";
import { gatewayNowMs, selected, site, streetIndex } from "../state/store.ts";
import { spokenHeadline, within } from "../words.ts";
import { NodeMark } from "./node-mark.tsx";

/** Metres of margin around what is shown. */
const MARGIN_M = 60;

/** Robots and callers' phones, each with its bound. */
function fieldMarks() {
  const now = gatewayNowMs.value;
  const marks = [];
  for (const robot of robots.value.values()) {
    const { robot: key, pose } = robot;
    if (pose === undefined) continue;
    const old = robotIsOld(robot, now);
    const label = `${key} · ${old ? lastHeard(robotAgeS(robot, now)) : within(pose.ellipse95)}`;
    marks.push({ key, kind: "robot", lat: pose.lat, lon: pose.lon, ring: ellipseRing(pose, 32), label, old });
  }
  for (const { id, state, position } of callers.value.values()) {
    if (position === undefined || state !== "open") continue;
    const { lat, lon, accuracyM } = position;
    const ring = circleRing(lat, lon, Math.max(1, accuracyM), 40);
    const seenS = (now - Date.parse(position.at)) / 1000;
    const old = seenS > 60;
    const label = `Caller · ${old ? lastHeard(seenS) : `within ${metres(accuracyM)}`}`;
    marks.push({ key: id, kind: "caller", lat, lon, ring, label, old });
  }
  return marks;
}

export function FlatMap({ why }: { why: string }) {
  const origin = site.value.kind === "ready" ? site.value.value.centre : { lat: 0, lon: 0 };
  const nodes = nodesPlaced.value;
  const incident = selected.value;
  const out = outHere.value;
  const around = incident && boxOfIncident(incident, selectedShots.value);
  const box: Box | undefined =
    (around && boxOf([[around[0], around[1]], [around[2], around[3]], ...out.flatMap(pointsOfDrone)])) ??
    nodes.reduce<Box | undefined>(
      (sum, { lat, lon }) =>
        sum === undefined
          ? [lon, lat, lon, lat]
          : [Math.min(sum[0], lon), Math.min(sum[1], lat), Math.max(sum[2], lon), Math.max(sum[3], lat)],
      undefined,
    );
  const flat = ([lon, lat]: LonLat) => {
    const [e, n] = enOf(origin, { lat, lon });
    return [e, -n] as const;
  };
  const path = (points: readonly LonLat[]) =>
    points
      .map(
        (p, i) =>
          `${i === 0 ? "M" : "L"}${flat(p)
            .map((x) => x.toFixed(1))
            .join(" ")}`,
      )
      .join("");
  const [w, s] = box ? flat([box[0], box[1]]) : [-500, 500];
  const [e, n] = box ? flat([box[2], box[3]]) : [500, -500];
  const spanM = Math.max(e - w, s - n) + 2 * MARGIN_M;
  const unit = spanM / 600;
  return (
    <div class="flat-map">
      <p class="map-note" role="status">
        {why}
      </p>
      <svg
        role="img"
        aria-label={
          incident ? `Map of ${spokenHeadline(incident)}, ${within(incident.place?.ellipse95)}` : "Map of the site"
        }
        viewBox={`${w - MARGIN_M} ${n - MARGIN_M} ${e - w + 2 * MARGIN_M} ${s - n + 2 * MARGIN_M}`}
      >
        {streetIndex.value.map(({ name, points }, i) => (
          <path key={`${name}${i}`} d={path(points)} class="flat-street" stroke-width={unit * 5}>
            <title>{name}</title>
          </path>
        ))}
        {nodes.map(({ id, lat, lon, condition }) => {
          const [x, y] = flat([lon, lat]);
          return (
            <g key={id} transform={`translate(${x - unit * 8} ${y - unit * 8}) scale(${unit})`}>
              <NodeMark condition={condition} />
              <text x="8" y="26" class="flat-name">
                {id}
              </text>
            </g>
          );
        })}
        {incident &&
          placesOf(incident).map((place) => {
            const [x, y] = flat([place.lon, place.lat]);
            return (
              <g key={place.letter} class={`flat-place is-${incident.status}`}>
                <path d={`${path(ellipseRing(place))}Z`} stroke-width={unit * 2} />
                <g transform={`translate(${x} ${y}) scale(${unit})`}>
                  <path d="M-20-12V-20H-12M12-20H20V-12M20 12V20H12M-12 20H-20V12" class="flat-brackets" />
                  <text x="28" y="5" class="flat-label">
                    {place.letter && `${place.letter} ${percent(place.probability)} · `}
                    {within(place.ellipse95)}
                  </text>
                </g>
              </g>
            );
          })}
        {fieldMarks().map(({ key, kind, lat, lon, ring, label, old }) => {
          const [x, y] = flat([lon, lat]);
          return (
            <g key={key} class={`flat-field is-${kind}${old ? " is-old" : ""}`}>
              <path d={`${path(ring)}Z`} class="flat-way" stroke-width={unit * 1.6} />
              <g transform={`translate(${x} ${y}) scale(${unit})`}>
                <rect x="-7" y="-7" width="14" height="14" rx={kind === "caller" ? 7 : 2} fill="currentColor" />
                <text x="0" y="24" class="flat-label" text-anchor="middle">
                  {label}
                </text>
              </g>
            </g>
          );
        })}
        {out.map((drone) => {
          const { id, state } = drone;
          const at = state!.vehicle.position;
          const seen = ageS(drone, gatewayNowMs.value);
          const old = isOld(drone, gatewayNowMs.value);
          const [x, y] = at ? flat([at.lon, at.lat]) : [0, 0];
          return (
            <g key={id} class={`flat-drone${old ? " is-old" : ""}`}>
              {Object.entries(courseOf(state!)).map(([part, points]) => (
                <path
                  key={part}
                  d={path(points)}
                  class="flat-way"
                  stroke-width={unit * 2.5}
                  stroke-dasharray={`${unit * 7} ${unit * 4}`}
                />
              ))}
              {at && (
                <g transform={`translate(${x} ${y}) scale(${unit})`}>
                  <path
                    d="M0-15L11 12L0 6L-11 12Z"
                    transform={`rotate(${state!.vehicle.headingDeg ?? 0})`}
                    fill={old ? "none" : "currentColor"}
                    stroke="currentColor"
                    stroke-width="2.5"
                  />
                  <text x="-20" y="5" class="flat-label" text-anchor="end">
                    {id} · {old ? lastHeard(seen) : etaWords(state!, seen, old)}
                  </text>
                </g>
              )}
            </g>
          );
        })}
      </svg>
    </div>
  );
}
