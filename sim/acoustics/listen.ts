/** What a microphone hears of a source in a city: every emission over every path, and a bullet's shock wave, with the truth of it. */
import type { Rng } from "../rng.ts";
import type { SoundPath } from "./block.ts";
import { type Propagation, strength, type Vec } from "./propagation.ts";
import type { Renderer, Segment } from "./render.ts";
import { shockArrival } from "./shock-wave.ts";
import type { Emission, SoundSource } from "./source.ts";
import { together } from "./wave.ts";

/** The truth of one emission at one microphone; times in seconds after the source's start. */
export interface HeardTruth {
  /** Which emission of the source. */
  emission: number;
  /** First arrival of the wave itself (muzzle blast, bang), by the straight or the shortest diffracted way. */
  arrivalS: number;
  firstKind: SoundPath["kind"];
  /** Strength of the strongest echo over that of the first arrival, dB; absent where there is none. */
  strongestEchoDb?: number;
  echoes: { afterS: number; levelDb: number }[];
  /** A bullet's shock wave arrives that long before the muzzle blast. */
  shockLeadS?: number;
}

/** Outer scale of the turbulence near the ground, m (Ostashev and Wilson 2015, chapter 6: of the order of the height). */
const TURBULENCE_SCALE_M = 5;

/** Standard deviation of the travel time through turbulence: sqrt(sqrt(pi) mu^2 L r) / c (Ostashev and Wilson, section 7.2). */
export function turbulenceSigmaS(turbulence: number, rangeM: number, soundMps: number): number {
  return Math.sqrt(Math.sqrt(Math.PI) * turbulence * TURBULENCE_SCALE_M * rangeM) / soundMps;
}

/**
 * @param place of the source on the ground, metres east and north; its height is the source's.
 * @param indexOf sample index (fractional) of an instant in seconds after the source's start.
 * @param rng draws the state of the turbulence between source and microphone.
 */
export function hear(
  source: SoundSource,
  place: readonly [number, number],
  microphone: Vec,
  propagation: Propagation,
  renderer: Renderer,
  rng: Rng,
  indexOf: (afterS: number) => number,
): { segments: Segment[]; truth: HeardTruth[] } {
  const segments: Segment[] = [];
  const truth: HeardTruth[] = [];
  const known = new Map<string, SoundPath[]>();
  // Frozen turbulence: rounds of a burst share most of it (Taylor's hypothesis over a second).
  const shared = rng.normal();
  source.emissions.forEach((emission, index) => {
    const at = placeOf(emission, place, source.heightM);
    // Within a metre the ways are the same.
    const key = at.map((x) => x.toFixed(0)).join();
    let paths = known.get(key);
    if (!paths) known.set(key, (paths = propagation.paths(at, microphone)));
    const swing = 0.97 * shared + 0.24 * rng.normal();
    const moved = paths.map((path) => ({
      ...path,
      travelS: path.travelS + swing * turbulenceSigmaS(propagation.air.turbulence, path.lengthM, propagation.soundMps),
    }));
    segments.push(...renderer.render(emission.wave, moved, (s) => indexOf(emission.atS + s)));
    const first = moved[0]!;
    const told: HeardTruth = {
      emission: index,
      arrivalS: emission.atS + first.travelS,
      firstKind: first.kind,
      ...echoTruth(moved),
    };
    const shock = bulletShock(emission, at, microphone, propagation);
    if (shock) {
      segments.push(...renderer.render(shock.wave, shock.paths, (s) => indexOf(emission.atS + s)));
      told.shockLeadS = first.travelS - shock.paths[0]!.travelS;
    }
    truth.push(told);
  });
  const tail = scattered(source, place, microphone, propagation);
  if (tail) segments.push(renderer.renderTail(tail.wave, tail.scatter, tail.firstS, tail.lengthM, indexOf));
  return { segments, truth };
}

/** What facades scatter of all emissions, as if all came from where the main one does. */
function scattered(source: SoundSource, place: readonly [number, number], microphone: Vec, propagation: Propagation) {
  const at = placeOf(source.emissions[source.main ?? 0]!, place, source.heightM);
  const [first] = propagation.direct(at, microphone);
  const scatter = propagation.tail(at, microphone, first!.travelS);
  if (!scatter) return undefined;
  const way = { ...first!, departure: scatter.departure };
  const wave = together(
    source.emissions.map(({ atS, wave }) => ({ atS, wave: typeof wave === "function" ? wave(way) : wave })),
  );
  return { wave, scatter, firstS: first!.travelS, lengthM: first!.lengthM };
}

function placeOf(emission: Emission, place: readonly [number, number], heightM: number): Vec {
  return [place[0] + emission.offset[0], place[1] + emission.offset[1], heightM + emission.offset[2]];
}

function echoTruth(paths: readonly SoundPath[]): Pick<HeardTruth, "strongestEchoDb" | "echoes"> {
  const first = paths[0]!;
  const echoes = paths.slice(1).map((path) => ({
    afterS: path.travelS - first.travelS,
    levelDb: 20 * Math.log10(strength(path) / strength(first)),
  }));
  return echoes.length > 0 ? { strongestEchoDb: Math.max(...echoes.map((e) => e.levelDb)), echoes } : { echoes };
}

/** The N-wave over the straight or shortest way from where it leaves the trajectory. */
function bulletShock(emission: Emission, muzzle: Vec, microphone: Vec, propagation: Propagation) {
  if (!emission.bullet) return undefined;
  const { direction } = emission.bullet;
  // The first house in the line of fire stops the bullet.
  const end = [
    muzzle[0] + direction[0] * emission.bullet.rangeM,
    muzzle[1] + direction[1] * emission.bullet.rangeM,
  ] as const;
  const stopped = Math.min(
    1,
    ...propagation.buildings.crossings([muzzle[0], muzzle[1]], end).map((crossing) => crossing.from),
  );
  const shot = { ...emission.bullet, muzzle, rangeM: emission.bullet.rangeM * stopped };
  const arrival = shockArrival(shot, microphone, propagation.soundMps, propagation.air.pressureKPa);
  if (!arrival) return undefined;
  // The wave's strength at the listener is Whitham's already: spreading is taken out of the path.
  const paths = propagation.direct(arrival.from, microphone).map((path) => ({
    ...path,
    gain: path.gain * path.lengthM,
    travelS: path.travelS + arrival.flightS,
  }));
  return { wave: arrival.wave, paths };
}
