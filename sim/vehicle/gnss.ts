/** A satellite receiver: slowly wandering error (first-order Gauss-Markov), quality figures, and its loss. */
import { normal } from "./random.ts";

export interface Gnss {
  available: boolean;
  satellites: number;
  hdop: number;
  /** Error of the fix now, metres north, east, up. */
  error: { n: number; e: number; u: number };
}

const timeConstantS = 40;

export const newGnss = (): Gnss => ({ available: true, satellites: 15, hdop: 0.7, error: { n: 0, e: 0, u: 0 } });

/** Advances the error: stationary sigma `sigmaM` horizontally, 1.6 times that vertically. */
export function wander(gnss: Gnss, sigmaM: number, random: () => number, dt: number): void {
  const keep = Math.exp(-dt / timeConstantS);
  const kick = Math.sqrt(1 - keep * keep) * sigmaM;
  gnss.error.n = gnss.error.n * keep + normal(random) * kick;
  gnss.error.e = gnss.error.e * keep + normal(random) * kick;
  gnss.error.u = gnss.error.u * keep + normal(random) * kick * 1.6;
}
