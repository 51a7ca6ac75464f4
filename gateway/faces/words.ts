/** What is known of how often such a match is wrong, in words, for whoever has to judge one. */
import type { FacePossible } from "#contract/face.ts";
import { measuredError } from "#core/faces/measured-error.ts";

const percent = (rate: number) => `${(100 * rate).toPrecision(2)} %`;

/** People who are alike are nearer than people at large: said where it was seen. */
function togetherOf(thresholdDistance: number): string[] {
  const { together } = measuredError;
  if (!together) return [];
  const near = together.smallest.filter((distance) => distance <= thresholdDistance).length;
  return [
    `Of ${together.trials} pairs of different people of like age in one photograph, ${near} were as near as is shown to you.`,
  ];
}

export function knownErrorOf({ score, looks, list, falseAlertRateUpper, falseMatchRateUpper }: FacePossible): string[] {
  return [
    score.words,
    `Distance ${score.distance.toFixed(2)}; up to ${score.thresholdDistance.toFixed(2)} is shown to a person, for a list of ${list.people}.`,
    looks === 1 ? "Seen well once only." : `${looks} good looks were put together.`,
    `A stranger's face is shown to you in up to ${percent(falseAlertRateUpper)} of cases (${percent(falseMatchRateUpper)} per comparison; 95 % limit from ${measuredError.source}).`,
    ...togetherOf(score.thresholdDistance),
    "Error by demographic group: not measured. People of one family look alike to it too.",
  ];
}
