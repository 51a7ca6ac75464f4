/** Every failure in every phase, rehearsed: what `docs/flight.md` prints and `fault-table.test.ts` holds it to. */
import type { FlightPhase } from "#contract/flight.ts";
import { movedBy } from "./local.ts";
import { Rehearsal } from "./rehearsal.ts";
import { dockAt, rehearsalSite } from "./rehearsal-site.ts";

export const phasesTried = [
  "asked",
  "opening",
  "arming",
  "climbing",
  "transit",
  "onScene",
  "piloted",
  "holding",
  "returning",
  "landing",
  "closing",
] as const satisfies readonly FlightPhase[];

type Break = (r: Rehearsal) => void;

/** What is broken, and (for some) what is mended again, seconds later. */
export interface Failure {
  name: string;
  break: Break;
  mend?: { afterS: number; do: Break };
}

const offS = (afterS: number, undo: Break) => ({ mend: { afterS, do: undo } });
const flightOf = (r: Rehearsal): string => r.drone.flight.mission?.flight ?? "none";
const jam: Break = (r) => {
  r.dock.door = "jammed";
  r.doorJams = "closing";
};
const aircraft: Break = (r) => {
  r.aircraft = { ...movedBy(r.position, { eastM: 300, northM: 0 }), altM: r.position.altM + 60 };
};

export const failures: readonly Failure[] = [
  { name: "vehicle's link lost for 4 s", break: (r) => (r.link = "lost"), ...offS(4, (r) => (r.link = "up")) },
  { name: "vehicle's link lost for 5 min", break: (r) => (r.link = "lost"), ...offS(300, (r) => (r.link = "up")) },
  { name: "driver (mavsdk_server) killed", break: (r) => (r.link = "driver"), ...offS(2, (r) => (r.link = "up")) },
  { name: "agent killed, back after 3 s", break: (r) => r.restartAgent(3) },
  { name: "agent killed, back after 5 min", break: (r) => r.restartAgent(300) },
  { name: "gateway lost for 10 s", break: (r) => r.setBus(false), ...offS(10, (r) => r.setBus(true)) },
  { name: "gateway lost for good", break: (r) => r.setBus(false) },
  { name: "battery down to the reserve", break: (r) => (r.battery = 0.215) },
  { name: "battery nearly empty", break: (r) => (r.battery = 0.055) },
  {
    name: "GNSS lost for 5 s",
    break: (r) => (r.gnss = { ...r.gnss, fix: "none" }),
    ...offS(5, (r) => (r.gnss = { ...r.gnss, fix: "3d" })),
  },
  { name: "GNSS lost for good", break: (r) => (r.gnss = { ...r.gnss, fix: "none" }) },
  { name: "wind over the limit", break: (r) => (r.wind = { speedMps: 13, fromDeg: 270 }) },
  {
    name: "blown out of the geofence",
    break: (r) => (r.position = { ...r.position, ...movedBy(dockAt, { eastM: 2010, northM: 0 }) }),
  },
  { name: "geofence asked beyond", break: (r) => void r.ask(2500, 0) },
  { name: "aircraft near for 20 s", break: aircraft, ...offS(20, (r) => (r.aircraft = undefined)) },
  { name: "aircraft stays near", break: aircraft },
  { name: "door jams", break: jam },
  { name: "dock falls silent", break: (r) => (r.dock.link = "lost") },
  { name: "dock's stop button pressed", break: (r) => (r.dock.stopPressed = true) },
  { name: "autopilot refuses to arm", break: (r) => r.refuses.set("arm", "denied") },
  { name: "autopilot refuses take-off", break: (r) => r.refuses.set("takeOff", "denied") },
  { name: "autopilot refuses the mission", break: (r) => r.refuses.set("startMission", "denied") },
  { name: "autopilot refuses to return", break: (r) => r.refuses.set("return", "denied") },
  { name: "autopilot's own failsafe: return", break: (r) => r.byItself("return", "failsafe") },
  { name: "autopilot's own failsafe: land", break: (r) => r.byItself("land", "failsafe") },
  {
    name: "on-site pilot takes it, back after 10 s",
    break: (r) => r.byItself("position", "pilot"),
    ...offS(10, (r) => void r.token("release", "lee", "onsite")),
  },
  { name: "remote pilot takes it and falls silent", break: (r) => void r.token("takeover", "mo") },
  {
    name: "second pilot with an old epoch",
    break: (r) => void r.token("takeover", "mo", "remote", r.drone.authority.epoch - 1),
  },
  { name: "second alert", break: (r) => void r.ask(-150, 80) },
  { name: "somebody calls return", break: (r) => void r.order({ act: "return", flight: flightOf(r) }, "ann") },
  { name: "somebody calls land", break: (r) => void r.order({ act: "land", flight: flightOf(r) }, "ann") },
  { name: "emergency stop", break: (r) => void r.order({ act: "stop", flight: flightOf(r) }, "ann") },
  { name: "clock steps by an hour", break: (r) => (r.utcMs += 3_600_000) },
];

/** The phases after the failure, until it stands and nothing moves any more. */
export function rehearse(failure: Failure, phase: (typeof phasesTried)[number]): string[] {
  const r = reached(phase);
  const from = r.hops.length;
  failure.break(r);
  r.report();
  let quietS = 0;
  for (let s = 0; quietS < 130 && s < 3000; s += 0.5) {
    if (failure.mend && s === failure.mend.afterS) failure.mend.do(r);
    // A pilot who flies keeps the lease alive; the failure may be that this one has lost it.
    if (r.keepsLease && r.tickMs % 2000 === 0) r.token("renew", "kim");
    const before = r.hops.length;
    r.run(0.5);
    const mended = failure.mend === undefined || s > failure.mend.afterS;
    quietS = mended && r.hops.length === before && !r.armed ? quietS + 0.5 : 0;
  }
  if (r.armed) throw new Error(`${failure.name} in ${phase}: still in the air in ${r.phase}`);
  if (r.doorOnDrone) throw new Error(`${failure.name} in ${phase}: the door closed on the drone`);
  const told = new Set(["received", "authorised", "preflight", "charging"]);
  return r.hops.slice(from).filter((hop) => !told.has(hop));
}

function reached(phase: (typeof phasesTried)[number]): Rehearsal {
  const r = new Rehearsal(rehearsalSite());
  r.drainPerS = 1 / 4000;
  r.battery = 0.9;
  r.report();
  r.ask(200, 100, phase !== "asked");
  if (phase === "holding" || phase === "piloted") {
    r.until((x) => x.phase === "onScene");
    r.battery = 0.4;
    if (phase === "holding") r.order({ act: "hold", flight: flightOf(r) }, "ann");
    else {
      r.token("takeover", "kim");
      r.keepsLease = true;
    }
  } else if (phase === "closing") {
    r.until((x) => x.phase === "closing");
  } else r.until((x) => x.phase === phase);
  if (phase === "returning") r.run(3);
  if (phase === "landing") r.run(2);
  return r;
}

/** One row per failure, one cell per phase: `a, b` the phases gone through, `-` none. */
export function faultTable(): { name: string; cells: string[] }[] {
  return failures.map((failure) => ({
    name: failure.name,
    cells: phasesTried.map((phase) => rehearse(failure, phase).join(", ") || "-"),
  }));
}
