/** Letters set twice as large in the browser (WCAG 2.2, 1.4.4): everything grows with them, nothing runs over the edge, all can be pressed. */
import * as assert from "uvu/assert";
import { accessibilityFaults } from "./fixtures/axe.ts";
import { consoleSuite } from "./fixtures/console-suite.ts";
import { desk, onPage, phone } from "./fixtures/page.ts";
import { fleet } from "./fixtures/pose.ts";

const desks = consoleSuite("accessibility with large letters", { map: false, letterPx: 32 });

for (const viewport of [desk, phone])
  desks(`letters of 200 % (${viewport.width} px)`, async ({ browser, folder }) => {
    const roles = ["pilot", "dispatch"] as const;
    await onPage(browser, folder, { viewport, drones: fleet("transit", 0.3), roles }, async (page) => {
      const tab = (name: string) => page.getByRole("navigation").getByRole("button", { name }).click();
      await page.locator(".alarm:not([hidden])").waitFor();
      await page.locator(".row", { hasText: "3 rounds" }).waitFor();
      const height = await page
        .locator(".row[id]")
        .first()
        .evaluate((row) => row.getBoundingClientRect().height);
      assert.is(height, 176, "a row is 88 px high at the usual size");
      assert.equal(await accessibilityFaults(page, "body"), [], "queue");
      await tab("Map");
      // On a phone bar and alarm are scrolled away to see all of it.
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
      assert.equal(await accessibilityFaults(page, "#panel-map .map-tools"), [], "map");
      await tab("Incident");
      await page.locator(".drone-phase").waitFor();
      await page.keyboard.press("c");
      await page.locator(".reasons").waitFor();
      assert.equal(await accessibilityFaults(page, "body"), [], "incident and reasons");
      await page.keyboard.press("1");
      await page.locator(".standing", { hasText: "Confirmed by jd" }).waitFor();
    });
  });

desks.run();
