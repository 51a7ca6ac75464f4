/** What axe-core and a ruler find in the drone's part of the console, light and dark, at a desk and on a phone: nothing. */
import * as assert from "uvu/assert";
import { accessibilityFaults } from "./fixtures/axe.ts";
import { consoleSuite } from "./fixtures/console-suite.ts";
import { flightScenes } from "./fixtures/flight-scenes.ts";
import { desk, phone } from "./fixtures/page.ts";

const desks = consoleSuite("accessibility of the drone", { map: false });

for (const viewport of [desk, phone])
  for (const colorScheme of ["light", "dark"] as const)
    desks(`no violation of WCAG 2.2 A and AA (${colorScheme}, ${viewport.width} px)`, async (context) => {
      const looked: string[] = [];
      await flightScenes(context, { viewport, colorScheme }, async (page, state) => {
        assert.equal(await accessibilityFaults(page, "#panel-incident"), [], state);
        looked.push(state);
      });
      assert.equal(looked, ["refused", "second act", "on its way", "silent"]);
    });

desks.run();
