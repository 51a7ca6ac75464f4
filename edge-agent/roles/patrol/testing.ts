/** What tests of the patrol role share: a street of the simulated city, the real firmware and bridge, a bus with people on it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { type BackupAnswer, backupAnswer } from "#contract/backup.ts";
import {
  type RobotAct,
  type RobotEvent,
  type RobotPose,
  type RobotState,
  robotCommand,
  robotEvent,
  robotPose,
  robotState,
} from "#contract/robot.ts";
import { nsOfUtc, utcOfNs } from "#contract/units.ts";
import { openRobotBoard } from "#firmware-bridge/robot-board.ts";
import { buildFirmware } from "#firmware-bridge/testing/emulator.ts";
import { makeCity } from "#sim/city.ts";
import { type PatrolWorld, patrolRole, startPatrolWorld } from "#sim/robot/patrol-world.ts";
import { keepingLog } from "../../devices/bus-suite.ts";
import { MemoryBroker, MemoryBus } from "../../devices/memory-bus.ts";
import { openObservationStream } from "../../devices/robot/observation-stream.ts";
import { startPatrol } from "../patrol.ts";
import { PatrolConfig } from "./config.ts";

const SITE = "testville";
const nowNs = () => BigInt(Date.now()) * 1_000_000n;
export const nowUtc = () => utcOfNs(nowNs());

export async function until<T>(what: string, probe: () => T | undefined | false, limitMs = 60_000): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = probe();
    if (found) return found;
    if (Date.now() > end) return assert.unreachable(`not within ${limitMs} ms: ${what}`) as never;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export class Street {
  readonly city = makeCity(7, { nodes: 4, density: 0.4, tall: 0 });
  readonly poses: { pose: RobotPose; off: [number, number, number] }[] = [];
  readonly events: RobotEvent[] = [];
  readonly answers: BackupAnswer[] = [];
  readonly #truths: { utcMs: number; eastM: number; northM: number; yawRad: number }[] = [];
  readonly #stop = new AbortController();
  readonly #undo: (() => Promise<unknown>)[] = [];
  world!: PatrolWorld;
  state: RobotState | undefined;
  people!: MemoryBus;
  #orders = 0;

  /** @param hexPath of the firmware. @param folder for what the role keeps. */
  async start(hexPath: string, folder: string): Promise<this> {
    this.world = await startPatrolWorld(this.city, 1, hexPath);
    this.#undo.push(() => this.world.close());
    this.world.robot.onTruth((truth) => {
      this.#truths.push(truth);
      if (this.#truths.length > 2000) this.#truths.shift();
    });
    const broker = new MemoryBroker();
    const log = keepingLog([]);
    const bus = new MemoryBus(broker, SITE, "r1", log);
    this.people = new MemoryBus(broker, SITE, "gateway", log);
    await this.people.subscribe(robotState, (state) => void (this.state = state));
    await this.people.subscribe(robotEvent, (event) => void this.events.push(event));
    await this.people.subscribe(backupAnswer, (answer) => void this.answers.push(answer));
    await this.people.subscribe(robotPose, (pose) => this.#judge(pose));
    const signal = this.#stop.signal;
    const config = v.parse(PatrolConfig, { ...patrolRole(this.world), poseEveryS: 0.25 });
    const body = openRobotBoard({
      stream: this.world.robot.stream,
      name: "emulator",
      coarse: (ns) => ({ utcNs: nowNs() - (process.hrtime.bigint() - ns), sigmaS: 1e-3 }),
    });
    this.#undo.push(() => body.close());
    const perception = openObservationStream({ host: "127.0.0.1", port: this.world.ports.looksPort, log, signal });
    const { done } = await startPatrol({
      site: SITE,
      node: "r1",
      position: undefined,
      bus,
      log,
      signal,
      config,
      configSha256: "0".repeat(64),
      dataDir: folder,
      now: () => ({ utcNs: nowNs(), clock: { source: "system", synchronised: true, sigmaS: 1e-3 } }),
      report: () => {},
      body,
      perceptions: [perception],
    });
    this.#undo.push(() => {
      this.#stop.abort();
      return done;
    });
    return this;
  }

  async stop(): Promise<void> {
    for (const undo of this.#undo.reverse()) await undo();
  }

  /** Reset by a person at the robot, and let go by an order: it patrols. */
  async letGo(): Promise<void> {
    await this.phase("emergencyStop");
    this.world.robot.pressReset();
    await this.phase("holding");
    await this.order({ act: "resume" });
    await this.phase("patrolling");
  }

  phase(phase: RobotState["phase"]): Promise<RobotState> {
    return until(`${phase}, it is ${this.state?.phase} (${this.state?.why})`, () =>
      this.state?.phase === phase ? this.state : undefined,
    );
  }

  async order(order: RobotAct, seenTickMs = this.state!.tickMs): Promise<RobotState["answers"][number]> {
    const id = `o${++this.#orders}`;
    const envelope = { v: 1 as const, id, node: "gateway", at: nowUtc() };
    await this.people.publish(robotCommand, { ...envelope, by: "ann", seenTickMs, order }, { to: "r1" });
    return until(`an answer to ${order.act}`, () => this.state?.answers.find((answer) => answer.order === id));
  }

  /** Error in the frame of the truth, against the truth at the pose's own instant. */
  #judge(pose: RobotPose): void {
    const ms = Number(nsOfUtc(pose.at)) / 1e6;
    const after = this.#truths.findIndex(({ utcMs }) => utcMs >= ms);
    const [a, b] = [this.#truths[after - 1], this.#truths[after]];
    if (!a || !b) return;
    const share = (ms - a.utcMs) / (b.utcMs - a.utcMs);
    const said = this.city.plane.enu({ lat: pose.lat, lon: pose.lon, altM: 0 });
    const yawRad = ((90 - pose.headingDeg) * Math.PI) / 180;
    const turn = Math.atan2(Math.sin(b.yawRad - a.yawRad), Math.cos(b.yawRad - a.yawRad));
    const offYaw = yawRad - (a.yawRad + share * turn);
    this.poses.push({
      pose,
      off: [
        said.eastM - (a.eastM + share * (b.eastM - a.eastM)),
        said.northM - (a.northM + share * (b.northM - a.northM)),
        Math.atan2(Math.sin(offYaw), Math.cos(offYaw)),
      ],
    });
  }
}

/** A suite on a street with the real firmware; where none can be built it is skipped, and says so. */
export function streetSuite(name: string): (what: string, story: (street: Street) => Promise<void>) => { run(): void } {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-patrol-"));
  const firmware = buildFirmware(folder);
  const test = suite(name);
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return (what, story) => {
    if (!firmware) {
      process.stdout.write(`skipped: ${name}: no firmware could be built here (apt-get install gcc-avr avr-libc)\n`);
      test.skip(what);
    } else
      test(what, async () => {
        const street = new Street();
        try {
          await street.start(firmware.robot, folder);
          await story(street);
        } finally {
          await street.stop();
        }
      });
    return test;
  };
}

/** Squared error of east and north over the stated covariance: 2 on average where it is honest (chi-squared, 2 degrees of freedom). */
export function nees({ pose, off: [east, north] }: Street["poses"][number]): number {
  const [ee, en, , nn] = pose.covariance as [number, number, number, number];
  return (nn * east * east - 2 * en * east * north + ee * north * north) / (ee * nn - en * en);
}
