/**
 * People who cross before a moving robot's camera, with misses and clutter; figures of a tracker on it; and the peer: nearest neighbour
 * without a gate. For tests and benches; shares nothing with the tracker but its types.
 */
import { Rng } from "#sim/rng.ts";
import type { Look, Sighting } from "./track-types.ts";

export interface CrossingWorld {
  seed: number;
  walkers: number;
  lastsS: number;
  looksHz: number;
  detects: number;
  falsePerLook: number;
  azimuthSigmaRad: number;
  rangeSigmaShare: number;
}

export const square: CrossingWorld = {
  seed: 1,
  walkers: 6,
  lastsS: 60,
  looksHz: 5,
  detects: 0.9,
  falsePerLook: 1,
  azimuthSigmaRad: 0.01,
  rangeSigmaShare: 0.05,
};

export interface Said {
  id: number;
  x: number;
  y: number;
}

export interface Figures {
  rmseM: number;
  /** Optimal sub-pattern assignment, order 1, cut-off 5 m: mean over looks (Schuhmacher, Vo and Vo, 2008). */
  ospaM: number;
  identitySwitches: number;
  falseTracksPerHour: number;
  /** Share of walkers and looks that a track was on. */
  followed: number;
}

const HALF_M = 15;
const FAR_M = 45;
const CUT_M = 5;
/** A track within this of a walker is on the walker. */
const ON_M = 2;
const SETTLED_S = 3;

/** Walkers go straight through the square and turn at its edge towards a point near its middle: ways cross. */
export function crossing(world: CrossingWorld) {
  const rng = new Rng(`crossing-${world.seed}`);
  const walkers = Array.from({ length: world.walkers }, () => {
    const way = 6.28 * rng.uniform();
    return { x: HALF_M * Math.cos(way), y: 20 + HALF_M * Math.sin(way), vx: 0, vy: 0, toX: 0, toY: 0 };
  });
  const aim = (w: (typeof walkers)[number]) => {
    const [tx, ty] = [6 * rng.uniform() - 3, 20 + 6 * rng.uniform() - 3];
    const speed = 1 + 0.6 * rng.uniform();
    const far = Math.hypot(tx - w.x, ty - w.y);
    w.toX = (speed * (tx - w.x)) / far;
    w.toY = (speed * (ty - w.y)) / far;
  };
  walkers.forEach(aim);
  const dt = 1 / world.looksHz;
  const looks: { look: Look; truth: { x: number; y: number }[] }[] = [];
  for (let step = 0; step < world.lastsS * world.looksHz; step++) {
    for (const w of walkers) {
      // Nobody turns on the spot: the new way is taken up within a second or so.
      w.vx += (w.toX - w.vx) * dt * 1.5;
      w.vy += (w.toY - w.vy) * dt * 1.5;
      w.x += w.vx * dt + 0.02 * rng.normal();
      w.y += w.vy * dt + 0.02 * rng.normal();
      if (Math.hypot(w.x, w.y - 20) > HALF_M && w.x * w.toX + (w.y - 20) * w.toY > 0) aim(w);
    }
    const fromM: [number, number] = [-5 + 10 * (step / (world.lastsS * world.looksHz)), 0];
    const sightings: Sighting[] = [];
    const see = (azimuth: number, range: number) =>
      sightings.push({
        azimuthRad: azimuth + world.azimuthSigmaRad * rng.normal(),
        azimuthSigmaRad: world.azimuthSigmaRad,
        rangeM: Math.max(0.5, range * (1 + world.rangeSigmaShare * rng.normal())),
        rangeSigmaM: world.rangeSigmaShare * range,
        kinds: { person: 0.9 },
      });
    for (const w of walkers)
      if (rng.uniform() < world.detects)
        see(Math.atan2(w.y - fromM[1], w.x - fromM[0]), Math.hypot(w.x - fromM[0], w.y - fromM[1]));
    for (let p = Math.exp(-world.falsePerLook), k = rng.uniform(); k > p; k *= rng.uniform())
      see(Math.PI * rng.uniform(), FAR_M * Math.sqrt(rng.uniform()));
    looks.push({
      look: {
        timeS: step * dt,
        sensor: "front",
        fromM,
        view: { azimuthRad: Math.PI / 2, widthRad: Math.PI, maxRangeM: FAR_M },
        detects: world.detects,
        falsePerLook: world.falsePerLook,
        sees: ["person", "vehicle"],
        sightings: sightings.sort((a, b) => a.azimuthRad - b.azimuthRad),
      },
      truth: walkers.map(({ x, y }) => ({ x, y })),
    });
  }
  return looks;
}

