/** What happens in the city: events in place and time with their full truth, drawn from a seed. */
import type { EventKind, SoundSource } from "./acoustics/source.ts";
import { drawSource, gunshot } from "./acoustics/sources.ts";
import type { WeaponKind } from "./acoustics/weapons.ts";
import type { Point } from "./buildings.ts";
import { type City, streetPlace } from "./city.ts";
import { Rng } from "./rng.ts";

export interface ScenarioEvent {
  /** Seconds after the scenario's start at which the source begins. */
  atS: number;
  /** Metres east and north of the city's centre. */
  place: Point;
  source: SoundSource;
}

export interface PlaceTruth {
  /** Seconds after the scenario's start. */
  atS: number;
  lat: number;
  lon: number;
  eastM: number;
  northM: number;
}

export interface ShotTruth extends PlaceTruth {
  weapon: WeaponKind;
  /** Rounds of one burst share it. */
  burst: number;
  round: number;
}

export interface DistractorTruth extends PlaceTruth {
  kind: EventKind;
}

export interface Scenario {
  seed: string;
  events: ScenarioEvent[];
  truth: { shots: ShotTruth[]; distractors: DistractorTruth[] };
  /** Until the last sound has died away everywhere. */
  lengthS: number;
}

export interface BurstOptions {
  rounds?: number;
  weapon?: WeaponKind;
  /** Between rounds, s. */
  everyS?: readonly [number, number];
  /** What else happens; a firework and a door by default. */
  distractors?: readonly EventKind[];
  /** Before the first event, s. */
  quietS?: number;
  /** A firework bursts at least this high; from 25 m on by default. */
  burstsFromM?: number;
}

/** One burst somewhere within the network, and other sudden sounds elsewhere in place and time. */
export function burstAmongDistractors(city: City, seed: number | string, options: BurstOptions = {}): Scenario {
  const rng = new Rng(`burst/${seed}`);
  const distractors = options.distractors ?? (["firework", "door"] as const);
  // Slots four seconds apart in random order: nothing overlaps, wherever it is heard.
  const slots = shuffled(
    rng.fork("slots"),
    Array.from({ length: distractors.length + 1 }, (_, i) => i),
  );
  const atS = (slot: number) => (options.quietS ?? 1) + 4.5 * slots[slot]! + rng.uniform(0, 1);
  const place = placeWithin(rng.fork("place"), city);
  const burst = drawBurst(rng.fork("burst"), city, atS(0), place, 0, options);
  const others = distractors.map((kind, i): ScenarioEvent => {
    const each = rng.fork(`distractor/${i}`);
    let source = drawSource(each, kind);
    while (kind === "firework" && Number(source.detail.burstM) < (options.burstsFromM ?? 0))
      source = drawSource(each, kind);
    return { atS: atS(i + 1), place: distractorPlace(each, city, kind, place), source };
  });
  return scenario(city, String(seed), [burst.event, ...others], burst.shots);
}

/** Two people firing within a second of each other, from places at least `apartM` apart. */
export function twoShooters(city: City, seed: number | string, apartM = 60): Scenario {
  const rng = new Rng(`two/${seed}`);
  const first = placeWithin(rng.fork("first"), city);
  const away = rng.fork("second");
  let second = placeWithin(away, city);
  while (distance(first, second) < apartM) second = placeWithin(away, city);
  const bursts = [first, second].map((place, i) =>
    drawBurst(rng.fork(`burst/${i}`), city, 1 + i * rng.uniform(0.1, 0.9), place, i, { rounds: rng.int(1, 4) }),
  );
  return scenario(
    city,
    String(seed),
    bursts.map((b) => b.event),
    bursts.flatMap((b) => b.shots),
  );
}

/** Sudden sounds without any shot, `count` of them, a few seconds apart. */
export function onlyDistractors(city: City, seed: number | string, count = 4): Scenario {
  const rng = new Rng(`distractors/${seed}`);
  const kinds = ["firework", "firecrackers", "backfire", "door", "hammer", "metal", "glass", "balloon"] as const;
  const events = Array.from({ length: count }, (_, i): ScenarioEvent => {
    const each = rng.fork(i);
    const kind = each.pick(kinds);
    return {
      atS: 1 + 4.5 * i + each.uniform(0, 1),
      place: distractorPlace(each, city, kind),
      source: drawSource(each, kind),
    };
  });
  return scenario(city, String(seed), events, []);
}

