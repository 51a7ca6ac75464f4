import { test } from "uvu";
import * as assert from "uvu/assert";
import { airOf, speedOfSoundMps, travelS } from "./air.ts";
import { ecefOf, frameAt, wgs84Of } from "./geo.ts";

const close = (a: number, b: number, tolerance: number) =>
  assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b} within ${tolerance}`);

test("earth-centred coordinates of 45 N 0 E at sea level, and back from the far side of the globe", () => {
  const [x, y, z] = ecefOf(45, 0, 0);
  close(x, 4517590.879, 1e-3);
  close(y, 0, 1e-6);
  close(z, 4487348.409, 1e-3);
  const at = wgs84Of(...ecefOf(-33.86, 151.21, 58));
  close(at.lat, -33.86, 1e-10);
  close(at.lon, 151.21, 1e-10);
  close(at.altM, 58, 1e-5);
});

test("one minute of latitude is 1852 m near 45 degrees, and a local place comes back to the micrometre", () => {
  const frame = frameAt({ lat: 45, lon: 7, altM: 0 });
  close(frame.toLocal(45 + 1 / 60, 7, 0).northM, 1852.2, 0.2);
  const { lat, lon } = frame.toWgs84(12_345.678, -9_876.543, 240);
  const back = frame.toLocal(lat, lon, 240);
  close(back.eastM, 12_345.678, 1e-6);
  close(back.northM, -9_876.543, 1e-6);
  close(back.upM, 240, 1e-9);
});

test("sound needs a second for 343.2 m at 20 degrees, and is faster in damp air", () => {
  close(speedOfSoundMps(20), 343.2, 0.05);
  close(speedOfSoundMps(0), 331.3, 1e-9);
  close(speedOfSoundMps(20, 100) - speedOfSoundMps(20), 1.27, 0.05);
});

test("a wind of 10 m/s from the west carries sound east at 353 m/s and west at 333", () => {
  const air = airOf(20, 270, 10);
  const here = { eastM: 0, northM: 0, upM: 0 };
  close(353.2 * travelS(air, here, { eastM: 353.2, northM: 0, upM: 0 }), 353.2, 0.05);
  close(333.2 * travelS(air, here, { eastM: -333.2, northM: 0, upM: 0 }), 333.2, 0.05);
});

test.run();
