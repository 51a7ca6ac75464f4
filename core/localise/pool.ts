/** The arrivals among which shots are looked for, as columns, with the rows of each node in time order. */
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
  /** Arrivals per second and node. */
  arrivalsPerS: number;
  /** Log of (1 - echoProbability) and such: what the detector adds to the belief that a row is a direct shot. */
  directBonus: Float64Array;
}

/** Prior chance that an impulse at a node is an echo, where the detector does not say. */
const USUAL_ECHO = 0.2;

export function poolOf(arrivals: readonly Heard[]): Pool {
  const heard = [...arrivals].sort((a, b) =>
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
    let bonus = 0;
    if (h.echoProbability !== undefined) bonus += Math.log(Math.max(1 - h.echoProbability, 0.02) / (1 - USUAL_ECHO));
    if (h.probability !== undefined) bonus += Math.log(Math.max(h.probability, 0.05) / 0.5) * 0.5;
    directBonus[i] = bonus;
  }
  const byTime = Int32Array.from({ length: n }, (_, i) => i).sort((a, b) => columns.t[a]! - columns.t[b]!);
  const spanS = n === 0 ? 0 : columns.t[byTime[n - 1]!]! - columns.t[byTime[0]!]!;
  return {
    heard,
    // One more second: the pool was cut around its arrivals. One less arrival at each: the shot that is looked for.
    arrivalsPerS: Math.max(0, n / Math.max(1, starts.length) - 1) / (spanS + 1),
    columns,
    slotOf,
    slotStart: Int32Array.from([...starts, n]),
    slots: starts.length,
    byTime,
    directBonus,
  };
}
