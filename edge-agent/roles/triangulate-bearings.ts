/**
 * Learns from finished shots whether a node's bearings are turned or mirrored, and tells the technician; nothing is corrected. Microphones
 * whose cables are swapped across a square's diagonal hear each plane wave as a plane wave from the mirrored side: no sound tells that
 * at the node itself, whose delays fit all the same. Where the network placed the shot tells.
 */
import { frameAt } from "#core/localise/geo.ts";
import type { Shot } from "#core/localise/shot-record.ts";
import type { Log } from "../ports.ts";

/** What a node's bearings say against where the shots were. */
export type BearingDoubt =
  /** bearing = truth + byDeg */
  | { kind: "turned"; byDeg: number; shots: number }
  /** bearing = 2 * axisDeg - truth: mirrored about the line through that azimuth, 0 to 180. */
  | { kind: "mirrored"; axisDeg: number; shots: number };

/** Bearings agree within this, degrees: echoes and the ground between bend them by some. */
const NEAR_DEG = 12;
/** Shots that are looked at, the newest, and the fewest that tell. */
const MOST = 24;
const FEWEST = 8;
/** So many of them have to agree; of the other readings fewer do. Echoes turn a bearing now and then. Once put right, a node is well after seven fixes. */
const AGREE = 0.75;
const AT_ODDS = 0.5;
/** A fix that is not sure to this as seen from the node tells it nothing, as a ratio: six degrees. */
const LEAST_SHARP = 0.1;
const LEAST_RANGE_M = 30;
const MOST_NODES = 20_000;

interface Pair {
  truthDeg: number;
  bearingDeg: number;
}

export class BearingDoubts {
  readonly #pairs = new Map<string, Pair[]>();
  readonly #told = new Map<string, BearingDoubt["kind"]>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Nodes whose bearings are doubted. */
  get count(): number {
    return this.#told.size;
  }

  /** A shot that will not change any more. */
  add(shot: Shot): void {
    const frame = frameAt({ lat: shot.lat, lon: shot.lon, altM: 0 });
    for (const one of shot.arrivals) {
      if (one.bearingDeg === undefined || one.weight < AT_ODDS) continue;
      const { eastM, northM } = frame.toLocal(one.lat, one.lon, 0);
      const rangeM = Math.hypot(eastM, northM);
      if (rangeM < LEAST_RANGE_M || shot.ellipse95.semiMajorM > LEAST_SHARP * rangeM) continue;
      this.#take(one.node, { truthDeg: Math.atan2(-eastM, -northM) * (180 / Math.PI), bearingDeg: one.bearingDeg });
    }
  }

  #take(node: string, pair: Pair): void {
    const pairs = this.#pairs.get(node) ?? [];
    pairs.push(pair);
    if (pairs.length > MOST) pairs.shift();
    this.#pairs.set(node, pairs);
    if (this.#pairs.size > MOST_NODES) this.#forgetOldest();
    const doubt = doubtOf(pairs);
    if (!doubt) {
      if (this.#told.delete(node)) this.#log.info({ node }, "this node's bearings agree with the fixes again");
    } else if (this.#told.get(node) !== doubt.kind) {
      this.#told.set(node, doubt.kind);
      this.#log.warn({ node, ...doubt }, ADVICE[doubt.kind]);
    }
  }

  #forgetOldest(): void {
    const [oldest] = this.#pairs.keys();
    if (oldest === undefined) return;
    this.#pairs.delete(oldest);
    this.#told.delete(oldest);
  }
}

const ADVICE = {
  turned:
    "this node's bearings are turned against the fixes: correct microphone.places, or look for cables that were moved round",
  mirrored:
    "this node's bearings are mirrored about the line axisDeg: look for swapped cables of two microphones that face each other across it",
};

/** Undefined where the bearings are right, are too few, or do not tell which way they are wrong. */
export function doubtOf(pairs: readonly Pair[]): BearingDoubt | undefined {
  const shots = pairs.length;
  if (shots < FEWEST) return undefined;
  const differences = pairs.map(({ bearingDeg, truthDeg }) => bearingDeg - truthDeg);
  if (agreeing(differences, 0) > AT_ODDS * shots) return undefined;
  const turned = best(differences);
  const mirrored = best(pairs.map(({ bearingDeg, truthDeg }) => bearingDeg + truthDeg));
  if (turned.agreeing >= AGREE * shots && mirrored.agreeing <= AT_ODDS * shots)
    return { kind: "turned", byDeg: halfTurn(turned.atDeg), shots };
  if (mirrored.agreeing >= AGREE * shots && turned.agreeing <= AT_ODDS * shots)
    return { kind: "mirrored", axisDeg: (((mirrored.atDeg / 2) % 180) + 180) % 180, shots };
  return undefined;
}

const halfTurn = (deg: number) => ((((deg + 180) % 360) + 360) % 360) - 180;
const agreeing = (anglesDeg: readonly number[], atDeg: number) =>
  anglesDeg.filter((each) => Math.abs(halfTurn(each - atDeg)) <= NEAR_DEG).length;

/** The angle that most agree with: the mean of those. */
function best(anglesDeg: readonly number[]): { atDeg: number; agreeing: number } {
  let most = { atDeg: 0, agreeing: 0 };
  for (const around of anglesDeg) {
    const near = anglesDeg.map((each) => halfTurn(each - around)).filter((each) => Math.abs(each) <= NEAR_DEG);
    if (near.length <= most.agreeing) continue;
    most = { atDeg: around + near.reduce((sum, each) => sum + each, 0) / near.length, agreeing: near.length };
  }
  return most;
}
