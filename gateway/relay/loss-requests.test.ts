/** What is asked for again, when, how often, and what is given up: by the millisecond. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LossRequests } from "./loss-requests.ts";

test("a missing packet is asked for at once, and every 30 ms until it comes; then no more", () => {
  const requests = new LossRequests();
  assert.is(requests.arrived(10, 0), false);
  assert.is(requests.arrived(13, 5), true);
  assert.equal(requests.due(5).ask, [11, 12]);
  assert.equal(requests.due(34).ask, []);
  assert.is(requests.nextMs(34), 1);
  assert.equal(requests.due(35).ask, [11, 12]);
  requests.arrived(12, 40);
  assert.equal(requests.due(65).ask, [11]);
  requests.arrived(11, 70);
  assert.is(requests.nextMs(70), undefined);
  assert.equal(requests.counters, { lost: 2, asked: 5, recovered: 2, givenUp: 0 });
});

test("over a link of 100 ms there and back it is asked every 150 ms: a first answer tells how long one takes", () => {
  const requests = new LossRequests();
  requests.arrived(1, 0);
  requests.arrived(3, 0);
  requests.due(0);
  requests.arrived(2, 100);
  assert.is(requests.roundTripMs, 100);
  requests.arrived(5, 200);
  assert.equal(requests.due(200).ask, [4]);
  assert.equal(requests.due(349).ask, []);
  assert.equal(requests.due(350).ask, [4]);
  requests.arrived(4, 360);
  assert.is(requests.roundTripMs, 100, "it may have answered the first try");
});

test("what has not come after a second is given up, and said", () => {
  const requests = new LossRequests();
  requests.arrived(1, 0);
  requests.arrived(3, 0);
  let tries = 0;
  for (let ms = 0; ms < 1_000; ms += 10) tries += requests.due(ms).ask.length;
  assert.is(tries, 34);
  assert.equal(requests.due(1_000), { ask: [], givenUp: 1 });
  assert.is(requests.missing, 0);
});

test("losses on both sides of the numbers' new beginning at 0 are asked for, and those after it too", () => {
  const requests = new LossRequests();
  requests.arrived(65_533, 0);
  requests.arrived(2, 0);
  assert.equal(requests.due(0).ask, [65_534, 65_535, 0, 1]);
  for (const number of [65_535, 1, 65_534, 0]) requests.arrived(number, 10);
  requests.arrived(4, 20);
  assert.equal(requests.due(20).ask, [3]);
});

test("a second copy of a packet from before the new beginning is no loss of thousands", () => {
  const requests = new LossRequests();
  requests.arrived(65_534, 0);
  requests.arrived(0, 0);
  requests.due(0);
  for (const number of [65_535, 65_535, 1, 2]) assert.is(requests.arrived(number, 5), false);
  assert.is(requests.missing, 0);
  assert.is(requests.arrived(4, 10), true);
});

test("a leap by ten thousand is another beginning; of 500 at once the oldest 100 are given up", () => {
  const requests = new LossRequests();
  requests.arrived(100, 0);
  assert.is(requests.arrived(10_100, 0), false);
  assert.is(requests.missing, 0);
  assert.is(requests.arrived(10_601, 0), true);
  const { ask, givenUp } = requests.due(0);
  assert.equal([ask.length, ask[0], givenUp], [400, 10_201, 100]);
});

test.run();
