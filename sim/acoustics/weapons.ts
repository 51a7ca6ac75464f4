/**
 * Firearms as sources: the muzzle blast, a Friedlander wave that is stronger and shorter towards the line of fire, and the
 * bullet where it outruns sound. Figures after Maher, "Modeling and signal processing of acoustic gunshot recordings" (IEEE
 * DSP workshop 2006), Maher and Shaw, "Deciphering gunshot recordings" (AES 2008), "Directional aspects of forensic gunshot
 * recordings" (AES 2010), Beck, Nakasone and Marr, "Variations in recorded acoustic gunshot waveforms" (JASA 2011).
 */
import type { Rng } from "../rng.ts";
import { friedlander, type Wave } from "./wave.ts";

export type WeaponKind = "45" | "40" | "9mm" | "rifle" | "shotgun";

export interface Weapon {
  kind: WeaponKind;
  /** Peak at one metre ahead of the muzzle, dB re 20 micropascals, extrapolated from further out by spherical spreading. */
  peakDbSpl: number;
  /** Positive phase ahead of the muzzle. */
  positiveMs: number;
  /** How much lower the peak is straight behind. */
  frontToBackDb: number;
  /** How much longer the positive phase is straight behind. */
  backStretch: number;
  /** Decay constant b of the Friedlander wave. */
  decay: number;
  muzzleMps: number;
  calibreM: number;
  bulletLengthM: number;
  /** Loss of speed with distance, 1/m: v = v0 exp(-drag x). */
  dragPerM: number;
}

const table: Record<
  WeaponKind,
  {
    peak: [number, number];
    positive: [number, number];
    back: [number, number];
    speed: [number, number];
    calibre: number;
    length: number;
    drag: number;
  }
> = {
  "45": {
    peak: [152, 158],
    positive: [0.32, 0.7],
    back: [6, 12],
    speed: [240, 285],
    calibre: 0.0115,
    length: 0.0171,
    drag: 0.0006,
  },
  "40": {
    peak: [154, 160],
    positive: [0.28, 0.6],
    back: [6, 12],
    speed: [290, 340],
    calibre: 0.0102,
    length: 0.0148,
    drag: 0.0009,
  },
  "9mm": {
    peak: [153, 160],
    positive: [0.25, 0.55],
    back: [6, 12],
    speed: [330, 400],
    calibre: 0.009,
    length: 0.0155,
    drag: 0.001,
  },
  rifle: {
    peak: [157, 165],
    positive: [0.6, 1.4],
    back: [8, 16],
    speed: [690, 960],
    calibre: 0.0062,
    length: 0.023,
    drag: 0.0011,
  },
  shotgun: {
    peak: [154, 162],
    positive: [0.7, 1.6],
    back: [6, 12],
    speed: [360, 450],
    calibre: 0.0045,
    length: 0.0045,
    drag: 0.006,
  },
};

/** One particular gun and load of the kind. */
export function drawWeapon(rng: Rng, kind: WeaponKind): Weapon {
  const row = table[kind];
  return {
    kind,
    peakDbSpl: rng.uniform(...row.peak),
    positiveMs: rng.uniform(...row.positive),
    frontToBackDb: rng.uniform(...row.back),
    backStretch: rng.uniform(1.1, 1.7),
    decay: rng.uniform(0.9, 1.3),
    muzzleMps: rng.uniform(...row.speed),
    calibreM: row.calibre,
    bulletLengthM: row.length,
    dragPerM: row.drag,
  };
}

/** Pascals of a peak level. */
export function pascalsOf(dbSpl: number): number {
  return 20e-6 * 10 ** (dbSpl / 20);
}

/** A muzzle blast's wave at one metre in the direction that makes `cosine` with the line of fire. */
export function muzzleBlast(weapon: Weapon, cosine: number): Wave {
  const behind = (1 - cosine) / 2;
  const peakPa = pascalsOf(weapon.peakDbSpl - weapon.frontToBackDb * behind);
  const positiveS = weapon.positiveMs * 1e-3 * (1 + (weapon.backStretch - 1) * behind);
  return friedlander(peakPa, positiveS, weapon.decay);
}
