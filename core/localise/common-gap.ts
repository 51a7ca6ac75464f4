/** Two rounds from one place come with one gap at every node, and so does an echo at those for which one image of a front explains it. */
import type { ShotFixed } from "#contract/shot.ts";
import { nsOfUtc } from "#contract/units.ts";
import { frameAt } from "./geo.ts";
import { unexplainedByImage } from "./single-image.ts";

export type Gapped = Pick<ShotFixed, "lat" | "lon" | "arrivals" | "speedOfSoundMps">;

/** No weapon fires its next round sooner. */
export const LEAST_GAP_S = 0.045;
/** Gaps at two nodes are one. */
const SAME_GAP_S = 1.6e-3;
const FEWEST = 4;
/** Nodes that no image explains: so many, and this share of those with the gap. */
const BESIDE_IMAGE = { nodes: 2, share: 0.25 };

/** The gap with which nodes heard both, and whether one image of the first explains it. Undefined where fewer than four did. */
export function commonGap(before: Gapped, after: Gapped): { gapS: number; isOfImage: boolean } | undefined {
  const frame = frameAt({ lat: before.lat, lon: before.lon, altM: 0 });
  const toaOf = new Map(after.arrivals.map(({ node, toa }) => [node, nsOfUtc(toa)]));
  const gaps = before.arrivals.flatMap(({ node, lat, lon, toa }) => {
    const later = toaOf.get(node);
    return later === undefined ? [] : [{ lat, lon, gapS: Number(later - nsOfUtc(toa)) / 1e9 }];
  });
  const sorted = gaps.map(({ gapS }) => gapS).sort((a, b) => a - b);
  const gapS = sorted[sorted.length >> 1] ?? 0;
  const same = gaps.filter((one) => Math.abs(one.gapS - gapS) <= SAME_GAP_S);
  if (same.length < FEWEST || gapS < LEAST_GAP_S) return undefined;
  const beside = unexplainedByImage(
    same.map(({ lat, lon }) => {
      const { eastM, northM } = frame.toLocal(lat, lon, 0);
      const withinM = SAME_GAP_S * before.speedOfSoundMps;
      return { eastM, northM, extraM: gapS * before.speedOfSoundMps, withinM };
    }),
  );
  return { gapS, isOfImage: beside < Math.max(BESIDE_IMAGE.nodes, BESIDE_IMAGE.share * same.length) };
}
