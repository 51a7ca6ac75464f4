/** What a refused order leads to. An order that the link lost is not refused: the vehicle's silence is seen by the guards. */
import { type Draft, go, hold } from "./draft.ts";
import type { FlightAction } from "./flight.ts";

export function answered(draft: Draft, what: FlightAction["do"], why: string) {
  const { flight } = draft;
  const { phase } = flight;
  if (what === "openDoor") {
    if (phase === "opening") go(draft, "outOfService", `the dock did not open its door: ${why}`);
    return;
  }
  if (what === "closeDoor") {
    if (phase === "closing") go(draft, "outOfService", `the dock did not close its door: ${why}`);
    return;
  }
  if (flight.vehicle.link !== "up" || !flight.autonomy) return;
  if (what === "arm" && phase === "arming") return go(draft, "closing", `the autopilot did not arm: ${why}`);
  if (what === "takeOff" && phase === "climbing") {
    draft.actions.push({ do: "disarm" });
    return go(draft, "closing", `the autopilot did not take off: ${why}`);
  }
  if ((what === "startMission" || what === "follow") && (phase === "transit" || phase === "onScene")) {
    return hold(draft, "refused", `the autopilot did not fly the mission: ${why}`);
  }
  if ((what === "hold" || what === "goTo") && phase === "holding")
    return go(draft, "returning", `the autopilot did not hold: ${why}`);
  if (what === "return" && phase === "returning") return go(draft, "landing", `the autopilot did not return: ${why}`);
  if (what === "goTo" && phase === "diverting") return go(draft, "landing", `the autopilot did not fly aside: ${why}`);
}
