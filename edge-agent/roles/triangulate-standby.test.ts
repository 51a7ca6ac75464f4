import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { type ShotFixed, type ShotHeard, shotFixed, shotHeard } from "#contract/shot.ts";
import { utcOfNs } from "#contract/units.ts";
import { arrivalsOf } from "#core/localise/case-figures.ts";
import { cleanCase, randomFrom, shotCase } from "#core/localise/cases.ts";
import { MemoryBroker, MemoryBus } from "../devices/memory-bus.ts";
import type { Log, RoleContext } from "../ports.ts";
import { toldToNeighbours } from "./told-to-neighbours.ts";
import { startTriangulate, TriangulateConfig } from "./triangulate.ts";
import { startTriangulateStandby } from "./triangulate-standby.ts";

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} };
/** All share one event loop: a leader counts as silent only after a stall longer than any that a busy machine makes. */
const election = { graceS: 0.05, sayEveryS: 0.5 };

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited for too long: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What six nodes say of one shot that was fired just now. */
function messages(): ShotHeard[] {
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const arrivals = arrivalsOf(shotCase(randomFrom(8), { ...cleanCase, nodes: [6, 6] }));
  const first = BigInt(Date.parse(arrivals[0]!.toa)) * 1_000_000n;
  return arrivals.map((arrival) => {
    const later = BigInt(Date.parse(arrival.toa)) * 1_000_000n - first + BigInt(Number(arrival.toa.slice(23, 29)));
    const toa = utcOfNs(nowNs + later);
    return {
      ...arrival,
      toa,
      v: 1,
      at: toa,
      airTempC: 20,
      scores: { gunshot: 0.95, firework: 0.01, vehicle: 0.01, impact: 0.01, glass: 0.01, other: 0.01 },
      peakDbFs: -12,
      onsetSigmaS: 2e-4,
      clockSigmaS: 1e-4,
    };
  });
}

test("without the gateway one of three nodes solves; afterwards the gateway has one shot, one incident, the first times", async () => {
  const folder = mkdtempSync(join(tmpdir(), "standby-"));
  const stop = new AbortController();
  const [main, district] = [new MemoryBroker(), new MemoryBroker()];
  const context = (node: string, bus: MemoryBus): RoleContext<TriangulateConfig> => ({
    site: "town",
    node,
    position: undefined,
    bus,
    log: quiet,
    signal: stop.signal,
    config: v.parse(TriangulateConfig, {}),
    configSha256: "0".repeat(64),
    dataDir: join(folder, node),
    now: () => undefined,
    report: () => undefined,
  });
  const elections = new Set<string>();
  const fixes: ShotFixed[] = [];
  const alarms: ShotFixed[] = [];
  const store = new MemoryBus(main, "town", "gateway", quiet);
  await store.subscribe(shotFixed, (fix) => void fixes.push(fix));
  const done: Promise<void>[] = [
    (await startTriangulate(context("hub", new MemoryBus(main, "town", "hub", quiet)))).done,
  ];
  const speakers = new Map<string, ReturnType<typeof toldToNeighbours>>();
  for (const node of ["n0", "n1", "n2", "n3", "n4", "n5"]) {
    const bus = new MemoryBus(main, "town", node, quiet);
    const neighbours = new MemoryBus(district, "town", node, quiet);
    speakers.set(node, toldToNeighbours(bus, neighbours, quiet, stop.signal));
    if (node === "n0") await neighbours.subscribe(shotFixed, (fix) => void alarms.push(fix));
    if (node > "n2") continue;
    done.push(
      (
        await startTriangulateStandby({
          ...context(node, bus),
          neighbours,
          election,
          tickMs: 10,
          report: ({ counters }) => void ((counters?.elections ?? 0) > 0 && elections.add(node)),
        })
      ).done,
    );
  }
  try {
    main.setUp(false);
    await until(() => elections.size > 0, "an election");
    const said = messages();
    for (const message of said) await speakers.get(message.node)!.publish(shotHeard, message);
    await until(() => alarms.some((fix) => fix.nodesUsed.length === 6), "the local alarm");
    assert.is(fixes.length, 0);
    assert.equal([...new Set(alarms.map((fix) => [fix.node, fix.solvedLocally].join()))], ["n0,true"]);
    main.setUp(true);
    await until(() => fixes.some((fix) => fix.nodesUsed.length === 6 && fix.node === "hub"), "the gateway's own fix");
    await until(() => fixes.some((fix) => fix.solvedLocally === true), "the hand-over");
    assert.is(new Set(fixes.map((fix) => fix.id)).size, 1);
    assert.is(new Set(fixes.map((fix) => fix.incident)).size, 1);
    const times = fixes.filter((fix) => fix.nodesUsed.length === 6).map((fix) => fix.time.slice(0, 26));
    assert.is(new Set(times).size, 1, times.join());
    const first = alarms.find((fix) => fix.version === 1)!;
    assert.is(fixes.find((fix) => fix.version === 1 && fix.node === "n0")?.at, first.at);
  } finally {
    stop.abort();
    await Promise.all(done);
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
