/**
 * What the console costs a dispatcher: time to the first picture, time to an incident on screen, frames, a long queue.
 * `node gateway/ops/console.bench.ts [part of a part's name ...]`: firstPaint, firstOnScreen, onScreen, thousandNodes, longQueue; all without one.
 */

import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContext, BrowserContextOptions, CDPSession, Page } from "playwright-core";
import { buildConsole } from "#gateway/build-console.ts";
import { chromiumPath, launchBrowser } from "./fixtures/browser.ts";
import { incidentOf } from "./fixtures/city.ts";
import { type Noted, noteWhatIsDrawn, paintedAt } from "./fixtures/drawn.ts";
import { fakeGateway } from "./fixtures/fake-gateway.ts";
import { ago, desk, mapReady, phone, signIn } from "./fixtures/page.ts";

/** A phone as Lighthouse's "applied slow" one has it for the processor, on a city's LTE: 10 Mbit/s down, 40 ms there and back. */
const PHONE = { cpuSlowdown: 4, downBytesPerS: 1_250_000, upBytesPerS: 375_000, rttMs: 40 };
const SAID = 40;

function print(figure: string, value: number, unit: string, bound?: number, peer?: unknown): void {
  const rounded = Math.round(value * 100) / 100;
  process.stdout.write(`${JSON.stringify({ bench: "console", figure, value: rounded, unit, bound, peer })}\n`);
}
const quantile = (values: number[], q: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))]!;

async function metrics(cdp: CDPSession): Promise<Record<string, number>> {
  const { metrics } = await cdp.send("Performance.getMetrics");
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

/** Frame times in milliseconds while `doing` runs. */
async function frames(page: Page, doing: () => Promise<void>): Promise<number[]> {
  await page.evaluate(() => {
    const times: number[] = [];
    let last = performance.now();
    let on = true;
    Object.assign(globalThis, { times, stopFrames: () => (on = false) });
    const tick = (now: number) => {
      times.push(now - last);
      last = now;
      if (on) requestAnimationFrame(tick);
    };
    requestAnimationFrame((now) => {
      last = now;
      requestAnimationFrame(tick);
    });
  });
  await doing();
  return page.evaluate(() => {
    const { times, stopFrames } = globalThis as unknown as { times: number[]; stopFrames: () => void };
    stopFrames();
    return times;
  });
}

/** `tsx` gives functions their names with a helper that no page has. */
async function openContext(browser: Browser, options: BrowserContextOptions): Promise<BrowserContext> {
  const context = await browser.newContext(options);
  await context.addInitScript("globalThis.__name ??= (named) => named");
  return context;
}

async function firstPaint(browser: Browser, folder: string): Promise<void> {
  const gateway = await fakeGateway({ folder, incidents: [incidentOf({ id: "01K0SHOT8F2A", firedAt: ago(19) })] });
  const context = await openContext(browser, { viewport: phone, deviceScaleFactor: 2 });
  const page = await context.newPage();
  await signIn(page, gateway.url);
  const cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  await cdp.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: PHONE.rttMs,
    downloadThroughput: PHONE.downBytesPerS,
    uploadThroughput: PHONE.upBytesPerS,
  });
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: PHONE.cpuSlowdown });
  await page.addInitScript(() => {
    const seen = () => {
      if (document.querySelector(".row, .alarm:not([hidden])") === null) requestAnimationFrame(seen);
      else requestAnimationFrame(() => setTimeout(() => Object.assign(globalThis, { usefulMs: performance.now() }), 0));
    };
    requestAnimationFrame(seen);
  });
  const useful: number[] = [];
  const contentful: number[] = [];
  for (let i = 0; i < 5; i++) {
    await cdp.send("Network.clearBrowserCache");
    await page.goto("about:blank");
    await page.goto(gateway.url, { waitUntil: "commit" });
    await page.waitForFunction(() => "usefulMs" in globalThis);
    useful.push(await page.evaluate(() => (globalThis as unknown as { usefulMs: number }).usefulMs));
    contentful.push(
      await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? -1),
    );
  }
  const how = { profile: "4 x slower processor, 10 Mbit/s, 40 ms, empty cache", runs: useful.length };
  print("first contentful paint on a phone, median", quantile(contentful, 0.5), "ms", 1000, how);
  print("first useful paint on a phone (an incident readable), median", quantile(useful, 0.5), "ms", 1000, how);
  await context.close();
  await gateway.close();
}

