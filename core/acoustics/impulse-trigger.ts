/**
 * Says, hop by hop of about 1 ms, where sound rises abruptly above both its long-term floor and its last 10 ms.
 * The first measure is against street noise; the second tells a new arrival from the tail of the one before.
 */
import { BANDS } from "./band-energies.ts";

/**
 * 2 ms of sound above the floor, dB, for each of the bands. The narrower the band, the more its noise fluctuates:
 * 2 ms of it have 2.7, 9, 31 and 26 degrees of freedom at 16 kHz.
 */
const ABOVE_FLOOR_DB = [11, 8, 6, 6];
/** ... and above the mean of the 10 ms that ended 2 ms earlier. */
const ABOVE_BEFORE_DB = [7, 6, 5.5, 5.5];
/** Or: one wave whose square stands this far above the floor's mean square (5.3 sigmas), and above the mean before it, dB. */
const PEAK_ABOVE_FLOOR_DB = 14.5;
const PEAK_ABOVE_BEFORE_DB = 12.5;
/** Arrivals closer than this are one candidate: rounds of an automatic weapon are 80 ms apart. */
const DEAF_HOPS = 40;
/** ... unless the second is this much stronger in any band: a creak just before a shot must not hide it, dB. */
const OVERRULES_DB = 3.5;
/** Memory of the floor, hops. */
const FLOOR_HOPS = 700;
/** Hops over which a floor is first learned. */
const WARM_HOPS = 250;
/** Less sound than this between zeros is an impulse in digital silence, no floor. */
const LEAST_HOPS = 8;
/** Quieter than any converter's own noise, as mean square of full scale. */
const LEAST_FLOOR = 1e-9;
const HISTORY = 512;

const ratio = (db: number) => 10 ** (db / 10);
const ABOVE_FLOOR = ABOVE_FLOOR_DB.map(ratio);
const ABOVE_BEFORE = ABOVE_BEFORE_DB.map(ratio);
const PEAK_ABOVE_FLOOR = ratio(PEAK_ABOVE_FLOOR_DB);
const PEAK_ABOVE_BEFORE = ratio(PEAK_ABOVE_BEFORE_DB);
const OVERRULES = ratio(OVERRULES_DB);

export class ImpulseTrigger {
  /** Long-term mean square of each band, impulses clipped off. */
  readonly floor = new Float64Array(BANDS);
  readonly #history = new Float64Array(HISTORY * BANDS);
  readonly #peaks = new Float64Array(HISTORY * BANDS);
  readonly #silent = new Uint8Array(HISTORY);
  readonly #sorted = new Float64Array(WARM_HOPS);
  /** Hops taken so far, and hops already judged. */
  #taken = 0;
  #judged = 0;
  #heard = 0;
  #warm = false;
  #deafUntil = 0;
  /** Strongest 2 ms of each band since the arrival that made us deaf. */
  readonly #strongest = new Float64Array(BANDS);
  readonly #onTrigger: (hop: number) => void;

  /** `onTrigger` gets the index of the first hop of the rise. */
  constructor(onTrigger: (hop: number) => void) {
    this.#onTrigger = onTrigger;
  }

