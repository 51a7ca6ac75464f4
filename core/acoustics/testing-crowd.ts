/** Weights for tests of the crowd: those of a card whose scale and bias change nothing. */
import type { CrowdWeights } from "#contract/company.ts";

export const crowdWeights: CrowdWeights = {
  withinS: 2,
  likeDb: 9,
  half: 3.5,
  width: 0.7,
  noShotLogOdds: 0,
  shotLogOddsFrom: 0.8,
  shotShare: 0.1,
  echoDb: 2,
  crowdLogOdds: 2.2,
  echoLogOdds: 1.2,
  scale: 1,
  bias: 0,
};
