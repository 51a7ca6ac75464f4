/** A caller's picture outlives its first permissions: tokens last a minute, the session goes on. */
import assert from "node:assert/strict";
import { suite } from "uvu";
import { chromiumPath } from "#gateway/ops/fixtures/browser.ts";
import { until } from "#gateway/testing.ts";
import { callerWorld } from "../testing.ts";
import { launchPhone, onPhone, openLink } from "./testing.ts";

const WAIT_MS = 30_000;
const test = suite("caller page, a long picture");

test("100 s of picture on tokens of 60 s: one session, prolonged at least twice, live at every look", async () => {
  const world = await callerWorld("", "relay: { addresses: [127.0.0.1] }, record: { enabled: false }");
  const browser = await launchPhone();
  try {
    const { caller, url } = await world.operator.make();
    await onPhone(browser, url, {}, async (page) => {
      const calls: string[] = [];
      page.on("response", (answer) => {
        const method = answer.request().method();
        if (answer.url().includes("/video/whip/")) calls.push(`${method} ${answer.status()}`);
      });
      await openLink(page, "No", "Allow", "No");
      const live = async () => (await world.operator.stream(caller.streams.phone))?.live === true;
      await until("the stream", live, WAIT_MS);
      const endMs = Date.now() + 100_000;
      let [looks, dark] = [0, 0];
      while (Date.now() < endMs) {
        looks++;
        if (!(await live())) dark++;
        await page.waitForTimeout(1000);
      }
      assert.ok(looks > 50, `${looks} looks`);
      assert.equal(dark, 0, "looks without a picture");
      assert.deepEqual(
        calls.filter((call) => call.startsWith("POST")),
        ["POST 201"],
      );
      const prolonged = calls.filter((call) => /^PATCH 20[04]$/.test(call)).length;
      assert.ok(prolonged >= 2, calls.join(", "));
    });
  } finally {
    await browser.close();
    await world.stop();
  }
});

if (chromiumPath() === undefined) {
  process.stdout.write("page.media.long.test: skipped, no Chromium here (apt-get install chromium)\n");
} else test.run();
