/**
 * The diffuse part of a city's echo: what facades scatter instead of reflecting (balconies, bays, parked cars before them), once by
 * Lambert's law, and then again and again with an exponential decay, as in street canyons (Kang, "Sound propagation in street
 * canyons: comparison between diffusely and geometrically reflecting boundaries", JASA 107, 2000). It outlasts and, behind houses,
 * outweighs the first arrival: in the Pittsburgh live-fire recordings as much energy comes from 10 to 50 ms after it as before.
 */
import type { Buildings, Facade } from "../buildings.ts";
import { Rng } from "../rng.ts";
import type { Vec } from "./propagation.ts";

/** Energies as shares of that at one metre, in steps of `stepS` of travel time. */
export interface ScatterTail {
  stepS: number;
  /** From facades that both ends see. */
  open: Float64Array;
  /** From facades that one end or the other does not: heard over the roofs. */
  screened: Float64Array;
  /** Direction from the source to the facade that scatters most. */
  departure: Vec;
  /** Where the single scatterers of the tail stand, in seconds and signed amplitude; the same for each round of a burst. */
  rng: Rng;
}

/** Share of the energy on a facade that it scatters. */
const SCATTERED = 0.5;
/** Mean free path between facades in a street, m, and share of the energy that meets another facade rather than the sky. */
const FREE_PATH_M = 28;
const MET_AGAIN = 0.6;
/** Share of the energy, as it would arrive unhindered, that a street's clutter scatters about each end, and how long that lasts. */
const CLUTTER = 0.2;
const CLUTTER_S = 0.022;
const STEP_S = 0.004;
const LENGTH_S = 1.2;
/** Sight is checked for this many of the strongest; the others take their average. */
const CHECKED = 120;

interface Scatterer {
  energy: number;
  /** First and last step of the sound from its nearest to its farthest part. */
  from: number;
  to: number;
  facade: Facade;
}

/** @returns undefined where no facade scatters anything worth rendering. */
export function scatterTail(
  buildings: Buildings,
  soundMps: number,
  source: Vec,
  microphone: Vec,
  firstS: number,
): ScatterTail | undefined {
  const scatterers = buildings.facades
    .map((facade) => scatterer(facade, source, microphone, soundMps, firstS))
    .filter((each) => each !== undefined)
    .sort((a, b) => b.energy - a.energy);
  const strongest = scatterers[0];
  if (!strongest) return undefined;
  const steps = Math.ceil(LENGTH_S / STEP_S);
  const open = new Float64Array(steps);
  const screened = new Float64Array(steps);
  let seen = 0;
  let checked = 0;
  scatterers.forEach((each, i) => {
    const share = i < CHECKED ? Number(inSight(buildings, each.facade, source, microphone)) : seen / checked;
    if (i < CHECKED) {
      checked += each.energy;
      seen += share * each.energy;
    }
    const energy = each.energy / (each.to - each.from + 1);
    for (let step = each.from; step <= each.to && step < steps; step++) {
      open[step] = open[step]! + share * energy;
      screened[step] = screened[step]! + (1 - share) * energy;
    }
  });
  const straightM = Math.hypot(source[0] - microphone[0], source[1] - microphone[1], source[2] - microphone[2]);
  for (const end of [source, microphone]) addClutter(screened, clutterAbout(buildings, end) / straightM ** 2);
  for (const energies of [open, screened]) scatterAgain(energies, soundMps);
  const [x, y] = middle(strongest.facade);
  const away = Math.hypot(x - source[0], y - source[1]);
  return {
    stepS: STEP_S,
    open,
    screened,
    departure: [(x - source[0]) / away, (y - source[1]) / away, 0],
    rng: new Rng(`tail/${[...source, ...microphone].map((m) => m.toFixed(1)).join()}`),
  };
}

/** How built-up the surroundings are, 0 to 1, times the share that clutter scatters there. */
function clutterAbout(buildings: Buildings, [x, y]: Vec): number {
  const near = buildings.facades.filter((facade) => Math.hypot(facade.a[0] - x, facade.a[1] - y) < 60).length;
  return CLUTTER * Math.min(1, near / 30);
}

