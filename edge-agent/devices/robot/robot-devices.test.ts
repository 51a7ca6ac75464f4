/** What a robot hears of its sensors and detectors without a serial line: measures by MQTT, looks as lines, its own ears. */

import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type RobotMeasure, type RobotPose, robotMeasure, robotPose } from "#contract/robot.ts";
import { type ShotHeard, shotHeard } from "#contract/shot.ts";
import { utcOfNs } from "#contract/units.ts";
import type { ObservationLook } from "../../perception-port.ts";
import type { Measure } from "../../robot-port.ts";
import { heard, keepingLog, until } from "../bus-suite.ts";
import { MemoryBroker, MemoryBus } from "../memory-bus.ts";
import { openBusBody } from "./bus-body.ts";
import { openObservationStream } from "./observation-stream.ts";
import { OwnEars } from "./own-ears.ts";

const log = keepingLog([]);
const startNs = 1_795_262_400_000_000_000n;
const utc = (ms: number) => utcOfNs(startNs + BigInt(ms) * 1_000_000n);

test("measures by MQTT keep the times of their sensors, late ones too; a clock an hour off is not believed; it drives nothing", async () => {
  const broker = new MemoryBroker();
  const robot = new MemoryBus(broker, "s", "r1", log);
  const board = new MemoryBus(broker, "s", "b1", log);
  const body = await openBusBody({ node: "r1", bus: robot, now: () => ({ utcNs: startNs, sigmaS: 1e-3 }) });
  const taken: Measure[] = [];
  body.onMeasure((measure) => taken.push(measure));
  const wheels = (ms: number): RobotMeasure => ({ sensor: "wheels", at: utc(ms), forwardMps: ms, yawRateRadps: 0 });
  let sent = 0;
  const say = (measures: RobotMeasure[]) =>
    board.publish(robotMeasure, { v: 1, id: `m${++sent}`, node: "b1", at: utc(0), measures }, { to: "r1" });
  await say([wheels(0), wheels(20)]);
  await say([wheels(60)]);
  await say([wheels(40)]);
  await say([wheels(3_600_000)]);
  await until("all taken", () => taken.length === 4 && body.counters.offClock === 1);
  assert.equal(
    taken.map(({ timeS }) => Math.round(timeS * 1000)),
    [0, 20, 60, 40],
  );
  assert.is(body.utcOf(0.02)?.ns, startNs + 20_000_000n);
  assert.is(body.state.link, "absent", "the safety layer stops what has no board");
  await body.close();
});

test("a detector's lines: nothing is detected before it says what it can; a broken line is counted; a lost connection is made again", async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.write(`${JSON.stringify({ available: ["person"] })}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = new AbortController();
  try {
    const { port } = server.address() as AddressInfo;
    const perception = openObservationStream({ host: "127.0.0.1", port, log, signal: stop.signal });
    assert.equal([...perception.available], []);
    const looks: ObservationLook[] = [];
    perception.onLook((look) => looks.push(look));
    await until("what it can", () => perception.available.length === 1, 20_000);
    const look = {
      at: utc(5),
      sensor: "front",
      view: { widthDeg: 90, maxRangeM: 30 },
      sees: ["person"],
      observations: [{ kind: "person", azimuthDeg: -12, sigmaDeg: 1, score: 0.9 }],
    };
    sockets[0]!.write(
      `{\n${JSON.stringify({ ...look, observations: [{ kind: "ghost" }] })}\n${JSON.stringify(look)}\n`,
    );
    await until("the look", () => looks.length === 1, 20_000);
    assert.is(looks[0]?.at, startNs + 5_000_000n);
    assert.is(perception.counters.badLines, 2);
    sockets[0]!.destroy();
    await until("it is said", () => perception.unavailable.some(({ detector }) => detector === "connection"), 20_000);
    await until("a second connection", () => sockets.length === 2, 20_000);
    sockets[1]!.write(`${JSON.stringify(look)}\n`);
    await until("a look again", () => looks.length === 2, 20_000);
  } finally {
    stop.abort();
    server.close();
  }
});

test("a shot heard 30 degrees right of a nose that points east leaves with the robot's place and bearing 120; without a pose it does not leave", async () => {
  const broker = new MemoryBroker();
  const bus = new MemoryBus(broker, "s", "r1", log);
  const hub = new MemoryBus(broker, "s", "hub", log);
  const arrived: ShotHeard[] = [];
  await hub.subscribe(shotHeard, (message) => void arrived.push(message));
  const ears = new OwnEars();
  const listens = ears.listens(bus);
  const shot = { ...heard("r1", "a1"), bearingDeg: 30, bearingSigmaDeg: 3 };
  await listens.publish(shotHeard, shot);
  assert.is(ears.counters.withoutPlace, 1);
  const pose: RobotPose = {
    v: 1,
    id: "p1",
    node: "r1",
    at: utc(0),
    tickMs: 1,
    lat: 40.66,
    lon: -73.9,
    ellipse95: { semiMajorM: 2.4477, semiMinorM: 1, azimuthDeg: 0 },
    headingDeg: 90,
    headingSigmaDeg: 4,
    speedMps: 0,
    yawRateDegS: 0,
    covariance: [1, 0, 0, 1, 0, 0.1],
    odometry: { xM: 0, yM: 0, yawDeg: 0 },
    gnss: { state: "used", ageS: 0.1 },
    rejected: {},
  };
  await ears.walks(bus).publish(robotPose, pose);
  await listens.publish(shotHeard, { ...shot, id: "a2" });
  await until("the arrival", () => arrived.length === 1);
  const { lat, lon, posSigmaM, bearingDeg, bearingSigmaDeg, bearingsDeg } = arrived[0]!;
  assert.equal([lat, lon, posSigmaM, bearingDeg, bearingSigmaDeg, bearingsDeg], [40.66, -73.9, 1, 120, 5, undefined]);
  await listens.publish(shotHeard, { ...heard("r1", "a3"), bearingsDeg: [30, 330], bearingSigmaDeg: 3 });
  await until("the second arrival", () => arrived.length === 2);
  const { bearingDeg: none, bearingsDeg: sides, bearingSigmaDeg: sigma } = arrived[1]!;
  assert.equal([none, sides, sigma], [undefined, [120, 60], 5]);
});

test("breaking glass of score 0.8, 30 degrees left of the nose, is heard although no gunshot is told: as glass, from the nose", () => {
  const ears = new OwnEars();
  const looks: ObservationLook[] = [];
  ears.onLook((look) => looks.push(look));
  const scores = { gunshot: 0.01, firework: 0, vehicle: 0, impact: 0.1, glass: 0.8, other: 0.09 };
  ears.hears({ toa: utc(5), scores, bearingDeg: 330, bearingSigmaDeg: 3 });
  assert.is(ears.counters.heard, 0, "nothing left for the network");
  const [observation] = looks[0]!.observations;
  assert.equal([observation?.azimuthDeg, observation?.marks], [-30, { gunshot: 0.01, "glass-break": 0.8 }]);
  const ofALine: Pick<ShotHeard, "bearingsDeg" | "bearingSigmaDeg"> = { bearingsDeg: [30, 330], bearingSigmaDeg: 3 };
  ears.hears({ toa: utc(6), scores, ...ofALine });
  assert.is(looks[1]!.observations[0]!.sigmaDeg, 180, "from either side: from anywhere");
});

test.run();
