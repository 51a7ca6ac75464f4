import { test } from "uvu";
import * as assert from "uvu/assert";
import { Rng } from "../rng.ts";
import { type Shot, shockArrival } from "./shock-wave.ts";
import { drawWeapon, muzzleBlast } from "./weapons.ts";

const rifle = {
  ...drawWeapon(new Rng(1), "rifle"),
  muzzleMps: 686,
  dragPerM: 1e-9,
  calibreM: 0.0078,
  bulletLengthM: 0.028,
};
const shot: Shot = { muzzle: [0, 0, 1.5], direction: [1, 0, 0], weapon: rifle, rangeM: 500 };

test("at Mach 2 the shock wave passes 100 m ahead and 10 m aside after 100/686 + 10 sqrt(1 - 1/4) / 343 s", () => {
  const arrival = shockArrival(shot, [100, 10, 1.5], 343, 101.325)!;
  const [x, y, z] = arrival.from;
  const totalS = arrival.flightS + Math.hypot(100 - x, 10 - y, 1.5 - z) / 343;
  assert.ok(Math.abs(totalS - (100 / 686 + (10 * Math.sqrt(0.75)) / 343)) < 1e-7, `${totalS}`);
  assert.ok(Math.abs(x - (100 - 10 / Math.sqrt(3))) < 1e-3, "the ray leaves at right angles to the cone");
  assert.ok(totalS < Math.hypot(100, 10) / 343, "before the muzzle blast");
});

test("Whitham at Mach 2, 10 m: 209 Pa and 238 microseconds for a 7.8 x 28 mm bullet", () => {
  // 0.53 x 101325 x 3^(1/8) x 0.0078 / (10^(3/4) 0.028^(1/4)) and 1.82 x 2 x 10^(1/4) x 0.0078 / (343 x 3^(3/8) x 0.028^(1/4)).
  const { peakPa, durationS, mach } = shockArrival(shot, [100, 10, 1.5], 343, 101.325)!;
  assert.ok(Math.abs(mach - 2) < 1e-6);
  assert.ok(Math.abs(peakPa - 209) < 1, `${peakPa}`);
  assert.ok(Math.abs(durationS - 238e-6) < 1e-6, `${durationS}`);
});

test("the shock wave weakens as distance^(-3/4) and lengthens as distance^(1/4)", () => {
  const near = shockArrival(shot, [100, 5, 1.5], 343, 101.325)!;
  const far = shockArrival(shot, [100, 80, 1.5], 343, 101.325)!;
  assert.ok(Math.abs(near.peakPa / far.peakPa - 16 ** 0.75) < 0.01);
  assert.ok(Math.abs(far.durationS / near.durationS - 2) < 0.001);
});

test("no shock wave behind the muzzle, of a subsonic round, or beyond the bullet's end", () => {
  assert.is(shockArrival(shot, [-50, 10, 1.5], 343, 101.325), undefined);
  assert.is(shockArrival({ ...shot, weapon: { ...rifle, muzzleMps: 280 } }, [100, 10, 1.5], 343, 101.325), undefined);
  assert.is(shockArrival({ ...shot, rangeM: 40 }, [100, 10, 1.5], 343, 101.325), undefined);
});

test("the ground stops the bullet: fired downwards from 1.5 m at 1 in 50 it flies 75 m, and is heard no further on", () => {
  const down = [Math.sqrt(1 - 0.02 ** 2), 0, -0.02] as const;
  const near = shockArrival({ ...shot, direction: down }, [70, 10, 5], 343, 101.325)!;
  assert.ok(near.from[2] > 0, `${near.from[2]} m`);
  assert.is(shockArrival({ ...shot, direction: down }, [110, 10, 5], 343, 101.325), undefined);
});

test("a muzzle blast is 10 dB weaker and half as long again behind, where the weapon says so", () => {
  const weapon = { ...drawWeapon(new Rng(2), "9mm"), frontToBackDb: 10, backStretch: 1.5, decay: 1 };
  const spectrum = (cosine: number) => {
    const re = new Float64Array(2000);
    const im = new Float64Array(2000);
    muzzleBlast(weapon, cosine).addTo(re, im, 100);
    return re.map((x, k) => Math.hypot(x, im[k]!));
  };
  // Far above its corner a shock's spectrum is peak / w.
  const highDb = 20 * Math.log10(spectrum(1)[1999]! / spectrum(-1)[1999]!);
  assert.ok(Math.abs(highDb - 10) < 0.1, `${highDb}`);
  const loudest = (cosine: number) => spectrum(cosine).reduce((best, x, k, all) => (x > all[best]! ? k : best), 0);
  assert.ok(Math.abs(loudest(1) / loudest(-1) - 1.5) < 0.3);
});

test.run();
