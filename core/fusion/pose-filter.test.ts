import { test } from "uvu";
import * as assert from "uvu/assert";
import { Fault } from "#contract/errors.ts";
import { frameAt } from "#core/localise/geo.ts";
import { Rng } from "#sim/rng.ts";
import { PoseFilter } from "./pose-filter.ts";
import { streetRobot } from "./pose-settings.ts";
import { gnssFixOf } from "./pose-types.ts";
import { clean, type Measured, patrolOf } from "./testing-patrol.ts";
import { checkAgainst, poseOf, push, settingsFor } from "./testing-pose-runs.ts";

const settings = settingsFor(clean);

test("late data up to half a second, shuffled, gives the pose of data in order", () => {
  const rng = new Rng("late");
  const patrol = patrolOf({ ...clean, seed: 21, lastsS: 30, multipathShare: 0.1, slipShare: 0.05 });
  const inOrder = new PoseFilter(settings, patrol.start);
  const shuffled = new PoseFilter(settings, patrol.start);
  for (const measured of patrol.measured) push(inOrder, measured);
  const arrivals = patrol.measured.map((measured) => ({ measured, at: measured.timeS + 0.5 * rng.uniform() }));
  for (const { measured } of arrivals.sort((a, b) => a.at - b.at)) push(shuffled, measured);
  const [a, b] = [poseOf(inOrder), poseOf(shuffled)];
  for (let i = 0; i < 3; i++) assert.ok(Math.abs(a.map.xyzM[i]! - b.map.xyzM[i]!) < 1e-9);
  assert.ok(Math.abs(a.map.yawRad - b.map.yawRad) < 1e-9);
  for (let i = 0; i < 36; i++) assert.ok(Math.abs(a.mapCovariance[i]! - b.mapCovariance[i]!) < 1e-9);
  assert.is(b.counts.gnssPositionRejected, a.counts.gnssPositionRejected);
  assert.is(b.counts.wheel.rejected, a.counts.wheel.rejected);
  assert.ok(b.counts.imu.replayed > 500, `${b.counts.imu.replayed}`);
  assert.is(b.counts.imu.late + b.counts.wheel.late + b.counts.gnss.late, 0);
  assert.is(a.counts.imu.replayed, 0);
});

test("too late, said twice, and not a number: counted and without effect", () => {
  const patrol = patrolOf({ ...clean, seed: 22, lastsS: 5 });
  const filter = new PoseFilter(settings, patrol.start);
  for (const measured of patrol.measured) push(filter, measured);
  const before = poseOf(filter).map.xyzM;
  const last = patrol.measured.findLast((each) => each.at === "gnss")!;
  const early = patrol.measured.find((each) => each.at === "gnss")!;
  assert.is(push(filter, last), "repeat");
  assert.is(push(filter, { ...early, timeS: 1.01 } as Measured), "late");
  assert.is(filter.wheel({ timeS: 5.01, forwardMps: Number.NaN }), "bad");
  assert.is(filter.gnss({ timeS: 5.01, enuM: [0, 0, 0], sigmaM: [1, 0, 1] }), "bad");
  assert.is(filter.imu({ timeS: 5e6, gyroRadps: [0, 0, 0], accelMps2: [0, 0, 9.8] }), "bad");
  const { counts, map } = poseOf(filter);
  assert.equal(map.xyzM, before);
  assert.equal(
    [counts.gnss.repeat, counts.gnss.late, counts.gnss.bad, counts.wheel.bad, counts.imu.bad],
    [1, 1, 1, 1, 1],
  );
});

test("a filter set down 200 m off and sure of it finds itself within 25 s, and says that it doubted", () => {
  const patrol = patrolOf({ ...clean, seed: 23, lastsS: 40 });
  const [x, y, z] = patrol.start.enuM;
  const filter = new PoseFilter(settings, { ...patrol.start, enuM: [x + 160, y - 120, z], sigmaM: [1, 1, 1] });
  for (const measured of patrol.measured) {
    push(filter, measured);
    if (measured.timeS === 15) assert.ok(checkAgainst(patrol, poseOf(filter)).errorM > 150, "not at once");
    if (measured.timeS > 25) {
      const { errorM, radius95M } = checkAgainst(patrol, poseOf(filter));
      assert.ok(errorM < Math.max(radius95M * 1.5, 2), `${errorM} m off at ${measured.timeS} s, radius ${radius95M}`);
    }
  }
  assert.is(poseOf(filter).counts.reacquired, 1);
});

test("a heading wrong by 100 degrees and sure of it is found again", () => {
  const patrol = patrolOf({ ...clean, seed: 24, lastsS: 80 });
  const [roll, pitch, yaw] = patrol.start.rpyRad;
  const filter = new PoseFilter(settings, {
    ...patrol.start,
    rpyRad: [roll, pitch, yaw + 1.75],
    rpySigmaRad: [0.02, 0.02, 0.02],
  });
  for (const measured of patrol.measured) push(filter, measured);
  const yawError = poseOf(filter).map.yawRad - patrol.truthAt(80).rpy[2];
  assert.ok(Math.abs(Math.sin(yawError / 2)) < 0.03, `${yawError}`);
  assert.ok(checkAgainst(patrol, poseOf(filter)).errorM < 2);
});