const nowMs = () => performance.timeOrigin + performance.now();

async function onScreen(browser: Browser, folder: string): Promise<void> {
  const gateway = await fakeGateway({ folder, incidents: [incidentOf({ id: "01K0SHOT8F2A", firedAt: ago(19) })] });
  const context = await openContext(browser, { viewport: desk });
  const page = await context.newPage();
  await page.addInitScript(noteWhatIsDrawn);
  await signIn(page, gateway.url);
  await mapReady(page);
  await page.locator(".spectrogram").first().waitFor();
  await page.waitForTimeout(1500);
  const cdp = await context.newCDPSession(page);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  const say = (id: string) => {
    const saidMs = nowMs();
    gateway.say(incidentOf({ id, firedAt: new Date().toISOString() }));
    return saidMs;
  };
  const apart: number[] = [];
  const onMap: number[] = [];
  for (let i = 0; i < SAID; i++) {
    const id = `01K0APART${String(i).padStart(4, "0")}`;
    const saidMs = say(id);
    // What comes every second comes at any time before it.
    await page.waitForTimeout(450 + ((i * 137) % 300));
    const noted = await page.evaluate(() => (globalThis as unknown as Noted).drawn.lastMs);
    apart.push((await paintedAt(page, id)) - saidMs);
    onMap.push(noted - saidMs);
  }
  const how = { said: SAID, apart: "450 to 750 ms" };
  print("incident on screen after the gateway has it, median", quantile(apart, 0.5), "ms", 100, how);
  print("incident on screen after the gateway has it, 95 %", quantile(apart, 0.95), "ms", 100, how);
  print("map drawn for the last time after it, median", quantile(onMap, 0.5), "ms", undefined, how);
  const before = await metrics(cdp);
  const together: number[] = [];
  for (let i = 0; i < SAID; i++) {
    const id = `01K0BENCH${String(i).padStart(4, "0")}`;
    const saidMs = say(id);
    together.push((await paintedAt(page, id)) - saidMs);
  }
  const spentS = (await metrics(cdp)).TaskDuration! - before.TaskDuration!;
  const chased = { said: SAID, apart: "each as soon as the one before is painted" };
  print("incident on screen, one upon the other, median", quantile(together, 0.5), "ms", 100, chased);
  print("incident on screen, one upon the other, 95 %", quantile(together, 0.95), "ms", 100, chased);
  print("processor time of the page per incident that comes", (spentS * 1000) / SAID, "ms");
  await context.close();
  await gateway.close();
}

/** The first of the night: queue, alarm, incident, map and sound have shown nothing yet. */
async function firstOnScreen(browser: Browser, folder: string): Promise<void> {
  const latencies: number[] = [];
  for (let i = 0; i < 6; i++) {
    const gateway = await fakeGateway({ folder, incidents: [] });
    const context = await openContext(browser, { viewport: desk });
    const page = await context.newPage();
    await page.addInitScript(noteWhatIsDrawn);
    await signIn(page, gateway.url);
    await mapReady(page);
    await page.waitForTimeout(3000);
    const id = "01K0FIRST8F2";
    const saidMs = nowMs();
    gateway.say(incidentOf({ id, firedAt: new Date().toISOString() }));
    latencies.push((await paintedAt(page, id)) - saidMs);
    await context.close();
    await gateway.close();
  }
  const how = { pages: latencies.length };
  print("first incident on an empty screen, median", quantile(latencies, 0.5), "ms", 100, how);
}

