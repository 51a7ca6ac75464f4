import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failsafesOf } from "./failsafe-params.ts";
import { missionItems, orbitItems } from "./mission-items.ts";

const test = suite("mission items and failsafe parameters");
const place = { lat: 52.1, lon: 5.1, relAltM: 30 };

test("a place with speed and camera: speed, gimbal taken, gimbal turned, waypoint; then home", () => {
  const { items, starts } = missionItems(
    [{ ...place, speedMS: 8, gimbalPitchDeg: -30 }, place],
    { thenReturn: true },
    {
      ardupilot: false,
    },
  );
  assert.equal(
    items.map((item) => item.command),
    [178, 1001, 1000, 16, 16, 20],
  );
  assert.equal(starts, [0, 4]);
  assert.equal(
    items.map((item) => item.seq),
    [0, 1, 2, 3, 4, 5],
  );
  assert.equal([items[3]?.x, items[3]?.y, items[3]?.z, items[3]?.frame], [521_000_000, 51_000_000, 30, 6]);
  assert.ok(Number.isNaN(items[3]?.param4));
});

test("ArduPilot: item 0 is home's place, and no parameter is NaN", () => {
  const { items, starts } = missionItems(
    [{ ...place, gimbalYawDeg: 10 }],
    {},
    {
      ardupilot: true,
      home: { lat: 1, lon: 2 },
    },
  );
  assert.equal([items[0]?.command, items[0]?.x], [16, 10_000_000]);
  assert.equal(starts, [1]);
  assert.not(items.some((item) => [item.param1, item.param2, item.param3, item.param4].some(Number.isNaN)));
});

test("a place to stay at holds 5 s, one flown through 0 s", () => {
  const { items } = missionItems([{ ...place, flyThrough: false, loiterS: 5 }, place], {}, { ardupilot: false });
  assert.equal(
    items.map((item) => item.param1),
    [5, 0],
  );
});

test("an orbit is sixteen points 25 m from the centre, the first nearest to the vehicle, then back to the first", () => {
  const centre = { lat: 52.1, lon: 5.1 };
  const { items } = orbitItems({ ...centre, absAltM: 50, radiusM: 25, speedMS: 5 }, { lat: 52.11, lon: 5.1 }, 30, {
    ardupilot: false,
  });
  const points = items.filter((item) => item.command === 16);
  assert.is(points.length, 16);
  for (const point of points) {
    const n = (point.x / 1e7 - centre.lat) * 111_320;
    const e = (point.y / 1e7 - centre.lon) * 111_320 * Math.cos((centre.lat * Math.PI) / 180);
    assert.ok(Math.abs(Math.hypot(n, e) - 25) < 0.1);
  }
  assert.ok((points[0]?.x ?? 0) > 521_000_000);
  assert.is(points[0]?.param4, 180);
  // Clockwise seen from above: from north the second point lies east.
  assert.ok((points[1]?.y ?? 0) > 51_000_000);
  const jump = items.at(-1);
  assert.equal([jump?.command, items[jump?.param1 ?? 0]?.x], [177, points[0]?.x]);
});

test("three rounds of two points are a jump back twice, to where their speed is said", () => {
  const way = [
    { ...place, speedMS: 12 },
    { ...place, speedMS: 5 },
    { ...place, speedMS: 5 },
    { ...place, speedMS: 5 },
  ];
  const { items, starts } = missionItems(
    way,
    { thenReturn: true, again: { from: 1, through: 2, times: 2 } },
    { ardupilot: false },
  );
  assert.equal(
    items.map(({ command }) => command),
    [178, 16, 178, 16, 16, 177, 16, 20],
  );
  assert.equal(starts, [0, 2, 4, 6]);
  assert.equal([items[5]!.param1, items[5]!.param2, items[2]!.param2], [2, 2, 5]);
});

test("PX4's failsafes: link loss 2 returns, 0 does nothing; a parameter that was not read leaves its failsafe out", () => {
  const { dataLinkLoss, rcLoss, geofence, batteryCritical } = failsafesOf(false, {
    NAV_DLL_ACT: 2,
    COM_DL_LOSS_T: 10,
    NAV_RCL_ACT: 0,
    COM_LOW_BAT_ACT: 2,
    BAT_CRIT_THR: 0.1,
  });
  assert.equal(dataLinkLoss, { action: "return", afterS: 10 });
  assert.is(rcLoss?.action, "none");
  assert.is(geofence, undefined);
  assert.equal(batteryCritical, { action: "land", atFraction: 0.1 });
});

test("ArduCopter's: RTL_ALT is centimetres, a fence switched off does nothing, 550 of 5500 mAh is a tenth", () => {
  const failsafes = failsafesOf(true, {
    FS_GCS_ENABLE: 1,
    FS_GCS_TIMEOUT: 5,
    RTL_ALT: 3000,
    FENCE_ENABLE: 0,
    FENCE_ACTION: 1,
    BATT_FS_LOW_ACT: 2,
    BATT_LOW_MAH: 550,
    BATT_CAPACITY: 5500,
  });
  assert.is(failsafes.returnHeightM, 30);
  assert.is(failsafes.geofence?.action, "none");
  assert.equal(failsafes.dataLinkLoss, { action: "return", afterS: 5 });
  assert.equal(failsafes.batteryLow, { action: "return", atFraction: 0.1 });
});

test.run();
