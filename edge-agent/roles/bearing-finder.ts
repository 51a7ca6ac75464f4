/** Keeps the last second of every microphone and says from where an impulse came. */
import { bearingOf, type MicrophonePlace } from "#core/acoustics/bearing.ts";
import { Ring } from "#core/acoustics/ring.ts";

/** Sound before the onset that `bearingOf` takes the noise from, and after it. */
const BEFORE_S = 0.15;
const AFTER_S = 0.02;
/** An impulse is handed out about a second after its onset. */
const KEEP_S = 2.5;

export class BearingFinder {
  readonly #rate: number;
  readonly #places: readonly MicrophonePlace[];
  readonly #speedOfSoundMps: number;
  readonly #rings: Ring[];
  readonly #cuts: Float32Array[];

  /** 20 degrees Celsius where the air's temperature is not known: 10 degrees off turn a bearing by less than a degree. */
  constructor(sampleRateHz: number, places: readonly MicrophonePlace[], airTempC = 20) {
    this.#rate = sampleRateHz;
    this.#places = places;
    // Ideal gas, dry air: 331.3 m/s at 0 degrees Celsius.
    this.#speedOfSoundMps = 331.3 * Math.sqrt(1 + airTempC / 273.15);
    this.#rings = places.map(() => new Ring(Math.ceil(KEEP_S * sampleRateHz)));
    this.#cuts = places.map(() => new Float32Array(Math.round((BEFORE_S + AFTER_S) * sampleRateHz)));
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

  /** Undefined where the microphones do not tell. */
  at(onsetTick: number): { bearingDeg: number; sigmaDeg: number } | undefined {
    const before = Math.round(BEFORE_S * this.#rate);
    const from = Math.round(onsetTick) - before;
    for (const [i, ring] of this.#rings.entries()) {
      if (ring.copy(from, this.#cuts[i]!) < this.#cuts[i]!.length) return undefined;
    }
    const bearing = bearingOf({
      channels: this.#cuts,
      sampleRateHz: this.#rate,
      places: this.#places,
      onsetIndex: onsetTick - from,
      speedOfSoundMps: this.#speedOfSoundMps,
    });
    return bearing.kind === "bearing" ? bearing : undefined;
  }
}
