/** Mirror images: what echoes agree on besides the shot itself, and the second place that four times fit. */
import type { AssociatedShot } from "./association.ts";
import type { Pool } from "./pool.ts";
import type { Heard, Prior } from "./problem.ts";
import { KNOWN_PLACE, oneShooter } from "./repeats.ts";
import type { Hypothesis, Search } from "./search.ts";
import { predictS, type Solution } from "./solve.ts";

type Placed = { hypothesis: Hypothesis; used: readonly Heard[] };

/** Echoes follow their sound for so long. From a false place they seem to have been made before it or after. */
const SHADOW_S = 1.5;
/** Log odds that a second shooter's shot reaches, and a mirror image seldom. */
const FAINT = 20;
/** Corners and roofs shift a predicted arrival by so much. */
const PATH_S = 0.01;
/** A way round a corner is longer by so much at most, s. */
const CORNER_S = 0.02;
/** Rounds of one burst. */
const BURST_S = 3;
/** Farther from the shot than this, a place is judged, however uncertain it is: an echo's image is mostly badly placed. */
const SAME_PLACE_M = 25;

/**
 * Echoes of a shot can agree on a mirror image of it: most of its arrivals then follow the shot's own, from elsewhere, at fewer
 * nodes or hardly better than chance.
 */
export function isShadow(h: Hypothesis, known: readonly Placed[], pool: Pool, prior: Prior): boolean {
  for (const { hypothesis, used } of known) {
    const a = hypothesis.solution;
    const b = h.solution;
    const lagS = b.t0S - a.t0S;
    const near = Math.hypot(a.eastM - b.eastM, a.northM - b.northM) < SAME_PLACE_M;
    if ((near && oneShooter(h, hypothesis, pool)) || Math.abs(lagS) > SHADOW_S) continue;
    const own = h.rows.length - leftOver(h, used, a, pool, prior);
    const few = own < Math.max(5, 0.6 * used.length);
    const faint = own < 0.75 * used.length && h.direct < Math.min(FAINT, 0.25 * hypothesis.direct);
    if (!few && !faint) continue;
    let behind = 0;
    for (const row of h.rows) {
      const { node, toaS, eastM, northM, upM } = pool.heard[row]!;
      const directS = used.find((one) => one.node === node)?.toaS ?? predictS(a, prior, eastM, northM, upM);
      if (toaS > directS - PATH_S && toaS < directS + SHADOW_S) behind++;
    }
    if (behind >= 0.7 * h.rows.length) return true;
  }
  return false;
}

/** Rows at nodes that the shot was not placed by, when its sound may have come there round a corner: its own, and nobody else's. */
function leftOver(h: Hypothesis, used: Placed["used"], shot: Solution, pool: Pool, prior: Prior): number {
  let count = 0;
  for (const row of h.rows) {
    const { node, toaS, eastM, northM, upM } = pool.heard[row]!;
    if (used.some((one) => one.node === node)) continue;
    if (Math.abs(toaS - predictS(shot, prior, eastM, northM, upM)) < CORNER_S) count++;
  }
  return count;
}

/** Four times fit two places nearly as well: the one from which the burst's better heard round was fired is believed, in place. */
export function outOfMirror(
  shot: AssociatedShot,
  known: readonly Placed[],
  search: Search,
  pool: Pool,
  prior: Prior,
): void {
  const held = shot.hypothesis;
  for (const { hypothesis: of, used } of known) {
    const gapS = Math.abs(of.solution.t0S - held.solution.t0S);
    if (used.length <= shot.used.length || gapS > BURST_S || oneShooter(held, of, pool)) continue;
    const { eastM, northM, t0S } = of.solution;
    const firedS = shot.used.map((h) => h.toaS - predictS(of.solution, prior, h.eastM, h.northM, h.upM) + t0S);
    firedS.sort((a, b) => a - b);
    const h = search.fit(held.rows, eastM, northM, firedS[firedS.length >> 1]!);
    if (!h || !oneShooter(h, of, pool) || h.direct < held.direct - KNOWN_PLACE) continue;
    const share = 1 / (1 + Math.exp(h.total + KNOWN_PLACE - held.total));
    shot.hypothesis = h;
    shot.rivals = share < 0.01 ? [] : [{ hypothesis: held, share }];
    shot.share = 1 - share;
    return;
  }
}
