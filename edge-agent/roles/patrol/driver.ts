/** Twenty times a second: what the duty wants, what the safety layer lets through, what the board is told. */
import type { RobotState } from "#contract/robot.ts";
import {
  type Duty,
  type DutyEvent,
  type DutyOutcome,
  type DutyPolicy,
  dutyAtStart,
  goalOf,
  stepDuty,
  wantedVelocity,
} from "#core/patrol/duty.ts";
import { distanceM } from "#core/patrol/plane.ts";
import { type Ruling, ruleOn, type SafetyPolicy, type Situation } from "#core/patrol/safety.ts";
import type { Beam, RobotBody } from "../../robot-port.ts";
import type { Sightings } from "./sightings.ts";
import type { Whereabouts } from "./whereabouts.ts";

const DEG = 180 / Math.PI;
/** Below this it stands. */
const MOVES_MPS = 0.05;
/** Limits under which the robot stands until somebody or something else changes. */
const standing = new Set(["board", "pose", "place-doubt", "ranges"]);

export interface DriverParts {
  body: RobotBody;
  whereabouts: Whereabouts;
  sightings: Sightings;
  duty: DutyPolicy;
  safety: SafetyPolicy;
  route: string | undefined;
  /** Duty, or what holds it, has changed. */
  onChange(): void;
  onReport(report: NonNullable<DutyOutcome["report"]>): void;
}

export class Driver {
  readonly #parts: DriverParts;
  #duty: Duty;
  #ranges: { timeS: number; beams: readonly Beam[] } | undefined;
  #ruling: Ruling = { given: { speedMps: 0, yawRateRadps: 0 }, limits: [] };
  #wanted = { speedMps: 0, yawRateRadps: 0 };
  #said = "";

  constructor(parts: DriverParts) {
    this.#parts = parts;
    const { routes } = parts.duty;
    this.#duty = dutyAtStart(routes.find(({ name }) => name === parts.route) ?? routes[0]);
  }

  get duty(): Duty {
    return this.#duty;
  }

  get beams(): readonly Beam[] {
    return this.#ranges?.beams ?? [];
  }

  get ruling(): Ruling {
    return this.#ruling;
  }

  ranged(timeS: number, beams: readonly Beam[]): void {
    if (!this.#ranges || timeS > this.#ranges.timeS) this.#ranges = { timeS, beams };
  }

  /** An order or a call. */
  apply(event: DutyEvent): DutyOutcome {
    const [duty, outcome] = stepDuty(this.#duty, event, this.#parts.duty);
    this.#duty = duty;
    this.#changed();
    if (outcome.report) this.#parts.onReport(outcome.report);
    return outcome;
  }

  tick(): void {
    const { body, whereabouts, safety, duty: policy } = this.#parts;
    const { latched, pressed, link } = body.state;
    const phase = this.#duty.phase;
    if (latched && phase !== "emergencyStop") {
      const why = pressed ? "the emergency stop is pressed" : "the emergency stop is latched";
      this.apply({ kind: "stopped", why });
    } else if (!latched && link === "up" && phase === "emergencyStop") this.apply({ kind: "reset" });

    const situation = this.#situation();
    const { pose } = situation;
    this.#wanted = wantedVelocity(this.#duty, pose, policy);
    this.#ruling = ruleOn({ ...situation, wanted: this.#wanted }, safety);
    const { given } = this.#ruling;
    // The board moves again only for a host that has asked for zero.
    body.drive(body.state.neutralWanted ? { speedMps: 0, yawRateRadps: 0 } : given);
    const timeS = whereabouts.estimate?.timeS;
    if (timeS !== undefined) {
      const heldUp = this.#wanted.speedMps > MOVES_MPS && given.speedMps < MOVES_MPS;
      const before = this.#duty;
      const [duty, outcome] = stepDuty(before, { kind: "tick", timeS, pose, heldUp }, policy);
      this.#duty = duty;
      if (outcome.report) this.#parts.onReport(outcome.report);
    }
    this.#changed();
  }

  #situation(): Omit<Situation, "wanted"> {
    const { body, whereabouts, sightings, duty } = this.#parts;
    const estimate = whereabouts.refresh();
    const nowS = body.nowS();
    return {
      board: { link: body.state.link, latched: body.state.latched },
      pose: estimate && {
        eastM: estimate.map.xyzM[0],
        northM: estimate.map.xyzM[1],
        yawRad: estimate.map.yawRad,
        radius95M: estimate.radius95M,
        speedMps: estimate.velocityMps[0],
        ageS: nowS === undefined ? Number.POSITIVE_INFINITY : nowS - estimate.timeS,
      },
      ranges: this.#ranges && {
        ageS: nowS === undefined ? Number.POSITIVE_INFINITY : nowS - this.#ranges.timeS,
        beams: this.#ranges.beams,
      },
      area: duty.area,
      nearestPersonM: estimate && sightings.nearestPersonM(estimate.timeS, whereabouts.odometryAt(estimate.timeS)),
    };
  }

  state(): Pick<RobotState, "phase" | "why" | "emergencyStop" | "drive" | "patrol" | "call"> {
    const { body, whereabouts } = this.#parts;
    const { phase, why, route, next, laps, call } = this.#duty;
    const { link, latched, pressed } = body.state;
    const { given, limits } = this.#ruling;
    const stopped = limits.find(({ limit }) => standing.has(limit));
    const goal = goalOf(this.#duty);
    const moves = phase === "patrolling" || phase === "called";
    const starting = moves && !whereabouts.estimate;
    const at = whereabouts.estimate?.map.xyzM;
    const leftM = call && goal && at ? distanceM({ eastM: at[0], northM: at[1] }, call.way.at(-1)!) : 0;
    return {
      phase: starting ? "starting" : moves && stopped ? "stopped" : phase,
      why: starting ? whereabouts.why : moves && stopped ? stopped.why : why,
      emergencyStop: { link, latched, pressed },
      drive: { wanted: said(this.#wanted), given: said(given), limits: limits.slice(0, 8) },
      ...(route && { patrol: { route: route.name, next, of: route.points.length, laps } }),
      ...(call && { call: { call: call.call, leftM } }),
    };
  }

  /** Speeds change all the time; what changes for people is phase, reason, latch and limits. */
  #changed(): void {
    const { phase, emergencyStop, drive, patrol, call } = this.state();
    const text = JSON.stringify([phase, emergencyStop, drive.limits.map(({ limit }) => limit), patrol, call?.call]);
    if (text === this.#said) return;
    this.#said = text;
    this.#parts.onChange();
  }
}

function said({ speedMps, yawRateRadps }: Situation["wanted"]): { speedMps: number; yawRateDegS: number } {
  return { speedMps, yawRateDegS: yawRateRadps * DEG };
}
