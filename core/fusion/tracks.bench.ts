/** Tracks of people who cross before a moving robot, with misses and clutter, beside nearest neighbour without a gate. */
import { crossing, figuresOf, nearestNeighbour, square } from "./testing-crossings.ts";
import type { Look } from "./track-types.ts";
import { Tracker } from "./tracker.ts";

const round = (x: number) => Math.round(x * 1e4) / 1e4;
const own = () => {
  const tracker = new Tracker();
  return (look: Look) => {
    tracker.look(look);
    return tracker.tracks(look.timeS).map(({ id, xyM: [x, y] }) => ({ id, x, y }));
  };
};

for (const [name, change] of [
  ["6 people, 90 % detected, 1 false a look", {}],
  ["6 people, 70 % detected, 3 false a look", { detects: 0.7, falsePerLook: 3 }],
  ["nobody, 3 false a look", { walkers: 0, falsePerLook: 3 }],
] as const) {
  const worlds = Array.from({ length: 12 }, (_, i) => ({ ...square, ...change, seed: 100 + i }));
  const [ours, peer] = [figuresOf(worlds, own), figuresOf(worlds, nearestNeighbour)];
  const say = (figure: string, key: keyof typeof ours, unit: string) =>
    Number.isFinite(ours[key]) &&
    console.log(
      JSON.stringify({
        bench: "fusion",
        figure: `${name}: ${figure}`,
        value: round(ours[key]),
        unit,
        peer: { name: "nearest neighbour without a gate", value: round(peer[key]) },
      }),
    );
  if (worlds[0]!.walkers > 0) {
    say("OSPA (order 1, cut-off 5 m)", "ospaM", "m");
    say("position RMSE", "rmseM", "m");
    say("identity switches in 12 minutes", "identitySwitches", "1");
    say("share of people and looks followed", "followed", "1");
  }
  say("false tracks", "falseTracksPerHour", "1/h");
}

const looks = crossing({ ...square, walkers: 20, falsePerLook: 5 });
let best = Number.POSITIVE_INFINITY;
for (let i = 0; i < 5; i++) {
  const tracker = new Tracker();
  const began = performance.now();
  for (const { look } of looks) tracker.look(look);
  best = Math.min(best, ((performance.now() - began) * 1000) / looks.length);
}
console.log(
  JSON.stringify({ bench: "fusion", figure: "time per look, 20 people and 5 false", value: round(best), unit: "us" }),
);
