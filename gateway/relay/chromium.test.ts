/** Chromium watches a real picture through the relay: H264 and VP8, and it sees the camera's own clock. */
import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { suite } from "uvu";
import { chromiumPath, launchBrowser } from "../ops/fixtures/browser.ts";
import { until } from "../testing.ts";
import { hasFfmpeg } from "./camera.testing.ts";
import { look, startClockCamera, WIDTH_PX } from "./chromium.testing.ts";
import { closeClients, publish } from "./clients.testing.ts";
import { makeWorld, type World } from "./testing.ts";

interface Context {
  world: World;
  browser: Browser;
}
const test = suite<Context>("Chromium", {} as Context);

test.before(async (context) => {
  [context.world, context.browser] = await Promise.all([makeWorld(), launchBrowser()]);
});
test.after.each(closeClients);
test.after(async ({ world, browser }) => {
  await browser.close();
  await world.close();
});

for (const codec of ["H264", "VP8"] as const) {
  test(`${codec}: a browser that joins between keyframes sees the picture, and in it the time at which it was made`, async ({
    world,
    browser,
  }) => {
    const stream = `lamp-${codec.toLowerCase()}.front`;
    const { sign } = world.signer;
    const publisher = await publish(world.base, stream, await sign({ act: "publish", stream }), { codec });
    await publisher.connected;
    // Twenty seconds between keyframes: without the cache a newcomer would wait for ten.
    const camera = await startClockCamera({ codec, group: 300, framesPerS: 15 }, (packet) => publisher.write(packet));
    const page = await browser.newPage();
    try {
      const pictures = () => world.relay.streams.get(stream)?.publisher?.ingest.counters.pictures ?? 0;
      await until("a keyframe and some pictures after it", () => pictures() >= 5, 40_000);
      const token = await sign({ act: "view", stream });
      const looking = look(page, `${world.base}/video/whep/${stream}`, token, { pictures: 20 });
      const direct = () =>
        [...(world.relay.streams.get(stream)?.viewers.values() ?? [])].some((each) => each.figures().direct);
      const encrypted = until("AES-GCM with the browser, by the relay's own sender", direct, 40_000);
      const [seen] = await Promise.all([looking, encrypted]);
      assert.equal(seen.widthPx, WIDTH_PX);
      assert.ok(seen.framesDecoded >= 20, `${seen.framesDecoded} pictures`);
      // A clock that was read wrongly would be years off.
      const plausible = seen.glassToGlassMs.filter((ms) => ms > -50 && ms < 20_000);
      assert.ok(plausible.length > 0.9 * seen.glassToGlassMs.length, seen.glassToGlassMs.slice(0, 10).join());
    } finally {
      await page.close();
      await camera.stop();
    }
  });
}

if (chromiumPath() === undefined || !hasFfmpeg) {
  process.stdout.write("chromium.test: skipped, no Chromium or no ffmpeg here (apt-get install chromium ffmpeg)\n");
  suite("Chromium").run();
} else test.run();
