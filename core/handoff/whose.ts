/** Whose flight it is to decide on. */
import type { Flight } from "./flight.ts";
import { phaseRules } from "./phases.ts";

/** Off the ground and heard. */
export const flying = (flight: Flight): boolean => phaseRules[flight.phase].airborne && flight.phase !== "unreached";

/** While the on-site pilot has the stick, nothing is ours to decide. */
export function ours(flight: Flight): boolean {
  return flying(flight) && flight.holder.kind !== "onsite";
}
