/** Brings a robot into view, and the map itself at phone width. */
import { boxOf, ellipseRing } from "../geometry.ts";
import { mapFocus } from "../map/focus.ts";
import type { KnownRobot } from "../state/field-age.ts";
import { tab } from "../state/store.ts";

export function lookAtRobot({ robot, pose }: KnownRobot): void {
  if (pose === undefined) return;
  tab.value = "map";
  const box = boxOf(ellipseRing(pose, 24));
  if (box !== undefined) mapFocus.value = { box, first: false, maxZoom: 17.6, at: `robot ${robot}` };
}
