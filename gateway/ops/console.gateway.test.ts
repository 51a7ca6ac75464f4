/** The console on the real gateway: shots and sounds come over MQTT, the verdict goes to the record. */
import { createHash } from "node:crypto";
import type { MqttClient } from "mqtt";
import type { Browser } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { nodeState } from "#contract/node.ts";
import { clipCut } from "#contract/shot.ts";
import { type Gateway, startGateway } from "#gateway/main.ts";
import {
  envelope,
  joinBroker,
  makeConfig,
  makeFolder,
  makeLog,
  makeShot,
  now,
  PASSWORD,
  publish,
  publishShot,
  until,
} from "#gateway/testing.ts";
import { chromiumPath, launchBrowser } from "./fixtures/browser.ts";
import { clipWav } from "./fixtures/city.ts";

interface World {
  gateway: Gateway;
  browser: Browser;
  tri: MqttClient;
  remove: () => void;
}
const real = suite<World>("console on the gateway", {} as World);

real.before(async (world) => {
  const { folder, remove } = makeFolder();
  world.remove = remove;
  world.gateway = await startGateway(await makeConfig(folder), makeLog().log);
  world.browser = await launchBrowser();
  world.tri = await joinBroker(world.gateway.ports.mqtt, "tri");
});
real.after(async ({ gateway, browser, tri, remove }) => {
  await tri.endAsync(true);
  await browser.close();
  await gateway.close();
  remove();
});

real(
  "a burst from the bus is heard, seen, confirmed by key, and stands on a chain that holds",
  async ({ gateway, browser, tri }) => {
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
    page.setDefaultTimeout(15_000);
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (line) => /content security policy/i.test(line.text()) && faults.push(line.text()));
    await page.goto(`http://127.0.0.1:${gateway.ports.http}/`);
    await page.getByLabel("Name").fill("ann");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("Nothing waits for you.").waitFor();
    await page.locator(".light", { hasText: "bus" }).getByText("ok").waitFor();

    const n01 = await joinBroker(gateway.ports.mqtt, "n01");
    await publish(n01, nodeState, "n01", {
      ...envelope("n01"),
      status: "online",
      roles: ["listen"],
      clock: { source: "sim", synchronised: true, sigmaS: 0.0001 },
    });
    await page.locator(".legend", { hasText: "1 hearing" }).waitFor();
    const time = now();
    await publishShot(tri, makeShot({ time }));
    await publishShot(tri, makeShot({ id: "s2", time, probability: 0.9 }));
    await page.locator(".alarm", { hasText: "2 rounds" }).waitFor();
    await page
      .locator(".arrival.is-rejected", { hasText: "rejected: an echo of an earlier sound here, +84 ms" })
      .waitFor();

    const pcm = clipWav(3).subarray(44);
    await publish(n01, clipCut, "n01", {
      ...envelope("n01"),
      arrival: "s1-n01",
      incident: "i1",
      start: time,
      sampleRateHz: 24_000,
      onsetS: 0.2,
      pcm16: pcm.toString("base64"),
      pcmSha256: createHash("sha256").update(pcm).digest("hex"),
      voice: { speechProbability: 0.01, action: "passed" },
    });
    await page.locator(".clip").first().scrollIntoViewIfNeeded();
    await page.locator(".spectrogram").first().waitFor();
    const shades = await until("a spectrogram that is not blank", async () => {
      const seen = await page
        .locator(".spectrogram")
        .first()
        .evaluate((element) => {
          const canvas = element as HTMLCanvasElement;
          const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
          return new Set(new Uint32Array(data.buffer)).size;
        });
      return seen > 100 ? seen : undefined;
    });
    assert.ok(shades > 100);

    await page.keyboard.press("t");
    await page.locator(".standing", { hasText: "ann has it" }).waitFor();
    await page.keyboard.press("c");
    await page.getByText("Confirm as gunfire. Why?").waitFor();
    await page.keyboard.press("1");
    await page.locator(".standing", { hasText: "Confirmed by ann" }).waitFor();
    await page.locator(".entry.is-verdict", { hasText: "Clear gunfire on the recording" }).waitFor();
    assert.match(await page.locator(".chain").innerText(), /^✓ chain ok · \d+ entries$/);
    await n01.endAsync();
    assert.equal(faults, []);
    await page.context().close();
  },
);

if (chromiumPath() === undefined) {
  process.stdout.write("console.gateway.test: skipped, no Chromium here (apt-get install chromium)\n");
} else real.run();
