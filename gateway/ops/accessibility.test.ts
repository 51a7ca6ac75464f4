/** What axe-core and a ruler find in every state of the console, light and dark, at a desk and on a phone: nothing. */
import * as assert from "uvu/assert";
import { accessibilityFaults } from "./fixtures/axe.ts";
import { consoleSuite } from "./fixtures/console-suite.ts";
import { desk, mapReady, onPage, phone } from "./fixtures/page.ts";

const desks = consoleSuite("accessibility", { map: true });

for (const colorScheme of ["light", "dark"] as const)
  for (const viewport of [desk, phone])
    desks(`no violation of WCAG 2.2 A and AA (${colorScheme}, ${viewport.width} px)`, async ({ browser, folder }) => {
      // The drawn map is one canvas to whoever does not see it: once at a desk and once on a phone is enough.
      const plainMap = (colorScheme === "dark") === (viewport === desk);
      const look = { viewport, colorScheme, plainMap, reducedMotion: "reduce" } as const;
      await onPage(browser, folder, look, async (page, gateway) => {
        const faults = () => accessibilityFaults(page, "body");
        const tab = (name: string) => page.getByRole("navigation").getByRole("button", { name }).click();
        await (plainMap ? page.locator(".flat-place").waitFor({ state: "attached" }) : mapReady(page));
        await page.locator(".alarm:not([hidden])").waitFor();
        assert.equal(await faults(), [], "alarm");
        if (viewport === phone) {
          await tab("Map");
          assert.equal(await faults(), [], "map");
          await tab("Incident");
          assert.equal(await faults(), [], "incident");
        } else await page.locator(".spectrogram").first().waitFor();
        await page.keyboard.press("c");
        await page.getByText("Confirm as gunfire. Why?").waitFor();
        assert.equal(await faults(), [], "reasons");
        await page.keyboard.press("Escape");
        await page.keyboard.press("?");
        assert.equal(await faults(), [], "help");
        await page.keyboard.press("Escape");
        await page.locator(".bar button").first().click();
        assert.equal(await faults(), [], "desk");
        await page.keyboard.press("Escape");
        if (viewport === phone) await tab("Map");
        await page.getByRole("button", { name: "1 lost" }).click();
        await page.locator(".node-card").waitFor();
        assert.equal(await faults(), [], "node");
        gateway.cut();
        await page.locator('.console[data-link="lost"]').waitFor();
        assert.equal(await faults(), [], "lost link");
      });
    });

desks.run();
