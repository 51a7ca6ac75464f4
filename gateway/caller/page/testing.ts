/** A phone's browser for tests of the caller page: Chromium with a fake camera and microphone, touch, and a watchful eye on what the page does. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { browserSuite, chromiumPath } from "#gateway/ops/fixtures/browser.ts";
import { type CallerWorld, callerWorld } from "../testing.ts";

/** A small phone of today, held upright. */
export const smallPhone = { width: 360, height: 640 };
export const usualPhone = { width: 390, height: 844 };
export const brownsville = { latitude: 40.6625, longitude: -73.9185, accuracy: 18 };

/** @param more switches of the browser. */
export function launchPhone(cameras = 1, more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath() as string,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-gpu",
      `--use-fake-device-for-media-stream=device-count=${cameras}`,
      "--use-fake-ui-for-media-stream",
      // Candidates with addresses, as the relay on this machine needs them.
      "--disable-features=WebRtcHideLocalIpsWithMdns",
      ...more,
    ],
  });
}

export interface PhoneWorld {
  world: CallerWorld;
  browser: Browser;
}

/** A suite with one gateway and one phone's browser. `video`: its part of the gateway's configuration. */
export function phoneSuite(name: string, { video = "", cameras = 1 } = {}): Test<PhoneWorld> {
  const test = browserSuite<PhoneWorld>(name);
  test.before(async (context) => {
    const browser = launchPhone(cameras).then((launched) => (context.browser = launched));
    context.world = await callerWorld("", video);
    await browser;
  });
  test.after(async ({ world, browser }) => {
    await browser?.close();
    await world?.stop();
  });
  return test;
}

export interface PhoneOptions extends BrowserContextOptions {
  /** What the browser's owner would say to its questions. */
  denied?: boolean;
}

/** The page may not throw, break its policy, or ask another host for anything. */
export async function onPhone(
  browser: Browser,
  address: string,
  options: PhoneOptions,
  use: (page: Page, context: import("playwright-core").BrowserContext) => Promise<void>,
): Promise<void> {
  const { denied, ...look } = options;
  const origin = new URL(address).origin;
  const context = await browser.newContext({
    viewport: usualPhone,
    hasTouch: true,
    isMobile: true,
    deviceScaleFactor: 2,
    locale: "en-US",
    geolocation: brownsville,
    reducedMotion: "reduce",
    ...look,
  });
  try {
    if (!denied) await context.grantPermissions(["camera", "microphone", "geolocation"], { origin });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const faults: string[] = [];
    const foreign: string[] = [];
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (line) => {
      if (/content security policy|trusted/i.test(line.text())) faults.push(line.text());
    });
    page.on("request", (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(origin)) foreign.push(request.url());
    });
    await page.goto(address);
    await use(page, context);
    assert.equal(faults, [], "the page threw, or its policy was broken");
    assert.equal(foreign, [], "the page asked something of another host");
  } finally {
    await context.close();
  }
}

export const tap = (page: Page, name: string | RegExp) => page.getByRole("button", { name }).first().click();

/** Opens the link, and answers to position, picture and voice in turn. */
export async function openLink(page: Page, ...consents: ("Allow" | "No")[]): Promise<void> {
  await tap(page, "Connect");
  for (const [i, consent] of consents.entries()) {
    await page.getByText(`${i + 1} of 3`).waitFor();
    await tap(page, consent);
  }
  await page.locator(".live").waitFor();
}

/** Presses for so long without moving. */
export async function hold(page: Page, ms: number): Promise<void> {
  await page.mouse.move(180, 420);
  await page.mouse.down();
  await page.waitForTimeout(ms);
  await page.mouse.up();
}

/** Knocks so many times, 220 ms apart by the events' own clock: a loaded machine does not change the rhythm. */
export function knockOn(page: Page, selector: string, knocks: number): Promise<void> {
  return page.locator(selector).evaluate((element, count) => {
    for (let i = 0; i < count; i++) {
      for (const [type, ms] of [
        ["pointerdown", 0],
        ["pointerup", 60],
      ] as const) {
        const event = new PointerEvent(type, { bubbles: true, clientX: 100, clientY: 400 });
        Object.defineProperty(event, "timeStamp", { value: 1000 + i * 220 + ms });
        element.dispatchEvent(event);
      }
    }
  }, knocks);
}
