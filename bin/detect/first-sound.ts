/**
 * What a recording begins with. A lamppost learns the street's noise before it judges; a recording that is cut right at a shot and pressed to
 * one level has no noise of its own to learn, so that it is heard once more with a quiet put before it.
 */
import { type Candidate, createEar } from "#core/acoustics/ear.ts";
import { CUT_OFF_SIGMA_S } from "#core/acoustics/sound-edge.ts";

/** The ear learns its first floor in so much sound: what is in it is heard again, seconds. */
const BEGINNING_S = 0.25;
/** The quiet before: longer than the ear learns. */
const QUIET_S = 0.3;
/** The quietest and the loudest of so long windows tell how quiet the recording itself begins, seconds. */
const WINDOW_S = 0.005;
/** A quiet is as quiet as that, against the loudest window, or it is none, as a ratio of mean squares. */
const QUIET = 0.01;
/** Nothing is quieter than a converter of 16 bits, as mean square of full scale. */
const LEAST = 1e-10;
/** Sound that the ear wants behind an onset, seconds. */
const BEHIND_S = 0.3;
/** Noise that a recording begins in the middle of goes on: an event has fallen by so much (ratio of mean squares) in windows of so long, or the recording has ended, seconds. */
const FALLS = 4;
const EVENT_WINDOW_S = 0.1;
const FALLS_WITHIN_S = 3;
const SHORT_S = 1.5;
/** What was heard by itself so near is the same sound, seconds. */
const SAME_S = 0.04;
/** Who cuts a recording at a shot leaves less nothing before it; a recorder that fills its file up with zeros began in the street's noise, seconds. */
const PADDED_S = 0.5;
/** What begins so near to the first sample began before it, seconds. */
const CUT_OFF_S = 0.001;

/**
 * @param heard what the ear found without a quiet before, in order of onset
 * @returns what begins the recording, where the ear found nothing there and it is no noise that goes on; its `snrDb` is against that quiet, at least 20 dB below the sound
 */
export function firstSound(
  samples: Float32Array,
  sampleRateHz: number,
  heard: readonly Candidate[],
): Candidate | undefined {
  const start = samples.findIndex((x) => x !== 0);
  if (start < 0 || start > PADDED_S * sampleRateHz) return undefined;
  const before = Math.round(QUIET_S * sampleRateHz);
  const sound = samples.subarray(start, start + Math.ceil((BEGINNING_S + BEHIND_S) * sampleRateHz));
  const padded = new Float32Array(before + sound.length);
  fillWithNoise(padded.subarray(0, before), quietOf(sound.subarray(0, BEGINNING_S * sampleRateHz), sampleRateHz));
  padded.set(sound, before);
  let first: Candidate | undefined;
  const ear = createEar({
    sampleRateHz,
    onCandidate: (candidate) => {
      // The noise itself triggers now and then.
      if (candidate.onsetTick >= before - WINDOW_S * sampleRateHz) first ??= candidate;
    },
  });
  ear.push(padded);
  ear.flush();
  if (!first || first.onsetTick > before + BEGINNING_S * sampleRateHz) return undefined;
  const laterTicks = Math.max(0, first.onsetTick - before);
  const onsetTick = start + laterTicks;
  const [known] = heard;
  if (known && known.onsetTick < onsetTick + SAME_S * sampleRateHz) return undefined;
  if (goesOn(samples.subarray(onsetTick), sampleRateHz)) return undefined;
  if (laterTicks >= CUT_OFF_S * sampleRateHz) return { ...first, onsetTick };
  return { ...first, onsetTick, onsetSigmaS: Math.max(first.onsetSigmaS, CUT_OFF_SIGMA_S), atEdge: true };
}

function goesOn(sound: Float32Array, sampleRateHz: number): boolean {
  if (sound.length < SHORT_S * sampleRateHz) return false;
  const levels = meanSquares(sound.subarray(0, FALLS_WITHIN_S * sampleRateHz), EVENT_WINDOW_S * sampleRateHz);
  return Math.min(...levels) > levels[0]! / FALLS;
}

/** Mean square of the quietest window, or of what is quiet against the loudest one. */
function quietOf(sound: Float32Array, sampleRateHz: number): number {
  const levels = meanSquares(sound, WINDOW_S * sampleRateHz);
  return Math.max(LEAST, Math.min(Math.min(...levels), QUIET * Math.max(...levels)));
}

/** Of each whole window; of all there is where that is less than one. */
function meanSquares(sound: Float32Array, windowTicks: number): number[] {
  const window = Math.max(1, Math.min(sound.length, Math.round(windowTicks)));
  return Array.from({ length: Math.floor(sound.length / window) }, (_, n) => {
    let sum = 0;
    for (const x of sound.subarray(n * window, (n + 1) * window)) sum += x * x;
    return sum / window;
  });
}

/** The same each time: a recording is heard alike whenever it is heard (Lehmer's generator, S. Park and K. Miller, 1988). */
function fillWithNoise(out: Float32Array, meanSquare: number): void {
  const amplitude = Math.sqrt(3 * meanSquare);
  let state = 1;
  for (let i = 0; i < out.length; i++) {
    state = (state * 16_807) % 2_147_483_647;
    out[i] = amplitude * ((2 * state) / 2_147_483_647 - 1);
  }
}
