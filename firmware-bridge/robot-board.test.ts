/** The robot's promises to the people around it, kept by the real firmware on an emulated ATmega328P under the real host code. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Measure, RobotBody, Velocity } from "#edge-agent/robot-port.ts";
import type { RobotTruth } from "#sim/robot/messages.ts";
import { type SimulatedRobot, startRobot } from "#sim/robot/robot.ts";
import { encodeFrame } from "./frame.ts";
import { openRobotBoard } from "./robot-board.ts";
import { buildFirmware } from "./testing/emulator.ts";

const folder = mkdtempSync(join(tmpdir(), "tocsin-robot-"));
const firmware = buildFirmware(folder);
const test = suite("robot board");
let rig: Awaited<ReturnType<typeof makeRig>>;
if (firmware) {
  test.before(async () => {
    rig = await makeRig();
  });
}
test.after(async () => {
  await rig?.end();
  rmSync(folder, { recursive: true, force: true });
});

const hostTime = (ns: bigint) => ({
  utcNs: BigInt(Date.now()) * 1_000_000n - (process.hrtime.bigint() - ns),
  sigmaS: 1e-3,
});

async function until(what: string, fact: () => boolean, limitMs = 60_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!fact()) {
    if (Date.now() > end) assert.unreachable(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

interface Rig {
  robot: SimulatedRobot;
  body: RobotBody;
  truths: RobotTruth[];
  /** Streams this velocity until told another; undefined: says nothing. */
  say(velocity: Velocity | undefined): void;
  /** Fresh truths that many milliseconds of the chip's time from now. */
  passed(ms: number): Promise<void>;
}

/** One robot for all: each test begins where the last one left it. */
async function makeRig(): Promise<Rig & { end(): Promise<void> }> {
  const robot = startRobot({
    hexPath: firmware!.robot,
    seed: "board",
    origin: { lat: 40.66, lon: -73.9, altM: 0 },
    start: { eastM: 0, northM: 0, yawRad: 0 },
    walls: [],
    people: [{ id: "somebody", path: [[-50, 0]], speedMps: 0 }],
  });
  const body = openRobotBoard({ stream: robot.stream, name: "emulator", coarse: hostTime });
  const truths: RobotTruth[] = [];
  robot.onTruth((truth) => truths.push(truth));
  let asked: Velocity | undefined;
  const timer = setInterval(() => asked && body.drive(asked), 40);
  await body.ready(AbortSignal.timeout(60_000));
  return {
    robot,
    body,
    truths,
    say: (velocity) => {
      asked = velocity;
      if (velocity) body.drive(velocity);
    },
    passed: async (ms) => {
      const fromS = truths.at(-1)?.timeS ?? 0;
      await until(`${ms} ms of the chip`, () => (truths.at(-1)?.timeS ?? 0) >= fromS + ms / 1000);
    },
    end: async () => {
      clearInterval(timer);
      await body.close();
      await robot.close();
    },
  };
}

const ahead = (speedMps: number): Velocity => ({ speedMps, yawRateRadps: 0 });
const still = ahead(0);

/** Reset pressed by a person, zero asked for once, and off it goes. */
async function rolling({ robot, body, truths, say }: Rig, speedMps: number): Promise<void> {
  if (body.state.latched) robot.pressReset();
  say(still);
  await until("not latched", () => !body.state.latched && !body.state.neutralWanted);
  say(ahead(speedMps));
  await until("rolling", () => (truths.at(-1)?.speedMps ?? 0) > 0.9 * speedMps);
}

