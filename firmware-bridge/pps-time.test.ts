/** The time map in numbers a person can check, and once with the real firmware. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createSerialDock } from "./dock.ts";
import { type PpsEdge, PpsTime } from "./pps-time.ts";
import { buildFirmware, startEmulator } from "./testing/emulator.ts";

const ticksPerS = 2_000_000;
const startS = 1_795_000_000n;
const utcNs = (s: number) => startS * 1_000_000_000n + BigInt(Math.round(s * 1e9));

/** A microcontroller whose second has 2,000,040 ticks (20 ppm fast) and a converter of 48,000.48 samples (10 ppm fast). */
function chip(options: { firstTick?: number; mostSigmaS?: number } = {}) {
  const { firstTick = 0 } = options;
  const map = new PpsTime({ ticksPerS, wordClockHz: 48_000, ...options });
  const edge = (s: number, pulses = s): PpsEdge => ({
    tick: (firstTick + Math.floor(s * 2_000_040)) % 2 ** 32,
    samples: Math.floor(s * 48_000.48) % 2 ** 32,
    pulses: pulses & 0xffff,
    // The message comes 3 ms after the edge.
    heardAtMs: 5000 + s * 1000 + 3,
  });
  /** The host's own clock is 40 ms late and says so. */
  const coarse = (s: number) => ({ utcNs: utcNs(s) - 40_000_000n, sigmaS: 0.02 });
  return {
    map,
    edge,
    coarse,
    pulse: (s: number, pulses = s) => map.take(edge(s, pulses), coarse(s)),
    tick: (s: number) => BigInt(firstTick) + BigInt(Math.round(s * 2_000_040)),
    errorS: (s: number) => {
      const time = map.ofTick(BigInt(firstTick) + BigInt(Math.round(s * 2_000_040)));
      return time ? Number(time.ns - utcNs(s)) / 1e9 : Number.NaN;
    },
  };
}

test("a clock 20 ppm fast: after ten pulses UTC of a tick is right within 0.2 us, and the drift is known to 0.05 ppm", () => {
  const { map, pulse, tick, errorS } = chip();
  for (let s = 1; s <= 2; s++) pulse(s);
  assert.is(map.ofTick(tick(2)), undefined, "two pulses are no clock yet");
  for (let s = 3; s <= 10; s++) pulse(s);
  assert.ok(Math.abs(errorS(10.5)) < 2e-7, `${errorS(10.5)}`);
  const time = map.ofTick(tick(10.5))!;
  assert.ok(Math.abs(time.ppm - 20) < 0.05, `${time.ppm} ppm`);
  assert.ok(time.sigmaS < 5e-7, `${time.sigmaS}`);
  assert.equal(map.counters, {
    ...map.counters,
    pulses: 10,
    missed: 0,
    doubled: 0,
    outliers: 0,
    restarts: 0,
    steps: 0,
  });
});

test("the converter's samples too: 10 ppm fast, the 504,006th sample was taken at 10.5 s within 5 us", () => {
  const { map, pulse } = chip();
  for (let s = 1; s <= 60; s++) pulse(s);
  const time = map.ofSample(504_005n)!;
  assert.ok(
    Math.abs(Number(time.ns - utcNs(504_006 / 48_000.48))) < 5000,
    `${time.ns - utcNs(504_006 / 48_000.48)} ns`,
  );
  assert.ok(Math.abs(time.ppm - 10) < 0.3, `${time.ppm} ppm`);
  assert.ok(Math.abs(Number(map.sampleAt(utcNs(61))! - 2_928_029n)) <= 1);
});

test("a pulse that never came and a message that was lost on the wire are told apart, and neither moves the time", () => {
  const { map, pulse, errorS } = chip();
  for (let s = 1; s <= 10; s++) pulse(s);
  // The receiver gave no pulse 11; the message of the 12th edge at 13 s was lost.
  pulse(12, 11);
  pulse(14, 13);
  assert.is(map.counters.missed, 1);
  assert.is(map.counters.unheard, 1);
  assert.ok(Math.abs(errorS(14.5)) < 3e-7, `${errorS(14.5)}`);
});

test("counters that wrap: the tick after 2^32 - 1 is 2^32, and an hour without pulses is one turn and a bit", () => {
  const { map, pulse, tick, errorS } = chip({ firstTick: 2 ** 32 - 5_000_000, mostSigmaS: 1 });
  for (let s = 1; s <= 6; s++) assert.is(pulse(s).tick, tick(s));
  assert.ok(tick(6) > 2n ** 32n);
  assert.ok(Math.abs(errorS(6)) < 3e-7);
  assert.is(pulse(3606, 7).tick, tick(3606));
  assert.is(map.counters.missed, 3599);
  assert.is(map.counters.restarts, 0);
});

test("holdover: 60 s after the last pulse the sigma is 13 to 20 us and the error within it; after half an hour nothing is said", () => {
  const { map, pulse, tick, errorS } = chip();
  for (let s = 1; s <= 120; s++) pulse(s);
  const sigmaS = (s: number) => map.ofTick(tick(s))?.sigmaS ?? Number.NaN;
  assert.ok(sigmaS(120) < 3e-7, `${sigmaS(120)}`);
  assert.ok(sigmaS(180) > 1.3e-5 && sigmaS(180) < 2e-5, `${sigmaS(180)}`);
  assert.ok(Math.abs(errorS(180)) < sigmaS(180));
  assert.ok(sigmaS(150) < sigmaS(180) && sigmaS(180) < sigmaS(300));
  assert.is(map.ofTick(tick(120 + 1800)), undefined);
});

