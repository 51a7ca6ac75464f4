/** The console in a real browser that draws the city map: what is on it, and what a click on it means. */
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { incidentOf } from "./fixtures/city.ts";
import { consoleSuite } from "./fixtures/console-suite.ts";
import { ago, mapReady, onPage } from "./fixtures/page.ts";

const desks = consoleSuite("console map", { map: true });

import { CENTRE } from "./fixtures/city.ts";
import { ScriptedDrone } from "./fixtures/drone.ts";
import { burst } from "./fixtures/page.ts";
import { enOf, offset } from "./geometry.ts";

const [lon, lat] = offset(CENTRE.lat, CENTRE.lon, -330, 250);
const roles = ["pilot"] as const;
const orders = (page: Page) => page.locator("#section-flight .orders");

/** Pixels of a picture that are nearer to the colour of an unreviewed incident than to any grey. */
const countOrange = (page: Page, png: Buffer) =>
  page.evaluate(
    async (address) => {
      const image = new Image();
      image.src = address;
      await image.decode();
      const canvas = new OffscreenCanvas(image.width, image.height);
      const c = canvas.getContext("2d")!;
      c.drawImage(image, 0, 0);
      const { data } = c.getImageData(0, 0, image.width, image.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) if (data[i]! - data[i + 2]! > 24) count += 1;
      return count;
    },
    `data:image/png;base64,${png.toString("base64")}`,
  );

/** How many different colours a canvas shows: 1 is blank. */
const colours = (page: Page, selector: string) =>
  page
    .locator(selector)
    .first()
    .evaluate((element) => {
      const canvas = element as HTMLCanvasElement;
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      const seen = new Set<number>();
      for (let i = 0; i < data.length; i += 4) seen.add((data[i]! << 16) | (data[i + 1]! << 8) | data[i + 2]!);
      return seen.size;
    });

desks(
  "a burst is on screen with rounds, certainty, bound, street, ellipse, evidence and a chain that holds",
  async ({ browser, folder }) => {
    await onPage(browser, folder, {}, async (page) => {
      const panel = page.locator("#panel-incident");
      await panel.getByText("3 rounds").first().waitFor();
      assert.match(await panel.innerText(), /97 % almost certain[\s\S]*within 3 m[\s\S]*Blake Ave/);
      assert.match(await page.title(), /^▲ 3 rounds · 97 % almost certain · within 3 m/);
      await mapReady(page);
      assert.is(await page.locator("#panel-map canvas").count(), 1);
      assert.match(await page.locator(".legend").innerText(), /10 hearing[\s\S]*1 clock not trusted[\s\S]*1 lost/);
      await page.locator(".spectrogram").first().waitFor();
      await page.waitForFunction(() => (document.querySelector(".spectrogram") as HTMLCanvasElement).width > 300);
      const shades = await colours(page, ".spectrogram");
      assert.ok(shades > 100, `the spectrogram shows ${shades} colours`);
      assert.ok((await colours(page, ".wave")) > 1);
      assert.match(await page.locator(".arrivals").innerText(), /n08\s+\+0\.2 ms/);
      assert.match(
        await page.locator(".arrival.is-rejected").innerText(),
        /rejected: an echo of an earlier sound here, \+84 ms/,
      );
      assert.match(await page.locator(".arrivals").innerText(), /Sound withheld: the node's voice gate found speech/);
      assert.match(await page.locator(".chain").innerText(), /chain ok · 3 entries/);
      const link = page.getByRole("link", { name: "Signed evidence" });
      assert.is(await link.getAttribute("href"), "/api/incidents/01K0SHOT8F2A/evidence");
    });
  },
);

desks(
  "the ellipse is drawn: the map's pixels at the place change when the incident gets a larger bound",
  async ({ browser, folder }) => {
    await onPage(browser, folder, { reducedMotion: "reduce" }, async (page, gateway) => {
      await mapReady(page);
      await page.locator(".spectrogram").first().waitFor();
      const orange = async () => countOrange(page, await page.locator("#panel-map canvas").screenshot());
      const before = await orange();
      const large = incidentOf({ id: "01K0SHOT8F2A", firedAt: ago(19), semiMajorM: 60 });
      gateway.say({ ...large, version: 2 });
      await page.getByText("within 60 m").first().waitFor();
      const deadline = Date.now() + 10_000;
      let after = await orange();
      while (after < before + 2000 && Date.now() < deadline) after = await orange();
      assert.ok(after > before + 2000, `${before} pixels of the bound's colour before, ${after} after`);
    });
  },
);

desks(
  "a pilot flies it to a place clicked on the map, and lets it look at the incident's",
  async ({ browser, folder }) => {
    const d1 = new ScriptedDrone({ id: "d1", dock: { lat, lon }, incident: burst(), phase: "onScene", progress: 1.3 });
    d1.order("takeover", "jd", {});
    await onPage(browser, folder, { drones: [d1], roles, reducedMotion: "reduce" }, async (page) => {
      await mapReady(page);
      await page.locator(".control.is-mine").waitFor();
      const steered = () => d1.received.filter(({ act }) => act === "goto" || act === "look");
      const clickMap = () => page.locator("#panel-map canvas").click({ position: { x: 300, y: 300 } });
      await orders(page).getByRole("button", { name: "Fly to" }).click();
      await page.getByText("Where shall d1 fly, 40 m above ground?").waitFor();
      await page.keyboard.press("Escape");
      await page.locator(".aim").waitFor({ state: "detached" });
      await clickMap();
      assert.equal(steered(), [], "a click on the map is no order while none waits for it");
      await orders(page).getByRole("button", { name: "Fly to" }).click();
      await clickMap();
      await orders(page).locator(".said", { hasText: "Fly to. d1: done." }).waitFor();
      await orders(page).getByRole("button", { name: "Look at" }).click();
      await page.getByRole("button", { name: "The incident's place" }).click();
      await orders(page).locator(".said", { hasText: "Look at. d1: done." }).waitFor();
      const [fly, look] = steered();
      const to = fly!.to as { lat: number; lon: number; heightM: number };
      const [e, n] = enOf(CENTRE, to);
      assert.ok(Math.hypot(e, n) < 1000 && to.heightM === 40, `${e} m east, ${n} m north, ${to.heightM} m up`);
      const { place } = burst();
      assert.equal(look!.at, { lat: place!.lat, lon: place!.lon, heightM: 0 });
    });
  },
);

desks.run();