if (firmware) {
  test("starts latched: asked for 1 m/s it stands; reset alone moves nothing; after a zero it reaches 1 m/s", async () => {
    const { robot, body, truths, say, passed } = rig;
    say(ahead(1));
    await passed(600);
    assert.ok(body.state.latched);
    robot.pressReset();
    await until("reset", () => !body.state.latched);
    await passed(500);
    assert.ok(body.state.neutralWanted, "a host that never asked for zero gets nothing");
    assert.ok(truths.every(({ outputMps, eastM }) => outputMps[0] === 0 && outputMps[1] === 0 && eastM === 0));
    say(still);
    await until("neutral", () => !body.state.neutralWanted);
    say(ahead(1));
    await until("1 m/s", () => Math.abs((truths.at(-1)?.speedMps ?? 0) - 1) < 0.02);
    say(ahead(20));
    await until("1.5 m/s, its limit", () => Math.abs((truths.at(-1)?.speedMps ?? 0) - 1.5) < 0.03);
    await passed(500);
    assert.ok(
      truths.every(({ outputMps }) => Math.max(...outputMps) <= 1.5),
      "never more than 1.5 m/s",
    );
  });

  test("the emergency stop beats the host: zero and brakes on, latched over release and over 1 m/s asked all the while", async () => {
    const { robot, body, truths, say, passed } = rig;
    await rolling(rig, 1);
    robot.pressEmergencyStop(true);
    await until("latched", () => body.state.latched && body.state.pressed);
    const from = truths.length;
    await until("at rest", () => truths.at(-1)!.speedMps === 0);
    robot.pressReset();
    await passed(600);
    assert.ok(body.state.latched, "reset does nothing while the button is in");
    robot.pressEmergencyStop(false);
    await until("released", () => !body.state.pressed);
    await passed(500);
    assert.ok(body.state.latched, "letting go of the button ends nothing");
    // Every message type with every length up to that of a velocity, well framed: none ends it.
    for (let type = 0; type < 256; type++)
      for (const length of [2, 3, 6]) robot.stream.write(encodeFrame(new Uint8Array(length).fill(1).fill(type, 0, 1)));
    await passed(1500);
    assert.ok(body.state.latched, "no message ends it");
    assert.ok(truths.slice(from).every(({ outputMps, enabled }) => !enabled && outputMps.every((mps) => mps === 0)));
    robot.pressReset();
    await until("reset", () => !body.state.latched);
    await passed(500);
    assert.is(truths.at(-1)!.speedMps, 0, "still asked for 1 m/s, it waits for a zero");
    say(still);
    await until("neutral", () => !body.state.neutralWanted);
  });

  test("a host that falls silent at 1 m/s: output zero within 0.35 s of its last word, at rest soon after", async () => {
    const { truths, say } = rig;
    await rolling(rig, 1);
    say(undefined);
    await until("output zero", () => truths.at(-1)!.outputMps[0] === 0);
    const zero = truths.at(-1)!;
    const before = truths.findLast(({ outputMps }) => outputMps[0] !== 0)!;
    // Truths come every 50 ms: it was zero somewhere between the two.
    assert.ok(before.timeS - zero.toldAtS < 0.31, `still driving ${before.timeS - zero.toldAtS} s after the last word`);
    await until("at rest", () => Math.abs(truths.at(-1)!.speedMps) < 0.02);
  });

  test("somebody in front: no forward within 0.35 m of them, whatever is asked, but it may turn away", async () => {
    const { robot, body, truths, say } = rig;
    await rolling(rig, 0.5);
    const { eastM, northM, yawRad } = truths.at(-1)!;
    const at = [eastM + 2.5 * Math.cos(yawRad), northM + 2.5 * Math.sin(yawRad)] as const;
    robot.put("somebody", at);
    await until("near", () => body.state.frontNear);
    await until("at rest", () => Math.abs(truths.at(-1)!.speedMps) < 0.01);
    const leftM = Math.hypot(truths.at(-1)!.eastM - at[0], truths.at(-1)!.northM - at[1]);
    assert.ok(leftM > 0.3, `${leftM} m from the middle of somebody half a metre wide`);
    say({ speedMps: 0.5, yawRateRadps: 0.5 });
    await until("turning", () => Math.abs(truths.at(-1)!.yawRad - yawRad) > 0.3);
    robot.put("somebody", [-50, 0]);
  });

  test("2 m rolled are 2 m counted within 2 %, gravity is 9.8 m/s2, fixes are stamped with the moment that they are of", async () => {
    const { body, truths, say } = rig;
    const measures: Measure[] = [];
    say(still);
    await until("standing", () => Math.abs(truths.at(-1)!.speedMps) < 0.005);
    const from = truths.at(-1)!;
    const off = body.onMeasure((measure) => measures.push(measure));
    await rolling(rig, 0.5);
    const gone = () => Math.hypot(truths.at(-1)!.eastM - from.eastM, truths.at(-1)!.northM - from.northM);
    await until("2 m", () => gone() > 2);
    say(still);
    await until("at rest", () => Math.abs(truths.at(-1)!.speedMps) < 0.005);
    await until("pulses", () => (body.counters["pps.pulses"] ?? 0) >= 4);
    const wheels = measures.filter((m) => m.sensor === "wheels");
    let rolledM = 0;
    for (let i = 1; i < wheels.length; i++)
      rolledM += wheels[i]!.forwardMps * (wheels[i]!.timeS - wheels[i - 1]!.timeS);
    assert.ok(Math.abs(rolledM / gone() - 1) < 0.02, `${rolledM} of ${gone()} m`);
    const upMps2 = measures.flatMap((m) => (m.sensor === "imu" ? [m.accelMps2[2]] : []));
    assert.ok(Math.abs(upMps2.reduce((a, b) => a + b, 0) / upMps2.length - 9.8) < 0.2);
    // Five a second, on the fifths of UTC.
    const fixes = () => measures.flatMap((m) => (m.sensor === "gnss" ? [m.timeS] : [])).slice(-5);
    const even = (times: number[]) =>
      times.length === 5 && times.every((timeS, i) => i === 0 || Math.abs(timeS - times[i - 1]! - 0.2) < 0.005);
    await until("five fixes a fifth of a second apart", () => even(fixes()));
    // A machine too busy for real time loses pulses; the map is there once enough of them were in time.
    await until("the time map", () => (body.utcOf(fixes().at(-1)!)?.sigmaS ?? 1) < 1e-3 && even(fixes()));
    const offMs = Number(body.utcOf(fixes().at(-1)!)!.ns % 200_000_000n) / 1e6;
    assert.ok(Math.min(offMs, 200 - offMs) < 2, `${offMs} ms off a fifth of a second`);
    off();
  });
  test("a program that runs in a circle: motors off, and after its watchdog's restart it is latched", async () => {
    const { robot, body, truths, passed } = rig;
    await rolling(rig, 1);
    const before = body.counters.restarts!;
    robot.hang();
    await until("a new start", () => body.counters.restarts === before + 1);
    await until("latched", () => body.state.latched && !truths.at(-1)!.enabled);
    await passed(300);
    assert.equal([...truths.at(-1)!.outputMps], [0, 0]);
  });
} else {
  test("skipped: no firmware could be built here", () => assert.ok(!firmware));
}

test.run();
