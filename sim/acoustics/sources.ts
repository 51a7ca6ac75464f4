/** Every kind of sound source by name, the shots among them. */
import type { Rng } from "../rng.ts";
import { firecrackers, firework } from "./fireworks.ts";
import { type Emission, type EventKind, here, type SoundSource } from "./source.ts";
import { backfire, balloon, door, glass, hammer, metal } from "./struck.ts";
import { type Grain, grains } from "./wave.ts";
import { drawWeapon, muzzleBlast, pascalsOf, type WeaponKind } from "./weapons.ts";

export interface GunshotOptions {
  weapon?: WeaponKind;
  /** Seconds after the first round at which each round is fired, the first 0. */
  roundsAtS?: readonly number[];
  /** Line of fire, clockwise from north. */
  azimuthDeg?: number;
}

/** Rounds from one gun: the same load with its spread (1.5 dB, 5 % of duration), the line of fire wandering by degrees. */
export function gunshot(rng: Rng, options: GunshotOptions = {}): SoundSource {
  const kind = options.weapon ?? rng.pick(["45", "40", "9mm", "rifle", "shotgun"] as const);
  const weapon = drawWeapon(rng, kind);
  const azimuthDeg = options.azimuthDeg ?? rng.uniform(0, 360);
  const emissions = (options.roundsAtS ?? [0]).map((atS): Emission => {
    const azimuth = ((azimuthDeg + rng.normal(0, 4)) * Math.PI) / 180;
    const climb = rng.normal(0, 0.04);
    const direction = [
      Math.sin(azimuth) * Math.cos(climb),
      Math.cos(azimuth) * Math.cos(climb),
      Math.sin(climb),
    ] as const;
    const round = {
      ...weapon,
      peakDbSpl: weapon.peakDbSpl + rng.normal(0, 0.8),
      positiveMs: weapon.positiveMs * (1 + rng.normal(0, 0.04)),
      muzzleMps: weapon.muzzleMps * (1 + rng.normal(0, 0.01)),
    };
    return {
      atS,
      offset: here,
      wave: ({ departure: d }) => muzzleBlast(round, d[0] * direction[0] + d[1] * direction[1] + d[2] * direction[2]),
      bullet: { direction, weapon: round, rangeM: rng.uniform(20, 250) },
    };
  });
  return {
    kind: "gunshot",
    emissions,
    heightM: rng.uniform(1.2, 1.7),
    detail: { weapon: kind, rounds: emissions.length, azimuthDeg },
  };
}

/** Speech-like sound: glottal pulses through formants in syllables, for masking; it says nothing. */
export function babble(rng: Rng, lengthS = 1.6): SoundSource {
  const amplitudePa = pascalsOf(rng.uniform(68, 84));
  const parts: Grain[] = [];
  const pitchHz = rng.uniform(95, 230);
  for (let syllableS = 0; syllableS < lengthS - 0.25; ) {
    const longS = rng.uniform(0.1, 0.22);
    const formants = [rng.uniform(280, 800), rng.uniform(900, 2200), rng.uniform(2300, 3100)] as const;
    const bend = rng.uniform(-0.15, 0.15);
    for (let t = 0; t < longS; ) {
      const f0 = pitchHz * (1 + (bend * t) / longS + rng.normal(0, 0.01));
      const loud = Math.sin((Math.PI * (t + 0.01)) / (longS + 0.02));
      formants.forEach((frequencyHz, i) => {
        parts.push({
          amplitudePa: (amplitudePa * loud) / (1 + i),
          frequencyHz,
          sigmaS: 0.002,
          atS: syllableS + t + 0.012,
        });
      });
      t += 1 / f0;
    }
    syllableS += longS + rng.uniform(0.03, 0.16);
  }
  return {
    kind: "babble",
    emissions: [{ atS: 0, offset: here, wave: grains(parts) }],
    heightM: 1.6,
    detail: { pitchHz },
  };
}

const makers: Record<EventKind, (rng: Rng) => SoundSource> = {
  gunshot,
  firework,
  firecrackers,
  backfire,
  door,
  hammer,
  metal,
  glass,
  balloon,
  babble,
};

/** A source of the kind with everything drawn at random. */
export function drawSource(rng: Rng, kind: EventKind): SoundSource {
  return makers[kind](rng);
}
