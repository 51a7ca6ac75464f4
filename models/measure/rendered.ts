/** Timing and recall on the simulated world, with clips of seeds that nothing was trained on. */
import { createEar } from "#core/acoustics/ear.ts";
import type { Classifier } from "#edge-agent/ports.ts";
import { Rng } from "#sim/rng.ts";
import { type ClipKind, renderTrainingClip } from "#sim/training-clip.ts";
import { classifyAll } from "./classify-all.ts";
import { quantile, rms } from "./statistics.ts";

const RATES = [16000, 48000];

/** An echo within this of the onset is part of what the first arrival's ratio was made of, and of what the clip's was, seconds. */
const SAME_PEAK_S = 0.0025;
const SAME_CLIP_S = 0.05;

/**
 * Errors of the first arrival of single rounds, lamppost microphone, no recorder behind it. Signal-to-noise ratio is that of the
 * first arrival itself, its peak within 2.5 ms: a clip's own ratio is that of whatever is strongest within 50 ms, which behind
 * a building is often what street furniture or a facade scattered. `buried`: the shots whose first arrival is below 6 dB for
 * that reason, which nothing can time. `echoTimed`: those of which only a listed echo within 20 ms was found, the first arrival not.
 * `rmsMsFrom15DbOfClip` counts by the clip's own ratio, less what a listed echo within 50 ms is stronger: nothing is told apart there.
 */
export function measureTiming(count: number, seed = "onset-timing") {
  const found: { snrDb: number; ofClipDb: number; errorS: number; z: number; direct: boolean }[] = [];
  let missed = 0;
  let buried = 0;
  let echoTimed = 0;
  let of = 0;
  for (let i = 0; i < count; i++) {
    const rng = new Rng(`${seed}/${i}`);
    const clipSnrDb = rng.uniform(6, 40);
    const rateHz = RATES[i % 2]!;
    const options = { kind: "gunshot", snrDb: [clipSnrDb, clipSnrDb], clean: true, rateHz } as const;
    const { samples, truth } = renderTrainingClip(rng, options);
    const [first, second] = truth.arrivals;
    if (!first || (second && second.onsetS - first.onsetS < 0.02)) continue;
    const less = (withinS: number) =>
      Math.max(0, ...first.echoes.filter(({ afterS }) => afterS < withinS).map(({ levelDb }) => levelDb));
    const snrDb = truth.firstSnrDb! - less(SAME_PEAK_S);
    const ofClipDb = clipSnrDb - less(SAME_CLIP_S);
    const isBuried = snrDb < 6;
    if (isBuried) buried++;
    else of++;
    let best: { errorS: number; z: number } | undefined;
    const ear = createEar({
      sampleRateHz: rateHz,
      onCandidate: ({ onsetTick, onsetSigmaS }) => {
        const errorS = onsetTick / rateHz - first.onsetS;
        if (Math.abs(errorS) < Math.abs(best?.errorS ?? 0.02)) best = { errorS, z: errorS / onsetSigmaS };
      },
    });
    ear.push(samples);
    ear.flush();
    const timed = best?.errorS ?? 0;
    const isEcho = timed > 0.001 && first.echoes.some(({ afterS }) => Math.abs(timed - afterS) < 0.0005);
    if (best && !isEcho) found.push({ snrDb, ofClipDb, direct: first.path === "direct", ...best });
    else if (isEcho && !isBuried) echoTimed++;
    else if (!isBuried) missed++;
  }
  const summary = (all: typeof found) => {
    const rows = all.filter(({ snrDb }) => snrDb >= 6);
    const strong = rows.filter(({ snrDb }) => snrDb >= 15);
    return {
      shots: rows.length,
      rmsMsFrom15Db: rms(strong.map(({ errorS }) => errorS)) * 1000,
      rmsMsFrom15DbOfClip: rms(all.filter(({ ofClipDb }) => ofClipDb >= 15).map(({ errorS }) => errorS)) * 1000,
      medianMsFrom15Db:
        quantile(
          strong.map(({ errorS }) => Math.abs(errorS)),
          0.5,
        ) * 1000,
      within02MsFrom15Db: strong.filter(({ errorS }) => Math.abs(errorS) <= 0.0002).length / strong.length,
      normalisedRms6To40Db: rms(rows.map(({ z }) => z)),
      normalisedRmsFrom15Db: rms(strong.map(({ z }) => z)),
    };
  };
  const direct = found.filter((row) => row.direct);
  return { of, missed, buried, echoTimed, lineOfSight: summary(direct), all: summary(found) };
}

/** How often each kind of event counts as a gunshot: any impulse of a clip over the threshold. */
export async function measureKinds(classifier: Classifier, perKind: number) {
  const rate = async (name: string, kind: ClipKind, more: object = {}): Promise<[string, number]> => {
    let over = 0;
    for (let i = 0; i < perKind; i++) {
      const { samples, rateHz } = renderTrainingClip(new Rng(`measure-kinds/${name}/${i}`), { kind, ...more });
      const heard = await classifyAll(samples, rateHz, classifier, createEar);
      if (heard.some(({ scores }) => scores.gunshot >= classifier.threshold)) over++;
    }
    return [name, over / perKind];
  };
  const audible = { snrDb: [10, 45] };
  return Object.fromEntries([
    await rate("gunshot 3 to 60 m", "gunshot", { minDistanceM: 3, maxDistanceM: 60, ...audible }),
    await rate("gunshot 60 to 600 m", "gunshot", { minDistanceM: 60, maxDistanceM: 600, ...audible }),
    await rate("firework", "firework"),
    await rate("firecrackers", "firecrackers"),
    await rate("backfire", "backfire"),
    await rate("door", "door"),
    await rate("hammer", "hammer"),
    await rate("metal", "metal"),
    await rate("glass", "glass"),
    await rate("balloon", "balloon"),
    await rate("babble", "babble"),
    await rate("noise", "noise"),
  ]);
}
