/** The console in a real browser, against a scripted gateway: what a dispatcher sees and does in an incident. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { buildConsole } from "#gateway/build-console.ts";
import { chromiumPath, launchBrowser } from "./fixtures/browser.ts";
import { incidentOf } from "./fixtures/city.ts";
import { ago, mapReady, onPage } from "./fixtures/page.ts";

const desks = suite<{ folder: string; browser: Browser }>("console");

desks.before(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), "tocsin-ops-test-"));
  await buildConsole(context.folder, { minify: false });
  context.browser = await launchBrowser();
});
desks.after(async ({ folder, browser }) => {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
});

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
  "T takes, C and 1 confirm with the reason; the alarm ends, the record grows, undo is a new entry",
  async ({ browser, folder }) => {
    await onPage(browser, folder, {}, async (page, gateway) => {
      await page.locator(".alarm:not([hidden])").waitFor();
      await page.locator(".arrivals").waitFor();
      await page.keyboard.press("t");
      await page.locator(".alarm").waitFor({ state: "hidden" });
      assert.match(await page.title(), /^Tocsin · Brownsville/);
      await page.locator(".standing", { hasText: "jd has it" }).waitFor();
      await page.keyboard.press("c");
      await page.getByText("Confirm as gunfire. Why?").waitFor();
      await page.keyboard.press("1");
      await page.locator(".standing", { hasText: "Confirmed by jd" }).waitFor();
      assert.equal(gateway.verdicts, [
        { incident: "01K0SHOT8F2A", status: "confirmed", reason: "Clear gunfire on the recording", by: "jd" },
      ]);
      await page.locator(".chain", { hasText: "5 entries" }).waitFor();
      await page.keyboard.press("u");
      await page.keyboard.press("1");
      await page.locator(".chain", { hasText: "6 entries" }).waitFor();
      assert.is(gateway.verdicts.length, 2);
      assert.is(gateway.verdicts[1]?.status, "unreviewed");
    });
  },
);

desks(
  "a reason in one's own words; a verdict on a version that has moved on is refused in words",
  async ({ browser, folder }) => {
    await onPage(browser, folder, {}, async (page, gateway) => {
      await page.locator(".arrivals").waitFor();
      await page.keyboard.press("d");
      await page.keyboard.press("0");
      await page.locator("#reason-text:focus").waitFor();
      await page.keyboard.type("test firing c d e");
      const moved = { ...gateway.incidents.get("01K0SHOT8F2A")!, version: 9 };
      gateway.incidents.set(moved.incident, moved);
      await page.keyboard.press("Enter");
      await page.locator(".said.has-failed", { hasText: "changed while you looked (it was version 1)" }).waitFor();
      assert.equal(gateway.verdicts, []);
      gateway.say({ ...moved, version: 10 });
      await page.getByText("version 10").waitFor();
      await page.keyboard.press("Enter");
      await page.locator(".standing", { hasText: "Dismissed by jd" }).waitFor();
      assert.is(gateway.verdicts[0]?.reason, "test firing c d e");
    });
  },
);

desks("J and K go through the queue; who took an incident is seen by all at once", async ({ browser, folder }) => {
  await onPage(browser, folder, {}, async (page, gateway) => {
    await page.getByRole("button", { name: /^All/ }).click();
    await page.locator('.row[aria-selected="true"]', { hasText: "3 rounds" }).waitFor();
    await page.keyboard.press("j");
    await page.locator("#panel-incident", { hasText: "Incident WORK" }).waitFor();
    await page.keyboard.press("k");
    await page.locator("#panel-incident", { hasText: "Incident 8F2A" }).waitFor();
    const known = gateway.incidents.get("01K0SHOT8F2A")!;
    gateway.say({ ...known, version: 2, takenBy: { by: "maria", at: ago(0) } });
    await page.locator(".row", { hasText: "maria has it" }).waitFor();
    await page.locator(".alarm").waitFor({ state: "hidden" });
  });
});

desks("somebody else's verdict ends the choice of a reason, and says who it was", async ({ browser, folder }) => {
  await onPage(browser, folder, {}, async (page, gateway) => {
    await page.locator(".arrivals").waitFor();
    await page.keyboard.press("c");
    await page.getByText("Confirm as gunfire. Why?").waitFor();
    const verdict = { status: "dismissed" as const, by: "maria", at: ago(0), reason: "Fireworks" };
    gateway.say({ ...gateway.incidents.get("01K0SHOT8F2A")!, version: 2, status: "dismissed", verdict });
    await page.locator(".said.has-failed", { hasText: "maria said dismissed (Fireworks) while you chose" }).waitFor();
    await page.keyboard.press("1");
    assert.equal(gateway.verdicts, []);
  });
});

if (chromiumPath() === undefined) {
  process.stdout.write("console.test: skipped, no Chromium here (apt-get install chromium)\n");
} else desks.run();
