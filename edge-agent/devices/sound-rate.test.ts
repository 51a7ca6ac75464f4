import { test } from "uvu";
import * as assert from "uvu/assert";
import { SoundRate } from "./sound-rate.ts";

const RATE = 48_000;

/** Park and Miller's generator: the same numbers every time. */
function randoms(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/**
 * A card that gives `share(t)` of 48 kHz at second t, in blocks of 20 ms that come up to 40 ms late; `late(t)` seconds more on a busy machine.
 * @returns from when to when there was trouble, in whole seconds, and its first words.
 */
function hear(
  seconds: number,
  { share = () => 1, late = () => 0 }: { share?: (t: number) => number; late?: (t: number) => number },
) {
  const rate = new SoundRate({ device: "hw:7", sampleRateHz: RATE });
  const random = randoms(5);
  const spans: number[][] = [];
  let words: string | undefined;
  let given = 0;
  for (let block = 1; block <= seconds * 50; block++) {
    const t = block / 50;
    given += 960 * share(t);
    const arrivedS = t + 0.04 * random() ** 2 + late(t);
    const before = rate.trouble;
    rate.arrived(BigInt(Math.round(given)), BigInt(Math.round((7 + arrivedS) * 1e9)));
    if (before === undefined && rate.trouble !== undefined) spans.push([Math.floor(t)]);
    if (before !== undefined && rate.trouble === undefined) spans.at(-1)!.push(Math.floor(t));
    words ??= rate.trouble;
  }
  return { spans, words };
}

test("a card that gives 47800 of 48000 samples is told after half a minute, one that gives 16000 too", () => {
  const slow = hear(600, { share: () => 47_800 / RATE });
  assert.equal(slow.spans.length, 1);
  const [fromS] = slow.spans[0]!;
  assert.ok(fromS! >= 30 && fromS! <= 33, `${fromS}`);
  assert.match(slow.words!, "hw:7 gives 47800 samples a second, not 48000: nothing is stamped");
  const third = hear(60, { share: () => 1 / 3 });
  assert.match(third.words!, "hw:7 gives 16000 samples a second, not 48000");
});

test("a crystal that is off by 0.1 % is well for an hour; by 0.25 % it is told", () => {
  assert.equal(hear(3600, { share: () => 1.001 }).spans, []);
  assert.equal(hear(3600, { share: () => 0.9975 }).spans.length, 1);
});

test("two seconds lost after five minutes, untold, are a loss and no rate: nothing is said of it, then or later", () => {
  // 2 s of 20 ms blocks that hold nothing.
  assert.equal(hear(3600, { share: (t) => (t > 300 && t <= 302 ? 0 : 1) }).spans, []);
});

test("a first block half a second late, and a busy first second, are no rate either", () => {
  assert.equal(hear(600, { late: (t) => Math.max(0, 0.5 - t / 2) }).spans, []);
  assert.equal(hear(600, { late: (t) => (t < 0.03 ? 0.5 : 0) }).spans, []);
});

test("a card that begins to lose 2 % after ten hours says so within 80 s, and is well again as soon after it ends", () => {
  const { spans } = hear(36_600, { share: (t) => (t > 36_000 && t <= 36_300 ? 0.98 : 1) });
  assert.equal(spans.length, 1);
  const [fromS, toS] = spans[0]!;
  assert.ok(fromS! > 36_050 && fromS! <= 36_080, `${fromS}`);
  assert.ok(toS! > 36_350 && toS! <= 36_380, `${toS}`);
});

/** Half a second of blocks that hold nothing, at each of these seconds. */
const losing = (at: (t: number) => number) => (t: number) => (at(t) < 0.5 ? 0 : 1);

test("half a second lost every 20 s, untold, is told once after five of them, with the rate that it comes to, and is over 50 s after the last", () => {
  const { spans, words } = hear(1800, { share: losing((t) => (t > 300 && t < 1500 ? t % 20 : 9)) });
  assert.equal(spans.length, 1);
  assert.match(
    words!,
    "hw:7 gives 46800 samples a second, not 48000: 0.50 s are lost every 20 s, and times are as unsure",
  );
  const [fromS, toS] = spans[0]!;
  assert.ok(fromS! >= 380 && fromS! <= 420, `${fromS}`);
  assert.ok(toS! >= 1530 && toS! <= 1560, `${toS}`);
});

test("a loss a minute is told after five, one every 13 s from the start as well, and once told it stays so", () => {
  for (const [everyS, givenHz] of [
    [60, 47_600],
    [13, 46_200],
  ] as const) {
    const { spans, words } = hear(1800, { share: losing((t) => t % everyS) });
    assert.equal(spans.length, 1, `every ${everyS} s: ${JSON.stringify(spans)}`);
    assert.is(spans[0]!.length, 1, `${JSON.stringify(spans)}`);
    const told = Number(/gives (\d+)/.exec(words!)![1]);
    assert.ok(Math.abs(told - givenHz) <= 500, words!);
  }
});

test("half a second lost every 500 s is 0.1 % and no rate; every 250 s it is 0.2 %, and told", () => {
  assert.equal(hear(7200, { share: losing((t) => t % 500) }).spans, []);
  const { spans, words } = hear(3600, { share: losing((t) => t % 250) });
  assert.is(spans.length, 1);
  assert.match(words!, "gives 47900 samples a second, not 48000: 0.50 s are lost every 250 s");
});

test("losses at random, one in 40 s, are counted each and no rate: of six hours less than a twentieth has trouble", () => {
  const random = randoms(11);
  const at: number[] = [];
  const waitS = () => 40 * Math.log(1 / random());
  for (let t = 60; t < 21_600; t += waitS()) at.push(t);
  let next = 0;
  const { spans } = hear(21_600, {
    share: (t) => {
      while (next < at.length && at[next]! + 0.5 < t) next++;
      return next < at.length && t > at[next]! ? 0 : 1;
    },
  });
  const seconds = spans.reduce((sum, [from, to = 21_600]) => sum + to! - from!, 0);
  assert.ok(seconds < 1080, `${seconds} s: ${JSON.stringify(spans)}`);
});

test("arecord that ends every 12 s and is away for 5: what it gave before is not measured against what it gives now", () => {
  const rate = new SoundRate({ device: "hw:7", sampleRateHz: RATE });
  for (let block = 1; block <= 300 * 50; block++) {
    const lives = Math.floor(block / 600);
    if (block % 600 === 0) rate.restart();
    rate.arrived(BigInt(block * 960), BigInt(Math.round((block / 50 + 5 * lives) * 1e9)));
    assert.is(rate.trouble, undefined);
  }
});

test.run();