/** Parked cars, trees, fences and poles within some ten metres: a short decay. */
function addClutter(energies: Float64Array, energy: number): void {
  const keep = Math.exp(-STEP_S / CLUTTER_S);
  let share = energy * (1 - keep);
  for (let step = 1; step < energies.length && share > 1e-4 * energy; step++) {
    energies[step] = energies[step]! + share;
    share *= keep;
  }
}

/** Lambert: E = s A cos1 cos2 / (pi r1^2 r2^2), from the facade's middle. */
function scatterer(
  facade: Facade,
  source: Vec,
  microphone: Vec,
  soundMps: number,
  firstS: number,
): Scatterer | undefined {
  const [x, y] = middle(facade);
  const dx1 = source[0] - x;
  const dy1 = source[1] - y;
  const dx2 = microphone[0] - x;
  const dy2 = microphone[1] - y;
  const front1 = dx1 * facade.normal[0] + dy1 * facade.normal[1];
  const front2 = dx2 * facade.normal[0] + dy2 * facade.normal[1];
  if (front1 <= 0 || front2 <= 0) return undefined;
  // Nearer than its own size a facade is no point: its energy levels off.
  const widthM = Math.hypot(facade.b[0] - facade.a[0], facade.b[1] - facade.a[1]);
  const r1 = Math.max(Math.hypot(dx1, dy1), widthM / 2);
  const r2 = Math.max(Math.hypot(dx2, dy2), widthM / 2);
  const steps = [facade.a, facade.b, [x, y] as const].map(([px, py]) => {
    const wayM = Math.hypot(source[0] - px, source[1] - py) + Math.hypot(microphone[0] - px, microphone[1] - py);
    return Math.floor((wayM / soundMps - firstS) / STEP_S);
  });
  const from = Math.max(0, Math.min(...steps));
  const to = Math.max(...steps);
  if (to < 0 || from * STEP_S >= LENGTH_S) return undefined;
  const energy = (SCATTERED * widthM * facade.heightM * front1 * front2) / (Math.PI * r1 ** 3 * r2 ** 3);
  return { energy, from, to, facade };
}

/** The upper half of the facade, seen from both. */
function inSight(buildings: Buildings, facade: Facade, source: Vec, microphone: Vec): boolean {
  const [x, y] = middle(facade);
  const at = [x + 0.05 * facade.normal[0], y + 0.05 * facade.normal[1]] as const;
  const up = 0.75 * facade.heightM;
  return (
    buildings.blocking([source[0], source[1]], source[2], at, up).length === 0 &&
    buildings.blocking(at, up, [microphone[0], microphone[1]], microphone[2]).length === 0
  );
}

/** Later scatterings: each energy feeds a decay of rate (1 - g) c / l with g c / l of itself per second. */
function scatterAgain(energies: Float64Array, soundMps: number): void {
  const perS = soundMps / FREE_PATH_M;
  const keep = Math.exp(-perS * (1 - MET_AGAIN) * STEP_S);
  let later = 0;
  for (let i = 0; i < energies.length; i++) {
    const first = energies[i]!;
    energies[i] = first + later * perS * STEP_S;
    later = later * keep + first * MET_AGAIN;
  }
}

function middle(facade: Facade): readonly [number, number] {
  return [(facade.a[0] + facade.b[0]) / 2, (facade.a[1] + facade.b[1]) / 2];
}

/** Scatterers per second of the tail: dense enough to sound like noise (velvet noise, Välimäki et al., DAFx 2013). */
const PER_S = 3000;

/** Instants (s after the first arrival) and signed amplitudes that have the energies of `steps`. */
export function velvet(
  energies: Float64Array,
  stepS: number,
  rng: Rng,
): { lateS: Float64Array; amplitude: Float64Array } {
  const per = Math.max(1, Math.round(PER_S * stepS));
  const lateS = new Float64Array(energies.length * per);
  const amplitude = new Float64Array(energies.length * per);
  energies.forEach((energy, step) => {
    for (let i = 0; i < per; i++) {
      const at = step * per + i;
      lateS[at] = (step + (i + rng.uniform()) / per) * stepS;
      amplitude[at] = rng.normal() * Math.sqrt(energy / per);
    }
  });
  return { lateS, amplitude };
}
