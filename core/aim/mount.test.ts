/** A camera 6 m up a lamppost; places are counted in metres from its foot. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { frameAt } from "../localise/geo.ts";
import { type Axis, aimAt, type Mount } from "./mount.ts";

const position = { lat: 40.66, lon: -73.91, altM: 12 };
const axis: Axis = { zeroDeg: 90, leastDeg: 0, mostDeg: 180, reversed: false };
/** Looks to the north-east with its pan servo at 90. */
const mount: Mount = { position, heightM: 6, azimuthDeg: 45, pan: axis, tilt: axis };
const at = (eastM: number, northM: number, heightM?: number) => {
  const { lat, lon } = frameAt(position).toWgs84(eastM, northM, position.altM);
  return { lat, lon, heightM };
};
const near = (value: number, expected: number) =>
  assert.ok(Math.abs(value - expected) < 0.01, `${value} is not ${expected}`);
function aimed(of: Mount, ...where: Parameters<typeof at>) {
  const aim = aimAt(of, at(...where));
  if (aim.kind !== "aim") throw new Error(aim.why);
  return aim;
}

test("6 m to the east is 45 degrees right of north-east and 45 below level: servos at 135 and 45", () => {
  const { panDeg, tiltDeg, azimuthDeg, elevationDeg, rangeM } = aimed(mount, 6, 0);
  near(azimuthDeg, 90);
  near(elevationDeg, -45);
  near(rangeM, 6);
  near(panDeg, 135);
  near(tiltDeg, 45);
});

test("straight ahead at the camera's own height, and 10 m up at 4 m: zero and 45 degrees up", () => {
  const level = aimed(mount, 30, 30, 6);
  near(level.panDeg, 90);
  near(level.tiltDeg, 90);
  near(aimed(mount, 0, 4, 10).tiltDeg, 135);
});

test("due north of a mount that looks to 350 degrees is 10 to the right, not 350 to the left", () => {
  near(aimed({ ...mount, azimuthDeg: 350 }, 0, 20).panDeg, 100);
});

test("a servo mounted the other way round turns by as much, and an axis counts from its own zero", () => {
  const turned = { ...mount, pan: { ...axis, reversed: true }, tilt: { ...axis, zeroDeg: 120, reversed: true } };
  const { panDeg, tiltDeg } = aimed(turned, 6, 0);
  near(panDeg, 45);
  near(tiltDeg, 165);
});

test("what lies behind, or too steeply below, is out of reach, with the mount's own bounds", () => {
  assert.equal(aimAt(mount, at(-6, -6)), {
    kind: "out-of-reach",
    why: "the place lies at 225 degrees, the mount turns from 315 clockwise to 135",
  });
  const shallow = { ...mount, tilt: { ...axis, leastDeg: 60, mostDeg: 120 } };
  assert.equal(aimAt(shallow, at(6, 0)), {
    kind: "out-of-reach",
    why: "the place lies at -45 degrees of elevation, the mount tilts from -30 to 30",
  });
  near(aimed(shallow, 12, 0).tiltDeg, 90 - 26.565);
});

test.run();
