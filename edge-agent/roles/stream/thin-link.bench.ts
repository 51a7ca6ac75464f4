/**
 * A link that becomes too thin for the camera's main stream (1.5 Mbit/s with a sub-stream of 200 kbit/s over 600 kbit/s with a queue of a quarter of a
 * second), and wide again; the same for a picture that is encoded on the node. No browser: the node's own words and the link's counters tell.
 */
import { loadavg } from "node:os";
import { type Chain, type ChainOptions, startChain } from "./testing/chain.ts";

const THIN_BPS = 600_000;
const print = (figure: object) =>
  process.stdout.write(
    `${JSON.stringify({ bench: "video uplink", ...figure, load: Number(loadavg()[0]!.toFixed(1)) })}\n`,
  );
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(chain: Chain, look: (camera: NonNullable<Chain["camera"]>) => boolean, withinS: number) {
  const startMs = performance.now();
  while (!(chain.camera && look(chain.camera))) {
    if (performance.now() - startMs > withinS * 1000) return Number.NaN;
    await sleep(50);
  }
  return (performance.now() - startMs) / 1000;
}

const sum = (chain: Chain) => ({
  sent: chain.links.reduce((all, { counters }) => all + counters.up, 0),
  lost: chain.links.reduce((all, { counters }) => all + counters.upLost, 0),
});

async function thin(what: string, options: ChainOptions, isThin: (camera: NonNullable<Chain["camera"]>) => boolean) {
  const chain = await startChain({ uplinkLoss: 0, ...options });
  let narrow: NodeJS.Timeout | undefined;
  try {
    await chain.want();
    await until(chain, ({ phase }) => phase === "live", 30);
    await sleep(8_000);
    let rateBps: number | undefined = THIN_BPS;
    // Also of a connection that is made anew.
    narrow = setInterval(() => {
      for (const each of chain.links) each.setRate(rateBps);
    }, 50);
    const takenS = await until(chain, isThin, 20);
    await sleep(4_000);
    const before = sum(chain);
    await sleep(6_000);
    const after = sum(chain);
    const lost = (after.lost - before.lost) / Math.max(1, after.sent - before.sent);
    print({
      figure: `${what}: told less after the link became thin`,
      value: takenS,
      unit: "s",
      lostAfterwards: Number(lost.toFixed(3)),
      sentBps: chain.camera?.bitrateBps,
      bound: { linkBps: THIN_BPS },
    });
    rateBps = undefined;
    const backS = await until(chain, (camera) => !isThin(camera), 60);
    print({ figure: `${what}: as before after the link became wide`, value: backS, unit: "s" });
  } finally {
    clearInterval(narrow);
    await chain.close();
  }
}

const camera = { bitrateBps: 1_500_000, grain: 6 };
await thin("sub-stream", { camera: { ...camera, subBitrateBps: 200_000 } }, ({ source }) => source === "sub");
await thin(
  "encoder",
  {
    camera,
    node: {
      transcode: "always",
      widthPx: 640,
      heightPx: 360,
      encoder: { bitrateBps: 1_500_000, leastBitrateBps: 150_000 },
    },
  },
  ({ bitrateBps = 0 }) => bitrateBps < THIN_BPS,
);
