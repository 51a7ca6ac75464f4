/** How many pictures passed each place on their way, between two instants: where fewer come out than went in, there they were lost. */
import type { Chain } from "./chain.ts";
import type { ViewerStats } from "./page.ts";
import type { Watching } from "./viewer.ts";

/** Pictures a second. */
export interface Hops {
  /** By the simulated camera; what it left out because it was held up. */
  painted: number;
  paintingSkipped: number;
  /** Last packets of a picture that came in at the relay. */
  relay: number;
  /** By Chromium's own count: whole pictures out of packets, decoded, thrown away before the screen. */
  received: number;
  decoded: number;
  dropped: number;
  /** Given to the compositor: of two pictures between two of its frames it shows the newer. */
  presented: number;
  /** Of those, seen by the page's script. */
  read: number;
}

export interface HopCounter {
  /** Since it was made. */
  rates(): Promise<Hops>;
}

export async function countHops(chain: Chain, viewer: Watching): Promise<HopCounter> {
  const now = async () => {
    const [{ cameras }, stats] = await Promise.all([chain.cameras.figures(), viewer.stats()]);
    const { painted, skipped } = cameras.front as { painted: number; skipped: number };
    return { painted, skipped, stats, relay: await freshRelayCount(chain), atMs: performance.now() };
  };
  const first = await now();
  return {
    async rates() {
      const last = await now();
      const perS = (count: number) => Number(((count * 1000) / (last.atMs - first.atMs)).toFixed(2));
      const ofPage = (name: keyof ViewerStats) => perS(Number(last.stats[name]) - Number(first.stats[name]));
      return {
        painted: perS(last.painted - first.painted),
        paintingSkipped: perS(last.skipped - first.skipped),
        relay: perS(last.relay - first.relay),
        received: ofPage("framesReceived"),
        decoded: ofPage("framesDecoded"),
        dropped: ofPage("framesDropped"),
        presented: ofPage("presentedFrames"),
        read: ofPage("readFrames"),
      };
    },
  };
}

/** It tells of itself once a second: what it tells next is new. */
async function freshRelayCount(chain: Chain): Promise<number> {
  const before = chain.relayCounters;
  const endMs = performance.now() + 5_000;
  while (chain.relayCounters === before && performance.now() < endMs)
    await new Promise((resolve) => setTimeout(resolve, 20));
  return chain.relayCounters.publishers_pictures ?? 0;
}
