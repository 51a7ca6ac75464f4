/** What axe-core and a ruler find in matches, field, caller and backup: light at a desk, dark on a phone. Nothing. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { suite } from "uvu";
import { buildConsole } from "#gateway/build-console.ts";
import { isAccessible } from "./fixtures/axe.ts";
import { chromiumPath, launchBrowser } from "./fixtures/browser.ts";
import { storyField } from "./fixtures/field-scenes.ts";
import { desk, onPage, phone } from "./fixtures/page.ts";

const desks = suite<{ folder: string; browser: Browser }>("accessibility of field and matches");
desks.before(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), "tocsin-ops-axe-field-"));
  await buildConsole(context.folder, { minify: false });
  context.browser = await launchBrowser({ webgl: false });
});
desks.after(async ({ folder, browser }) => {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
});

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
      await isAccessible(page, "field", "#panel-queue");
      if (viewport === phone) await page.getByRole("navigation").getByRole("button", { name: "Incident" }).click();
      await page.locator("#section-callers .caller").waitFor();
      await page.locator("#section-backup .call").waitFor();
      await isAccessible(page, "caller and backup", "#panel-incident .sections");
    });
  });

  desks(`matches (${where})`, async ({ browser, folder }) => {
    const roles = ["reviewer", "admin"] as const;
    await onPage(browser, folder, { field: storyField(), roles, ...look }, async (page) => {
      page.setDefaultTimeout(40_000);
      await page.getByRole("button", { name: "Matches 2" }).click();
      await page.locator(".match-list").first().waitFor();
      await isAccessible(page, "queue", "#panel-queue");
      await page.locator(".match-row").first().click();
      await page.locator(".face img").first().waitFor();
      await page.keyboard.press("c");
      await page.locator(".reasons").waitFor();
      await isAccessible(page, "review", "#panel-incident");
    });
  });

  desks(`live pictures that are asked for and do not come (${where})`, async ({ browser, folder }) => {
    await onPage(browser, folder, { field: storyField(), ...look }, async (page) => {
      page.setDefaultTimeout(40_000);
      if (viewport === phone) await page.getByRole("navigation").getByRole("button", { name: "Incident" }).click();
      await page.getByRole("button", { name: /^Show \d cameras/ }).waitFor();
      await isAccessible(page, "asked for", "#section-live");
      await page.keyboard.press("v");
      await page.getByRole("button", { name: /Enlarge n07/ }).click();
      await page.locator(".tile-badge", { hasText: "refused" }).waitFor();
      await page.getByRole("button", { name: "Chat" }).click();
      await isAccessible(page, "nothing comes", "#section-live");
    });
  });
}

if (chromiumPath() === undefined) {
  process.stdout.write("accessibility.field.test: skipped, no Chromium here (apt-get install chromium)\n");
} else desks.run();