test("a pulse that came twice is one; a late one is not believed; a pulse at half past the second has no name", () => {
  const { map, pulse, edge, coarse, errorS } = chip();
  for (let s = 1; s <= 10; s++) pulse(s);
  map.take({ ...edge(10.00001), pulses: 11 }, coarse(10.00001));
  assert.is(map.counters.doubled, 1);
  map.take({ ...edge(11.001), pulses: 12 }, coarse(11.001));
  assert.is(map.counters.outliers, 1);
  map.take({ ...edge(12.5), pulses: 13 }, coarse(12.5));
  assert.is(map.counters.unnamed, 1);
  for (let s = 13; s <= 14; s++) pulse(s, s + 1);
  assert.ok(Math.abs(errorS(14.5)) < 3e-7, `${errorS(14.5)}`);
  assert.is(map.counters.steps, 0);
});

test("the host's clock stepped by 5 s: unsure at once, believed at the third pulse, counted", () => {
  const { map, pulse, edge, tick } = chip();
  for (let s = 1; s <= 20; s++) pulse(s);
  const stepped = (s: number) => map.take(edge(s), { utcNs: utcNs(s + 5), sigmaS: 0.001 });
  stepped(21);
  assert.is(map.ofTick(tick(21)), undefined, "a second that may be another is no time");
  stepped(22);
  stepped(23);
  assert.is(map.counters.steps, 1);
  assert.ok(Math.abs(Number(map.ofTick(tick(23.5))!.ns - utcNs(28.5))) < 1000);
});

test("without a host that knows the second there is no time; once named, the pulses go on without it", () => {
  const { map, edge, coarse, tick, errorS } = chip();
  for (let s = 1; s <= 5; s++) map.take(edge(s), undefined);
  assert.is(map.ofTick(tick(5)), undefined);
  assert.is(map.counters.unnamed, 5);
  for (let s = 6; s <= 10; s++) map.take(edge(s), coarse(s));
  for (let s = 11; s <= 300; s++) map.take(edge(s), undefined);
  assert.ok(Math.abs(errorS(300.5)) < 3e-7, `${errorS(300.5)}`);
});

test("a microcontroller that started anew is noticed, says nothing for three pulses, and never counts backwards", () => {
  const { map, pulse, coarse, edge } = chip();
  for (let s = 1; s <= 10; s++) pulse(s);
  const before = pulse(11).tick;
  const anew = (s: number) => ({ ...edge(s), tick: (s - 20) * 2_000_040 + 700_000, pulses: s - 20 });
  const after = map.take(anew(21), coarse(21));
  assert.ok(after.tick > before);
  assert.is(map.counters.restarts, 1);
  assert.is(map.ofTick(after.tick), undefined);
  map.take(anew(22), coarse(22));
  const third = map.take(anew(23), coarse(23));
  assert.ok(Math.abs(Number(map.ofTick(third.tick)!.ns - utcNs(23))) < 1000);
});

test("a converter that starts: its first sample has the number at which the count stood still", () => {
  const { map, edge, coarse } = chip();
  const from = (s: number) => ({ ...edge(s), samples: 7000 + Math.max(0, Math.floor((s - 5.25) * 48_000.48)) });
  for (let s = 1; s <= 5; s++) map.take(from(s), coarse(s));
  assert.is(map.standingAt, 7000n);
  for (let s = 6; s <= 30; s++) map.take(from(s), coarse(s));
  assert.is(map.standingAt, undefined);
  const offNs = Number(map.ofSample(7000n)!.ns - utcNs(5.25 + 1 / 48_000.48));
  assert.ok(Math.abs(offNs) < 5000, `${offNs} ns`);
});

const firmware = buildFirmware();

test("real firmware, PPS 1.00002 of its seconds apart: +20 ppm, and UTC between the pulses within 1 us", async () => {
  if (!firmware) return;
  const emulator = startEmulator({ hexPath: firmware.dock, ppsEveryS: 1.00002, wordClockHz: 1000 });
  const dock = createSerialDock(emulator.stream, "emulator");
  try {
    await dock.ready(AbortSignal.timeout(30_000));
    const map = new PpsTime({ ticksPerS: dock.ticksPerS ?? ticksPerS, wordClockHz: 1000 });
    let last = 0n;
    const enough = Promise.withResolvers<void>();
    const off = dock.onPps((edge) => {
      // The emulated chip runs slower than a loaded machine's clock: its host lives by the pulses too.
      const s = edge.pulses;
      last = map.take({ ...edge, heardAtMs: s * 1000 }, { utcNs: utcNs(s + 0.003), sigmaS: 0.02 }).tick;
      if (s >= 6) enough.resolve();
    });
    const late = setTimeout(() => enough.reject(new Error(`${map.counters.pulses} pulses only`)), 90_000);
    await enough.promise.finally(() => clearTimeout(late));
    off();
    const time = map.ofTick(last + 1_000_020n)!;
    assert.ok(Math.abs(time.ppm - 20) < 0.3, `${time.ppm} ppm`);
    const halfPastNs = Number(time.ns % 1_000_000_000n) - 500_000_000;
    assert.ok(Math.abs(halfPastNs) < 1000, `${halfPastNs} ns`);
    assert.is(map.counters.restarts + map.counters.outliers + map.counters.missed, 0);
  } finally {
    await dock.close();
    await emulator.stop();
  }
});

test.run();
