/** The page on a telephone and on a desk, in a real browser. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { soundClasses } from "#contract/shot.ts";
import { chromiumPath, launchBrowser } from "#gateway/ops/fixtures/browser.ts";
import type { HeardFile } from "./hear-file.ts";
import { pageOf } from "./page.ts";

const sampleRateHz = 16_000;
const samples = Float32Array.from({ length: 3 * sampleRateHz }, (_, i) =>
  i < sampleRateHz ? 0.001 * Math.sin(i) : 0.5 * Math.exp(-(i - sampleRateHz) / 400) * Math.sin(i * 0.7),
);
const heard = {
  file: "seen/a-shot-at-the-corner-of-two-streets.wav",
  samples,
  sampleRateHz,
  channel: 0,
  channels: 1,
  remarks: [],
  detections: [
    {
      onsetS: 1,
      onsetSigmaS: 1e-4,
      gunshot: true,
      probability: 0.97,
      echoProbability: 0.02,
      scores: Object.fromEntries(soundClasses.map((name, i) => [name, i === 0 ? 0.97 : 0.006])),
      snrDb: 42,
      peakDbFs: -6,
    },
  ],
} as unknown as HeardFile;

if (chromiumPath() === undefined) {
  test("skipped: no Chromium here", () => assert.is(chromiumPath(), undefined));
} else {
  test("the picture fits a telephone, drawn for it, and the page does not scroll sideways; a desk has the wide one", async () => {
    const browser = await launchBrowser();
    try {
      const seen = async (width: number) => {
        const page = await browser.newPage({ viewport: { width, height: 800 } });
        await page.setContent(pageOf([heard], "test", 0.5));
        await page.waitForFunction(() => document.querySelector("img")!.naturalWidth > 0);
        if (process.env.TOCSIN_PICTURES)
          await page.screenshot({ path: `${process.env.TOCSIN_PICTURES}/detect-${width}.png`, fullPage: true });
        return page.evaluate(() => {
          const img = document.querySelector("img")!;
          const { right } = img.getBoundingClientRect();
          return { drawn: img.naturalWidth, fits: right <= innerWidth, page: document.documentElement.scrollWidth };
        });
      };
      assert.equal(await seen(390), { drawn: 440, fits: true, page: 390 });
      assert.equal(await seen(1280), { drawn: 1200, fits: true, page: 1280 });
    } finally {
      await browser.close();
    }
  });
}

test.run();
