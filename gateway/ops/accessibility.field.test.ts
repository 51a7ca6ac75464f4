/** What axe-core and a ruler find in matches, field, caller and backup: light at a desk, dark on a phone. Nothing. */

import * as assert from "uvu/assert";
import { accessibilityFaults } from "./fixtures/axe.ts";
import { consoleSuite } from "./fixtures/console-suite.ts";
import { storyField } from "./fixtures/field-scenes.ts";
import { desk, onPage, phone } from "./fixtures/page.ts";

const desks = consoleSuite("accessibility of field and matches", { map: false });

for (const [viewport, dark] of [
  [desk, false],
  [phone, true],
] as const) {
  const look = {
    viewport,
    colorScheme: dark ? ("dark" as const) : ("light" as const),
    reducedMotion: "reduce" as const,
  };
  const where = `${dark ? "dark" : "light"}, ${viewport.width} px`;

  desks(`field, caller and backup (${where})`, async ({ browser, folder }) => {
    const field = storyField(false);
    field.robots[0]!.latched = true;
    await onPage(browser, folder, { field, ...look }, async (page) => {
      page.setDefaultTimeout(40_000);
      await page.getByRole("button", { name: "Field" }).click();
      await page.locator("#panel-queue .estop").waitFor();
      await page.getByRole("button", { name: "New caller link …" }).click();
      assert.equal(await accessibilityFaults(page, "#panel-queue"), [], "field");
      if (viewport === phone) await page.getByRole("navigation").getByRole("button", { name: "Incident" }).click();
      await page.locator("#section-callers .caller").waitFor();
      await page.locator("#section-backup .call").waitFor();
      assert.equal(await accessibilityFaults(page, "#panel-incident .sections"), [], "caller and backup");
    });
  });

  desks(`matches (${where})`, async ({ browser, folder }) => {
    const roles = ["reviewer", "admin"] as const;
    await onPage(browser, folder, { field: storyField(), roles, ...look }, async (page) => {
      page.setDefaultTimeout(40_000);
      await page.getByRole("button", { name: "Matches 2" }).click();
      await page.locator(".match-list").first().waitFor();
      assert.equal(await accessibilityFaults(page, "#panel-queue"), [], "queue");
      await page.locator(".match-row").first().click();
      await page.locator(".face img").first().waitFor();
      await page.keyboard.press("c");
      await page.locator(".reasons").waitFor();
      assert.equal(await accessibilityFaults(page, "#panel-incident"), [], "review");
    });
  });

  desks(`live pictures that are asked for and do not come (${where})`, async ({ browser, folder }) => {
    await onPage(browser, folder, { field: storyField(), ...look }, async (page) => {
      page.setDefaultTimeout(40_000);
      if (viewport === phone) await page.getByRole("navigation").getByRole("button", { name: "Incident" }).click();
      await page.getByRole("button", { name: /^Show \d cameras/ }).waitFor();
      assert.equal(await accessibilityFaults(page, "#section-live"), [], "asked for");
      await page.keyboard.press("v");
      await page.getByRole("button", { name: /Enlarge n07/ }).click();
      await page.locator(".tile-badge", { hasText: "refused" }).waitFor();
      await page.getByRole("button", { name: "Chat" }).click();
      assert.equal(await accessibilityFaults(page, "#section-live"), [], "nothing comes");
    });
  });
}

desks.run();
