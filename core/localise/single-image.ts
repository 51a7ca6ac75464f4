/** Whether one reflecting front makes what several nodes hear behind a sound: the image source method's first order (Allen and Berkley, JASA 65, 1979). */

/** A node as seen from the source, and how much longer the second way to it was. */
export interface Behind {
  eastM: number;
  northM: number;
  extraM: number;
  /** Most that the two may differ. */
  withinM: number;
}

/** Directions in which an image is looked for: at 30 m to the front and 10 degrees off its axis a step moves a way by 0.2 m. */
const DIRECTIONS = 180;

/** @returns how many of these no image explains, of the image that explains most. */
export function unexplainedByImage(heard: readonly Behind[]): number {
  const rangeM = Float64Array.from(heard, ({ eastM, northM }) => Math.hypot(eastM, northM));
  // How far away an image stands that lies on one node's own way, and how far it may stand to be on another's.
  const awayM = new Float64Array(heard.length);
  const ways: Ways = { mostM: awayM.slice(), leastM: awayM.slice(), orBelowM: awayM.slice() };
  // A front that all hear alike stands behind the source, as they see it: that direction first, and seldom another.
  const behind = Math.round((Math.atan2(-sumOf(heard, "northM"), -sumOf(heard, "eastM")) * DIRECTIONS) / (2 * Math.PI));
  let most = 0;
  for (let step = 0; step < DIRECTIONS && most < heard.length; step++) {
    const angle = (2 * Math.PI * (behind + step)) / DIRECTIONS;
    const [u, v] = [Math.cos(angle), Math.sin(angle)];
    for (let k = 0; k < heard.length; k++) {
      const { eastM, northM, extraM, withinM } = heard[k]!;
      const along = eastM * u + northM * v;
      awayM[k] = along + Math.sqrt(along * along + extraM * (2 * rangeM[k]! + extraM));
      boundWay(ways, k, along, rangeM[k]!, extraM, withinM);
    }
    for (const away of awayM) most = Math.max(most, explainedAt(away, ways));
  }
  return heard.length - most;
}

const sumOf = (heard: readonly Behind[], key: "eastM" | "northM") => heard.reduce((sum, one) => sum + one[key], 0);

/** Of each node: an image so far away is on its way where it is no farther than `mostM`, and no nearer than `leastM` or as near as `orBelowM`. */
interface Ways {
  mostM: Float64Array;
  leastM: Float64Array;
  orBelowM: Float64Array;
}

/** |x - D u| - |x| lies within `withinM` of `extraM`, solved for D. */
function boundWay(ways: Ways, k: number, along: number, rangeM: number, extraM: number, withinM: number): void {
  const longest = extraM + withinM;
  ways.mostM[k] = along + Math.sqrt(along * along + longest * (2 * rangeM + longest));
  const shortest = extraM - withinM;
  const square = along * along + shortest * (2 * rangeM + shortest);
  const isAny = shortest <= -rangeM || square < 0;
  ways.leastM[k] = isAny ? 0 : along + Math.sqrt(square);
  ways.orBelowM[k] = isAny ? 0 : along - Math.sqrt(square);
}

function explainedAt(away: number, { mostM, leastM, orBelowM }: Ways): number {
  let explained = 0;
  for (let k = 0; k < mostM.length; k++)
    if (away <= mostM[k]! && (away >= leastM[k]! || away <= orBelowM[k]!)) explained++;
  return explained;
}