test("told nothing, it finds level, place and heading from its own motion", () => {
  for (let seed = 30; seed < 36; seed++) {
    const patrol = patrolOf({ ...clean, seed, lastsS: 40 });
    const filter = new PoseFilter(settings);
    const first = filter.read();
    assert.is(first.kind, "aligning");
    for (const measured of patrol.measured) push(filter, measured);
    const { errorM, radius95M, estimate, planarNees } = checkAgainst(patrol, poseOf(filter));
    assert.ok(errorM < 2 * radius95M, `seed ${seed}: ${errorM} m, radius ${radius95M} m`);
    assert.ok(planarNees < 22, `seed ${seed}: ${planarNees}`);
    assert.ok(estimate.yawSigmaRad < 0.03);
  }
});

test("standing still it says what is missing", () => {
  const filter = new PoseFilter(settings);
  for (let i = 0; i < 100; i++) {
    filter.imu({ timeS: i / 50, gyroRadps: [0, 0, 0.001], accelMps2: [0, 0, 9.81] });
    filter.wheel({ timeS: i / 50, forwardMps: 0 });
    filter.gnss({
      timeS: i / 50,
      enuM: [0, 0, 0],
      sigmaM: [1, 1, 2],
      velocityMps: [0, 0.05, 0],
      velocitySigmaMps: [0.1, 0.1, 0.1],
    });
  }
  const reading = filter.read();
  assert.is(reading.kind, "aligning");
  if (reading.kind === "aligning") assert.match(reading.why, "drive straight");
});

test("odom never jumps: when GNSS comes back and map moves by metres, odom goes on at walking speed", () => {
  const patrol = patrolOf({ ...clean, seed: 40, lastsS: 80, gnssLostS: [10, 70], wheelScaleSigma: 0.05 });
  const filter = new PoseFilter(settings, patrol.start);
  let last = poseOf(filter);
  let [odomStep, mapStep] = [0, 0];
  for (const measured of patrol.measured) {
    push(filter, measured);
    const now = poseOf(filter);
    const apart = (a: readonly number[], b: readonly number[]) => Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!);
    odomStep = Math.max(odomStep, apart(now.odom.xyzM, last.odom.xyzM));
    mapStep = Math.max(mapStep, apart(now.map.xyzM, last.map.xyzM));
    last = now;
  }
  // 2 m/s for 20 ms and some.
  assert.ok(odomStep < 0.06, `odom stepped ${odomStep} m`);
  assert.ok(mapStep > 0.2, `map stepped ${mapStep} m`);
  const { yawRad, xyzM } = last.mapFromOdom;
  const [x, y] = last.odom.xyzM;
  assert.ok(Math.abs(Math.cos(yawRad) * x - Math.sin(yawRad) * y + xyzM[0] - last.map.xyzM[0]) < 1e-9);
  assert.ok(Math.abs(Math.sin(yawRad) * x + Math.cos(yawRad) * y + xyzM[1] - last.map.xyzM[1]) < 1e-9);
});

test("odom drifts within its own covariance over 60 s", () => {
  let outside = 0;
  for (let seed = 50; seed < 70; seed++) {
    const patrol = patrolOf({ ...clean, seed, lastsS: 60 });
    const filter = new PoseFilter(settings, patrol.start);
    for (const measured of patrol.measured) push(filter, measured);
    const { odom, odomCovariance: p } = poseOf(filter);
    const [from, to] = [patrol.truthAt(0), patrol.truthAt(60)];
    const [c, n] = [Math.cos(from.rpy[2]), Math.sin(from.rpy[2])];
    const [east, north] = [to.xyz[0] - from.xyz[0], to.xyz[1] - from.xyz[1]];
    const [ex, ey] = [odom.xyzM[0] - (c * east + n * north), odom.xyzM[1] - (c * north - n * east)];
    const det = p[0]! * p[4]! - p[1]! * p[3]!;
    if ((p[4]! * ex * ex - 2 * p[1]! * ex * ey + p[0]! * ey * ey) / det > 5.991) outside++;
  }
  assert.ok(outside <= 3, `${outside} of 20 outside 95 %`);
});

test("wheels that spin on the spot do not carry the robot away", () => {
  const patrol = patrolOf({ ...clean, seed: 41, lastsS: 20, gnssLostS: [10, 20] });
  const filter = new PoseFilter(settings, patrol.start);
  const spins = (timeS: number) => timeS > 14 && timeS < 17;
  for (const measured of patrol.measured)
    push(
      filter,
      measured.at === "wheel" && spins(measured.timeS)
        ? { ...measured, forwardMps: measured.forwardMps + 2 }
        : measured,
    );
  const { errorM, radius95M, estimate } = checkAgainst(patrol, poseOf(filter));
  assert.ok(errorM < 1 && errorM < radius95M * 1.3, `${errorM} m (6 m of spin), radius ${radius95M} m`);
  assert.is(estimate.counts.slips, 1);
  assert.ok(estimate.counts.wheel.rejected >= 55, `${estimate.counts.wheel.rejected} of 59 spinning samples`);
});

