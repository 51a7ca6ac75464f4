/** The patrol role with the real firmware on an emulated chip, the real bridge, and a street of the simulated city. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { type BackupAnswer, backupAnswer, backupCall } from "#contract/backup.ts";
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
import { keepingLog } from "../devices/bus-suite.ts";
import { MemoryBroker, MemoryBus } from "../devices/memory-bus.ts";
import { openObservationStream } from "../devices/robot/observation-stream.ts";
import { PatrolConfig } from "./patrol/config.ts";
import { startPatrol } from "./patrol.ts";

const folder = mkdtempSync(join(tmpdir(), "tocsin-patrol-"));
const firmware = buildFirmware(folder);
const test = suite("patrol");
test.after(() => rmSync(folder, { recursive: true, force: true }));

const SITE = "testville";
const nowNs = () => BigInt(Date.now()) * 1_000_000n;
const nowUtc = () => utcOfNs(nowNs());

async function until<T>(what: string, probe: () => T | undefined | false, limitMs = 60_000): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = probe();
    if (found) return found;
    if (Date.now() > end) return assert.unreachable(`not within ${limitMs} ms: ${what}`) as never;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

class Street {
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

  async start(): Promise<this> {
    this.world = await startPatrolWorld(this.city, 1, firmware!.robot);
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

/** Squared error of east and north over the stated covariance: 2 on average where it is honest (chi-squared, 2 degrees of freedom). */
function nees({ pose, off: [east, north] }: Street["poses"][number]): number {
  const [ee, en, , nn] = pose.covariance as [number, number, number, number];
  return (nn * east * east - 2 * en * east * north + ee * north * north) / (ee * nn - en * en);
}

if (firmware) {
  test("a patrol: stands until reset and let go, knows its place within what it states, finds who fell, is held, stopped, called", async () => {
    const street = new Street();
    try {
      await street.start();
      const { robot } = street.world;
      await street.phase("emergencyStop");
      const refused = await street.order({ act: "resume" });
      assert.is(refused.accepted, false);
      assert.match(refused.why, /a person must reset it at the robot/);
      robot.pressReset();
      await street.phase("holding");
      assert.is(robot.truth!.speedMps, 0, "a reset moves nothing");
      const old = await street.order({ act: "resume" }, street.state!.tickMs + 60_000);
      assert.match(old.why, /from before its last start: look again/);
      assert.is((await street.order({ act: "resume" })).accepted, true);
      await street.phase("patrolling");
      await until("detectors", () => street.state?.rulesOff.length === 0);

      street.world.fall();
      const event = await until("the event", () => street.events.find(({ rule }) => rule === "fallen-person"));
      const lying = robot.truth!.people.find(({ lying }) => lying)!;
      const said = street.city.plane.enu({ lat: event.place!.lat, lon: event.place!.lon, altM: 0 });
      const offM = Math.hypot(said.eastM - lying.eastM, said.northM - lying.northM);
      assert.ok(
        offM < 1.5 * event.place!.ellipse95.semiMajorM + 0.5,
        `${offM} m, stated ${event.place!.ellipse95.semiMajorM}`,
      );
      assert.ok(event.reasons.some(({ value, limit }) => value >= limit));

      // Without satellites for a while: the bound grows and still holds.
      robot.gnss(false);
      await until("GNSS lost", () => street.poses.at(-1)?.pose.gnss.state === "lost");
      robot.gnss(true);
      await until("GNSS used again", () => street.poses.at(-1)?.pose.gnss.state === "used");
      assert.is((await street.order({ act: "hold" })).accepted, true);
      await until("at rest", () => Math.abs(robot.truth!.speedMps) < 0.01);
      await street.phase("holding");
      await street.order({ act: "resume" });
      await until("moving", () => robot.truth!.speedMps > 0.3);
      robot.pressEmergencyStop(true);
      await street.phase("emergencyStop");
      await until("at rest", () => robot.truth!.speedMps === 0);
      assert.is(robot.truth!.enabled, false);
      robot.pressEmergencyStop(false);
      assert.is((await street.order({ act: "resume" })).accepted, false, "latched");
      robot.pressReset();
      await street.phase("holding");
      assert.is(robot.truth!.speedMps, 0);
      await street.order({ act: "resume" });
      await street.phase("patrolling");
      const envelope = { v: 1 as const, node: "gateway", at: nowUtc() };
      const calledBy = { how: "person" as const, by: "ann", at: nowUtc(), why: "look" };
      const call = {
        ...envelope,
        incident: "i1",
        place: { ...event.place! },
        why: "somebody lies still",
        calledBy,
        chosen: "ann sends it",
        ring: 1,
        answerBy: nowUtc(),
      };
      await street.people.publish(
        backupCall,
        { ...call, id: "c0", call: "b0", task: { kind: "assist" } },
        { to: "r1" },
      );
      const no = await until("an answer", () => street.answers.find((answer) => answer.call === "b0"));
      assert.is(no.answer, "declined");
      assert.match(no.text ?? "", /goes and reports where a person approved/);
      const task = { kind: "goAndReport" as const, approved: { by: "ann", at: nowUtc(), why: "look" } };
      await street.people.publish(backupCall, { ...call, id: "c1", call: "b1", task }, { to: "r1" });
      await until("accepted", () => street.answers.find(({ call, answer }) => call === "b1" && answer === "accepted"));
      const there = await until("on scene", () =>
        street.answers.find(({ call, answer }) => call === "b1" && answer === "onScene"),
      );
      assert.match(there.text ?? "", /it sees \d+ people/);
      const nearM = Math.hypot(robot.truth!.eastM - lying.eastM, robot.truth!.northM - lying.northM);
      assert.ok(nearM > 0.5 && nearM < 31, `${nearM} m from whoever lies there`);
      await until("at rest", () => Math.abs(robot.truth!.speedMps) < 0.01);
      await street.order({ act: "leave", call: "b1" });
      await street.phase("patrolling");
      const scores = street.poses.map(nees);
      const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
      const inside = scores.filter((score) => score < 5.99).length / scores.length;
      const headingOff = street.poses.map(
        ({ pose, off }) => Math.abs(off[2]) / ((pose.headingSigmaDeg * Math.PI) / 180),
      );
      const wild = headingOff.filter((sigmas) => sigmas > 4).length / headingOff.length;
      console.log(
        `${scores.length} poses: squared error over covariance ${mean.toFixed(2)} (2 is honest), ${(100 * inside).toFixed(0)} % inside the 95 % ellipse, heading beyond 4 sigmas ${(100 * wild).toFixed(0)} %`,
      );
      assert.ok(scores.length > 40);
      assert.ok(inside > 0.8, `${inside} inside the stated ellipse`);
      assert.ok(mean < 4, `${mean}`);
      assert.ok(wild < 0.1);
    } finally {
      await street.stop();
    }
  });
} else {
  test("skipped: no firmware could be built here", () => assert.ok(!firmware));
}

test.run();
