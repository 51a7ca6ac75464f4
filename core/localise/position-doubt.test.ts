import { test } from "uvu";
import * as assert from "uvu/assert";
import { randomFrom } from "./cases.ts";
import { doubtBook } from "./position-doubt.ts";

test("a node that stands 6 m east and 3 m south of its file is told of after 40 shots, one in its place is not", () => {
  const random = randomFrom(2);
  const book = doubtBook();
  for (let k = 0; k < 40; k++) {
    for (const [node, east, north] of [
      ["moved", 6, -3],
      ["right", 0, 0],
    ] as const) {
      const azimuth = random.uniform(0, 2 * Math.PI);
      const [eastward, northward] = [Math.sin(azimuth), Math.cos(azimuth)];
      const residualS = (eastward * east + northward * north) / 343 + 2e-3 * random.normal();
      book.add({ node, eastward, northward, residualS, sigmaS: 2e-3, speedMps: 343 });
    }
  }
  const told = book.suspicious();
  assert.equal(
    told.map(({ node }) => node),
    ["moved"],
  );
  const { eastM, northM, sigmaM } = told[0]!.doubt;
  assert.ok(Math.hypot(eastM - 6, northM + 3) < 4 * sigmaM && sigmaM < 0.3, JSON.stringify(told[0]));
});

test("a clock that is 5 ms late is told as a clock, not as a place", () => {
  const book = doubtBook();
  for (let k = 0; k < 60; k++) {
    const azimuth = (k * 2 * Math.PI) / 12;
    book.add({
      node: "late",
      eastward: Math.sin(azimuth),
      northward: Math.cos(azimuth),
      residualS: 5e-3,
      sigmaS: 1e-3,
      speedMps: 343,
    });
  }
  assert.is(book.suspicious().length, 0);
  assert.ok(Math.abs(book.of("late")!.clockS - 5e-3) < 1e-4);
});

test("two shots say nothing yet", () => {
  const book = doubtBook();
  for (let k = 0; k < 2; k++)
    book.add({ node: "n", eastward: 1, northward: 0, residualS: 0.1, sigmaS: 1e-3, speedMps: 343 });
  assert.is(book.of("n"), undefined);
});

test.run();
