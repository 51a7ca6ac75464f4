/** Every phase of a flight: is the drone off the ground, how long may it last, and what ends it when it lasts longer. */
import type { FlightPhase } from "#contract/flight.ts";
import type { Cause } from "./flight.ts";

export interface PhaseRule {
  airborne: boolean;
  /** Seconds; undefined: waits for a person or the next order. A site may set others (`timeoutsS`). */
  timeoutS?: number;
  /** Where its timeout leads, for the table in `docs/flight.md`; `holding` depends on its cause, see `holdRules`. */
  onTimeout?: FlightPhase;
}

export const phaseRules: Record<FlightPhase, PhaseRule> = {
  docked: { airborne: false },
  asked: { airborne: false, timeoutS: 120, onTimeout: "docked" },
  preflight: { airborne: false, timeoutS: 15, onTimeout: "docked" },
  opening: { airborne: false, timeoutS: 25, onTimeout: "outOfService" },
  arming: { airborne: false, timeoutS: 10, onTimeout: "closing" },
  climbing: { airborne: true, timeoutS: 60, onTimeout: "returning" },
  transit: { airborne: true, timeoutS: 300, onTimeout: "returning" },
  onScene: { airborne: true, timeoutS: 600, onTimeout: "returning" },
  piloted: { airborne: true, timeoutS: 1800, onTimeout: "returning" },
  holding: { airborne: true, timeoutS: 15, onTimeout: "returning" },
  returning: { airborne: true, timeoutS: 300, onTimeout: "diverting" },
  diverting: { airborne: true, timeoutS: 180, onTimeout: "landing" },
  landing: { airborne: true, timeoutS: 60, onTimeout: "landing" },
  unreached: { airborne: true, timeoutS: 2400, onTimeout: "landedAway" },
  closing: { airborne: false, timeoutS: 30, onTimeout: "outOfService" },
  charging: { airborne: false, timeoutS: 7200, onTimeout: "outOfService" },
  landedAway: { airborne: false },
  outOfService: { airborne: false },
};

/** Holding by its cause: how long, and what then. */
export const holdRules: Record<Cause, { timeoutS: number; next: "resume" | "returning" | "landing" }> = {
  person: { timeoutS: 120, next: "returning" },
  stop: { timeoutS: 4, next: "landing" },
  link: { timeoutS: 20, next: "returning" },
  traffic: { timeoutS: 60, next: "returning" },
  gnss: { timeoutS: 12, next: "landing" },
  silentPilot: { timeoutS: 8, next: "returning" },
  givenBack: { timeoutS: 2, next: "resume" },
  failsafe: { timeoutS: 15, next: "returning" },
  refused: { timeoutS: 2, next: "returning" },
  restart: { timeoutS: 2, next: "resume" },
};

/** Phases in which autonomy flies the mission and may be interrupted for it. */
export const missionPhases: readonly FlightPhase[] = ["climbing", "transit", "onScene"];
