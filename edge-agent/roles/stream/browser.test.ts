/**
 * A real RTSP stream through a node and the relay into Chromium, in short: pictures come, their time code is read off the screen, and they come back
 * after each part was killed. Times are generous here; `stream.bench.ts` measures, `browser.long.test.ts` stays for ten minutes.
 */
import { spawnSync } from "node:child_process";
import type { Browser } from "playwright-core";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Chain, startChain } from "./testing/chain.ts";
import { figuresOf, hasBrowser, openBrowser, watch } from "./testing/viewer.ts";

const missing = [hasBrowser ? "" : "chromium", spawnSync("ffmpeg", ["-version"]).error ? "ffmpeg" : ""].filter(Boolean);
const WAIT_MS = 40_000;
const PICTURES = 40;

if (missing.length > 0) {
  test(`skipped: no ${missing.join(", ")} here`, () => {});
} else {
  let browser: Browser;
  let chain: Chain;
  test.before(async () => {
    [browser, chain] = await Promise.all([openBrowser(), startChain({ camera: { subBitrateBps: 200_000 } })]);
    await chain.want();
  });
  test.after(async () => {
    await browser?.close();
    await chain?.close();
  });

  test("pictures are on the screen, each with its time: painted less than five seconds ago, several a second", async () => {
    const viewer = await watch(browser, chain);
    await viewer.join(WAIT_MS);
    for (const endMs = Date.now() + WAIT_MS; (await viewer.presented()).length < PICTURES && Date.now() < endMs; )
      await viewer.page.waitForTimeout(100);
    const { pictures, medianMs, framesPerS, unreadable } = figuresOf(await viewer.presented());
    assert.ok(pictures >= PICTURES, `${pictures}`);
    assert.ok(framesPerS > 2 && framesPerS < 40, `${framesPerS}`);
    assert.ok(unreadable <= 2 + pictures / 20, `${unreadable} of ${pictures}`);
    assert.ok(medianMs > 0 && medianMs < 5_000, `${medianMs} ms`);
    await viewer.page.close();
  });

  test("the camera unplugged, the node killed, the relay killed: each time the picture comes back by itself", async () => {
    const viewer = await watch(browser, chain);
    await viewer.join(WAIT_MS);
    chain.cameras.unplug("front");
    await viewer.page.waitForTimeout(1_000);
    chain.cameras.plug("front");
    await viewer.untilPicture(WAIT_MS);

    chain.killNode();
    await chain.startNode();
    // What a gateway does when a node's state says that it sends nothing.
    await chain.want();
    await viewer.untilPicture(WAIT_MS);

    chain.killRelay();
    await chain.startRelay();
    await viewer.join(WAIT_MS);
    await viewer.untilPicture(WAIT_MS);
    // What the node says of itself comes a little after the picture.
    for (const endMs = Date.now() + WAIT_MS; chain.camera?.phase !== "live" && Date.now() < endMs; )
      await viewer.page.waitForTimeout(50);
    assert.is(chain.camera?.phase, "live");
    await viewer.page.close();
  });
}

test.run();
