/**
 * The ear: sound in, impulses out. One per microphone channel.
 *
 *   const ear = createEar({ sampleRateHz: 16000, onCandidate: (candidate) => { ... } });
 *   ear.push(samples);          // any block length; allocates nothing; calls back from within
 *   ear.skip(lostSamples);      // an overrun: keeps `onsetTick` true, listens afresh afterwards
 *   ear.flush();                // end of a file: hands out what is still waiting for its sound
 *   ear.clip(fromTick, out);    // copies sound out of the ring, at most MAX_CLIP_S
 *
 * A candidate is handed out, in order of onset, once `holdS` of sound after its onset has been pushed
 * (default: what the classifier wants to hear), so inside the callback
 *
 *   const beforeS = CLIP_BEFORE_S, out = new Float32Array(Math.round((CLIP_BEFORE_S + CLIP_AFTER_S) * rate));
 *   const from = Math.round(candidate.onsetTick) - Math.round(CLIP_BEFORE_S * rate);
 *   ear.clip(from, out);
 *   await classifier.classify(out, rate, (candidate.onsetTick - from) / rate);
 *
 * UTC of an onset: the frame's `utcNs` and `tick` plus (onsetTick - tick) / rate. `onsetTick` counts from the first
 * `push`, so add the device's tick of that first sample.
 */
import { BandEnergies } from "./band-energies.ts";
import type { Candidate } from "./candidate.ts";
import { ECHO_WITHIN_S, echoProbability, LIKENESS_S, likeness, likenessLag } from "./echo.ts";
import { FirstArrivalPicker, pickerWindow } from "./first-arrival.ts";
import { ImpulseTrigger } from "./impulse-trigger.ts";
import { Ring } from "./ring.ts";
import { CUT_OFF_SIGMA_S, isAtEdge, soundFrom } from "./sound-edge.ts";

export type { Candidate } from "./candidate.ts";

/** Sound before and after an onset that the classifier wants: a crackle or a drum is told by the second before. Shorter clips are padded by it. */
export const CLIP_BEFORE_S = 1.05;
export const CLIP_AFTER_S = 0.85;
/** No clip taken from the ring is longer. */
export const MAX_CLIP_S = 2;

/** Sound kept in the ring, seconds: what the privacy limit lets out, and the wait for the classifier. */
const RING_S = 3.2;
/** An impulse is looked at when this much sound after its trigger is there, seconds. */
const LOOK_S = 0.06;
/** Impulses that wait for their sound, at most; more within a second is noise, and is counted as dropped. */
const WAITING = 64;
/** Earlier arrivals that an echo is looked for in. */
const EARLIER = 12;
/** Two arrivals so much alike came the same way: what the one is, round or echo, the other is. */
const ALIKE_FROM = 0.75;

export interface EarOptions {
  sampleRateHz: number;
  onCandidate: (candidate: Candidate) => void;
  /** Seconds of sound after an onset before it is handed out, at most 2. */
  holdS?: number;
}

export interface Ear {
  /** Samples so far, lost ones included. */
  readonly tick: number;
  /** Impulses found, and those dropped because more than 64 were waiting. */
  readonly counters: { found: number; dropped: number };
  push(samples: Float32Array): void;
  skip(lostSamples: number): void;
  flush(): void;
  /** Fills `out` from the ring; what is not held is zero. Returns how many samples were held. Throws RangeError above `MAX_CLIP_S`. */
  clip(fromTick: number, out: Float32Array): number;
}

/** @throws RangeError for a sample rate outside 4 to 400 kHz. */
export function createEar(options: EarOptions): Ear {
  return new StreamingEar(options);
}

