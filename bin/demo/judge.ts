/** What became of a fired scenario, held against its truth. */
import type { IncidentState } from "#contract/incident.ts";
import type { IncidentDetail } from "#contract/ops-api.ts";
import { nsOfUtc } from "#contract/units.ts";
import type { DroneSummary } from "./drone.ts";
import type { RobotSummary } from "./robot.ts";
import type { VideoSummary } from "./video.ts";

export interface TrueShot {
  lat: number;
  lon: number;
  utcNs: bigint;
}

export interface Summary {
  type: "summary";
  ok: boolean;
  seed: number;
  fixErrorM: number | null;
  rounds: number;
  falseIncidents: number;
  /** From firing to the alert, in seconds of simulated time. */
  firingToAlertS: number | null;
  /** Of it, the time that the sound took to the last node used in the alerting version. */
  soundTravelS: number | null;
  /** The rest: what the software took. */
  alertLatencyS: number | null;
  flowAlertSeen: boolean;
  /** Was there an incident of the burst, whose record can hold or not? */
  recorded: boolean;
  chainOk: boolean;
  clips: number;
  /** What is not as it should be, in words. */
  faults: string[];
  drone?: DroneSummary;
  video?: VideoSummary;
  robot?: RobotSummary;
}

export const limits = { fixErrorM: 5, alertLatencyS: 3 };
/** An incident this near to the truth in place and time is the burst's, however wrong. */
const near = { metres: 100, seconds: 3 };

/** Metres between two places a city apart, on the sphere of equal area. Kept apart from the solver's geometry on purpose. */
export function distanceM(a: { lat: number; lon: number }, b: { lat: number; lon: number }): number {
  const rad = Math.PI / 180;
  const dLat = (b.lat - a.lat) * rad;
  const dLon = (b.lon - a.lon) * rad;
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(dLon / 2) ** 2;
  return 2 * 6_371_007 * Math.asin(Math.sqrt(h));
}

const secondsBetween = (fromNs: bigint, toUtc: string) => Number(nsOfUtc(toUtc) - fromNs) / 1e9;

/** Is this incident what was heard of these shots? */
export function isOf(incident: IncidentState, shots: readonly TrueShot[]): boolean {
  const first = shots[0];
  if (!first || !incident.place) return false;
  return (
    distanceM(incident.place, first) <= near.metres &&
    Math.abs(secondsBetween(first.utcNs, incident.firedAt)) <= near.seconds
  );
}

/** Is this gunfire, but not the incident of the burst? */
export function isFalse(incident: IncidentState, burst: string | undefined): boolean {
  return incident.kind === "gunfire" && incident.incident !== burst;
}

/** @param incidents those alerted since the scenario began. @param detail of the burst's incident, where there is one. */
export function judge(
  seed: number,
  shots: readonly TrueShot[],
  incidents: readonly IncidentState[],
  detail: IncidentDetail | undefined,
  clipsWanted: boolean,
): Summary {
  const incident = detail?.incident;
  const first = shots[0]!;
  const falseIncidents = incidents.filter((each) => isFalse(each, incident?.incident)).length;
  const fixErrorM = incident?.place ? distanceM(incident.place, first) : null;
  const firingToAlertS = incident ? secondsBetween(first.utcNs, incident.alertedAt) : null;
  const soundTravelS = detail ? travelOfFirstVersion(detail, first.utcNs) : null;
  const alertLatencyS = firingToAlertS !== null && soundTravelS !== null ? firingToAlertS - soundTravelS : null;
  const flowAlertSeen = detail?.timeline.some(({ kind }) => kind === "notice") ?? false;
  const faults: string[] = [];
  const demand = (fact: boolean, text: string) => void (fact || faults.push(text));
  demand(incident !== undefined, "the burst gave no incident");
  if (incident && detail) {
    demand(
      fixErrorM !== null && fixErrorM <= limits.fixErrorM,
      `the fix is ${fixErrorM?.toFixed(1)} m from the truth, more than ${limits.fixErrorM}`,
    );
    demand(incident.rounds.length === shots.length, `${incident.rounds.length} rounds instead of ${shots.length}`);
    demand(
      alertLatencyS !== null && alertLatencyS <= limits.alertLatencyS,
      `the alert took ${alertLatencyS?.toFixed(2)} s after the sound`,
    );
    demand(flowAlertSeen, "the flow's alert was not seen");
    demand(detail.chain.ok, "the record's hash chain does not hold");
    demand(!clipsWanted || detail.clips.length > 0, "no clip of the sound came in");
  }
  demand(falseIncidents === 0, `${falseIncidents} incidents without a shot`);
  return {
    type: "summary",
    ok: faults.length === 0,
    seed,
    fixErrorM,
    rounds: incident?.rounds.length ?? 0,
    falseIncidents,
    firingToAlertS,
    soundTravelS,
    alertLatencyS,
    flowAlertSeen,
    recorded: detail !== undefined,
    chainOk: detail?.chain.ok ?? false,
    clips: detail?.clips.length ?? 0,
    faults,
  };
}

/** Seconds from the first firing to the last arrival used in the version that raised the alert. */
function travelOfFirstVersion(detail: IncidentDetail, firedNs: bigint): number | null {
  const opened = detail.timeline.find(({ data }) => hasArrivals(data))?.data;
  const arrivals = opened !== undefined && hasArrivals(opened) ? arrivalsOf(opened) : [];
  return arrivals.length > 0 ? Math.max(...arrivals.map(({ toa }) => secondsBetween(firedNs, toa))) : null;
}

type WithArrivals = { arrivals: { toa: string }[] };

/** The record keeps a shot's message whole, as the entry's data or under `shot`. */
function arrivalsOf(data: WithArrivals | { shot: WithArrivals }): { toa: string }[] {
  return "shot" in data ? data.shot.arrivals : data.arrivals;
}

function hasArrivals(data: unknown): data is WithArrivals | { shot: WithArrivals } {
  const outer = data as Partial<WithArrivals> & { shot?: Partial<WithArrivals> };
  return Array.isArray(outer?.arrivals) || Array.isArray(outer?.shot?.arrivals);
}
