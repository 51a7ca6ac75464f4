/** The whole house with a real browser before it: a simulated burst becomes an incident with its ellipse and its spectrogram on the screen. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { chromiumPath, launchBrowser } from "#gateway/ops/fixtures/browser.ts";
import { burstAmongDistractors } from "#sim/scenarios.ts";
import { isOf } from "./judge.ts";
import { type Stage, setStage } from "./stage.ts";

let stage: Stage | undefined;
let browser: Browser | undefined;

if (chromiumPath() === undefined) {
  test("skipped: no Chromium here", () => assert.is(chromiumPath(), undefined));
} else {
  test.before(async () => {
    stage = await setStage({ seed: 5, nodes: 12, flows: false });
    browser = await launchBrowser();
  });
  test.after(async () => {
    await browser?.close();
    await stage?.close();
  });

  test("a burst is on the screen with its bound, its sound and its spectrogram; C confirms it", async () => {
    const { city, world, ops, url, user, password } = stage!;
    const page = await browser!.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(url);
    await page.fill("input[autocomplete=username]", user);
    await page.fill("input[type=password]", password);
    await page.keyboard.press("Enter");
    await page.waitForSelector("canvas.maplibregl-canvas, [data-map]");

    const fired = await world.fire(burstAmongDistractors(city, "5/0", { distractors: [] }));
    const incident = await ops.until("the incident", 40_000, () =>
      [...ops.incidents.values()].find((each) => isOf(each, fired.shots)),
    );
    await fired.over;
    // The place settles when no more arrivals can come; a verdict on a version that has moved on would be refused.
    await page.waitForTimeout(6000);
    const whole = ops.incidents.get(incident.incident)!;
    assert.ok(whole.place!.ellipse95.semiMajorM > 0 && whole.rounds.length >= 1);

    await page.keyboard.press("j");
    await page.waitForFunction(
      (rounds) =>
        new RegExp(`${rounds} rounds?`).test(document.body.innerText) && /within \d+ m/.test(document.body.innerText),
      whole.rounds.length,
    );
    const colours = () =>
      page.evaluate(() =>
        [...document.querySelectorAll<HTMLCanvasElement>("canvas:not(.maplibregl-canvas)")].map((canvas) => {
          const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
          const seen = new Set<number>();
          for (let i = 0; i < data.length; i += 4) seen.add((data[i]! << 16) | (data[i + 1]! << 8) | data[i + 2]!);
          return seen.size;
        }),
      );
    // A spectrogram has hundreds of colours, an empty canvas one. A sound is fetched when somebody looks at it, and the record says so.
    const end = Date.now() + 40_000;
    while (!(await colours()).some((count) => count > 50)) {
      assert.ok(Date.now() < end, `no spectrogram; colours of the canvases: ${await colours()}`);
      await page.locator(".clip").first().scrollIntoViewIfNeeded();
      await page.waitForTimeout(200);
    }
    if (process.env.TOCSIN_PICTURES) {
      mkdirSync(process.env.TOCSIN_PICTURES, { recursive: true });
      await page.screenshot({ path: join(process.env.TOCSIN_PICTURES, "incident.png") });
    }

    await page.keyboard.press("c");
    await page.getByText("Confirm as gunfire. Why?").waitFor();
    await page.keyboard.press("1");
    const confirmed = await ops.until("the verdict", 20_000, () => {
      const newest = ops.incidents.get(incident.incident)!;
      return newest.status === "confirmed" ? newest : undefined;
    });
    assert.is(confirmed.verdict!.by, user);
    const detail = await ops.detail(incident.incident);
    assert.ok(detail.chain.ok && detail.timeline.some(({ kind }) => kind === "verdict"));
  });
}

test.run();
