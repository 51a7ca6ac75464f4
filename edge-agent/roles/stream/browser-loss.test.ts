/** A link that loses every twentieth datagram, both ways, on both sides of the relay: what is lost is sent again, and the picture stays. */
import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startChain } from "./testing/chain.ts";
import { figuresOf, hasBrowser, openBrowser, watch } from "./testing/viewer.ts";

const missing = [hasBrowser ? "" : "chromium", spawnSync("ffmpeg", ["-version"]).error ? "ffmpeg" : ""].filter(Boolean);

if (missing.length > 0) {
  test(`skipped: no ${missing.join(", ")} here`, () => {});
} else {
  test("5 % of loss: the counters say that it was lost, asked for and sent again; pictures go on", async () => {
    const [browser, chain] = await Promise.all([openBrowser(), startChain({ uplinkLoss: 0.05, viewerLoss: 0.05 })]);
    try {
      await chain.want();
      const viewer = await watch(browser, chain);
      await viewer.join(40_000);
      const lossy = () =>
        chain.links.length === 2 && chain.links.every(({ counters }) => counters.up + counters.down > 700);
      for (const endMs = Date.now() + 20_000; !lossy() && Date.now() < endMs; ) await viewer.page.waitForTimeout(100);
      const { pictures, longestGapMs } = figuresOf(await viewer.presented());
      assert.ok(pictures > 20, `${pictures} pictures`);
      assert.ok(longestGapMs < 5_000, `${longestGapMs} ms`);
      const uplink = chain.links.find(({ counters: { up, down } }) => up > down)!;
      const share = uplink.counters.upLost / uplink.counters.up;
      assert.ok(share > 0.01 && share < 0.12, `${uplink.counters.upLost} of ${uplink.counters.up}`);
      for (const { counters } of chain.links) assert.ok(counters.up > 0 && counters.down > 0, "the only way there is");
      const { nackCount, packetsReceived } = await viewer.stats();
      assert.ok(nackCount > 0 && packetsReceived > 100, `${nackCount} asked again of ${packetsReceived}`);
      const endMs = performance.now() + 20_000;
      while (!((chain.camera?.counters?.retransmitted ?? 0) > 0) && performance.now() < endMs)
        await viewer.page.waitForTimeout(200);
      assert.ok(chain.camera!.counters!.retransmitted! > 0);
      assert.ok(chain.camera!.counters!.feedbacks! > 0);
      for (const endMs = Date.now() + 20_000; !chain.relayCounters.viewers_distancesAsked && Date.now() < endMs; )
        await viewer.page.waitForTimeout(100);
      const { publishers_recovered = 0, publishers_lost = 0, viewers_distancesAsked = 0 } = chain.relayCounters;
      assert.ok(
        publishers_recovered > 0.8 * publishers_lost && publishers_lost > 0,
        `${publishers_lost} lost on the way up`,
      );
      assert.ok(viewers_distancesAsked > 0, "Chromium asks how far away the relay is");
    } finally {
      await browser.close();
      await chain.close();
    }
  });
}

test.run();
