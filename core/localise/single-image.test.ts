import { test } from "uvu";
import * as assert from "uvu/assert";
import { unexplainedByImage } from "./single-image.ts";

const WITHIN_M = 0.5;
const at = (eastM: number, northM: number, extraM: number) => ({ eastM, northM, extraM, withinM: WITHIN_M });
/** A front 15 m west of the source: its image stands 30 m west. */
const echo = (eastM: number, northM: number) =>
  at(eastM, northM, Math.hypot(eastM + 30, northM) - Math.hypot(eastM, northM));

test("six posts along a street hear a front behind the shooter 30 m later: one image explains them all", () => {
  assert.is(unexplainedByImage([60, 120, 180, 240, 300, 360].map((eastM, k) => at(eastM, k % 2 ? 5 : -5, 30))), 0);
});

test("posts all around hear that front each with its own way, which its image explains too", () => {
  const around = [
    [80, 10],
    [120, 90],
    [60, 150],
    [40, -120],
    [200, -60],
  ] as const;
  assert.is(unexplainedByImage(around.map(([eastM, northM]) => echo(eastM, northM))), 0);
});

test("eight posts all around hear the next round with one gap: no image explains more than a few of them", () => {
  const left = unexplainedByImage(
    Array.from({ length: 8 }, (_, k) =>
      at(150 * Math.cos(0.7 * k + 0.2), (150 + 20 * k) * Math.sin(0.7 * k + 0.2), 27),
    ),
  );
  assert.ok(left >= 4, `${left}`);
});

test.run();
