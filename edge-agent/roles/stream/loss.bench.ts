/**
 * Stand-stills and delay of the picture in Chromium while 5 % of the datagrams are lost each way, on both sides of the relay: on loopback, and over links
 * that take 40 ms each way. `node loss.bench.ts SECONDS`: for so long each.
 */
import { loadavg } from "node:os";
import { startChain } from "./testing/chain.ts";
import { figuresOf, openBrowser, watch } from "./testing/viewer.ts";

const seconds = Number(process.argv[2] ?? 10);
const LATE_MS = 150;
const browser = await openBrowser();
try {
  for (const delayMs of [0, 40]) {
    const chain = await startChain({ uplinkLoss: 0.05, viewerLoss: 0.05, delayMs });
    try {
      await chain.want({}, 3_600);
      const viewer = await watch(browser, chain);
      await viewer.join(40_000);
      // Chromium learns of the round trip with its first reports.
      await viewer.page.waitForTimeout(3_000);
      const since = (await viewer.presented()).length;
      await viewer.page.waitForTimeout(seconds * 1_000);
      const presented = (await viewer.presented()).slice(since);
      const { longestGapMs, medianMs, p95Ms, framesPerS } = figuresOf(presented);
      const gapsMs = presented.slice(1).map(({ atMs }, i) => atMs - presented[i]!.atMs);
      const { nackCount, freezeCount, pliCount, packetsLost } = await viewer.stats();
      const { publishers_lost, publishers_recovered, publishers_givenUp, viewers_distancesAsked, viewers_thinned } =
        chain.relayCounters;
      const figure = {
        bench: "video uplink",
        figure: `longest time without a new picture, 5 % lost each way, ${delayMs} ms each way`,
        value: Math.round(longestGapMs),
        unit: "ms",
        wanted: "<= 500",
        seconds,
        standStills: gapsMs.filter((ms) => ms > LATE_MS).map(Math.round),
        framesPerS: Number(framesPerS.toFixed(1)),
        glassToGlassMs: Math.round(medianMs),
        glassToGlass95Ms: Math.round(p95Ms),
        browser: { nackCount, freezeCount, pliCount, packetsLost },
        relay: { publishers_lost, publishers_recovered, publishers_givenUp, viewers_distancesAsked, viewers_thinned },
        datagrams: chain.links.map(({ counters }) => counters),
        load: Number(loadavg()[0]!.toFixed(1)),
      };
      process.stdout.write(`${JSON.stringify(figure)}\n`);
      await viewer.page.close();
    } finally {
      await chain.close();
    }
  }
} finally {
  await browser.close();
}
