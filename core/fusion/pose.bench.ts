/** How well the pose filter keeps its promises on simulated patrols, beside a dense filter written apart, and what an update costs. */
import { PoseFilter } from "./pose-filter.ts";
import { clean, patrolOf } from "./testing-patrol.ts";
import {
  besideReference,
  meanPerCheck,
  neesBounds,
  push,
  type Runs,
  rmse,
  run,
  settingsFor,
  shareOf,
} from "./testing-pose-runs.ts";

const round = (x: number) => Math.round(x * 1e4) / 1e4;
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const say = (figure: string, value: number, unit: string, more: object = {}) =>
  console.log(JSON.stringify({ bench: "fusion", figure, value: round(value), unit, ...more }));
const within = (runs: Runs) => shareOf(runs, (check) => check.errorM <= check.radius95M);

const legs = run(200, 5, { lastsS: 40, threeAxes: true, imuHz: 100 });
const [low, high] = neesBounds(6, 200);
const values = meanPerCheck(legs, (check) => check.nees);
say("NEES of position and attitude, 200 patrols, mean over times", mean(values), "1", {
  bound: [round(low), round(high)],
  least: round(Math.min(...values)),
  most: round(Math.max(...values)),
  timesInside: values.filter((value) => value > low && value < high).length,
  times: values.length,
});
const wheels = run(200, 5, { lastsS: 40 });
say(
  "the same with wheels that never skid (the model allows 0.05 m/s: errors below the stated)",
  mean(meanPerCheck(wheels, (check) => check.nees)),
  "1",
  {
    bound: round(high),
    positionRmseM: round(rmse(wheels)),
    within95: round(within(wheels)),
  },
);

const beside = besideReference(12, 1, { lastsS: 30 });
say("position RMSE over that of a dense EKF written apart", beside.ownRmseM / beside.referenceRmseM, "1", {
  bound: 1.2,
  peer: { name: "dense EKF, Euler angles, no gates", positionRmseM: round(beside.referenceRmseM) },
});

const lost = run(60, 10, { seed: 3, lastsS: 90, gnssLostS: [20, 80.1] });
const at80 = lost.checks.map((row) => row[7]!);
say(
  "60 s without GNSS: horizontal error, RMS at the end",
  Math.sqrt(mean(at80.map((check) => check.errorM ** 2))),
  "m",
  {
    statedRadius95M: round(mean(at80.map((check) => check.radius95M))),
  },
);
say("60 s without GNSS: within the stated 95 % radius", within(lost), "1", { bound: 0.95 });

const street = { multipathShare: 0.1, slipShare: 0.05, latencyS: 0.05, latencySigmaS: 0 };
const believed = { latencyS: 0, latencySigmaS: 0.05 };
for (const [name, spellS] of [
  ["fix by fix", 0],
  ["in spells of 5 s", 5],
] as const) {
  const runs = run(100, 10, { ...street, seed: 4, lastsS: 40, multipathSpellS: spellS }, {}, believed);
  const last = runs.checks.map((row) => row.at(-1)!.estimate);
  say(
    `multipath 15 m in 10 % ${name}, slip, 50 ms latency: NEES`,
    mean(meanPerCheck(runs, (check) => check.nees)),
    "1",
    {
      bound: round(neesBounds(6, 100)[1]),
      within95: round(within(runs)),
      positionRmseM: round(rmse(runs)),
      latencyFoundS: round(mean(last.map((each) => each.gnssLatencyS))),
      fixesRejectedPerPatrol: mean(last.map((each) => each.counts.gnssPositionRejected)),
      slipsPerPatrol: mean(last.map((each) => each.counts.slips)),
    },
  );
}

/** Microseconds a measurement, in order or each GNSS fix 100 ms late. */
function costUs(lateS: number): number {
  const patrol = patrolOf({ ...clean, imuHz: 100, wheelHz: 50, lastsS: 60 });
  const arrivals = patrol.measured
    .map((measured) => ({ measured, at: measured.timeS + (measured.at === "gnss" ? lateS : 0) }))
    .sort((a, b) => a.at - b.at);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const filter = new PoseFilter(settingsFor(clean), patrol.start);
    const began = performance.now();
    for (const { measured } of arrivals) push(filter, measured);
    best = Math.min(best, ((performance.now() - began) * 1000) / arrivals.length);
  }
  return best;
}
say("time per measurement, in order (100 Hz IMU, 50 Hz wheels, 5 Hz GNSS)", costUs(0), "us");
say("time per measurement, every fix 100 ms late and replayed", costUs(0.1), "us");
