import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Absorption, soundSpeedMps, stillAir, travelS } from "./air.ts";

const test = suite("air");

test("sound travels at 331.3 m/s at 0 C and 343.2 m/s at 20 C in dry air, 0.6 m/s faster half saturated", () => {
  const dry = { ...stillAir, humidityPercent: 0 };
  assert.ok(Math.abs(soundSpeedMps({ ...dry, tempC: 0 }) - 331.3) < 0.1);
  assert.ok(Math.abs(soundSpeedMps(dry) - 343.2) < 0.1);
  const gain = soundSpeedMps({ ...dry, humidityPercent: 50 }) - soundSpeedMps(dry);
  assert.ok(gain > 0.5 && gain < 0.8, `${gain}`);
});

// ISO 9613-2:1996, table 2 (made with ISO 9613-1): dB/km at the exact mid-band frequencies from 63 Hz to 8 kHz.
const table = [
  { tempC: 10, humidityPercent: 70, dbPerKm: [0.1, 0.4, 1.0, 1.9, 3.7, 9.7, 32.8, 117] },
  { tempC: 20, humidityPercent: 70, dbPerKm: [0.1, 0.3, 1.1, 2.8, 5.0, 9.0, 22.9, 76.6] },
  { tempC: 30, humidityPercent: 70, dbPerKm: [0.1, 0.3, 1.0, 3.1, 7.4, 12.7, 23.1, 59.3] },
  { tempC: 15, humidityPercent: 20, dbPerKm: [0.3, 0.6, 1.2, 2.7, 8.2, 28.2, 88.8, 202] },
  { tempC: 15, humidityPercent: 50, dbPerKm: [0.1, 0.5, 1.2, 2.2, 4.2, 10.8, 36.2, 129] },
  { tempC: 15, humidityPercent: 80, dbPerKm: [0.1, 0.3, 1.1, 2.4, 4.1, 8.3, 23.7, 82.8] },
];

test("absorption is that of the 48 values of ISO 9613-2's table to its last digit or 1 %", () => {
  for (const { dbPerKm, ...weather } of table) {
    const absorption = new Absorption({ ...stillAir, ...weather });
    dbPerKm.forEach((expected, i) => {
      const got = 1000 * absorption.dbPerM(1000 * 10 ** ((3 * (i - 4)) / 10));
      const room = Math.max(0.06, 0.01 * expected);
      assert.ok(
        Math.abs(got - expected) <= room,
        `${weather.tempC} C, band ${i}: ${got.toFixed(2)}, table ${expected}`,
      );
    });
  }
});

test("343 m with a wind of 10 m/s behind it take 343 / 353 s, against it 343 / 333 s, across it 343 / sqrt(343^2 - 10^2) s", () => {
  const to = (eastM: number, northM: number) => travelS(eastM, northM, 0, 343, [10, 0]);
  assert.ok(Math.abs(to(343, 0) - 343 / 353) < 1e-12);
  assert.ok(Math.abs(to(-343, 0) - 343 / 333) < 1e-12);
  assert.ok(Math.abs(to(0, 343) - 343 / Math.sqrt(343 ** 2 - 100)) < 1e-12);
});

test.run();
