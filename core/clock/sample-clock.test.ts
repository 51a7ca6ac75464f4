import { test } from "uvu";
import * as assert from "uvu/assert";
import { ArrivalEnvelope } from "./arrival-envelope.ts";
import { PpsEdges } from "./pps-edges.ts";
import { SampleClock } from "./sample-clock.ts";

/** Park and Miller's generator: the same numbers every time. */
function randoms(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
function gauss(random: () => number): number {
  return Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
}

const start = 1_795_000_000_000_000_000n;

test("a card 50 ppm fast, observed each second to 100 us, is known to 1 ppm and 40 us after five minutes", () => {
  const random = randoms(7);
  const clock = new SampleClock({ sampleRateHz: 48_000, observationSigmaS: 1e-4 });
  const rateHz = 48_000 * (1 + 50e-6);
  const truthNs = (tick: bigint) => start + BigInt(Math.round((Number(tick) / rateHz) * 1e9));
  let normalised = 0;
  let count = 0;
  for (let s = 0; s < 300; s++) {
    const tick = BigInt(s * 48_000);
    clock.observe(tick, 0, truthNs(tick) + BigInt(Math.round(gauss(random) * 1e5)));
    const time = clock.at(tick + 24_000n);
    if (s < 20 || !time) continue;
    normalised += (Number(time.ns - truthNs(tick + 24_000n)) / 1e9 / time.sigmaS) ** 2;
    count += 1;
  }
  const time = clock.at(299n * 48_000n)!;
  assert.ok(Math.abs(time.ppm - 50) < 1, `${time.ppm} ppm`);
  assert.ok(Math.abs(Number(time.ns - truthNs(299n * 48_000n))) < 40_000);
  assert.ok(time.sigmaS < 4e-5, `${time.sigmaS}`);
  // The errors are as large as it says they are.
  const ratio = Math.sqrt(normalised / count);
  assert.ok(ratio > 0.5 && ratio < 1.6, `${ratio}`);
});

test("over a month the nanoseconds stay exact: no error grows with the time", () => {
  const clock = new SampleClock({ sampleRateHz: 96_000, observationSigmaS: 1e-6 });
  for (let hour = 0; hour <= 720; hour++)
    clock.observe(BigInt(hour * 3600) * 96_000n, 0, start + BigInt(hour * 3600) * 1_000_000_000n);
  const time = clock.at(720n * 3600n * 96_000n)!;
  assert.ok(Math.abs(Number(time.ns - (start + 720n * 3600n * 1_000_000_000n))) < 1000);
});

test("one late observation is not believed; a step of 0.3 s is, at the third, and is counted", () => {
  const clock = new SampleClock({ sampleRateHz: 16_000, observationSigmaS: 1e-4 });
  const observe = (s: number, lateNs = 0n) =>
    clock.observe(BigInt(s * 16_000), 0, start + BigInt(s) * 1_000_000_000n + lateNs);
  for (let s = 0; s < 60; s++) observe(s);
  observe(60, 300_000_000n);
  assert.ok(clock.at(60n * 16_000n)!.sigmaS >= 0.3, "while it may have stepped, nobody is sure");
  observe(61);
  assert.is(clock.jumps, 0);
  assert.ok(clock.at(61n * 16_000n)!.sigmaS < 1e-3);
  for (let s = 62; s < 66; s++) observe(s, 300_000_000n);
  assert.is(clock.jumps, 1);
  const errorNs = Number(clock.at(65n * 16_000n)!.ns - (start + 65n * 1_000_000_000n + 300_000_000n));
  assert.ok(Math.abs(errorNs) < 500_000, `${errorNs}`);
});

test("a file read ten times too fast has no time", () => {
  const clock = new SampleClock({ sampleRateHz: 16_000, observationSigmaS: 1e-3 });
  for (let s = 0; s < 100; s++) clock.observe(BigInt(s * 16_000), 0, start + BigInt(s) * 100_000_000n);
  assert.is(clock.at(100n * 16_000n), undefined);
});

test("a start at 1.8 ms late a second for eight seconds, then true: its rate is forgotten and the time right within 30 s", () => {
  const clock = new SampleClock({ sampleRateHz: 48_000, observationSigmaS: 3e-4 });
  const observe = (s: number) =>
    clock.observe(BigInt(s * 48_000), 0, start + BigInt(s) * 1_000_000_000n + BigInt(Math.min(8, s)) * 1_800_000n);
  for (let s = 0; s <= 8; s++) observe(s);
  assert.is(clock.at(8n * 48_000n), undefined, "no crystal is 1800 ppm off");
  for (let s = 9; s <= 38; s++) observe(s);
  const time = clock.at(38n * 48_000n)!;
  const errorS = Number(time.ns - start - 38_014_400_000n) / 1e9;
  assert.ok(Math.abs(errorS) < 1e-3, `${errorS}`);
  assert.ok(Math.abs(time.ppm) < 60, `${time.ppm}`);
  assert.ok(Math.abs(errorS) < 3 * time.sigmaS, `${errorS} ${time.sigmaS}`);
});

test("lost samples: nothing is said until three observations agree, then the time is right again and the rate never forgotten", () => {
  const clock = new SampleClock({ sampleRateHz: 16_000, observationSigmaS: 1e-4 });
  const observe = (s: number, lostTicks = 0) =>
    clock.observe(BigInt(s * 16_000 - lostTicks), 0, start + BigInt(s) * 1_000_000_000n);
  for (let s = 0; s < 60; s++) observe(s);
  const tick = clock.tickAt(start + 60_500_000_000n)!;
  assert.ok(Math.abs(Number(tick - 968_000n)) <= 2, `${tick}`);
  clock.restart();
  assert.is(clock.at(970_000n), undefined);
  // The first is a block that waited half a second in a pipe.
  clock.observe(61n * 16_000n - 4000n, 0, start + 61_500_000_000n);
  for (const s of [62, 63]) observe(s, 4000);
  assert.is(clock.at(64n * 16_000n), undefined);
  assert.ok(Math.abs(clock.ppm!) < 5);
  observe(64, 4000);
  const errorNs = Number(clock.at(64n * 16_000n - 4000n)!.ns - (start + 64_000_000_000n));
  assert.ok(Math.abs(errorNs) < 100_000, `${errorNs}`);
  assert.is(clock.jumps, 0);
});

test("blocks of 20 ms that come up to 15 ms late: the earliest of a second is 0.3 ms late at most", () => {
  const random = randoms(3);
  const envelope = new ArrivalEnvelope(48_000);
  let worstS = 0;
  let given = 0;
  for (let block = 1; block <= 3000; block++) {
    const tick = BigInt(block * 960);
    const trueNs = BigInt(block) * 20_000_000n;
    const earliest = envelope.add(tick, trueNs + BigInt(Math.round(random() ** 2 * 15e6)));
    if (!earliest) continue;
    given += 1;
    worstS = Math.max(worstS, (Number(earliest.ns) - (Number(earliest.tick) / 48_000) * 1e9) / 1e9);
  }
  assert.is(given, 58);
  assert.ok(worstS < 3e-4, `${worstS}`);
});

test("a pulse per second on a channel gives the edge to a tenth of a sample, whatever the block length", () => {
  const rateHz = 48_000;
  const cardHz = rateHz * (1 + 20e-6);
  const edges = new PpsEdges(rateHz);
  const found: number[] = [];
  const seconds = 12;
  const sound = new Float32Array(seconds * rateHz);
  for (let i = 0; i < sound.length; i++) {
    // 100 ms high in each second from 0.25 s on, with the two-sample rise of a converter's filter.
    const s = i / cardHz - 0.25;
    const phaseS = s - Math.floor(s);
    const rise = Math.min(1, Math.max(0, (phaseS * cardHz + 1) / 2));
    const before = Math.min(1, Math.max(0, ((phaseS - 1) * cardHz + 1) / 2));
    sound[i] = 0.6 * (phaseS < 0.1 ? rise : phaseS > 0.5 ? before : 0);
  }
  for (let at = 0; at < sound.length; at += 777) {
    for (const { tick, fraction } of edges.push(sound.subarray(at, at + 777), BigInt(at)))
      found.push(Number(tick) + fraction);
  }
  // The first edge sets the height.
  assert.is(found.length, seconds - 1);
  for (const [i, at] of found.entries())
    assert.ok(Math.abs(at - (i + 1.25) * cardHz) < 0.1, `edge ${i}: ${at - (i + 1.25) * cardHz}`);
});

test.run();
