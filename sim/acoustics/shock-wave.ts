/** The shock wave of a supersonic bullet: where it leaves the trajectory, when it is heard, how strong and how long it is. */
import { nWave, type Wave } from "./wave.ts";
import type { Weapon } from "./weapons.ts";

type Vec = readonly [number, number, number];

export interface Shot {
  muzzle: Vec;
  /** Unit vector of the line of fire. */
  direction: Vec;
  weapon: Weapon;
  /** The bullet's way until it stops, m. */
  rangeM: number;
}

export interface ShockArrival {
  /** The point of the trajectory that the sound comes from. */
  from: Vec;
  /** Flight of the bullet to that point, s; the sound's travel from there comes on top. */
  flightS: number;
  /** Distance of the listener from the line of fire. */
  missM: number;
  mach: number;
  wave: Wave;
  durationS: number;
  peakPa: number;
}

/** Bullet's flight time to `x` metres for v = v0 exp(-k x). */
function flightTo(weapon: Weapon, x: number): number {
  return Math.expm1(weapon.dragPerM * x) / (weapon.dragPerM * weapon.muzzleMps);
}

/**
 * Whitham's far-field N-wave ("The flow pattern of a supersonic projectile", Comm. Pure Appl. Math. 5, 1952; as in Maher 2006):
 * p = 0.53 p0 (M^2-1)^(1/8) d / (b^(3/4) l^(1/4)), T = 1.82 M b^(1/4) d / (c (M^2-1)^(3/8) l^(1/4)), with
 * calibre d, length l, distance b. Rays leave at the Mach angle, which opens as the bullet slows down.
 * @returns undefined where no shock wave is heard: subsonic there, behind the muzzle, or beyond the end of the flight.
 */
export function shockArrival(
  shot: Shot,
  listener: Vec,
  soundMps: number,
  pressureKPa: number,
): ShockArrival | undefined {
  const { weapon, muzzle, direction } = shot;
  const to = [listener[0] - muzzle[0], listener[1] - muzzle[1], listener[2] - muzzle[2]] as const;
  const along = to[0] * direction[0] + to[1] * direction[1] + to[2] * direction[2];
  const missM = Math.sqrt(Math.max(0, to[0] ** 2 + to[1] ** 2 + to[2] ** 2 - along * along));
  if (missM < 0.5) return undefined;
  // The first arrival makes flight(x) + distance(x) / c stationary: (along - x) / distance = 1 / M(x). Bisection from the muzzle on.
  const excess = (x: number) =>
    (along - x) / Math.hypot(along - x, missM) - soundMps / (weapon.muzzleMps * Math.exp(-weapon.dragPerM * x));
  const supersonicM = Math.log(weapon.muzzleMps / soundMps) / weapon.dragPerM;
  // The ground stops the bullet.
  const groundM = direction[2] < 0 ? muzzle[2] / -direction[2] : Number.POSITIVE_INFINITY;
  const endM = Math.min(shot.rangeM, supersonicM, groundM);
  if (endM <= 0 || excess(0) <= 0 || excess(endM) >= 0) return undefined;
  let low = 0;
  let high = endM;
  for (let turn = 0; turn < 60; turn++) {
    const middle = (low + high) / 2;
    if (excess(middle) > 0) low = middle;
    else high = middle;
  }
  const x = (low + high) / 2;
  const mach = (weapon.muzzleMps * Math.exp(-weapon.dragPerM * x)) / soundMps;
  const excessMach = mach * mach - 1;
  if (excessMach < 0.02) return undefined;
  const d = weapon.calibreM;
  const l = weapon.bulletLengthM;
  const peakPa = (0.53 * pressureKPa * 1000 * excessMach ** 0.125 * d) / (missM ** 0.75 * l ** 0.25);
  const durationS = (1.82 * mach * missM ** 0.25 * d) / (soundMps * excessMach ** 0.375 * l ** 0.25);
  return {
    from: [muzzle[0] + x * direction[0], muzzle[1] + x * direction[1], muzzle[2] + x * direction[2]],
    flightS: flightTo(weapon, x),
    missM,
    mach,
    wave: nWave(peakPa, durationS),
    durationS,
    peakPa,
  };
}
