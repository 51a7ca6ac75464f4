/** What axe-core finds in every state of the console, light and dark, at a desk and on a phone: nothing. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { buildConsole } from "#gateway/build-console.ts";
import { chromiumPath, launchBrowser } from "./fixtures/browser.ts";
import { desk, mapReady, onPage, phone } from "./fixtures/page.ts";

const require = createRequire(import.meta.url);
const everybody = suite<{ folder: string; browser: Browser }>("accessibility");

everybody.before(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), "tocsin-ops-axe-"));
  await buildConsole(context.folder, { minify: false });
  context.browser = await launchBrowser();
});
everybody.after(async ({ folder, browser }) => {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
});

for (const dark of [false, true]) {
  for (const viewport of [desk, phone]) {
    const where = `${dark ? "dark" : "light"}, ${viewport.width} px`;
    everybody(`no violation of WCAG 2.2 A and AA that axe-core can find (${where})`, async ({ browser, folder }) => {
      await onPage(
        browser,
        folder,
        { viewport, colorScheme: dark ? "dark" : "light", reducedMotion: "reduce" },
        async (page, gateway) => {
          const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
          const check = async (state: string) => {
            const found = await page.evaluate(async () => {
              const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
              const { violations, passes } = await axe.run(document, {
                runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
              });
              return {
                passed: passes.length,
                lines: violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`)),
              };
            });
            assert.ok(found.passed > 10, `${state}: only ${found.passed} rules applied`);
            assert.equal(found.lines, [], `${state}, ${where}`);
          };
          await page.evaluate(axe);
          await mapReady(page);
          await page.locator(".alarm:not([hidden])").waitFor();
          await check("alarm");
          if (viewport === phone) {
            for (const name of ["Map", "Incident"]) {
              await page.getByRole("navigation").getByRole("button", { name }).click();
              await check(name);
            }
          } else await page.locator(".spectrogram").first().waitFor();
          await page.keyboard.press("c");
          await page.getByText("Confirm as gunfire. Why?").waitFor();
          await check("reasons");
          await page.keyboard.press("Escape");
          await page.keyboard.press("?");
          await check("help");
          await page.keyboard.press("Escape");
          await page.locator(".bar button").first().click();
          await check("desk");
          await page.keyboard.press("Escape");
          if (viewport === phone) await page.getByRole("navigation").getByRole("button", { name: "Map" }).click();
          await page.getByRole("button", { name: "1 lost" }).click();
          await page.locator(".node-card").waitFor();
          await check("node");
          gateway.cut();
          await page.locator('.console[data-link="lost"]').waitFor();
          await check("lost link");
          const small = await page.evaluate(() =>
            [...document.querySelectorAll("button, a.button")]
              .filter((button) => button.checkVisibility({ visibilityProperty: true }))
              .map((button) => ({ box: button.getBoundingClientRect(), text: button.textContent }))
              .filter(({ box }) => box.width < 44 || box.height < 44)
              .map(({ text, box }) => `${text} ${box.width} x ${box.height}`),
          );
          assert.equal(small, [], "targets below 44 px");
        },
      );
    });
  }
}

if (chromiumPath() === undefined) {
  process.stdout.write("accessibility.test: skipped, no Chromium here (apt-get install chromium)\n");
} else everybody.run();
