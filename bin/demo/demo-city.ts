/** The city that the demo plays in: low houses with gardens, twenty lampposts on 1.2 by 1.2 km, display rockets for distractors. */
import { type City, makeCity } from "#sim/city.ts";
import { burstAmongDistractors, type Scenario } from "#sim/scenarios.ts";

export const DEMO_NODES = 20;

export function demoCity(seed: number, nodes = DEMO_NODES): City {
  return makeCity(seed, { nodes, density: 0.4, tall: 0 });
}

/** A rocket that bursts lower than 70 m is now and then taken for a shot: docs/bench/chain.md has the figures for those. */
export function demoScenario(city: City, seed: number | string): Scenario {
  return burstAmongDistractors(city, seed, { burstsFromM: 70, quietS: 2 });
}
