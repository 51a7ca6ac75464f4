import { test } from "uvu";
import * as assert from "uvu/assert";
import { nWaveAt, rangeFromShockWave } from "./shock-wave.ts";

const rate = 48_000;
const sound = (shape: (tS: number) => number) => Float32Array.from({ length: 400 }, (_, i) => shape((i - 100) / rate));

test("an N of 0.3 ms is one; a muzzle blast and a click are not", () => {
  const n = nWaveAt(
    sound((t) => (t >= 0 && t <= 3e-4 ? 1 - t / 1.5e-4 : 0)),
    100,
    rate,
  );
  assert.ok(n.likeness > 0.95, `${n.likeness}`);
  assert.ok(Math.abs(n.durationS - 3e-4) < 3e-5, `${n.durationS}`);
  const blast = nWaveAt(
    sound((t) => (t >= 0 ? (1 - t / 1.5e-3) * Math.exp(-t / 1.5e-3) : 0)),
    100,
    rate,
  );
  assert.ok(blast.likeness < 0.8, `${blast.likeness}`);
  const click = nWaveAt(
    sound((t) => (t >= 0 ? Math.exp(-t / 5e-5) : 0)),
    100,
    rate,
  );
  assert.ok(click.likeness < 0.8, `${click.likeness}`);
});

test("at 16 kHz an N has no shape to tell: likeness 0", () => {
  assert.is(nWaveAt(new Float32Array(400).fill(1), 100, 16_000).likeness, 0);
});

/**
 * A round at 800 m/s fired due east from (0, 0), heard at (200, -60): worked out from the Mach cone alone, not by the formula under test.
 */
test("a rifle 209 m away is placed at 209 m, passing on the right seen from the node towards the muzzle", () => {
  const c = 340;
  const v = 800;
  const [x, y] = [200, -60];
  const sin = c / v;
  const along = x - Math.abs(y) * (sin / Math.sqrt(1 - sin * sin));
  const shockS = along / v + Math.hypot(x - along, y) / c;
  const blastS = Math.hypot(x, y) / c;
  const bearing = (e: number, n: number) => ((Math.atan2(e - x, n - y) * 180) / Math.PI + 360) % 360;
  const found = rangeFromShockWave({
    leadS: blastS - shockS,
    leadSigmaS: 1e-4,
    blastBearingDeg: bearing(0, 0),
    blastSigmaDeg: 0.5,
    shockBearingDeg: bearing(along, 0),
    shockSigmaDeg: 0.5,
    speedOfSoundMps: c,
  });
  assert.ok(found);
  assert.ok(Math.abs(found!.rangeM - Math.hypot(x, y)) < 0.5, `${found!.rangeM}`);
  assert.is(found!.side, "right");
  assert.ok(found!.rangeSigmaM > 2 && found!.rangeSigmaM < 30, `${found!.rangeSigmaM}`);
});

test("shock and blast from one direction: no range", () => {
  const ask = {
    leadS: 0.1,
    leadSigmaS: 1e-4,
    blastBearingDeg: 359,
    blastSigmaDeg: 1,
    shockBearingDeg: 1,
    shockSigmaDeg: 1,
    speedOfSoundMps: 340,
  };
  assert.is(rangeFromShockWave(ask), undefined);
});

test.run();
