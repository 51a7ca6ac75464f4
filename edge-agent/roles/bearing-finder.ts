/** Keeps the last seconds of every microphone, says from where an impulse came, and which microphone keeps hearing something else. */
import { type Bearing, bearingOf, type MicrophonePlace } from "#core/acoustics/bearing.ts";
import { Ring } from "#core/acoustics/ring.ts";

/** Sound before the onset that `bearingOf` takes the noise from, and after it. */
const BEFORE_S = 0.15;
const AFTER_S = 0.02;
/** An impulse is handed out about a second after its onset. */
const KEEP_S = 2.5;
/** So many impulses in a row are no chance. */
const IN_A_ROW = 5;

export interface HeardBearing {
  bearingDeg: number;
  sigmaDeg: number;
  /** Of microphones in one line the other side, as likely. */
  mirrorDeg?: number;
}

export class BearingFinder {
  readonly counters = {
    bearings: 0,
    withoutBearing: 0,
    /** Bearings of which one microphone was left out, and impulses whose delays fit no plane wave over the microphones' places. */
    microphoneLeftOut: 0,
    misplaced: 0,
  };
  readonly #rate: number;
  readonly #places: readonly MicrophonePlace[];
  readonly #speedOfSoundMps: number;
  readonly #rings: Ring[];
  readonly #cuts: Float32Array[];
  readonly #leftOutInARow: number[];
  #misplacedInARow = 0;

  /** 20 degrees Celsius where the air's temperature is not known: 10 degrees off turn a bearing by less than a degree. */
  constructor(sampleRateHz: number, places: readonly MicrophonePlace[], airTempC = 20) {
    this.#rate = sampleRateHz;
    this.#places = places;
    // Ideal gas, dry air: 331.3 m/s at 0 degrees Celsius.
    this.#speedOfSoundMps = 331.3 * Math.sqrt(1 + airTempC / 273.15);
    this.#rings = places.map(() => new Ring(Math.ceil(KEEP_S * sampleRateHz)));
    this.#cuts = places.map(() => new Float32Array(Math.round((BEFORE_S + AFTER_S) * sampleRateHz)));
    this.#leftOutInARow = places.map(() => 0);
  }

  push(channels: readonly Float32Array[]): void {
    for (const [i, ring] of this.#rings.entries()) {
      const samples = channels[i];
      if (samples) ring.append(samples, 0, samples.length);
    }
  }

  skip(lostSamples: number): void {
    for (const ring of this.#rings) ring.skip(lostSamples);
  }

  /** What several impulses in a row say of the microphones, one sentence each. */
  faults(): string[] {
    const count = this.#places.length;
    const faults = this.#leftOutInARow.flatMap((times, i) =>
      times < IN_A_ROW
        ? []
        : [
            `microphone ${i + 1} of ${count} has not heard what the others heard, ${IN_A_ROW} impulses in a row (inverted, deaf or noisy?): bearings are told without it`,
          ],
    );
    if (this.#misplacedInARow >= IN_A_ROW)
      faults.push(
        `the delays between the microphones fit no plane wave, ${IN_A_ROW} impulses in a row: look for swapped cables and wrong places`,
      );
    return faults;
  }

  /** Undefined where the microphones do not tell. @param isDead leaves that microphone out. */
  at(onsetTick: number, isDead: (channel: number) => boolean): HeardBearing | undefined {
    const before = Math.round(BEFORE_S * this.#rate);
    const from = Math.round(onsetTick) - before;
    const use: number[] = [];
    for (const [i, ring] of this.#rings.entries()) {
      if (!isDead(i) && ring.copy(from, this.#cuts[i]!) === this.#cuts[i]!.length) use.push(i);
    }
    const bearing = bearingOf({
      channels: use.map((i) => this.#cuts[i]!),
      sampleRateHz: this.#rate,
      places: use.map((i) => this.#places[i]!),
      onsetIndex: onsetTick - from,
      speedOfSoundMps: this.#speedOfSoundMps,
    });
    this.#note(bearing, use);
    if (bearing.kind === "unsolved") return undefined;
    const { sigmaDeg } = bearing;
    if (bearing.kind === "bearing") return { bearingDeg: bearing.bearingDeg, sigmaDeg };
    const [bearingDeg, mirrorDeg] = bearing.bearingsDeg;
    return { bearingDeg, sigmaDeg, mirrorDeg };
  }

  #note(bearing: Bearing, use: readonly number[]): void {
    if (bearing.kind === "unsolved") {
      this.counters.withoutBearing += 1;
      if (!bearing.misplaced) return;
      this.counters.misplaced += 1;
      this.#misplacedInARow += 1;
      return;
    }
    this.counters.bearings += 1;
    this.#misplacedInARow = 0;
    if (bearing.leftOut !== undefined) this.counters.microphoneLeftOut += 1;
    for (const [n, i] of use.entries())
      this.#leftOutInARow[i] = n === bearing.leftOut ? this.#leftOutInARow[i]! + 1 : 0;
  }
}
