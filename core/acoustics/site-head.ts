/**
 * A lamppost's own correction of the classifier: a small head on the frozen embedding, refitted from reviewers' verdicts.
 *   logit p' = scale * logit p + bias + weights . embedding
 * With `{ scale: 1, bias: 0, weights: 0 }` nothing is changed; fitting pulls towards that, so that few verdicts change little.
 */
import type { Scores } from "#contract/shot.ts";
import { logOdds, probabilityOf, withGunshot } from "./scores.ts";

export interface SiteHead {
  scale: number;
  bias: number;
  weights: number[];
}

/** What a reviewer said of something this node had heard. */
export interface Example {
  embedding: Float32Array;
  /** The classifier's probability of a gunshot, uncorrected. */
  probability: number;
  gunshot: boolean;
  /** Arrivals of one incident got one verdict: they are never split between fitting and judging. */
  incident: string;
}

/** Loss of a set of probabilities against verdicts, and how many shots it would keep. */
export interface Judged {
  /** Mean negative log likelihood, nats; every incident counts alike. */
  loss: number;
  /** Confirmed shots at or above the threshold, and all confirmed shots. */
  kept: number;
  shots: number;
}

export interface Comparison {
  baseline: Judged;
  adapted: Judged;
  /** Should the new head replace the old? */
  better: boolean;
  why: string;
}

export const FOLDS = 5;
/** Incidents of either kind that a head needs: below, a mistake of one reviewer would steer it. */
export const LEAST_OF_A_KIND = 5;
export const LEAST_INCIDENTS = 20;
/** A new head must lower the loss by this share on incidents that it was not fitted on. */
const MARGIN = 0.05;
const CLIP = 1e-4;

const bounded = (p: number) => Math.min(1 - CLIP, Math.max(CLIP, p));

export function correctedProbability(head: SiteHead, embedding: ArrayLike<number>, probability: number): number {
  let z = head.scale * logOdds(probability, CLIP) + head.bias;
  for (let i = 0; i < head.weights.length; i++) z += head.weights[i]! * (embedding[i] ?? 0);
  return probabilityOf(z);
}

/** The scores with the corrected probability of a gunshot. */
export function correctedScores(head: SiteHead, embedding: ArrayLike<number>, scores: Scores): Scores {
  return withGunshot(scores, correctedProbability(head, embedding, scores.gunshot));
}

/** Are there verdicts enough to fit a head? */
export function enough(examples: readonly Example[]): { ok: boolean; why: string } {
  const kinds = { shot: new Set<string>(), other: new Set<string>() };
  for (const { incident, gunshot } of examples) kinds[gunshot ? "shot" : "other"].add(incident);
  const [shots, others] = [kinds.shot.size, kinds.other.size];
  const ok = shots >= LEAST_OF_A_KIND && others >= LEAST_OF_A_KIND && shots + others >= LEAST_INCIDENTS;
  const need = `needs ${LEAST_INCIDENTS} reviewed incidents with ${LEAST_OF_A_KIND} of either kind`;
  return { ok, why: `${shots} confirmed and ${others} dismissed incidents; ${need}` };
}

/** Splits examples by incident, so that each incident is judged by a head that never saw it. Same examples, same folds. */
export function foldsOf(examples: readonly Example[]): { fit: Example[]; judge: Example[] }[] {
  const byKind = [...new Set(examples.map(({ incident }) => incident))].sort((a, b) => {
    const kind = (id: string) => (examples.find(({ incident }) => incident === id)!.gunshot ? 0 : 1);
    return kind(a) - kind(b) || (a < b ? -1 : 1);
  });
  const foldOf = new Map(byKind.map((incident, i) => [incident, i % FOLDS]));
  return Array.from({ length: FOLDS }, (_, fold) => ({
    fit: examples.filter(({ incident }) => foldOf.get(incident) !== fold),
    judge: examples.filter(({ incident }) => foldOf.get(incident) === fold),
  }));
}

/** @param probabilities one per example, in their order. */
export function judge(examples: readonly Example[], probabilities: readonly number[], threshold: number): Judged {
  const perIncident = new Map<string, { loss: number; count: number }>();
  let kept = 0;
  let shots = 0;
  examples.forEach(({ gunshot, incident }, i) => {
    const p = bounded(probabilities[i]!);
    const entry = perIncident.get(incident) ?? { loss: 0, count: 0 };
    entry.loss -= Math.log(gunshot ? p : 1 - p);
    entry.count += 1;
    perIncident.set(incident, entry);
    if (gunshot) {
      shots += 1;
      if (p >= threshold) kept += 1;
    }
  });
  const losses = [...perIncident.values()].map(({ loss, count }) => loss / count);
  return { loss: losses.reduce((sum, loss) => sum + loss, 0) / Math.max(1, losses.length), kept, shots };
}

/** The rule by which a new head replaces what is in use: lower loss on unseen incidents, and no confirmed shot lost. */
export function compare(baseline: Judged, adapted: Judged): Comparison {
  const gain = 1 - adapted.loss / baseline.loss;
  const percent = `${(100 * gain).toFixed(0)} % less loss on incidents that it was not fitted on`;
  if (!(gain >= MARGIN))
    return { baseline, adapted, better: false, why: `only ${percent}; ${100 * MARGIN} % are needed` };
  if (adapted.kept < baseline.kept) {
    return {
      baseline,
      adapted,
      better: false,
      why: `it would lose ${baseline.kept - adapted.kept} confirmed shots of ${baseline.shots}`,
    };
  }
  return { baseline, adapted, better: true, why: percent };
}
