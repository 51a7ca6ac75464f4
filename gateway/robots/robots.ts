/** The robots as the gateway knows them: their newest words, and orders to them with the answer that comes back. */
import { ulid } from "ulid";
import {
  type RobotAct,
  type RobotPose,
  type RobotState,
  type RobotTrack,
  robotCommand,
  robotPose,
  robotState,
  robotTrack,
} from "#contract/robot.ts";
import type { HubBus } from "../context.ts";
import { nowUtc } from "../now.ts";

export interface KnownRobot {
  state?: RobotState;
  pose?: RobotPose;
  tracks?: RobotTrack;
  /** Monotonic milliseconds when it was last heard. */
  heardMs: number;
}

export type Outcome =
  | { kind: "answered"; accepted: boolean; why: string }
  | { kind: "silent"; why: string }
  | { kind: "unknown"; why: string };

const ANSWER_MS = 3000;
const MOST_ROBOTS = 500;

export class Robots {
  readonly #bus: HubBus;
  readonly #known = new Map<string, KnownRobot>();
  readonly #waiting = new Map<string, (outcome: Outcome) => void>();

  constructor(bus: HubBus) {
    this.#bus = bus;
  }

  /** Resolves when it listens. @param heard called with each of their words. */
  async listen(heard: (channel: string, message: RobotState | RobotPose | RobotTrack) => void): Promise<void> {
    await this.#bus.subscribe(robotState, (state) => {
      this.#of(state.node).state = state;
      for (const { order, accepted, why } of state.answers)
        this.#waiting.get(order)?.({ kind: "answered", accepted, why });
      heard(robotState.name, state);
    });
    await this.#bus.subscribe(robotPose, (pose) => {
      this.#of(pose.node).pose = pose;
      heard(robotPose.name, pose);
    });
    await this.#bus.subscribe(robotTrack, (tracks) => {
      this.#of(tracks.node).tracks = tracks;
      heard(robotTrack.name, tracks);
    });
  }

  /** What they said before this gateway was started: shown, and as old as can be until they speak again. */
  remember(states: readonly RobotState[], poses: readonly RobotPose[]): void {
    for (const state of states) this.#of(state.node).state = state;
    for (const pose of poses) this.#of(pose.node).pose = pose;
    for (const known of this.#known.values()) known.heardMs = Number.NEGATIVE_INFINITY;
  }

  get(id: string): KnownRobot | undefined {
    return this.#known.get(id);
  }

  all(): [string, KnownRobot][] {
    return [...this.#known];
  }

  /** Seconds since it was heard; Infinity when it never was. */
  ageS(id: string): number {
    const known = this.#known.get(id);
    return known ? (performance.now() - known.heardMs) / 1000 : Number.POSITIVE_INFINITY;
  }

  /** @param seenTickMs of the state on the person's screen; the newest that the gateway has where it is left out. */
  async order(robot: string, order: RobotAct, by: string, seenTickMs?: number): Promise<Outcome> {
    const state = this.#known.get(robot)?.state;
    if (!state) return { kind: "unknown", why: `robot '${robot}' was never heard` };
    const id = ulid();
    const answer = new Promise<Outcome>((resolve) => {
      const settle = (outcome: Outcome) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(outcome);
      };
      const silent = `the robot did not answer within ${ANSWER_MS / 1000} s; it may be out of reach`;
      const timer = setTimeout(() => settle({ kind: "silent", why: silent }), ANSWER_MS);
      this.#waiting.set(id, settle);
    });
    const seen = seenTickMs ?? state.tickMs;
    const message = { v: 1 as const, id, node: "gateway", at: nowUtc(), by, seenTickMs: seen, order };
    await this.#bus.publish(robotCommand, message, { to: robot });
    return answer;
  }

  #of(id: string): KnownRobot {
    let known = this.#known.get(id);
    if (!known) {
      known = { heardMs: 0 };
      this.#known.set(id, known);
      if (this.#known.size > MOST_ROBOTS) this.#known.delete(this.#known.keys().next().value!);
    }
    known.heardMs = performance.now();
    return known;
  }
}
