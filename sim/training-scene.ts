/** Where training clips are recorded: cities, weather, microphones and places, drawn wide. */
import type { Air } from "./acoustics/air.ts";
import type { MicrophoneModel } from "./acoustics/microphone.ts";
import type { Vec } from "./acoustics/propagation.ts";
import { type City, makeCity, streetPlace } from "./city.ts";
import type { Rng } from "./rng.ts";

const settings = [
  { density: 0, tall: 0 },
  { density: 0.35, tall: 0.02 },
  { density: 0.6, tall: 0.04 },
  { density: 0.82, tall: 0.06 },
  { density: 0.9, tall: 0.25 },
  { density: 0.97, tall: 0.7 },
];
const cities: City[] = [];

/** One of a few cities, from an open field to a dense district of high houses. */
export function builtInCity(rng: Rng): City {
  const index = rng.int(0, 2 * settings.length - 1);
  return (cities[index] ??= makeCity(`training-${index}`, { nodes: 4, ...settings[index % settings.length]! }));
}

export function drawAir(rng: Rng): Air {
  return {
    tempC: rng.uniform(-12, 36),
    humidityPercent: rng.uniform(20, 95),
    pressureKPa: rng.uniform(96, 103),
    windFromDeg: rng.uniform(0, 360),
    windMps: rng.chance(0.3) ? 0 : rng.uniform(0, 8),
    turbulence: rng.logUniform(3e-7, 1e-5),
  };
}

export function drawTrainingMicrophone(rng: Rng): MicrophoneModel {
  return {
    highPassHz: rng.logUniform(8, 120),
    passShare: rng.uniform(0.25, 0.45),
    sensitivityDbFsAt94Spl: rng.uniform(-42, -14),
    selfNoiseDbSpl: rng.uniform(28, 42),
    bits: 16,
  };
}

/** A source in a street and a microphone so far from it, neither within a house. */
export function drawPlaces(rng: Rng, city: City, heightM: number, least: number, most: number) {
  for (let turn = 0; ; turn++) {
    const place = streetPlace(rng, city);
    const rangeM = rng.logUniform(least, most);
    const angle = rng.uniform(0, 2 * Math.PI);
    const at = [place[0] + rangeM * Math.sin(angle), place[1] + rangeM * Math.cos(angle)] as const;
    if (city.buildings.covers(at[0], at[1], 0.3)) continue;
    if (turn < 200 && Math.max(Math.abs(at[0]), Math.abs(at[1])) > 620) continue;
    // Lampposts, walls and hands.
    const upM = rng.chance(0.75) ? rng.uniform(3, 12) : rng.uniform(1, 2.2);
    const mic: Vec = [at[0], at[1], upM];
    return { place, mic, distanceM: Math.hypot(rangeM, upM - heightM) };
  }
}