function drawBurst(
  rng: Rng,
  city: City,
  atS: number,
  place: Point,
  burst: number,
  options: BurstOptions,
): { event: ScenarioEvent; shots: ShotTruth[] } {
  const weapon = options.weapon ?? rng.pick(["45", "40", "9mm"] as const);
  const roundsAtS = [0];
  while (roundsAtS.length < (options.rounds ?? 3))
    roundsAtS.push(roundsAtS[roundsAtS.length - 1]! + rng.uniform(...(options.everyS ?? [0.15, 0.4])));
  const source = gunshot(rng, { weapon, roundsAtS });
  const where = truthOf(city, place, atS, source.heightM);
  return {
    event: { atS, place, source },
    shots: roundsAtS.map((after, round) => ({ ...where, atS: atS + after, weapon, burst, round })),
  };
}

function scenario(city: City, seed: string, events: ScenarioEvent[], shots: ShotTruth[]): Scenario {
  const distractors = events
    .filter(({ source }) => source.kind !== "gunshot")
    .map(({ atS, place, source }) => ({
      ...truthOf(city, place, atS + (source.emissions[source.main ?? 0]?.atS ?? 0), source.heightM),
      kind: source.kind,
    }));
  // The longest way across the city and its echoes, s.
  const travelS = 1600 / 330 + 1;
  const lastS = Math.max(
    ...events.map(
      ({ atS, source }) =>
        atS + Math.max(...source.emissions.map((e) => e.atS + (typeof e.wave === "function" ? 0.1 : e.wave.lengthS))),
    ),
  );
  return {
    seed,
    events: [...events].sort((a, b) => a.atS - b.atS),
    truth: { shots, distractors },
    lengthS: lastS + travelS,
  };
}

function truthOf(city: City, [eastM, northM]: Point, atS: number, upM: number): PlaceTruth {
  const { lat, lon } = city.plane.geodetic({ eastM, northM, upM });
  return { atS, lat, lon, eastM, northM };
}

/** A place in a street within the convex hull of the lampposts, not nearer to its rim than `marginM`. */
export function placeWithin(rng: Rng, city: City, marginM = 20): Point {
  const hull = convexHull(city.lampposts.map(({ at }) => [at.eastM, at.northM] as const));
  for (;;) {
    const place = streetPlace(rng, city);
    const inside = hull.every((a, i) => {
      const b = hull[(i + 1) % hull.length]!;
      const length = distance(a, b);
      return ((b[0] - a[0]) * (place[1] - a[1]) - (b[1] - a[1]) * (place[0] - a[0])) / length >= marginM;
    });
    if (inside) return place;
  }
}

/** Where it can be heard, and at least 150 m from the shots: quiet things happen near some lamppost. */
function distractorPlace(rng: Rng, city: City, kind: EventKind, shots?: Point): Point {
  const loud = kind === "firework" || kind === "firecrackers";
  for (;;) {
    const place = streetPlace(rng, city);
    const nearestM = Math.min(...city.lampposts.map(({ at }) => distance(place, [at.eastM, at.northM])));
    if (!loud && nearestM > 90) continue;
    if (!shots || distance(place, shots) >= 150) return place;
  }
}

/** Andrew's monotone chain, counter-clockwise. */
function convexHull(points: readonly Point[]): Point[] {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const chain = (from: readonly Point[]) => {
    const hull: Point[] = [];
    for (const p of from) {
      while (hull.length >= 2) {
        const [a, b] = [hull[hull.length - 2]!, hull[hull.length - 1]!];
        if ((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) > 0) break;
        hull.pop();
      }
      hull.push(p);
    }
    return hull.slice(0, -1);
  };
  return [...chain(sorted), ...chain(sorted.reverse())];
}

function shuffled<T>(rng: Rng, items: T[]): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = rng.int(0, i);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}
