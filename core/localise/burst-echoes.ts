/**
 * In a burst from one place the gap between two rounds is the same at every node, and so is it between their echoes. Of what repeats
 * by such a gap at a node, the first is the round itself and what follows it is an echo, which no single arrival tells.
 */
import type { Heard } from "./problem.ts";

/** Gaps of one pair of rounds agree this well: two onsets, and a muzzle that moves by some decimetres. */
const SAME_GAP_S = 1.5e-3;
const LEAST_GAP_S = 0.045;
const LONGEST_GAP_S = 3;
/** Nodes at which a gap must be found: so many, and this share of those that heard anything twice. */
const LEAST_NODES = 3;
const LEAST_SHARE = 0.6;
/** With this chance or more, so many nodes agree on some gap without any burst. */
const BY_CHANCE = 0.02;
const MOST_GAPS = 10;
/** Later than this behind its round an echo is not looked for. */
const LONGEST_ECHO_S = 0.6;
/** A node in a crowd gives its clearest arrivals only. */
const MOST_OF_NODE = 12;

interface Pair {
  gapS: number;
  node: number;
  first: number;
  second: number;
}

/**
 * Rows that repeat with a burst's gaps behind another row of their node that does.
 * @param heard sorted by node, then time.
 * @param bonus log odds of each row that it is direct: what speaks against a row already keeps it out of the pairs.
 */
export function echoesOfBurst(heard: readonly Heard[], bonus: Float64Array): number[] {
  const { pairs, nodes, spanS } = pairsOf(heard, bonus);
  if (nodes < LEAST_NODES) return [];
  let need = Math.max(LEAST_NODES, Math.ceil(LEAST_SHARE * nodes));
  while (need <= nodes && chance(pairs.length, nodes, spanS, need) > BY_CHANCE) need++;
  if (need > nodes) return [];
  const gaps = gapsOf(pairs, need);
  const echoes = new Set<number>();
  for (const { members } of gaps) {
    const firstOf = new Map<number, number>();
    for (const { node, first } of members) {
      const known = firstOf.get(node);
      if (known === undefined || heard[first]!.toaS < heard[known]!.toaS) firstOf.set(node, first);
    }
    for (const { node, first, second } of members) {
      const behindS = heard[first]!.toaS - heard[firstOf.get(node)!]!.toaS;
      if (behindS < 2 * SAME_GAP_S || behindS > LONGEST_ECHO_S) continue;
      // As far behind as another round is: that round, or an echo that cannot be told from it.
      if (gaps.some(({ gapS }) => Math.abs(gapS - behindS) < 3 * SAME_GAP_S)) continue;
      echoes.add(first).add(second);
    }
  }
  return [...echoes];
}

function pairsOf(heard: readonly Heard[], bonus: Float64Array) {
  const pairs: Pair[] = [];
  let nodes = 0;
  let lowS = Number.POSITIVE_INFINITY;
  let highS = Number.NEGATIVE_INFINITY;
  for (let start = 0, end = 0; start < heard.length; start = end) {
    while (end < heard.length && heard[end]!.node === heard[start]!.node) end++;
    let rows: number[] = [];
    for (let i = start; i < end; i++) if (bonus[i]! > -1) rows.push(i);
    if (rows.length > MOST_OF_NODE)
      rows = rows
        .sort((a, b) => bonus[b]! - bonus[a]! || a - b)
        .slice(0, MOST_OF_NODE)
        .sort((a, b) => a - b);
    if (rows.length >= 2) nodes++;
    for (let i = 0; i < rows.length; i++) {
      const t = heard[rows[i]!]!.toaS;
      lowS = Math.min(lowS, t);
      highS = Math.max(highS, t);
      for (let j = i + 1; j < rows.length; j++) {
        const gapS = heard[rows[j]!]!.toaS - t;
        if (gapS >= LEAST_GAP_S && gapS <= LONGEST_GAP_S)
          pairs.push({ gapS, node: start, first: rows[i]!, second: rows[j]! });
      }
    }
  }
  return {
    pairs: pairs.sort((a, b) => a.gapS - b.gapS),
    nodes,
    spanS: Math.min(LONGEST_GAP_S, Math.max(0.1, highS - lowS)),
  };
}

/** Chance that pairs strewn over the span agree at `need` nodes somewhere. */
function chance(pairs: number, nodes: number, spanS: number, need: number): number {
  const perNode = Math.min(1, ((pairs / nodes) * 2 * SAME_GAP_S) / spanS);
  let ways = 1;
  for (let k = 0; k < need - 1; k++) ways *= (nodes - 1 - k) / (k + 1);
  return pairs * ways * perNode ** (need - 1);
}

/** Gaps that many nodes share, the most shared first. */
function gapsOf(pairs: readonly Pair[], need: number): { gapS: number; members: Pair[] }[] {
  const gaps: { gapS: number; members: Pair[] }[] = [];
  let left = pairs;
  while (gaps.length < MOST_GAPS) {
    let best: Pair[] = [];
    let bestNodes = need - 1;
    for (let low = 0, high = 0; high < left.length; high++) {
      while (left[high]!.gapS - left[low]!.gapS > 2 * SAME_GAP_S) low++;
      if (high - low + 1 <= bestNodes) continue;
      const members = left.slice(low, high + 1);
      const nodes = new Set(members.map((pair) => pair.node)).size;
      if (nodes <= bestNodes) continue;
      bestNodes = nodes;
      best = members;
    }
    if (best.length === 0) return gaps;
    const gapS = best[best.length >> 1]!.gapS;
    gaps.push({ gapS, members: best });
    left = left.filter((pair) => Math.abs(pair.gapS - gapS) > 2 * SAME_GAP_S);
  }
  return gaps;
}
