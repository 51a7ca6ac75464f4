import { test } from "uvu";
import * as assert from "uvu/assert";
import { BoardClock } from "./board-clock.ts";

const ticksPerS = 2_000_000;
const clockOf = () =>
  new BoardClock({ ticksPerS, coarse: () => ({ utcNs: 1_795_000_000_000_000_000n, sigmaS: 1e-3 }) });

test("a tick counter that goes round: 4 ticks before and 4 after are 4 us apart", () => {
  const clock = clockOf();
  const before = clock.timeOf(2 ** 32 - 4, 1000);
  assert.ok(Math.abs(clock.timeOf(4, 1000) - before - 4e-6) < 1e-9);
});

test("a message that comes a second late stands a second before, and the next is where it should be", () => {
  const clock = clockOf();
  const now = clock.timeOf(6_000_000, 3000);
  assert.ok(Math.abs(clock.timeOf(4_000_000, 3010) - (now - 1)) < 1e-9);
  assert.ok(Math.abs(clock.timeOf(6_020_000, 3020) - (now + 0.01)) < 1e-9);
});

test("messages that waited 300 ms do not move the clock: the promptest says how board and host stand", () => {
  const clock = clockOf();
  const startMs = performance.now();
  for (let i = 0; i < 20; i++) clock.timeOf(i * 20_000, startMs + i * 10 + (i === 7 ? 0.1 : 300));
  const expected = (performance.now() - startMs) / 1000 - 1e-4;
  assert.ok(Math.abs(clock.nowS()! - expected) < 0.005, `${clock.nowS()} for ${expected}`);
});

test("a board that began anew counts from 0, and its seconds go on", () => {
  const clock = clockOf();
  const startMs = performance.now();
  const before = clock.timeOf(100 * ticksPerS, startMs);
  clock.restart();
  const after = clock.timeOf(1000, performance.now());
  assert.ok(after >= before && after < before + 2, `${before} then ${after}`);
  assert.ok(Math.abs(clock.timeOf(1000 + ticksPerS, performance.now()) - after - 1) < 1e-9);
});

test("a fix of 12:00:00.400 told at .480 is of 0.4 s after the pulse; one of .900 told at 1.020 of 0.9 s after it", () => {
  const clock = clockOf();
  clock.timeOf(0, performance.now());
  clock.pulse({ tick: 10 * ticksPerS, pulses: 1, heardAtMs: performance.now() });
  assert.ok(Math.abs(clock.ofTimeOfWeek(43_200_400, 10.48)! - 10.4) < 1e-9);
  assert.ok(Math.abs(clock.ofTimeOfWeek(43_200_900, 11.02)! - 10.9) < 1e-9);
  assert.is(clock.ofTimeOfWeek(43_200_400, 25), undefined, "the last pulse is 15 s old");
});

test.run();
