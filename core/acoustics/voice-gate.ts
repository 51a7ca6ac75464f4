/**
 * Whether a clip holds speech, from what voices have and impulses lack: stretches of pitch. A frame counts as voiced where the
 * autocorrelation of its low band has a clear peak at a lag of 2.5 to 14 ms (70 to 400 Hz; L. R. Rabiner, "On the use of autocorrelation
 * analysis for pitch detection", IEEE Trans. ASSP 25(1), 1977) and the pitch moves by little from frame to frame. Engines and sirens
 * have pitch as well: they are taken for voices, which errs on the side of privacy.
 */

export interface SpeechMeasure {
  /** 0 to 1. */
  speechProbability: number;
  /** Frames of 10 ms in the longest stretch of steady pitch. */
  voicedFrames: number;
}

const WORK_RATE_HZ = 4000;
const FRAME_S = 0.04;
const HOP_S = 0.01;
const LONGEST_LAG_S = 0.014;
const SHORTEST_LAG_S = 0.0025;
/** Normalised autocorrelation from which a frame counts as voiced. */
const VOICED = 0.72;
/** Frames of steady pitch at which speech is as likely as not: shorter than a short vowel. */
const HALF_AT = 6;
/** A frame this far below the loudest of the clip is not listened to, nor would a person make out words in it. */
const QUIET_DB = -50;

/** @param clip mono, full scale = 1, 8 kHz or more. */
export function measureSpeech(clip: Float32Array, sampleRateHz: number): SpeechMeasure {
  const low = lowBand(clip, sampleRateHz);
  const length = Math.round(FRAME_S * WORK_RATE_HZ);
  const hop = Math.round(HOP_S * WORK_RATE_HZ);
  const frames: { lag: number; energy: number }[] = [];
  const longest = Math.round(LONGEST_LAG_S * WORK_RATE_HZ);
  for (let at = 0; at + length + longest <= low.length; at += hop) frames.push(pitchOf(low, at, length));
  const loudest = Math.max(1e-12, ...frames.map(({ energy }) => energy));
  const floor = Math.max(1e-10, loudest * 10 ** (QUIET_DB / 10));
  let run = 0;
  let best = 0;
  let before = 0;
  for (const { lag, energy } of frames) {
    const voiced = lag > 0 && energy > floor;
    run = voiced && (run === 0 || Math.abs(Math.log2(lag / before)) < 0.12) ? run + 1 : voiced ? 1 : 0;
    before = lag;
    best = Math.max(best, run);
  }
  return { speechProbability: 1 / (1 + Math.exp(HALF_AT - best)), voicedFrames: best };
}

/** Lag of the pitch in samples of the low band, 0 where there is none. */
function pitchOf(low: Float32Array, at: number, length: number): { lag: number; energy: number } {
  const shortest = Math.round(SHORTEST_LAG_S * WORK_RATE_HZ);
  const longest = Math.round(LONGEST_LAG_S * WORK_RATE_HZ);
  let energy = 0;
  for (let i = 0; i < length; i++) energy += low[at + i]! ** 2;
  let bestLag = 0;
  let best = VOICED;
  let previous = 1;
  let rising = false;
  for (let lag = shortest - 1; lag <= longest; lag++) {
    let dot = 0;
    let shifted = 0;
    for (let i = 0; i < length; i++) {
      dot += low[at + i]! * low[at + i + lag]!;
      shifted += low[at + i + lag]! ** 2;
    }
    const r = dot / Math.sqrt(energy * shifted + 1e-20);
    // A peak, not the slope down from lag 0 that every low-pitched noise has.
    if (rising && r < previous && previous > best) {
      best = previous;
      bestLag = lag - 1;
    }
    rising = r > previous;
    previous = r;
  }
  return { lag: bestLag, energy: energy / length };
}

/** 80 to 1500 Hz at 4 kHz: a one-pole high-pass against wind, a windowed-sinc low-pass, decimated. */
function lowBand(clip: Float32Array, sampleRateHz: number): Float32Array {
  const step = sampleRateHz / WORK_RATE_HZ;
  const half = Math.ceil(8 * step);
  const cut = 1500 / sampleRateHz;
  const taps = Float64Array.from({ length: 2 * half + 1 }, (_, i) => {
    const x = i - half;
    const sinc = x === 0 ? 2 * cut : Math.sin(2 * Math.PI * cut * x) / (Math.PI * x);
    return sinc * (0.5 + 0.5 * Math.cos((Math.PI * x) / (half + 1)));
  });
  const out = new Float32Array(Math.floor(clip.length / step));
  for (let i = 0; i < out.length; i++) {
    const centre = Math.round(i * step);
    let sum = 0;
    for (let k = Math.max(-half, -centre); k <= Math.min(half, clip.length - 1 - centre); k++) {
      sum += clip[centre + k]! * taps[k + half]!;
    }
    out[i] = sum;
  }
  const keep = Math.exp((-2 * Math.PI * 80) / WORK_RATE_HZ);
  let slow = 0;
  for (let i = 0; i < out.length; i++) {
    slow = keep * slow + (1 - keep) * out[i]!;
    out[i]! -= slow;
  }
  return out;
}
