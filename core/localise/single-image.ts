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
  let most = 0;
  for (let step = 0; step < DIRECTIONS; step++) {
    const angle = (2 * Math.PI * step) / DIRECTIONS;
    const [u, v] = [Math.cos(angle), Math.sin(angle)];
    // |x - D u| = |x| + extra, solved for D at each node in turn.
    for (const { eastM, northM, extraM } of heard) {
      const along = eastM * u + northM * v;
      const root = along * along + extraM * (2 * Math.hypot(eastM, northM) + extraM);
      const awayM = along + Math.sqrt(root);
      let explained = 0;
      for (const one of heard) if (isOf(one, awayM * u, awayM * v)) explained++;
      most = Math.max(most, explained);
    }
  }
  return heard.length - most;
}

function isOf({ eastM, northM, extraM, withinM }: Behind, imageEastM: number, imageNorthM: number): boolean {
  const wayM = Math.hypot(eastM - imageEastM, northM - imageNorthM) - Math.hypot(eastM, northM);
  return Math.abs(wayM - extraM) <= withinM;
}
