/** The air that sound travels through: its speed, and the wind that carries it. */
import type { LocalPoint } from "./geo.ts";

export interface Air {
  /** Speed of sound in still air, m/s. */
  speedMps: number;
  /** Where the wind blows to: east and north components, m/s. */
  windEastMps: number;
  windNorthMps: number;
}

/**
 * Speed of sound in m/s of dry air: 331.3 sqrt(1 + T / 273.15) (ISO 9613-1's 343.2 at 20 degrees, within 0.1).
 * With a relative humidity in percent, the humid part is added: water vapour is lighter than air and has a lower ratio of
 * heat capacities, which together raise the speed by 0.16 of its mole fraction (0.37 % in saturated air of 20 degrees).
 */
export function speedOfSoundMps(airTempC: number, humidityPercent = 0): number {
  const dry = 331.3 * Math.sqrt(1 + airTempC / 273.15);
  if (humidityPercent <= 0) return dry;
  // Saturation pressure by the Magnus formula, hPa.
  const vapourHPa = 6.112 * Math.exp((17.62 * airTempC) / (243.12 + airTempC)) * (humidityPercent / 100);
  return dry * (1 + 0.16 * (vapourHPa / 1013.25));
}

/** @param windFromDeg where the wind comes from, clockwise from north. */
export function airOf(airTempC: number, windFromDeg = 0, windMps = 0, humidityPercent = 0): Air {
  const from = (windFromDeg * Math.PI) / 180;
  return {
    speedMps: speedOfSoundMps(airTempC, humidityPercent),
    windEastMps: windMps === 0 ? 0 : -windMps * Math.sin(from),
    windNorthMps: windMps === 0 ? 0 : -windMps * Math.cos(from),
  };
}

/**
 * Seconds from source to ear: |r - w t| = c t, the wavefront drifts with the wind while it grows
 * (Pierce, Acoustics, 8-1, uniform wind).
 */
export function travelS(air: Air, from: LocalPoint, to: LocalPoint): number {
  const dx = to.eastM - from.eastM;
  const dy = to.northM - from.northM;
  const dz = to.upM - from.upM;
  return travelOverS(dx, dy, dz, air.speedMps, air.windEastMps, air.windNorthMps);
}

/** As `travelS`, of the vector from source to ear in metres. */
export function travelOverS(dx: number, dy: number, dz: number, c: number, wx: number, wy: number): number {
  const r2 = dx * dx + dy * dy + dz * dz;
  if (wx === 0 && wy === 0) return Math.sqrt(r2) / c;
  const along = dx * wx + dy * wy;
  const k = c * c - wx * wx - wy * wy;
  return (Math.sqrt(along * along + k * r2) - along) / k;
}
