import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { type ShotFixed, type ShotHeard, shotFixed, shotHeard } from "#contract/shot.ts";
import { utcOfNs } from "#contract/units.ts";
import { frameAt } from "#core/localise/geo.ts";
import { MemoryBroker, MemoryBus } from "../devices/memory-bus.ts";
import type { Log, RoleContext } from "../ports.ts";
import { startTriangulate, TriangulateConfig } from "./triangulate.ts";
import { ArrivalJournal } from "./triangulate-journal.ts";

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} };
const frame = frameAt({ lat: 40.44, lon: -79.99, altM: 0 });
const startNs = 1_800_000_000_000_000_000n;
/** Six lampposts around a square of 300 m. */
const posts = [
  [-150, -150],
  [150, -140],
  [160, 150],
  [-140, 160],
  [10, 210],
  [-20, -220],
] as const;
const speedMps = 331.3 * Math.sqrt(1 + 20 / 273.15);

/** What post `k` says of a shot at (40, -30) fired `afterS` seconds after the start. */
function heard(k: number, afterS: number, gunshot = 0.9): ShotHeard {
  const [eastM, northM] = posts[k]!;
  const at = frame.toWgs84(eastM, northM, 6);
  const travelS = Math.hypot(eastM - 40, northM + 30, 4.5) / speedMps;
  const toa = utcOfNs(startNs + BigInt(Math.round((afterS + travelS) * 1e9)));
  return {
    v: 1,
    id: `a${k}-${Math.round(afterS * 1000)}`,
    node: `post-${k}`,
    at: toa,
    lat: at.lat,
    lon: at.lon,
    altM: 6,
    toa,
    toaSigmaS: 5e-4,
    airTempC: 20,
    probability: gunshot,
    scores: { gunshot, firework: 0.95 - gunshot, vehicle: 0.02, impact: 0.01, glass: 0.01, other: 0.01 },
    peakDbFs: -20,
    onsetSigmaS: 4e-4,
    clockSigmaS: 3e-4,
  };
}