class StreamingEar implements Ear {
  readonly counters = { found: 0, dropped: 0 };
  readonly #rate: number;
  readonly #hold: number;
  readonly #onCandidate: (candidate: Candidate) => void;
  readonly #ring: Ring;
  readonly #bands: BandEnergies;
  readonly #trigger: ImpulseTrigger;
  readonly #picker: FirstArrivalPicker;
  readonly #before: number;
  readonly #look: number;
  readonly #window: Float64Array;
  readonly #around: Float32Array;
  readonly #now: Float32Array;
  readonly #then: Float32Array;
  readonly #lag: number;
  /** Hops that triggered and wait for `LOOK_S`; candidates that wait for `holdS`. */
  readonly #triggered: number[] = [];
  readonly #ready: Candidate[] = [];
  readonly #earlier: { onsetTick: number; peakDbFs: number; echoProbability: number }[] = [];
  /** Tick of hop 0: later than 0 after lost samples that were no whole number of hops. */
  #origin = 0;
  #hop = 0;

  constructor({ sampleRateHz, onCandidate, holdS = CLIP_AFTER_S }: EarOptions) {
    if (!(sampleRateHz >= 4000 && sampleRateHz <= 400_000)) {
      throw new RangeError(`sample rate ${sampleRateHz} Hz: must be 4000 to 400000`);
    }
    this.#rate = sampleRateHz;
    this.#hold = Math.round(Math.min(2, Math.max(LOOK_S, holdS)) * sampleRateHz);
    this.#onCandidate = onCandidate;
    this.#ring = new Ring(Math.ceil(RING_S * sampleRateHz));
    this.#bands = new BandEnergies(sampleRateHz);
    this.#trigger = new ImpulseTrigger((hop) => this.#note(hop));
    this.#picker = new FirstArrivalPicker(sampleRateHz);
    const { before, after } = pickerWindow(sampleRateHz);
    this.#before = before;
    this.#look = Math.max(after, Math.round(LOOK_S * sampleRateHz));
    this.#window = new Float64Array(before + after);
    this.#around = new Float32Array(Math.round(0.052 * sampleRateHz));
    this.#lag = likenessLag(sampleRateHz);
    const compared = Math.round(LIKENESS_S * sampleRateHz);
    this.#now = new Float32Array(compared);
    this.#then = new Float32Array(compared + 2 * this.#lag);
  }

  get tick(): number {
    return this.#ring.end;
  }

