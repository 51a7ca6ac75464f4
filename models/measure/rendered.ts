/** Timing and recall on the simulated world, with clips of seeds that nothing was trained on. */
import { createEar } from "#core/acoustics/ear.ts";
import type { Classifier } from "#edge-agent/ports.ts";
import { Rng } from "#sim/rng.ts";
import { type ClipKind, renderTrainingClip } from "#sim/training-clip.ts";
import { classifyAll } from "./classify-all.ts";
import { type FirstArrival, firstArrivals } from "./first-arrivals.ts";
import { quantile, rms } from "./statistics.ts";

/**
 * Errors of the first arrival of single rounds (`firstArrivals`). `buried`: the shots whose first arrival is below 6 dB for
 * what is stronger behind it, which nothing can time. `echoTimed`: those of which only a listed echo within 20 ms was found, the first arrival not.
 * `rmsMsFrom15DbOfClip` counts by the clip's own ratio, less what a listed echo within 50 ms is stronger: nothing is told apart there.
 */
export function measureTiming(count: number, seed = "onset-timing") {
  const found: FirstArrival[] = [];
  let missed = 0;
  let buried = 0;
  let echoTimed = 0;
  let of = 0;
  for (const arrival of firstArrivals(seed, count)) {
    const isBuried = arrival.snrDb < 6;
    if (isBuried) buried++;
    else of++;
    if (arrival.timed === "first") found.push(arrival);
    else if (arrival.timed === "echo" && !isBuried) echoTimed++;
    else if (!isBuried) missed++;
  }
  const summary = (all: readonly FirstArrival[]) => {
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
      normalisedRms6To40Db: rms(rows.map(({ errorS, sigmaS }) => errorS / sigmaS)),
      normalisedRmsFrom15Db: rms(strong.map(({ errorS, sigmaS }) => errorS / sigmaS)),
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