async function world(dataDir: string) {
  const broker = new MemoryBroker();
  const nodes = posts.map((_, k) => new MemoryBus(broker, "town", `post-${k}`, quiet));
  const gateway = new MemoryBus(broker, "town", "gateway", quiet);
  const fixes: ShotFixed[] = [];
  await gateway.subscribe(shotFixed, (fix) => void fixes.push(fix));
  let nowNs = startNs;
  const counters: Record<string, number> = {};
  async function start() {
    const stop = new AbortController();
    const bus = new MemoryBus(broker, "town", "hub", quiet);
    const context: RoleContext<TriangulateConfig> = {
      site: "town",
      node: "hub",
      position: undefined,
      bus,
      log: quiet,
      signal: stop.signal,
      config: v.parse(TriangulateConfig, {}),
      configSha256: "0".repeat(64),
      dataDir,
      now: () => ({ utcNs: nowNs, clock: { source: "sim", synchronised: true, sigmaS: 0 } }),
      report: (state) => void Object.assign(counters, state.counters),
    };
    const { done } = await startTriangulate(context);
    return {
      /** As after kill -9: nothing is told or tidied on the way out beyond what is on disk. */
      async stop() {
        stop.abort();
        await done;
        await bus.close();
      },
    };
  }
  async function say(k: number, afterS: number, gunshot?: number, aheadS = 0) {
    const message = heard(k, afterS + aheadS, gunshot);
    nowNs = startNs + BigInt(Math.round((afterS + 1) * 1e9));
    await nodes[k]!.publish(shotHeard, message);
  }
  async function until(condition: () => boolean) {
    const deadline = Date.now() + 5000;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error(`waited for too long; ${fixes.length} fixes came`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  return { fixes, counters, start, say, until };
}

function inFolder(run: (folder: string) => Promise<void>) {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), "triangulate-"));
    try {
      await run(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

test(
  "four arrivals give an unverified fix, each further one a better version of the same shot",
  inFolder(async (folder) => {
    const { fixes, start, say, until } = await world(folder);
    const role = await start();
    for (let k = 0; k < 6; k++) await say(k, 0);
    await until(() => fixes.length >= 3);
    await role.stop();
    assert.equal(
      fixes.map((fix) => [fix.version, fix.nodesUsed.length, fix.unverified ?? false]),
      [
        [1, 4, true],
        [2, 5, false],
        [3, 6, false],
      ],
    );
    assert.is(new Set(fixes.map((fix) => fix.id)).size, 1);
    const last = frame.toLocal(fixes[2]!.lat, fixes[2]!.lon, 1.5);
    assert.ok(Math.hypot(last.eastM - 40, last.northM + 30) < 0.3, JSON.stringify(last));
  }),
);

test(
  "a restart in the middle of a burst keeps the shot's and the incident's names",
  inFolder(async (folder) => {
    const { fixes, start, say, until } = await world(folder);
    let role = await start();
    for (let k = 0; k < 6; k++) await say(k, 0);
    for (let k = 0; k < 3; k++) await say(k, 0.5);
    await until(() => fixes.length >= 3);
    await role.stop();
    role = await start();
    for (let k = 2; k < 6; k++) await say(k, 0.5);
    await until(() => new Set(fixes.map((fix) => fix.id)).size === 2 && fixes.at(-1)!.nodesUsed.length === 6);
    await role.stop();
    assert.is(new Set(fixes.map((fix) => fix.incident)).size, 1);
    const keys = fixes.map((fix) => `${fix.id}/${fix.version}`);
    assert.is(new Set(keys).size, keys.length);
  }),
);

test(
  "a restart after a burst tells nothing anew",
  inFolder(async (folder) => {
    const { fixes, start, say, until } = await world(folder);
    let role = await start();
    for (let k = 0; k < 6; k++) await say(k, 0);
    await until(() => fixes.length >= 3);
    await role.stop();
    role = await start();
    for (let k = 0; k < 6; k++) await say(k, 0);
    await role.stop();
    assert.is(fixes.length, 3);
  }),
);

test(
  "six nodes that are not sure of a gunshot make an unlikely fix: the classes that each heard go along with its arrival",
  inFolder(async (folder) => {
    const { fixes, start, say, until } = await world(folder);
    const role = await start();
    // What six lampposts made of the charge that lifted a rocket: taken for verdicts without classes they gave 0.89.
    const gunshot = [0.7, 0.69, 0.52, 0.47, 0.48, 0.49];
    for (let k = 0; k < 6; k++) await say(k, 0, gunshot[k]);
    await until(() => fixes.length >= 3);
    await role.stop();
    const last = fixes.at(-1)!;
    assert.equal(last.arrivals.map((one) => one.scores?.gunshot).sort(), gunshot.toSorted());
    assert.ok(last.probability < 0.5, String(last.probability));
  }),
);

test(
  "of 600 impulses that one node sends within a second 247 are taken; a shot heard by the five others is placed all the same",
  inFolder(async (folder) => {
    const { fixes, counters, start, say, until } = await world(folder);
    const hub = await start();
    try {
      for (let i = 0; i < 600; i++) await say(0, i / 600);
      for (const k of [1, 2, 3, 4, 5]) await say(k, 2);
      await until(() => fixes.some(({ nodesUsed }) => nodesUsed.length === 5));
      await until(() => counters.heard === 605);
      assert.is(counters.flood, 600 - 240 - 7);
      assert.is(
        fixes.every(({ nodesUsed }) => !nodesUsed.includes("post-0")),
        true,
      );
    } finally {
      await hub.stop();
    }
  }),
);

test(
  "a node whose clock once ran an hour ahead is heard half a minute later as before",
  inFolder(async (folder) => {
    const { counters, start, say, until } = await world(folder);
    const hub = await start();
    try {
      await say(0, 0, undefined, 3600);
      await until(() => counters.heard === 1);
      for (let i = 1; i < 240; i++) await say(0, i / 1000);
      for (let i = 0; i < 10; i++) await say(0, 30 + i / 1000);
      await until(() => counters.heard === 250);
      assert.is(counters.flood, 0);
    } finally {
      await hub.stop();
    }
  }),
);

test(
  "a disk that takes nothing: the shot is told all the same, and each thing that was not kept is counted",
  inFolder(async (folder) => {
    const { heard: really } = ArrivalJournal.prototype;
    const full = () => {
      throw new Error("disk full");
    };
    ArrivalJournal.prototype.heard = full;
    try {
      const { fixes, counters, start, say, until } = await world(folder);
      const hub = await start();
      for (const k of posts.keys()) await say(k, 0);
      await until(() => fixes.some((fix) => fix.nodesUsed.length === 6));
      await until(() => counters.unkept === 6);
      await hub.stop();
    } finally {
      ArrivalJournal.prototype.heard = really;
    }
  }),
);

test.run();
