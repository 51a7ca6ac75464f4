/** Rendered single rounds with known truth, and how the ear timed the first arrival of each. */
import { createEar } from "#core/acoustics/ear.ts";
import type { Picked } from "#core/acoustics/onset-sigma-stated.ts";
import { Rng } from "#sim/rng.ts";
import { renderTrainingClip } from "#sim/training-clip.ts";

const RATES = [16000, 48000];
/** An echo within this of the onset is part of what the first arrival's ratio was made of, and of what the clip's was, seconds. */
const SAME_PEAK_S = 0.0025;
const SAME_CLIP_S = 0.05;
/** Farther off it is not this arrival that was timed, seconds. */
const WITHIN_S = 0.02;
/** An onset that much behind the first and that near to a listed echo is the echo's, seconds. */
const ECHO_FROM_S = 0.001;
const ECHO_NEAR_S = 0.0005;

export interface FirstArrival {
  /** Number of the clip in its sample. */
  clip: number;
  rateHz: number;
  /** Ratio of the first arrival itself, its peak within 2.5 ms, and of the clip's strongest within 50 ms of it, dB. */
  snrDb: number;
  ofClipDb: number;
  /** Line of sight; else it came round an edge. */
  direct: boolean;
  timed: "first" | "echo" | "nothing";
  /** Told less true, and the sigma stated with it, seconds; 0 where nothing was timed within 20 ms. */
  errorS: number;
  sigmaS: number;
  /** What sigma was made of; undefined where nothing stood out. */
  picked?: Picked;
}

/**
 * Lamppost microphone, no recorder behind it, 6 to 40 dB, every other clip at 16 and at 48 kHz. A clip's own ratio is that of whatever is strongest
 * within 50 ms, which behind a building is often what street furniture or a facade scattered. Rounds whose next follows within 20 ms are left out.
 */
export function* firstArrivals(seed: string, count: number): Generator<FirstArrival> {
  for (let clip = 0; clip < count; clip++) {
    const rng = new Rng(`${seed}/${clip}`);
    const clipSnrDb = rng.uniform(6, 40);
    const rateHz = RATES[clip % 2]!;
    const options = { kind: "gunshot", snrDb: [clipSnrDb, clipSnrDb], clean: true, rateHz } as const;
    const { samples, truth } = renderTrainingClip(rng, options);
    const [first, second] = truth.arrivals;
    if (!first || (second && second.onsetS - first.onsetS < WITHIN_S)) continue;
    const less = (withinS: number) =>
      Math.max(0, ...first.echoes.filter(({ afterS }) => afterS < withinS).map(({ levelDb }) => levelDb));
    let best: { errorS: number; sigmaS: number; picked?: Picked } | undefined;
    const ear = createEar({
      sampleRateHz: rateHz,
      onCandidate: ({ onsetTick, onsetSigmaS, onsetPicked }) => {
        const errorS = onsetTick / rateHz - first.onsetS;
        if (Math.abs(errorS) >= Math.abs(best?.errorS ?? WITHIN_S)) return;
        best = { errorS, sigmaS: onsetSigmaS, ...(onsetPicked && { picked: onsetPicked }) };
      },
    });
    ear.push(samples);
    ear.flush();
    const errorS = best?.errorS ?? 0;
    const isEcho = errorS > ECHO_FROM_S && first.echoes.some(({ afterS }) => Math.abs(errorS - afterS) < ECHO_NEAR_S);
    yield {
      clip,
      rateHz,
      snrDb: truth.firstSnrDb! - less(SAME_PEAK_S),
      ofClipDb: clipSnrDb - less(SAME_CLIP_S),
      direct: first.path === "direct",
      timed: isEcho ? "echo" : best ? "first" : "nothing",
      errorS: 0,
      sigmaS: 0,
      ...best,
    };
  }
}
