import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ClockState } from "#contract/node.ts";
import { TickTimes } from "./tick-times.ts";

const good: ClockState = { source: "sim", synchronised: true, sigmaS: 2e-4 };

test("half a sample at 16 kHz is 31.25 microseconds", () => {
  const times = new TickTimes(16_000, 4);
  times.add({ tick: 1600n, utcNs: 1_000_000_000n, clock: good });
  assert.equal(times.at(1600n, 0.5), { utcNs: 1_000_031_250n, sigmaS: 2e-4 });
  assert.equal(times.at(17_600n, 0)?.utcNs, 2_000_000_000n);
  assert.equal(times.at(0n, 0)?.utcNs, 900_000_000n);
});

test("a sample clock 100 ppm fast has its second in 16001.6 samples", () => {
  const times = new TickTimes(16_000, 4);
  times.add({ tick: 0n, utcNs: 0n, clock: { ...good, samplePpm: 100 } });
  assert.is(times.at(16_001n, 0.6)?.utcNs, 1_000_000_000n);
});

test("each sample goes by its own frame, also after a gap, and an invalid one has no time", () => {
  const times = new TickTimes(1000, 4);
  times.add({ tick: 0n, utcNs: 0n, clock: good });
  times.add({ tick: 1000n, utcNs: undefined, clock: { ...good, synchronised: false } });
  times.add({ tick: 5000n, utcNs: 7_000_000_000n, clock: good });
  assert.is(times.at(500n, 0)?.utcNs, 500_000_000n);
  assert.is(times.at(1500n, 0), undefined);
  assert.is(times.at(5100n, 0)?.utcNs, 7_100_000_000n);
});

test("after an hour of 20 ms frames the last four seconds are told", () => {
  const times = new TickTimes(1000, 4);
  for (let i = 0; i < 180_000; i++) times.add({ tick: BigInt(i * 20), utcNs: BigInt(i) * 20_000_000n, clock: good });
  assert.is(times.at(3_596_000n, 0)?.utcNs, 3_596_000_000_000n);
  assert.is(times.at(3_599_990n, 0)?.utcNs, 3_599_990_000_000n);
});

test.run();
