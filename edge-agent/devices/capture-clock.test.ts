import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ClockState } from "#contract/node.ts";
import { CaptureClock } from "./capture-clock.ts";
import type { NodeTime } from "./node-time.ts";

const RATE = 48_000;
const EPOCH = 1_795_000_000_000_000_000n;

/** A host whose UTC is the monotonic clock plus `EPOCH`, while it is synchronised. */
function host(clock: ClockState): NodeTime & { synchronised: boolean } {
  return {
    synchronised: true,
    now: () => undefined,
    ofMonotonicNs(ns) {
      return this.synchronised ? { utcNs: ns + EPOCH, clock } : undefined;
    },
    steps: 0,
  };
}
const ntp: ClockState = { source: "ntp", synchronised: true, sigmaS: 8e-4 };

/** Park and Miller's generator: the same numbers every time. */
function randoms(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** Blocks of 20 ms from a card `ppm` fast; each arrives up to 8 ms late. Sample 0 was heard at monotonic 5 s. */
function blocks(
  clock: CaptureClock,
  ppm: number,
  fromS: number,
  toS: number,
  lostTicks = 0n,
  random = randoms(9),
): void {
  const cardHz = RATE * (1 + ppm * 1e-6);
  for (let at = Math.round(fromS * RATE); at < toS * RATE; at += 960) {
    const heardS = 5 + (at + 960) / cardHz;
    clock.arrived(BigInt(at + 960) - lostTicks, BigInt(Math.round((heardS + 0.008 * random() ** 2) * 1e9)));
  }
}

test("by the arrival of blocks: half a millisecond, with a sigma that covers it, and the card's 30 ppm", () => {
  const clock = new CaptureClock({ sampleRateHz: RATE, pps: false, latencyS: 0, latencySigmaS: 5e-4, time: host(ntp) });
  blocks(clock, 30, 0, 120);
  const { utcNs, clock: state } = clock.at(BigInt(100 * RATE));
  const truthNs = EPOCH + BigInt(Math.round((5 + 100 / (1 + 30e-6)) * 1e9));
  const errorS = Number(utcNs! - truthNs) / 1e9;
  assert.ok(Math.abs(errorS) < 5e-4, `${errorS}`);
  assert.is(state.source, "ntp");
  // Host 0.8 ms, latency 0.5 ms, and a little of the filter's own.
  assert.ok(state.sigmaS >= Math.hypot(8e-4, 5e-4) && state.sigmaS < 1.3e-3, `${state.sigmaS}`);
  assert.ok(Math.abs(state.samplePpm! - 30) < 3, `${state.samplePpm}`);
});

test("a host that is not synchronised: no time; the moment it is, the samples have theirs", () => {
  const time = host(ntp);
  time.synchronised = false;
  const clock = new CaptureClock({ sampleRateHz: RATE, pps: false, latencyS: 0, latencySigmaS: 5e-4, time });
  blocks(clock, 0, 0, 30);
  assert.is(clock.at(BigInt(29 * RATE)).utcNs, undefined);
  assert.is(clock.at(BigInt(29 * RATE)).clock.synchronised, false);
  time.synchronised = true;
  assert.ok(clock.at(BigInt(29 * RATE)).utcNs !== undefined);
});

test("12000 samples lost and nobody said how many: no time for three seconds, then the right one", () => {
  const clock = new CaptureClock({ sampleRateHz: RATE, pps: false, latencyS: 0, latencySigmaS: 5e-4, time: host(ntp) });
  blocks(clock, 0, 0, 60);
  clock.lost();
  assert.is(clock.at(BigInt(60 * RATE)).utcNs, undefined);
  blocks(clock, 0, 60.25, 64, 12_000n);
  const errorS = Number(clock.at(BigInt(63.5 * RATE) - 12_000n).utcNs! - (EPOCH + 68_500_000_000n)) / 1e9;
  assert.ok(Math.abs(errorS) < 1e-3, `${errorS}`);
});

/** 100 ms high at every full second of UTC, into channel samples of a card `ppm` fast. */
function pulseChannel(
  ppm: number,
  fromS: number,
  toS: number,
  offS = 0,
): { samples: Float32Array; tick: bigint; arrivedNs: bigint }[] {
  const cardHz = RATE * (1 + ppm * 1e-6);
  const out = [];
  for (let at = Math.round(fromS * RATE); at < toS * RATE; at += 960) {
    const samples = Float32Array.from({ length: 960 }, (_, i) => {
      const s = (at + i) / cardHz + offS;
      const phaseS = s - Math.floor(s);
      const rise = Math.min(1, Math.max(0, 0.5 + 0.5 * (s - Math.round(s)) * cardHz));
      return 0.7 * (phaseS >= 0.1 && phaseS < 0.5 ? 0 : rise);
    });
    out.push({ samples, tick: BigInt(at), arrivedNs: BigInt(Math.round((5 + (at + 960) / cardHz + 0.012) * 1e9)) });
  }
  return out;
}

test("by a pulse per second: 10 microseconds, though the host is 12 ms off, and its sigma says so", () => {
  const clock = new CaptureClock({ sampleRateHz: RATE, pps: true, latencyS: 0, latencySigmaS: 5e-4, time: host(ntp) });
  for (const { samples, tick, arrivedNs } of pulseChannel(-20, 0, 60)) clock.pulses(samples, tick, arrivedNs);
  const { utcNs, clock: state } = clock.at(BigInt(59 * RATE));
  const errorS = Number(utcNs! - (EPOCH + BigInt(Math.round((5 + 59 / (1 - 20e-6)) * 1e9)))) / 1e9;
  assert.ok(Math.abs(errorS) < 1e-5, `${errorS}`);
  assert.is(state.source, "pps");
  assert.ok(state.sigmaS < 1e-5, `${state.sigmaS}`);
  assert.ok(Math.abs(state.samplePpm! + 20) < 0.1, `${state.samplePpm}`);
});

test("pulses stop: the crystal carries on, ever less sure; after a minute there is no time", () => {
  const clock = new CaptureClock({ sampleRateHz: RATE, pps: true, latencyS: 0, latencySigmaS: 5e-4, time: host(ntp) });
  for (const { samples, tick, arrivedNs } of pulseChannel(0, 0, 30)) clock.pulses(samples, tick, arrivedNs);
  const soon = clock.at(BigInt(31 * RATE)).clock.sigmaS;
  const later = clock.at(BigInt(80 * RATE)).clock.sigmaS;
  assert.ok(later > 2 * soon, `${soon} ${later}`);
  assert.is(clock.at(BigInt(95 * RATE)).utcNs, undefined);
});

test("the host loses its time, or is in doubt of it by seconds: the pulses go on counting, for as long as they come", () => {
  for (const doubt of ["lost", "stepped by 3 s"] as const) {
    const time = host(ntp);
    const clock = new CaptureClock({ sampleRateHz: RATE, pps: true, latencyS: 0, latencySigmaS: 5e-4, time });
    for (const { samples, tick, arrivedNs } of pulseChannel(10, 0, 130)) {
      if (Number(tick) === 20 * RATE && doubt === "lost") time.synchronised = false;
      if (Number(tick) === 20 * RATE && doubt !== "lost")
        time.ofMonotonicNs = (ns) => ({ utcNs: ns + EPOCH + 3_000_000_000n, clock: { ...ntp, sigmaS: 3 } });
      clock.pulses(samples, tick, arrivedNs);
    }
    assert.is(clock.tickAt(BigInt(130e9)), undefined, "which sample belongs to now is the host's to say");
    const { utcNs, clock: state } = clock.at(BigInt(129 * RATE));
    const errorS = Number(utcNs! - (EPOCH + BigInt(Math.round((5 + 129 / (1 + 10e-6)) * 1e9)))) / 1e9;
    assert.ok(Math.abs(errorS) < 1e-5, `${doubt}: ${errorS}`);
    assert.ok(state.sigmaS < 1e-5);
    assert.is(clock.counters.clockJumps, 0);
    assert.is(clock.counters.unnamedPulses, 0);
  }
});

test("a pulse half a second off the host's time is stray: it names no second", () => {
  const clock = new CaptureClock({ sampleRateHz: RATE, pps: true, latencyS: 0, latencySigmaS: 5e-4, time: host(ntp) });
  for (const { samples, tick, arrivedNs } of pulseChannel(0, 0, 10, 0.5)) clock.pulses(samples, tick, arrivedNs);
  assert.is(clock.counters.pulses, 0);
  assert.ok(clock.counters.strayPulses >= 8);
  assert.is(clock.at(BigInt(9 * RATE)).utcNs, undefined);
});

test("a host that is 0.2 s unsure names no pulse: nothing is stamped, and each pulse counts as unnamed until it is surer", () => {
  const time = host({ ...ntp, sigmaS: 0.2 });
  const clock = new CaptureClock({ sampleRateHz: RATE, pps: true, latencyS: 0, latencySigmaS: 5e-4, time });
  for (const { samples, tick, arrivedNs } of pulseChannel(0, 0.5, 20)) {
    // Ten pulses by now; the first only sets their height.
    if (Number(tick) === 10.5 * RATE) {
      assert.equal(clock.counters, { clockJumps: 0, pulses: 0, strayPulses: 0, unnamedPulses: 9 });
      assert.is(clock.at(tick).utcNs, undefined);
      time.ofMonotonicNs = (ns) => ({ utcNs: ns + EPOCH, clock: { ...ntp, sigmaS: 0.09 } });
    }
    clock.pulses(samples, tick, arrivedNs);
  }
  assert.equal(clock.counters, { clockJumps: 0, pulses: 9, strayPulses: 0, unnamedPulses: 9 });
  assert.is(clock.at(BigInt(19 * RATE)).clock.source, "pps");
});

test.run();