  /** One hop. `silent`: exact zeros, as padding or a muted converter gives; such hops measure nothing. */
  take(energies: Float64Array, peaks: Float64Array, silent: boolean): void {
    const at = this.#taken % HISTORY;
    for (let b = 0; b < BANDS; b++) {
      this.#history[at * BANDS + b] = energies[b]!;
      this.#peaks[at * BANDS + b] = peaks[b]!;
    }
    this.#silent[at] = silent ? 1 : 0;
    this.#taken++;
    if (this.#warm) this.#judge();
    else if (silent && this.#heard === 0) this.#judged = this.#taken;
    else if (++this.#heard >= WARM_HOPS) this.#warmUp();
  }

  /** End of the sound: judges what came in too short for a floor to be learned as usual. */
  finish(): void {
    if (!this.#warm && this.#heard > 0) this.#warmUp();
  }

  /** After lost samples: the floor stays, the last hops do not count as a quiet before. */
  skip(hops: number): void {
    this.finish();
    this.#taken += hops;
    this.#judged = this.#taken;
    this.#silent.fill(1);
  }

  /** The first floor: the quiet fifth of what was heard so far, so that a recording may begin with its impulse. */
  #warmUp(): void {
    const count = Math.min(this.#heard, WARM_HOPS);
    for (let b = 0; b < BANDS; b++) {
      let n = 0;
      for (let hop = this.#taken - count; hop < this.#taken; hop++) {
        const at = hop % HISTORY;
        if (this.#silent[at] === 0) this.#sorted[n++] = this.#history[at * BANDS + b]!;
      }
      const part = this.#sorted.subarray(0, n).sort();
      this.floor[b] = Math.max(LEAST_FLOOR, n < LEAST_HOPS ? 0 : part[Math.floor(n / 5)]! * 1.5);
    }
    this.#warm = true;
    while (this.#judged < this.#taken) this.#judge();
  }

  #judge(): void {
    const hop = this.#judged++;
    const at = hop % HISTORY;
    if (this.#silent[at] === 1) return;
    const before = (hop - 1 + HISTORY) % HISTORY;
    // An arrival takes some milliseconds to its full strength: that is no second one.
    const deaf = hop < this.#deafUntil;
    const growing = hop < this.#deafUntil - DEAF_HOPS + 5;
    let rises = false;
    for (let b = 0; b < BANDS; b++) {
      const energy = this.#history[at * BANDS + b]!;
      const floor = this.floor[b]!;
      const last = this.#silent[before] === 1 ? energy : this.#history[before * BANDS + b]!;
      const now = (energy + last) / 2;
      const peak = this.#peaks[at * BANDS + b]!;
      const loud = now > ABOVE_FLOOR[b]! * floor;
      const sharp = peak > PEAK_ABOVE_FLOOR * floor;
      if ((loud || sharp) && !growing && !(deaf && now < OVERRULES * this.#strongest[b]!)) {
        const mean = this.#meanBefore(hop, b);
        rises ||= (loud && now > ABOVE_BEFORE[b]! * mean) || (sharp && peak > PEAK_ABOVE_BEFORE * mean);
      }
      if (deaf) this.#strongest[b] = Math.max(this.#strongest[b]!, now);
      // Impulses hardly lift the floor: a hop counts four times the floor at most.
      const counted = energy < 4 * floor ? energy : 4 * floor;
      this.floor[b] = Math.max(LEAST_FLOOR, floor + (counted - floor) / FLOOR_HOPS);
    }
    if (rises) {
      this.#deafUntil = hop + DEAF_HOPS;
      this.#strongest.fill(0);
      this.#onTrigger(hop > 0 ? hop - 1 : 0);
    }
  }

  #meanBefore(hop: number, band: number): number {
    let sum = 0;
    let n = 0;
    for (let k = 3; k <= 12 && k <= hop; k++) {
      const at = (hop - k) % HISTORY;
      if (this.#silent[at] === 1) continue;
      sum += this.#history[at * BANDS + band]!;
      n++;
    }
    return n === 0 ? 0 : Math.max(sum / n, LEAST_FLOOR);
  }

  /** Largest ratio of 2 ms to the floor among the bands, dB, over `count` hops from `hop` on. */
  prominenceDb(hop: number, count: number): number {
    let best = 0;
    for (let h = Math.max(1, hop); h < hop + count && h < this.#taken; h++) {
      for (let b = 0; b < BANDS; b++) {
        const energy =
          (this.#history[(h % HISTORY) * BANDS + b]! + this.#history[((h - 1) % HISTORY) * BANDS + b]!) / 2;
        best = Math.max(best, energy / this.floor[b]!);
      }
    }
    return 10 * Math.log10(best + 1e-12);
  }
}
