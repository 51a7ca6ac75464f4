/** A browser that watches, and what can be read off its screen. */
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { type Chain, STREAM } from "./chain.ts";
import type { Presented, Viewer, ViewerStats } from "./page.ts";

const path = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((each) =>
  existsSync(each),
);
export const hasBrowser = path !== undefined;

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: path!,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-quic",
      "--disable-background-networking",
      "--disable-component-update",
      // The peer on the other end is this very machine.
      "--allow-loopback-in-peer-connection",
      "--disable-features=WebRtcHideLocalIpsWithMdns",
    ],
  });
}

export interface Watching {
  page: Page;
  /** Joins, and resolves with the milliseconds to the first picture; tried again while the relay is away. */
  join(withinMs?: number): Promise<number>;
  leave(): Promise<void>;
  presented(): Promise<Presented[]>;
  stats(): Promise<ViewerStats>;
  /** Milliseconds until a picture that was painted after the call is on the screen. */
  untilPicture(withinMs: number): Promise<number>;
}

type InPage = typeof globalThis & { viewer: Viewer };

export async function watch(browser: Browser, chain: Chain): Promise<Watching> {
  const page = await browser.newPage({ viewport: { width: 660, height: 380 } });
  await page.goto(chain.url);
  const presented = () => page.evaluate(() => (globalThis as InPage).viewer.presented);
  return {
    page,
    presented,
    async join(withinMs = 30_000) {
      const endMs = performance.now() + withinMs;
      for (;;) {
        try {
          const token = await chain.viewToken();
          const asked = page.evaluate(
            ([stream, shown]) => (globalThis as InPage).viewer.join(stream!, shown!),
            [STREAM, token],
          );
          const late = new Promise<never>((_, reject) => {
            setTimeout(() => reject(new Error("no picture")), Math.max(1_000, endMs - performance.now())).unref();
          });
          return await Promise.race([asked, late]);
        } catch (error) {
          if (performance.now() > endMs) throw error;
          await page.waitForTimeout(100);
        }
      }
    },
    leave: () => page.evaluate(() => (globalThis as InPage).viewer.leave()),
    stats: () => page.evaluate(() => (globalThis as InPage).viewer.stats()),
    async untilPicture(withinMs) {
      const startMs = Date.now();
      for (;;) {
        const { paintedMs, atMs } = (await presented()).at(-1) ?? { paintedMs: 0, atMs: 0 };
        if (paintedMs > startMs) return atMs - startMs;
        if (Date.now() - startMs > withinMs) throw new Error(`no new picture within ${withinMs / 1000} s`);
        await page.waitForTimeout(20);
      }
    },
  };
}

export interface Figures {
  pictures: number;
  /** From painting to the screen, ms, over the pictures whose time code could be read. */
  medianMs: number;
  p95Ms: number;
  framesPerS: number;
  /** Longest time between two pictures on the screen. */
  longestGapMs: number;
  unreadable: number;
}

export function figuresOf(presented: readonly Presented[]): Figures {
  const delays = presented
    .filter(({ paintedMs }) => paintedMs > 0)
    .map(({ atMs, paintedMs }) => atMs - paintedMs)
    .sort((a, b) => a - b);
  const at = (share: number) => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? Number.NaN;
  const spanMs = (presented.at(-1)?.atMs ?? 0) - (presented[0]?.atMs ?? 0);
  const gaps = presented.slice(1).map(({ atMs }, i) => atMs - presented[i]!.atMs);
  return {
    pictures: presented.length,
    medianMs: at(0.5),
    p95Ms: at(0.95),
    framesPerS: spanMs > 0 ? ((presented.length - 1) * 1000) / spanMs : 0,
    longestGapMs: Math.max(0, ...gaps),
    unreadable: presented.length - delays.length,
  };
}

export const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
