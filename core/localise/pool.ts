/** The arrivals among which shots are looked for, as columns, with the rows of each node in time order. */
import { echoesOfBurst } from "./burst-echoes.ts";
import { addRow, type Columns, columnsFor, type Heard } from "./problem.ts";

export interface Pool {
  heard: readonly Heard[];
  columns: Columns;
  /** Slot (index of the node) of each row. */
  slotOf: Int32Array;
  /** First row of each slot; rows are sorted by slot, then time. One more entry than slots. */
  slotStart: Int32Array;
  slots: number;
  /** Rows in order of arrival. */
  byTime: Int32Array;
  /** Usual distance from a node to its nearest neighbour, metres. */
  spacingM: number;
  /** One sigma of each row's time by itself, without what another round at that node shares. */
  ownSigmaS: Float64Array;
  /** Loudness of each row in dB, as pressure level where it is given, else over the noise; NaN where neither. */
  levelDb: Float64Array;
  /** Arrivals per second and node. */
  arrivalsPerS: number;
  /** Log of (1 - echoProbability) and such: what the detector adds to the belief that a row is a direct shot. */
  directBonus: Float64Array;
}

/** Chance that an impulse is an echo, where the detector does not say. */
const USUAL_ECHO = 0.2;
/** A cause that is this likely a shot counts as one; one that no message tells of may have been lost. */
const LIKELY_SHOT = 0.5;
/** What repeats behind something that repeats is hardly ever direct. */
const ECHO_OF_BURST = 4;
const LEAST_SPACING_M = 100;
/** A detector's word is not taken for more than this, in log odds. */
const MOST_SAID = 4;

/** @param taken arrivals that no new shot may use. */
export function poolOf(arrivals: readonly Heard[], taken: readonly Heard[] = []): Pool {
  const heard = [...arrivals, ...taken].sort((a, b) =>
    a.node < b.node ? -1 : a.node > b.node ? 1 : a.toaS - b.toaS || (a.id < b.id ? -1 : 1),
  );
  const n = heard.length;
  const columns = columnsFor(n);
  const slotOf = new Int32Array(n);
  const starts: number[] = [];
  const directBonus = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const h = heard[i]!;
    addRow(columns, h);
    if (i === 0 || heard[i - 1]!.node !== h.node) starts.push(i);
    slotOf[i] = starts.length - 1;
  }
  marks(heard, directBonus, starts.length <= FEW_NODES);
  overshadowed(heard, directBonus);
  for (const row of echoesOfBurst(heard, directBonus)) directBonus[row]! -= ECHO_OF_BURST;
  const byTime = Int32Array.from({ length: n }, (_, i) => i).sort((a, b) => columns.t[a]! - columns.t[b]!);
  const spanS = n === 0 ? 0 : columns.t[byTime[n - 1]!]! - columns.t[byTime[0]!]!;
  return {
    heard,
    // One more second: the pool was cut around its arrivals. One less arrival at each: the shot that is looked for.
    spacingM: spacingOf(columns.x, columns.y, starts),
    ownSigmaS: Float64Array.from(heard, (h) => Math.min(h.sigmaS, h.ownSigmaS ?? h.sigmaS)),
    levelDb: Float64Array.from(heard, (h) => h.peakDbSpl ?? h.snrDb ?? Number.NaN),
    arrivalsPerS: Math.max(0, arrivals.length / Math.max(1, starts.length) - 1) / (spanS + 1),
    columns,
    slotOf,
    slotStart: Int32Array.from([...starts, n]),
    slots: starts.length,
    byTime,
    directBonus,
  };
}

/** A detector looks for the cause of an echo so far back. */
const ECHO_WITHIN_S = 0.5;

/** Of so few nodes each detector's word weighs: with more, the others tell what was an echo. */
const FEW_NODES = 6;

/** Chance that an arrival is a shot's echo. What a detector takes for an echo of something that was no shot itself is none. */
function shotsEcho(heard: readonly Heard[], i: number): number {
  const { node, toaS, echoProbability } = heard[i]!;
  if (echoProbability === undefined) return USUAL_ECHO;
  let cause = 0;
  let known = false;
  for (let k = i - 1; k >= 0 && heard[k]!.node === node && heard[k]!.toaS > toaS - ECHO_WITHIN_S; k--) {
    known = true;
    cause = Math.max(cause, heard[k]!.probability ?? 1);
  }
  return echoProbability * (known ? Math.min(1, cause / LIKELY_SHOT) : 1);
}

/**
 * What the detectors' marks say of each arrival: log odds that it is the direct sound of a shot, over the pool's average.
 * Calibrated probabilities over a base rate are likelihood ratios; arrivals without marks stay at zero.
 */
function marks(heard: readonly Heard[], bonus: Float64Array, few: boolean): void {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < heard.length; i++) {
    const { probability, echoProbability } = heard[i]!;
    if (probability === undefined && echoProbability === undefined) continue;
    bonus[i] = Math.min(
      0.99,
      Math.max(0.01, (probability ?? 0.8) * (1 - (few ? shotsEcho(heard, i) : (echoProbability ?? USUAL_ECHO)))),
    );
    sum += bonus[i]!;
    count++;
  }
  if (count === 0) return;
  const usual = Math.min(0.8, Math.max(0.05, sum / count));
  const usualLogit = Math.log(usual / (1 - usual));
  for (let i = 0; i < heard.length; i++) {
    if (bonus[i] === 0) continue;
    const logit = Math.log(bonus[i]! / (1 - bonus[i]!)) - usualLogit;
    bonus[i] = Math.min(MOST_SAID, Math.max(-MOST_SAID, logit));
  }
}

function spacingOf(x: Float64Array, y: Float64Array, rows: readonly number[]): number {
  const nearest = rows.map((i) => {
    let best = Number.POSITIVE_INFINITY;
    for (const j of rows) {
      if (j !== i) best = Math.min(best, Math.hypot(x[i]! - x[j]!, y[i]! - y[j]!));
    }
    return best;
  });
  nearest.sort((a, b) => a - b);
  const median = nearest[nearest.length >> 1];
  return Math.max(LEAST_SPACING_M, median !== undefined && Number.isFinite(median) ? median : 0);
}

/** A sound is seldom this much fainter than its own echo, and what soon follows one so much louder is mostly its reverberation. */
const MUCH_LOUDER_DB = 10;
const FORERUNNER_S = 0.15;
const FORERUNNER = -4;
const REVERBERATION_S = 0.4;
const REVERBERATION = -2;

/** @param heard sorted by node, then time. */
function overshadowed(heard: readonly Heard[], bonus: Float64Array): void {
  for (let i = 0; i < heard.length; i++) {
    const { node, toaS, snrDb } = heard[i]!;
    if (snrDb === undefined) continue;
    const louder = (k: number) => (heard[k]!.snrDb ?? 0) > snrDb + MUCH_LOUDER_DB;
    let said = 0;
    for (let k = i - 1; k >= 0 && heard[k]!.node === node && heard[k]!.toaS > toaS - REVERBERATION_S; k--)
      if (louder(k)) said = REVERBERATION;
    for (let k = i + 1; k < heard.length && heard[k]!.node === node && heard[k]!.toaS < toaS + FORERUNNER_S; k++)
      if (louder(k)) said = FORERUNNER;
    bonus[i]! += said;
  }
}
