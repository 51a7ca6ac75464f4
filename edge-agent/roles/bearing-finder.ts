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

export type HeardBearing = Exclude<Bearing, { kind: "unsolved" }>;

export class BearingFinder {
  readonly counters = {
    bearings: 0,
    withoutBearing: 0,
    /** Bearings of which one microphone was left out, and impulses whose delays fit no plane wave over the microphones' places. */
    microphoneLeftOut: 0,
    misplaced: 0,
    /** Bearings that were no numbers; none is told. */
    notFinite: 0,
  };
  readonly #rate: number;
  readonly #places: readonly MicrophonePlace[];
  readonly #speedOfSoundMps: number;
  readonly #rings: Ring[];
  readonly #cuts: Float32Array[];
  readonly #leftOut: FaultRow[];
  readonly #misplaced = new FaultRow();
  readonly #find: typeof bearingOf;

  /** 20 degrees Celsius where the air's temperature is not known: 10 degrees off turn a bearing by less than a degree. */
  constructor(sampleRateHz: number, places: readonly MicrophonePlace[], airTempC = 20, find = bearingOf) {
    this.#rate = sampleRateHz;
    this.#places = places;
    // Ideal gas, dry air: 331.3 m/s at 0 degrees Celsius.
    this.#speedOfSoundMps = 331.3 * Math.sqrt(1 + airTempC / 273.15);
    this.#rings = places.map(() => new Ring(Math.ceil(KEEP_S * sampleRateHz)));
    this.#cuts = places.map(() => new Float32Array(Math.round((BEFORE_S + AFTER_S) * sampleRateHz)));
    this.#leftOut = places.map(() => new FaultRow());
    this.#find = find;
  }

  push(channels: readonly Float32Array[]): void {
    for (let i = 0; i < this.#rings.length; i++) {
      const samples = channels[i];
      if (samples) this.#rings[i]!.append(samples, 0, samples.length);
    }
  }

  skip(lostSamples: number): void {
    for (const ring of this.#rings) ring.skip(lostSamples);
  }

  /** What several impulses in a row say of the microphones, one sentence each. */
  faults(): string[] {
    const count = this.#places.length;
    const faults = this.#leftOut.flatMap(({ isTold }, i) =>
      isTold
        ? [
            `microphone ${i + 1} of ${count} has not heard what the others heard, ${IN_A_ROW} impulses in a row (inverted, deaf or noisy?): bearings are told without it`,
          ]
        : [],
    );
    if (this.#misplaced.isTold)
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
    const found = this.#find({
      channels: use.map((i) => this.#cuts[i]!),
      sampleRateHz: this.#rate,
      places: use.map((i) => this.#places[i]!),
      onsetIndex: onsetTick - from,
      speedOfSoundMps: this.#speedOfSoundMps,
    });
    const bearing = this.#checked(found, use);
    this.#note(bearing, use);
    return bearing.kind === "unsolved" ? undefined : bearing;
  }

  /** `leftOut` counted among all microphones; unsolved where a figure is no number, which no message may carry. */
  #checked(found: Bearing, use: readonly number[]): Bearing {
    if (found.kind === "unsolved") return found;
    const figures = found.kind === "bearing" ? [found.bearingDeg] : found.bearingsDeg;
    if (![...figures, found.sigmaDeg].every(Number.isFinite)) {
      this.counters.notFinite += 1;
      return { kind: "unsolved", why: "the bearing is no number" };
    }
    return found.leftOut === undefined ? found : { ...found, leftOut: use[found.leftOut]! };
  }

  /** An impulse that does not repeat a fault ends its row; what was told stays told until the microphone is heard right, or not in use. */
  #note(bearing: Bearing, use: readonly number[]): void {
    const solved = bearing.kind !== "unsolved";
    const leftOut = solved ? bearing.leftOut : undefined;
    const misplaced = !solved && bearing.misplaced === true;
    if (solved) this.counters.bearings += 1;
    else this.counters.withoutBearing += 1;
    if (leftOut !== undefined) this.counters.microphoneLeftOut += 1;
    if (misplaced) this.counters.misplaced += 1;
    for (const [i, row] of this.#leftOut.entries()) row.note(i === leftOut, solved || !use.includes(i));
    this.#misplaced.note(misplaced, solved);
  }
}

/** Counts how often in a row a fault showed. */
class FaultRow {
  #times = 0;
  isTold = false;

  /** @param ends the fault is not there any more, where it did not show. */
  note(shows: boolean, ends: boolean): void {
    this.#times = shows ? this.#times + 1 : 0;
    if (this.#times >= IN_A_ROW) this.isTold = true;
    else if (!shows && ends) this.isTold = false;
  }
}
