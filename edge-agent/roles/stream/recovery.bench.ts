/**
 * How long the screen stays without a new picture: after the camera was unplugged, the node killed, the relay killed (from when the part is there
 * again), and over a link that loses 5 % each way on both sides of the relay.
 */
import { loadavg } from "node:os";
import { startChain } from "./testing/chain.ts";
import { figuresOf, openBrowser, watch } from "./testing/viewer.ts";

const LOSSY_MS = 15_000;
const print = (figure: object) =>
  process.stdout.write(
    `${JSON.stringify({ bench: "video uplink", ...figure, load: Number(loadavg()[0]!.toFixed(1)) })}\n`,
  );

const browser = await openBrowser();
const chain = await startChain({ camera: { bitrateBps: 1_500_000, grain: 6 } });
try {
  await chain.want();
  const viewer = await watch(browser, chain);
  await viewer.join();

  chain.cameras.unplug("front");
  await viewer.page.waitForTimeout(3_000);
  chain.cameras.plug("front");
  const unplugged = await viewer.untilPicture(30_000);
  print({
    figure: "picture back after the camera is plugged in again",
    value: unplugged / 1000,
    unit: "s",
    wanted: "<= 5",
  });

  chain.cameras.freeze("front");
  await viewer.page.waitForTimeout(4_000);
  chain.cameras.thaw("front");
  const frozen = await viewer.untilPicture(30_000);
  print({ figure: "picture back after a frozen camera goes on", value: frozen / 1000, unit: "s", wanted: "<= 5" });

  const killedMs = Date.now();
  chain.killNode();
  await chain.startNode();
  await chain.want();
  await viewer.untilPicture(30_000);
  print({
    figure: "picture back after the node was killed, its start included",
    value: (Date.now() - killedMs) / 1000,
    unit: "s",
    wanted: "<= 5",
  });

  const relayMs = Date.now();
  chain.killRelay();
  await chain.startRelay();
  const startedMs = Date.now();
  await viewer.join();
  await viewer.untilPicture(30_000);
  print({
    figure: "picture back after the relay was killed, its start included",
    value: (Date.now() - relayMs) / 1000,
    unit: "s",
    wanted: "<= 5",
    startS: (startedMs - relayMs) / 1000,
  });
} finally {
  await chain.close();
}

const lossy = await startChain({ uplinkLoss: 0.05, viewerLoss: 0.05, camera: { bitrateBps: 1_500_000, grain: 6 } });
try {
  await lossy.want();
  const viewer = await watch(browser, lossy);
  await viewer.join();
  await viewer.page.waitForTimeout(LOSSY_MS);
  const { longestGapMs, medianMs, framesPerS } = figuresOf(await viewer.presented());
  const { nackCount, freezeCount } = await viewer.stats();
  print({
    figure: "longest time without a new picture, 5 % lost each way",
    value: longestGapMs,
    unit: "ms",
    wanted: "<= 500",
    framesPerS,
    glassToGlassMs: medianMs,
    nackCount,
    freezeCount,
    datagrams: lossy.links.map(({ counters }) => counters),
  });
} finally {
  await browser.close();
  await lossy.close();
}