  push(samples: Float32Array): void {
    for (let i = 0; i < samples.length; ) {
      const to = this.#bands.take(samples, i);
      this.#ring.append(samples, i, to);
      i = to;
      if (!this.#bands.whole()) continue;
      this.#hop++;
      this.#trigger.take(this.#bands.energies, this.#bands.peaks, this.#bands.nonZero === 0);
      if (this.#triggered.length > 0) this.#lookAtTriggered(this.#look);
      if (this.#ready.length > 0) this.#handOut(this.#hold);
    }
  }

  skip(lostSamples: number): void {
    if (lostSamples <= 0) return;
    this.flush();
    this.#ring.skip(lostSamples);
    this.#bands.reset();
    // Hops go on from the first sample after the gap.
    const hops = Math.ceil((this.#ring.end - this.#origin) / this.#bands.hop) - this.#hop;
    this.#trigger.skip(hops);
    this.#hop += hops;
    this.#origin = this.#ring.end - this.#hop * this.#bands.hop;
  }

  flush(): void {
    this.#trigger.finish();
    this.#lookAtTriggered(0);
    this.#handOut(0);
  }

  clip(fromTick: number, out: Float32Array): number {
    if (out.length > MAX_CLIP_S * this.#rate) throw new RangeError(`a clip is ${MAX_CLIP_S} s at most`);
    return this.#ring.copy(fromTick, out);
  }

  #note(hop: number): void {
    if (this.#triggered.length + this.#ready.length >= WAITING) this.counters.dropped++;
    else this.#triggered.push(hop);
  }

  #lookAtTriggered(wait: number): void {
    while (this.#triggered.length > 0) {
      const tick = this.#origin + this.#triggered[0]! * this.#bands.hop;
      if (tick + wait > this.#ring.end) return;
      const candidate = this.#examine(this.#triggered.shift()!, tick);
      if (!candidate) continue;
      this.counters.found++;
      this.#ready.push(candidate);
    }
  }

  #handOut(wait: number): void {
    while (this.#ready.length > 0 && this.#ready[0]!.onsetTick + wait <= this.#ring.end) {
      this.#onCandidate(this.#ready.shift()!);
    }
  }

  #examine(hop: number, tick: number): Candidate | undefined {
    const from = tick - this.#before;
    this.#ring.copy(from, this.#window);
    const sound = soundFrom(this.#window, this.#before, this.#bands.hop);
    const arrival = this.#picker.pick(this.#window, sound);
    const atEdge = isAtEdge(this.#window, arrival.at, sound, this.#bands.hop, this.#rate);
    const onsetTick = Math.max(0, from + arrival.at);
    const last = this.#earlier.at(-1);
    // Two triggers of one wavefront: the second was the rest of the first.
    if (last && onsetTick - last.onsetTick < 0.004 * this.#rate) return undefined;
    this.#ring.copy(Math.round(onsetTick - 0.002 * this.#rate), this.#around);
    const { peak, clipped } = peakOf(this.#around);
    const candidate: Candidate = {
      onsetTick,
      onsetSigmaS: atEdge ? Math.max(arrival.sigmaS, CUT_OFF_SIGMA_S) : arrival.sigmaS,
      ...(atEdge && { atEdge }),
      ...(arrival.picked && !atEdge && { onsetPicked: arrival.picked }),
      snrDb: this.#trigger.prominenceDb(hop, 8),
      peakDbFs: 20 * Math.log10(Math.max(peak, 1e-9)),
      echoProbability: 0,
      clipped,
    };
    candidate.echoProbability = this.#echo(candidate);
    const { peakDbFs, echoProbability } = candidate;
    this.#earlier.push({ onsetTick, peakDbFs, echoProbability });
    if (this.#earlier.length > EARLIER) this.#earlier.shift();
    return candidate;
  }

  #echo(candidate: Candidate): number {
    let highest = 0;
    let most = ALIKE_FROM;
    let asTheOther: number | undefined;
    this.#ring.copy(Math.round(candidate.onsetTick), this.#now);
    for (const earlier of this.#earlier) {
      const laterS = (candidate.onsetTick - earlier.onsetTick) / this.#rate;
      if (laterS > ECHO_WITHIN_S) continue;
      this.#ring.copy(Math.round(earlier.onsetTick) - this.#lag, this.#then);
      const alike = likeness(this.#now, this.#then);
      const ownDb = this.#peakDbBefore(earlier, candidate.onsetTick);
      const p = echoProbability(ownDb - candidate.peakDbFs, alike, laterS);
      highest = Math.max(highest, p);
      if (alike < most) continue;
      most = alike;
      asTheOther = Math.max(p, earlier.echoProbability);
    }
    return asTheOther ?? highest;
  }

  /** How loud an earlier arrival was before this one came: in a burst, what is around its onset holds the next round. */
  #peakDbBefore({ onsetTick, peakDbFs }: Pick<Candidate, "onsetTick" | "peakDbFs">, nextTick: number): number {
    const from = Math.round(onsetTick - 0.002 * this.#rate);
    const until = Math.floor(nextTick - 0.001 * this.#rate) - from;
    if (until >= this.#around.length) return peakDbFs;
    this.#ring.copy(from, this.#around);
    return 20 * Math.log10(Math.max(peakOf(this.#around.subarray(0, Math.max(1, until))).peak, 1e-9));
  }
}

/** Largest |sample|, and whether the converter stood at its limit: three neighbours within half a percent of a large peak. */
function peakOf(samples: Float32Array): { peak: number; clipped: boolean } {
  let peak = 0;
  for (const x of samples) peak = Math.max(peak, Math.abs(x));
  let run = 0;
  let longest = 0;
  for (const x of samples) {
    run = Math.abs(x) >= 0.995 * peak ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return { peak, clipped: peak > 0.5 && longest >= 3 };
}
