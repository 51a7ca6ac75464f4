/** A shot as it is followed while its arrivals come. */
import type { AssociatedShot } from "./association.ts";
import type { AirReport } from "./prior.ts";
import { type Known, type Shot, SURE } from "./shot-record.ts";

export interface Track {
  id: string;
  incident: string;
  version: number;
  shot: AssociatedShot;
  air: AirReport;
  record: Shot;
}

/** Nothing but a whole new look takes its arrivals away. */
export function solid(track: Track): boolean {
  return track.shot.share >= SURE && track.shot.used.length >= 5;
}

/** How many nodes these arrivals come from. */
export function nodesOf(arrivals: readonly Known[]): number {
  return new Set(arrivals.map((one) => one.node)).size;
}
