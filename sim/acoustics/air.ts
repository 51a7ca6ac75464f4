/**
 * The air that sound travels through: its speed, its absorption and the dispersion that goes with absorption.
 * ISO 9613-1:1993 for absorption; the ideal mixture of dry air and vapour for the speed.
 */
export interface Air {
  tempC: number;
  humidityPercent: number;
  pressureKPa: number;
  /** Direction the wind comes from, clockwise from north. */
  windFromDeg: number;
  windMps: number;
  /** Variance of the refractive index that turbulence adds (Ostashev, Acoustics in Moving Inhomogeneous Media); 0 for still air. */
  turbulence: number;
}

export const stillAir: Air = {
  tempC: 20,
  humidityPercent: 50,
  pressureKPa: 101.325,
  windFromDeg: 0,
  windMps: 0,
  turbulence: 0,
};

/** Mole fraction of water vapour (ISO 9613-1, annex B). */
export function vapourFraction(air: Air): number {
  const saturationKPa = 101.325 * 10 ** (-6.8346 * (273.16 / (air.tempC + 273.15)) ** 1.261 + 4.6151);
  return ((air.humidityPercent / 100) * saturationKPa) / air.pressureKPa;
}

/** Speed of sound of the air at rest, m/s: sqrt(gamma R T / M) of the mixture (343.2 m/s at 20 degrees, dry). */
export function soundSpeedMps(air: Air): number {
  const h = vapourFraction(air);
  const gamma = (7 + h) / (5 + h);
  const molarMassKg = 0.0289647 * (1 - h) + 0.0180153 * h;
  return Math.sqrt((gamma * 8.314462 * (air.tempC + 273.15)) / molarMassKg);
}

interface Relaxation {
  /** Nepers per metre and hertz at twice the peak. */
  strength: number;
  frequencyHz: number;
}

/** Oxygen and nitrogen relaxation and the classical part, prepared once for a weather. */
export class Absorption {
  readonly #classical: number;
  readonly #relaxations: readonly Relaxation[];

  constructor(air: Air) {
    const t = (air.tempC + 273.15) / 293.15;
    const p = air.pressureKPa / 101.325;
    const h = vapourFraction(air) * 100;
    const kelvin = air.tempC + 273.15;
    // ISO 9613-1, equations 3 to 5.
    const oxygenHz = p * (24 + (4.04e4 * h * (0.02 + h)) / (0.391 + h));
    const nitrogenHz = (p / Math.sqrt(t)) * (9 + 280 * h * Math.exp(-4.17 * (t ** (-1 / 3) - 1)));
    this.#classical = (1.84e-11 / p) * Math.sqrt(t);
    this.#relaxations = [
      { strength: 0.01275 * Math.exp(-2239.1 / kelvin) * t ** -2.5, frequencyHz: oxygenHz },
      { strength: 0.1068 * Math.exp(-3352 / kelvin) * t ** -2.5, frequencyHz: nitrogenHz },
    ];
  }

  /** Attenuation of the amplitude in nepers per metre. */
  nepersPerM(frequencyHz: number): number {
    let alpha = this.#classical * frequencyHz * frequencyHz;
    for (const each of this.#relaxations) {
      const x = frequencyHz / each.frequencyHz;
      alpha += (each.strength * frequencyHz * x) / (1 + x * x);
    }
    return alpha;
  }

  /** ISO 9613-1's coefficient, decibels per metre. */
  dbPerM(frequencyHz: number): number {
    return this.nepersPerM(frequencyHz) * 20 * Math.LOG10E;
  }

  /**
   * Phase lead in radians per metre over travel at the speed of sound, which is taken as that at 1 kHz. A relaxation
   * j f / (1 + j f / fr) has the attenuation above as its real part; its imaginary part is this. It keeps the pulse causal.
   */
  leadPerM(frequencyHz: number): number {
    return this.#lead(frequencyHz) - (frequencyHz / 1000) * this.#lead(1000);
  }

  #lead(frequencyHz: number): number {
    let lead = 0;
    for (const each of this.#relaxations) {
      const x = frequencyHz / each.frequencyHz;
      lead += (each.strength * frequencyHz * x * x) / (1 + x * x);
    }
    return lead;
  }
}

/** The wind as the velocity it blows with, m/s east and north. */
export function windVelocity(air: Air): readonly [number, number] {
  const from = (air.windFromDeg * Math.PI) / 180;
  return [-air.windMps * Math.sin(from), -air.windMps * Math.cos(from)];
}

/**
 * Travel time of a sound over the vector (east, north, up) in a uniform wind: the sphere |x - w t| = c t solved for t
 * (Pierce, Acoustics, section 8.1), exact for still source and receiver.
 */
export function travelS(
  eastM: number,
  northM: number,
  upM: number,
  soundMps: number,
  wind: readonly [number, number],
): number {
  const [we, wn] = wind;
  const along = eastM * we + northM * wn;
  const a = soundMps * soundMps - we * we - wn * wn;
  const squareM2 = eastM * eastM + northM * northM + upM * upM;
  return (-along + Math.sqrt(along * along + a * squareM2)) / a;
}