/** Plays the world to a tracker and counts. */
export function figuresOf(worlds: readonly CrossingWorld[], make: () => (look: Look) => Said[]): Figures {
  let [square, on, missed, ospa, looks, switches, hours] = [0, 0, 0, 0, 0, 0, 0];
  let falseTracks = 0;
  for (const world of worlds) {
    const track = make();
    const who = new Map<number, number>();
    const offS = new Map<number, number>();
    const counted = new Set<number>();
    hours += world.lastsS / 3600;
    for (const { look, truth } of crossing(world)) {
      const said = track(look);
      const pairs = nearestPairs(truth, said, who);
      for (const each of said) {
        const near = truth.some((t) => Math.hypot(t.x - each.x, t.y - each.y) < ON_M);
        const off = near ? 0 : (offS.get(each.id) ?? 0) + 1 / world.looksHz;
        offS.set(each.id, off);
        // A second on nobody: a false track, once.
        if (off >= 1 && !counted.has(each.id)) {
          counted.add(each.id);
          falseTracks++;
        }
      }
      if (look.timeS < SETTLED_S) continue;
      looks++;
      let sum = CUT_M * Math.abs(truth.length - said.length);
      truth.forEach((t, w) => {
        const each = pairs[w];
        const d = each ? Math.hypot(t.x - each.x, t.y - each.y) : Number.POSITIVE_INFINITY;
        if (each) sum += Math.min(CUT_M, d);
        if (!each || d > ON_M) {
          missed++;
          return;
        }
        on++;
        square += d * d;
        const before = who.get(w);
        if (before !== undefined && before !== each.id) switches++;
        who.set(w, each.id);
      });
      ospa += sum / Math.max(truth.length, said.length, 1);
    }
  }
  return {
    rmseM: Math.sqrt(square / on),
    ospaM: ospa / looks,
    identitySwitches: switches,
    falseTracksPerHour: falseTracks / hours,
    followed: on / (on + missed),
  };
}

/** Walkers and tracks paired: as before where that still holds (as CLEAR MOT counts switches), else nearest first. */
function nearestPairs(
  truth: readonly { x: number; y: number }[],
  said: readonly Said[],
  before: ReadonlyMap<number, number>,
): (Said | undefined)[] {
  const pairs = truth.flatMap((t, w) => said.map((each) => ({ w, each, d: Math.hypot(t.x - each.x, t.y - each.y) })));
  const out: (Said | undefined)[] = truth.map(() => undefined);
  const used = new Set<Said>();
  truth.forEach((t, w) => {
    const kept = said.find((each) => each.id === before.get(w) && Math.hypot(t.x - each.x, t.y - each.y) < ON_M);
    if (!kept || used.has(kept)) return;
    out[w] = kept;
    used.add(kept);
  });
  for (const { w, each } of pairs.sort((a, b) => a.d - b.d)) {
    if (out[w] || used.has(each)) continue;
    out[w] = each;
    used.add(each);
  }
  return out;
}

/** The peer: every sighting to the nearest free track, however far; the rest begin tracks; alpha-beta filter; same birth and death. */
export function nearestNeighbour(): (look: Look) => Said[] {
  interface Simple extends Said {
    vx: number;
    vy: number;
    timeS: number;
    seenS: number;
    hits: number;
  }
  let tracks: Simple[] = [];
  let nextId = 1;
  return (look) => {
    for (const t of tracks) {
      const dt = look.timeS - t.timeS;
      t.x += t.vx * dt;
      t.y += t.vy * dt;
      t.timeS = look.timeS;
    }
    const free = new Set(tracks);
    for (const { azimuthRad, rangeM } of look.sightings) {
      const [x, y] = [look.fromM[0] + rangeM! * Math.cos(azimuthRad), look.fromM[1] + rangeM! * Math.sin(azimuthRad)];
      let best: Simple | undefined;
      for (const t of free) if (!best || Math.hypot(t.x - x, t.y - y) < Math.hypot(best.x - x, best.y - y)) best = t;
      if (!best) {
        tracks.push({ id: nextId++, x, y, vx: 0, vy: 0, timeS: look.timeS, seenS: look.timeS, hits: 1 });
        continue;
      }
      free.delete(best);
      const dt = Math.max(0.05, look.timeS - best.seenS);
      const [ex, ey] = [x - best.x, y - best.y];
      best.x += 0.5 * ex;
      best.y += 0.5 * ey;
      best.vx += (0.1 * ex) / dt;
      best.vy += (0.1 * ey) / dt;
      best.seenS = look.timeS;
      best.hits++;
    }
    tracks = tracks.filter((t) => look.timeS - t.seenS <= (t.hits >= 4 ? 2 : 0.4));
    return tracks.filter((t) => t.hits >= 4);
  };
}
