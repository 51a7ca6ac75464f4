import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ClockState } from "#contract/node.ts";
import type { PulseClock } from "../pulse-port.ts";
import { CountedClock } from "./counted-clock.ts";
import type { NodeTime } from "./node-time.ts";

const RATE = 48_000;
const EPOCH = 1_795_000_000_000_000_000n;
/** 10 ppm fast, and at 900,000 when the card opens, at EPOCH. */
const cardHz = RATE * (1 + 10e-6);
const FIRST = 900_000;
const ntp: ClockState = { source: "ntp", synchronised: true, sigmaS: 2e-3 };

/** A microcontroller that knows the converter to 5 us. */
function counter(): PulseClock & { standingAt: bigint | undefined } {
  return {
    standingAt: undefined,
    ofSample: (sample) => ({
      ns: EPOCH + BigInt(Math.round(((Number(sample) - FIRST) / cardHz) * 1e9)),
      sigmaS: 5e-6,
      ppm: 10,
    }),
    sampleAt: (utcNs) => BigInt(FIRST + Math.round((Number(utcNs - EPOCH) / 1e9) * cardHz)),
    close: async () => undefined,
  };
}
/** UTC is the monotonic clock plus EPOCH, and the host's idea of it 1.5 ms late. */
const time: NodeTime = {
  now: () => ({ utcNs: 0n, clock: ntp }),
  ofMonotonicNs: (ns) => ({ utcNs: ns + EPOCH - 1_500_000n, clock: ntp }),
  steps: 0,
};

function blocks(clock: CountedClock, seconds: number, lostTicks = 0): void {
  for (let at = 960; at <= seconds * RATE; at += 960) {
    const lateS = 0.001 * ((at / 960) % 7);
    clock.arrived(BigInt(at - lostTicks), BigInt(Math.round((at / cardHz + lateS) * 1e9)));
  }
}
const errorS = (clock: CountedClock, tick: number, lostTicks = 0) =>
  Number(clock.at(BigInt(tick)).utcNs! - EPOCH) / 1e9 - (tick + lostTicks) / cardHz;

test("a converter that stood still until it was listened to: its samples have UTC to 22 us, whatever the host's clock is off", () => {
  const pulses = counter();
  pulses.standingAt = BigInt(FIRST);
  const clock = new CountedClock({
    sampleRateHz: RATE,
    pulses,
    wordClock: "with-capture",
    latencyS: 0,
    latencySigmaS: 5e-4,
    time,
  });
  clock.arrived(960n, 20_000_000n);
  pulses.standingAt = undefined;
  blocks(clock, 3);
  assert.ok(Math.abs(errorS(clock, 2 * RATE)) < 1e-8, `${errorS(clock, 2 * RATE)}`);
  const { clock: state } = clock.at(BigInt(2 * RATE));
  assert.ok(state.sigmaS > 2e-5 && state.sigmaS < 2.3e-5, `${state.sigmaS}`);
  assert.is(state.source, "pps");
  assert.is(state.samplePpm, 10);
});

test("a word clock that always runs: as good as the host's clock and the blocks' arrival, and it says so", () => {
  const clock = new CountedClock({
    sampleRateHz: RATE,
    pulses: counter(),
    wordClock: "continuous",
    latencyS: 0,
    latencySigmaS: 5e-4,
    time,
  });
  assert.is(clock.at(0n).utcNs, undefined, "before a second has told");
  blocks(clock, 10);
  const { sigmaS } = clock.at(BigInt(9 * RATE)).clock;
  assert.ok(Math.abs(errorS(clock, 9 * RATE)) < 1.6e-3, `${errorS(clock, 9 * RATE)}`);
  assert.ok(sigmaS > 2e-3 && sigmaS < 2.2e-3, `${sigmaS}`);
});

test("lost samples: no time until a second has told how many, then no better than the arrivals again", () => {
  const pulses = counter();
  pulses.standingAt = BigInt(FIRST);
  const options = { sampleRateHz: RATE, pulses, latencyS: 0, latencySigmaS: 5e-4, time } as const;
  const clock = new CountedClock({ ...options, wordClock: "with-capture" });
  blocks(clock, 2);
  pulses.standingAt = undefined;
  clock.lost();
  assert.is(clock.at(BigInt(2 * RATE)).utcNs, undefined);
  blocks(clock, 5, 4800);
  assert.ok(Math.abs(errorS(clock, 4 * RATE, 4800)) < 1.6e-3, `${errorS(clock, 4 * RATE, 4800)}`);
  assert.ok(clock.at(BigInt(4 * RATE)).clock.sigmaS > 2e-3);
});

test("the host's clock is stepped by 2.5 s and back: of the wrong time nothing is left in the average", () => {
  let aheadNs = 0n;
  const stepped = {
    now: time.now,
    steps: 0,
    ofMonotonicNs: (ns: bigint) => ({ utcNs: ns + EPOCH - 1_500_000n + aheadNs, clock: ntp }),
  };
  const options = { sampleRateHz: RATE, pulses: counter(), latencyS: 0, latencySigmaS: 5e-4, time: stepped } as const;
  const clock = new CountedClock({ ...options, wordClock: "continuous" });
  const hear = (fromS: number, toS: number) => {
    for (let at = fromS * RATE + 960; at <= toS * RATE; at += 960)
      clock.arrived(BigInt(at), BigInt(Math.round((at / cardHz) * 1e9)));
  };
  hear(0, 10);
  aheadNs = 2_500_000_000n;
  stepped.steps = 1;
  hear(10, 20);
  aheadNs = 0n;
  stepped.steps = 2;
  hear(20, 23);
  assert.ok(Math.abs(errorS(clock, 22 * RATE)) < 1.6e-3, `${errorS(clock, 22 * RATE)}`);
});

test.run();
