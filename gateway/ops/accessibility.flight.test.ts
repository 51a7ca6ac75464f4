/** What axe-core finds in the drone's part of the console, light and dark, at a desk and on a phone: nothing. */
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
import { CENTRE } from "./fixtures/city.ts";
import { ScriptedDrone } from "./fixtures/drone.ts";
import { burst, desk, onPage, phone } from "./fixtures/page.ts";
import { passedChecks } from "./fixtures/preflight-checks.ts";
import { offset } from "./geometry.ts";

const require = createRequire(import.meta.url);
const everybody = suite<{ folder: string; browser: Browser }>("accessibility of the drone");

everybody.before(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), "tocsin-ops-axe-flight-"));
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
      const [lon, lat] = offset(CENTRE.lat, CENTRE.lon, -330, 250);
      const d1 = new ScriptedDrone({ id: "d1", dock: { lat, lon }, incident: burst() });
      d1.refused = true;
      d1.why = "preflight: wind (14.2 m/s, 10 m/s allowed)";
      d1.preflight = passedChecks.map((one) => (one.check === "wind" ? { ...one, ok: false } : one));
      await onPage(
        browser,
        folder,
        {
          viewport,
          colorScheme: dark ? "dark" : "light",
          reducedMotion: "reduce",
          drones: [d1],
          roles: ["dispatch"],
        },
        async (page) => {
          const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
          const check = async (state: string) => {
            const found = await page.evaluate(async () => {
              const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
              const { violations, passes } = await axe.run(document, {
                runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
              });
              const wide = [...document.querySelectorAll("#panel-incident *")]
                .filter((element) => element.checkVisibility() && !element.closest(".unseen"))
                .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
                .map((element) => `runs over the right edge: ${element.outerHTML.slice(0, 120)}`);
              const small = [...document.querySelectorAll("#section-flight button")]
                .filter((button) => button.checkVisibility({ visibilityProperty: true }))
                .map((button) => ({ box: button.getBoundingClientRect(), text: button.textContent }))
                .filter(({ box }) => box.width < 44 || box.height < 44)
                .map(({ text, box }) => `below 44 px: ${text} ${box.width} x ${box.height}`);
              return {
                passed: passes.length,
                lines: violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`)),
                layout: [...wide, ...small],
              };
            });
            assert.ok(found.passed > 10, `${state}: only ${found.passed} rules applied`);
            assert.equal([...found.lines, ...found.layout], [], `${state}, ${where}`);
          };
          const phase = (words: string) => page.locator(".drone-phase", { hasText: words }).waitFor();
          await page.evaluate(axe);
          if (viewport === phone) await page.getByRole("navigation").getByRole("button", { name: "Incident" }).click();
          await page.getByText("d1 did not fly.").waitFor();
          await check("refused");
          d1.refused = false;
          d1.preflight = [...passedChecks];
          d1.send(burst(), "asked");
          await phase("Waits for authorisation");
          await page.keyboard.press("a");
          await page.locator(".second").waitFor();
          await check("second act");
          await page.keyboard.press("1");
          await phase("On its way");
          await page.getByText("Preflight: all 12 checks passed").click();
          await check("on its way");
          d1.silent = true;
          await page.locator(".drone.is-old").waitFor();
          await check("silent");
        },
      );
    });
  }
}

if (chromiumPath() === undefined) {
  process.stdout.write("accessibility.flight.test: skipped, no Chromium here (apt-get install chromium)\n");
} else everybody.run();
