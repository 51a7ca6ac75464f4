/** How the roles of one node share its eyes. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { robotPose } from "#contract/robot.ts";
import { checkEyes } from "./check-eyes.ts";
import type { AgentConfig } from "./config.ts";
import { MemoryBroker, MemoryBus } from "./devices/memory-bus.ts";
import { heardPoses, openLook, viewOf } from "./looking.ts";
import type { Log, RoleContext } from "./ports.ts";
import type { LookConfig } from "./roles/look/config.ts";

const log: Log = { debug() {}, info() {}, warn() {}, error() {} };
const folder = mkdtempSync(join(tmpdir(), "looking-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

function make(over: Partial<LookConfig> = {}) {
  const camera = {
    name: "front",
    source: { kind: "v4l2", device: "/dev/none" },
    widthPx: 640,
    heightPx: 480,
    everyS: 1,
    horizontalFovDeg: 60,
    tiltDeg: 0,
    headingDeg: 0,
    maxRangeM: 40,
  };
  const look = { camera, things: true, threads: 1, modelsFolder: folder, ...over } as LookConfig;
  const config = { dataDir: folder, roles: { look } } as unknown as AgentConfig;
  const bus = new MemoryBus(new MemoryBroker(), "test", "r1", log);
  const context = { config: look, log, node: "r1", bus, now: () => undefined } as unknown as RoleContext<LookConfig>;
  return { config, context, look, bus };
}

test("patrol gets the very looks of the role look, with what is missing and why", async () => {
  const { config, context } = make();
  const view = await viewOf(config, context);
  const { context: look, close } = await openLook(config, context);
  assert.equal(view?.available, []);
  assert.equal(
    view?.unavailable.map(({ detector }) => detector),
    ["person", "vehicle", "fallen", "fallen", "face"],
  );
  assert.match(view!.unavailable[0]!.why, "faces-setup.mjs");
  const seen: string[] = [];
  view!.onLook(({ sensor }) => seen.push(sensor));
  look.say({ at: 1n, sensor: "front", view: { widthDeg: 60, maxRangeM: 40 }, sees: [], observations: [] });
  assert.equal(seen, ["front"]);
  await close();
});

test("a node without the role look has no eyes to share", async () => {
  const { context } = make();
  assert.is(await viewOf({ roles: {} } as AgentConfig, context), undefined);
});

test("where the robot says it is, its camera is", async () => {
  const { config, context, bus } = make({ things: false });
  const { context: look } = await openLook(config, context);
  assert.is(look.whereabouts(), undefined);
  const pose = { v: 1 as const, id: "p", node: "r1", at: "2026-11-22T12:00:00Z", tickMs: 1, lat: 40.5, lon: -79.5 };
  const rest = {
    ellipse95: { semiMajorM: 2, semiMinorM: 1, azimuthDeg: 0 },
    headingDeg: 30,
    headingSigmaDeg: 1,
    speedMps: 0,
    yawRateDegS: 0,
  };
  const frame = {
    covariance: [1, 0, 0, 1, 0, 1],
    odometry: { xM: 0, yM: 0, yawDeg: 0 },
    gnss: { state: "used" as const },
    rejected: {},
  };
  await heardPoses(bus, config).publish(robotPose, { ...pose, ...rest, ...frame });
  assert.equal([look.whereabouts()?.place.lat, look.whereabouts()?.headingDeg], [40.5, 30]);
  await bus.close();
});

test("faces without a set of trusted keys do not start, and the fault names the field", async () => {
  const keysFile = join(folder, "keys.json");
  writeFileSync(keysFile, JSON.stringify({ keys: [] }));
  const faces = { keysFile, falseAlertRate: 0.05, confidence: 0.95, longestDays: 30, tellEveryS: 60 };
  const { config, context } = make({ things: false, faces });
  const why = await openLook(config, context).then(() => "opened", String);
  assert.match(why, /roles\.look\.faces\.keysFile: .*keys\.json/);
});

test("doctor says which networks are missing, and nothing where none are needed", async () => {
  const { ok, detail } = await checkEyes(make().look);
  assert.equal([ok, /perception\/objects\.onnx, perception\/pose\.onnx/.test(detail)], [false, true]);
  assert.is((await checkEyes(make({ things: false }).look)).ok, true);
});

test.run();
