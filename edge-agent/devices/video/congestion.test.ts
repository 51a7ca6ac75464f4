/** A link in numbers: what fits raises nothing, what fills a queue or is lost brings the rate down, what is free lets it rise. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Acknowledged, CongestionControl } from "./congestion.ts";
import { encoderRate, initialChoice, type StreamChoice, streamChoice } from "./rate-choice.ts";

const PACKET_BYTES = 1_200;

/** Sends `sendBps` in 30 pictures a second over a link of `linkBps` for so long; arrivals jitter by up to `jitterMs`. */
function run(
  control: CongestionControl,
  { sendBps, linkBps, seconds, jitterMs = 0 }: { sendBps: number; linkBps: number; seconds: number; jitterMs?: number },
  startMs = 0,
): number {
  const perPicture = Math.max(1, Math.round(sendBps / 30 / 8 / PACKET_BYTES));
  let freeMs = startMs;
  let lastMs: number | undefined;
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (let n = 0; n < seconds * 30; n++) {
    const sentAtMs = startMs + (n * 1000) / 30;
    const packets: Acknowledged[] = [];
    const wobbleMs = jitterMs * random();
    for (let i = 0; i < perPicture; i++) {
      freeMs = Math.max(freeMs, sentAtMs) + (PACKET_BYTES * 8000) / linkBps;
      const arrivedMs = freeMs + wobbleMs;
      packets.push({
        packet: { bytes: PACKET_BYTES, sentAtMs },
        afterMs: lastMs === undefined ? undefined : arrivedMs - lastMs,
      });
      lastMs = arrivedMs;
    }
    control.feedback(packets, Math.max(sentAtMs, lastMs!) + 20);
  }
  return startMs + seconds * 1000;
}

const limits = { startBps: 8_000_000, leastBps: 100_000, mostBps: 20_000_000 };

test("1 Mbit/s over 10 Mbit/s with 15 ms of jitter: nothing is taken back in a minute", () => {
  const control = new CongestionControl(limits);
  run(control, { sendBps: 1_000_000, linkBps: 10_000_000, seconds: 60, jitterMs: 15 });
  assert.equal(control.counters, { overuses: 0, lossReductions: 0, queueReductions: 0 });
  assert.ok(control.allowedBps >= limits.startBps);
});

test("2 Mbit/s into 1 Mbit/s: below the link within three seconds", () => {
  const control = new CongestionControl(limits);
  run(control, { sendBps: 2_000_000, linkBps: 1_000_000, seconds: 3 });
  assert.ok(control.counters.overuses > 0);
  assert.ok(control.allowedBps < 1_000_000, `${control.allowedBps}`);
});

test("after the jam it rises by itself: 8 % a second at first, faster when nobody complains", () => {
  const control = new CongestionControl(limits);
  const jamMs = run(control, { sendBps: 2_000_000, linkBps: 1_000_000, seconds: 3 });
  const lowBps = control.allowedBps;
  const restMs = jamMs + 5_000;
  const atMs = run(control, { sendBps: 500_000, linkBps: 10_000_000, seconds: 5 }, restMs);
  assert.ok(control.allowedBps > 1.2 * lowBps, `${lowBps} -> ${control.allowedBps}`);
  run(control, { sendBps: 500_000, linkBps: 10_000_000, seconds: 20 }, atMs);
  assert.ok(control.allowedBps > 5 * lowBps, `${lowBps} -> ${control.allowedBps}`);
});

test("5 % of loss changes nothing, 30 % does; a round trip that grew by 200 ms does when it stays", () => {
  const control = new CongestionControl(limits);
  run(control, { sendBps: 1_000_000, linkBps: 10_000_000, seconds: 2 });
  control.loss(0.05, 2_000);
  control.roundTrip(30, 2_000);
  control.roundTrip(230, 2_400);
  assert.is(control.counters.lossReductions + control.counters.queueReductions, 0);
  control.roundTrip(230, 2_500);
  assert.is(control.counters.queueReductions, 1);
  control.loss(0.3, 3_400);
  assert.is(control.counters.lossReductions, 0, "the first reduction has not shown yet");
  control.loss(0.3, 3_500);
  assert.is(control.counters.lossReductions, 1);
  assert.ok(control.allowedBps <= 0.85 * 1_000_000);
});

test("the relay's own bound holds above all", () => {
  const control = new CongestionControl(limits);
  control.cap(700_000);
  assert.is(control.allowedBps, 700_000);
});

test("the sub-stream after a second below 85 % of the main one; the main one ten seconds later, then twenty", () => {
  let choice: StreamChoice = initialChoice;
  const step = (nowMs: number, allowedBps: number) => {
    choice = streamChoice(choice, { nowMs, allowedBps, mainBps: 2_000_000 });
    return choice.want;
  };
  assert.is(step(0, 1_800_000), "main");
  assert.is(step(1_000, 1_600_000), "main");
  assert.is(step(1_900, 1_600_000), "main");
  assert.is(step(2_000, 1_600_000), "sub");
  assert.is(step(11_900, 3_000_000), "sub");
  assert.is(step(12_000, 1_900_000), "sub", "the link has not shown that it carries the main stream");
  assert.is(step(12_100, 2_000_000), "main");
  assert.is(step(13_000, 500_000), "main");
  assert.is(step(14_000, 500_000), "sub");
  assert.is(step(33_900, 3_000_000), "sub", "it failed soon: twenty seconds now");
  assert.is(step(34_000, 3_000_000), "main");
  assert.is(streamChoice(choice, { nowMs: 35_000, allowedBps: undefined, mainBps: 1 }).want, "main");
});

test("an encoder is told less at once and more after five seconds, in steps worth a keyframe", () => {
  const bounds = { leastBps: 200_000, mostBps: 1_500_000 };
  const told = (nowMs: number, nowBps: number, allowedBps: number | undefined) =>
    encoderRate({ nowMs, changedMs: 0, nowBps, allowedBps }, bounds);
  assert.is(told(2_000, 1_500_000, 1_000_000), 850_000);
  assert.is(told(500, 1_500_000, 1_000_000), undefined);
  assert.is(told(2_000, 1_500_000, 1_700_000), undefined);
  assert.is(told(2_000, 1_500_000, 10_000), 200_000);
  assert.is(told(2_000, 400_000, 2_000_000), undefined);
  assert.is(told(5_000, 400_000, 2_000_000), 1_500_000);
  assert.is(told(0, 400_000, undefined), 1_500_000);
});

test.run();