test("parked for two minutes without GNSS: standing wheels tell the gyro its bias, and the heading stays", () => {
  const rng = new Rng("parked");
  const parked = (yawRateRadps: number | undefined) => {
    const filter = new PoseFilter(settings, {
      timeS: 0,
      enuM: [0, 0, 0],
      velocityMps: [0, 0, 0],
      rpyRad: [0, 0, 1],
      sigmaM: [1, 1, 1],
      velocitySigmaMps: [0.1, 0.1, 0.1],
      rpySigmaRad: [0.02, 0.02, 0.01],
    });
    for (let i = 0; i <= 6000; i++) {
      const noise = () => 0.0014 * rng.normal();
      filter.imu({ timeS: i / 50, gyroRadps: [noise(), noise(), 0.006 + noise()], accelMps2: [0, 0, 9.80665] });
      filter.wheel({ timeS: i / 50, forwardMps: 0, ...(yawRateRadps === undefined ? {} : { yawRateRadps }) });
    }
    return poseOf(filter);
  };
  const told = parked(0);
  assert.ok(Math.abs(told.map.yawRad - 1) < 0.02, `${told.map.yawRad}`);
  assert.ok(Math.abs(told.map.yawRad - 1) < 2.5 * told.yawSigmaRad && told.yawSigmaRad < 0.03, `${told.yawSigmaRad}`);
  // One encoder cannot tell turning on the spot: the doubt grows instead.
  const blind = parked(undefined);
  assert.ok(blind.yawSigmaRad > 0.3, `${blind.yawSigmaRad}`);
});

test("a second without inertial samples is counted, and the doubt it leaves is stated", () => {
  for (let seed = 42; seed < 46; seed++) {
    const patrol = patrolOf({ ...clean, seed, lastsS: 22 });
    const filter = new PoseFilter(settings, patrol.start);
    for (const measured of patrol.measured)
      if (measured.at !== "imu" || measured.timeS < 20 || measured.timeS > 21) push(filter, measured);
    const { nees, estimate } = checkAgainst(patrol, poseOf(filter));
    assert.is(estimate.counts.imuGaps, 1);
    assert.ok(nees < 22.5, `seed ${seed}: ${nees} over chi-square's 99.9 %`);
  }
});

for (const [name, jumpS, needs] of [
  ["a day ahead", 86400, 20],
  ["back by an hour", -3600, 200],
] as const)
  test(`a clock set ${name} is believed after ${needs} samples in a row; the filter then aligns anew`, () => {
    const [before, after] = [patrolOf({ ...clean, seed: 47, lastsS: 5 }), patrolOf({ ...clean, seed: 48, lastsS: 40 })];
    const filter = new PoseFilter(settings, before.start);
    for (const measured of before.measured) push(filter, measured);
    const shifted = after.measured.map((measured) => ({ ...measured, timeS: measured.timeS + jumpS }));
    for (const measured of shifted.slice(0, needs - 1)) push(filter, measured);
    assert.is(filter.read().kind, "pose");
    push(filter, shifted[needs - 1]!);
    assert.is(filter.read().kind, "aligning");
    for (const measured of shifted.slice(needs)) push(filter, measured);
    const pose = poseOf(filter);
    assert.is(pose.counts.restarts, 1);
    const { xyz } = after.truthAt(40);
    assert.ok(Math.hypot(pose.map.xyzM[0] - xyz[0], pose.map.xyzM[1] - xyz[1]) < 2 * pose.radius95M);
    assert.ok(pose.radius95M < 1, `${pose.radius95M}`);
  });

test("a fix in degrees lands in the local frame: 0.001 degrees north of the origin is 111.2 m at 51 north", () => {
  const frame = frameAt({ lat: 51, lon: 7, altM: 80 });
  const fix = gnssFixOf(frame, { timeS: 1, lat: 51.001, lon: 7, altM: 82, sigmaM: [1, 1, 2] });
  assert.ok(Math.abs(fix.enuM[1] - 111.25) < 0.05, `${fix.enuM[1]}`);
  assert.ok(Math.abs(fix.enuM[2] - 2) < 0.01);
});

test("settings that cannot be are all named", () => {
  try {
    new PoseFilter({
      ...streetRobot,
      gnss: { ...streetRobot.gnss, falseShare: 1.5, latencySigmaS: 0 },
      bufferLength: 2.5,
    });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, Fault);
    assert.is((error as Fault).lines.length, 3);
    assert.match((error as Fault).message, "gnss.latencySigmaS");
  }
});

test.run();