async function thousandNodes(browser: Browser, folder: string): Promise<void> {
  const gateway = await fakeGateway({ folder, nodes: 1000, incidents: [] });
  const context = await openContext(browser, { viewport: desk });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  await signIn(page, gateway.url);
  await mapReady(page);
  await page.locator(".legend", { hasText: "998 hearing" }).waitFor();
  await page.waitForTimeout(1500);
  const pan = async () => {
    await page.mouse.move(700, 450);
    await page.mouse.down();
    for (let i = 0; i < 90; i++) await page.mouse.move(700 + 180 * Math.sin(i / 8), 450 + 120 * Math.cos(i / 8));
    await page.mouse.up();
  };
  const idle = await frames(page, () => page.waitForTimeout(2000));
  const before = await metrics(cdp);
  const moving = await frames(page, pan);
  const after = await metrics(cdp);
  const ms = (times: number[]) => times.reduce((sum, time) => sum + time, 0) / times.length;
  print("frames per second while the map with 1,000 nodes is dragged", 1000 / ms(moving), "1/s", 60, {
    "frames per second of the same page at rest": Math.round(1000 / ms(idle)),
    renderer: "SwiftShader: WebGL in software on shared cores, no GPU",
  });
  print(
    "processor time of the page per frame while it is dragged",
    ((after.TaskDuration! - before.TaskDuration!) * 1000) / moving.length,
    "ms",
    16.7,
  );
  const one = [...Array(20).keys()].map(async (i) => {
    const state = { v: 1 as const, id: `s${i}`, at: new Date().toISOString(), status: "lost" as const, roles: [] };
    gateway.sayNode({ ...state, node: gateway.site.nodes[i + 20]!.id });
  });
  await Promise.all(one);
  await page.locator(".legend", { hasText: "21 lost" }).waitFor();
  await context.close();
  await gateway.close();
}

async function longQueue(browser: Browser, folder: string): Promise<void> {
  const start = Date.now();
  const incidents = Array.from({ length: 10_000 }, (_, i) =>
    incidentOf({
      id: `01K0${String(i).padStart(8, "0")}`,
      firedAt: new Date(start - i * 300_000).toISOString(),
      status: "dismissed",
      rounds: 1,
    }),
  );
  const gateway = await fakeGateway({ folder, incidents, page: 10_000 });
  const context = await openContext(browser, { viewport: desk });
  const page = await context.newPage();
  await signIn(page, gateway.url);
  await page.getByRole("button", { name: /^All/ }).click();
  await page.locator(".row").first().waitFor();
  await mapReady(page);
  await page.waitForTimeout(1000);
  const scrolled = await frames(page, async () => {
    await page.mouse.move(120, 500);
    for (let i = 0; i < 60; i++) await page.mouse.wheel(0, i < 40 ? 900 : 30_000);
    await page.waitForTimeout(200);
  });
  const rows = await page.locator(".row").count();
  print("longest frame while 10,000 incidents are scrolled", Math.max(...scrolled), "ms", 100, {
    "rows in the page": rows,
  });
  print(
    "frames per second while 10,000 incidents are scrolled",
    1000 / (scrolled.reduce((a, b) => a + b, 0) / scrolled.length),
    "1/s",
    60,
  );
  const said = await frames(page, async () => {
    for (let i = 0; i < 20; i++)
      gateway.say(incidentOf({ id: `01K1NEW${i}`, firedAt: new Date().toISOString(), rounds: 2 }));
    await page.locator(".count", { hasText: "10,020" }).waitFor();
  });
  print("longest frame while 20 incidents come at once into a queue of 10,000", Math.max(...said), "ms", 100);
  await context.close();
  await gateway.close();
}

if (chromiumPath() === undefined) process.stderr.write("console.bench: skipped, no Chromium here\n");
else {
  const folder = await mkdtemp(join(tmpdir(), "tocsin-console-bench-"));
  const browser = await launchBrowser();
  try {
    const { files } = await buildConsole(folder);
    const first = ["index.html", "main.js", "main.css"].concat(
      Object.keys(files).filter((name) => name.startsWith("chunk-")),
    );
    const wire = first.reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, name))).length, 0);
    print("console without the map library, gzipped", wire / 1000, "kB");
    const wanted = process.argv.slice(2);
    for (const part of [firstPaint, firstOnScreen, onScreen, thousandNodes, longQueue])
      if (wanted.length === 0 || wanted.some((name) => part.name.includes(name))) await part(browser, folder);
  } finally {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  }
}
