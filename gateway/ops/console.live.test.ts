/** Live pictures in the console, on the real gateway and its relay: a camera is asked, seen, pointed at, kept, lost and back. */
import type { MqttClient } from "mqtt";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseMessage } from "#contract/channel.ts";
import { filterOf } from "#contract/topics.ts";
import { type VideoWant, videoState, videoWant } from "#contract/video.ts";
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
  SITE,
  until,
} from "#gateway/testing.ts";
import { hasFfmpeg } from "../relay/camera.testing.ts";
import { chromiumPath, launchBrowser } from "./fixtures/browser.ts";
import { publishScene } from "./fixtures/publisher.ts";

const WAIT_MS = 40_000;
const VIDEO =
  "flows: { enabled: false }\nvideo: { relay: { addresses: [127.0.0.1] }, record: { enabled: false }, incidents: { radiusM: 500 } }";

interface World {
  gateway: Gateway;
  browser: Browser;
  node: MqttClient;
  wants: VideoWant[];
  base: string;
  remove: () => void;
  faults: string[];
}
const real = suite<World>("console, live pictures", {} as World);

real.before(async (world) => {
  const { folder, remove } = makeFolder();
  const { log, lines } = makeLog();
  world.remove = remove;
  world.faults = [];
  world.gateway = await startGateway(await makeConfig(folder, VIDEO), log);
  world.base = `http://127.0.0.1:${world.gateway.ports.http}`;
  world.browser = await launchBrowser({ webrtc: true, webgl: false });
  world.node = await joinBroker(world.gateway.ports.mqtt, "n01");
  world.wants = [];
  world.node.on("message", (_, payload) => {
    const parsed = parseMessage(videoWant, payload);
    if (parsed.ok) world.wants.push(parsed.message);
  });
  await world.node.subscribeAsync(filterOf(videoWant, SITE, "n01"), { qos: 1 });
  await publish(world.node, videoState, "n01", {
    ...envelope("n01"),
    cameras: [{ camera: "front", stream: "n01.front", phase: "idle", cameraOk: true, label: "towards the market" }],
  });
  await until("the relay", () => lines.some((line) => line.includes("the relay listens")), WAIT_MS);
});
real.after(async ({ gateway, browser, node, remove }) => {
  await node?.endAsync(true);
  await browser?.close();
  await gateway?.close();
  remove();
});

async function signedIn(world: World, context: BrowserContext, user: string): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  page.on("pageerror", (error) => world.faults.push(error.message));
  page.on("console", (line) => /content security policy/i.test(line.text()) && world.faults.push(line.text()));
  await page.goto(world.base);
  await page.getByLabel("Name").fill(user);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator(".bar").waitFor();
  return page;
}

real(
  "a camera near the incident is asked by V, seen with its figures, pointed at, kept, lost and back",
  async (world) => {
    const { browser, gateway, base, wants } = world;
    const tri = await joinBroker(gateway.ports.mqtt, "tri");
    await publishShot(tri, makeShot({ time: now(), lat: 40.4401, lon: -79.9901 }));
    await tri.endAsync();
    const want = await until("the want", () => wants.find(({ incident }) => incident === "i1"), WAIT_MS);

    const desk = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await signedIn(world, desk, "ann");
    await page.getByRole("button", { name: "Show the camera" }).waitFor();
    const looks = () => page.locator(".entry", { hasText: /watches n01\.front ann/ }).count();
    assert.is(await looks(), 0, "to choose an incident is no look");
    await page.keyboard.press("v");
    await page.locator(".tile-notice", { hasText: "sends none yet" }).waitFor();

    const field = await browser.newContext();
    const camera = await field.newPage();
    await camera.goto(`${base}/healthz`);
    const to = { url: want.whipUrl, token: want.token };
    const first = await publishScene(camera, to, { kind: "bars" });
    await page.locator(".tile.is-live").waitFor();
    await page.locator(".tile-figures", { hasText: /Latency\d+ ms/ }).waitFor();
    await page.locator(".tile-figures", { hasText: /Loss\d/ }).waitFor();
    await page.locator(".entry", { hasText: "watches n01.front" }).waitFor();
    const colours = await page.locator(".tile-video").evaluate((element) => {
      const video = element as HTMLVideoElement;
      const canvas = document.createElement("canvas");
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      const c = canvas.getContext("2d")!;
      c.drawImage(video, 0, 0);
      return [0.07, 0.5, 0.93].map((x) => [...c.getImageData(x * canvas.width, 20, 1, 1).data.slice(0, 3)]);
    });
    const [grey, green, blue] = colours as [number[], number[], number[]];
    assert.ok(grey[0]! > 90 && Math.abs(grey[0]! - grey[2]!) < 40, `grey: ${grey}`);
    assert.ok(green[1]! > green[0]! + 60 && green[1]! > green[2]! + 60, `green: ${green}`);
    assert.ok(blue[2]! > blue[0]! + 60 && blue[2]! > blue[1]! + 60, `blue: ${blue}`);

    const other = await signedIn(world, await browser.newContext({ viewport: { width: 1440, height: 900 } }), "pam");
    await other.getByRole("button", { name: "Show the camera" }).waitFor();
    await other.keyboard.press("v");
    await other.locator(".tile.is-live").waitFor();
    await until("a way to say", () => page.locator(".tile-point:enabled").count(), WAIT_MS);
    const mark = other.locator(".tile-mark", { hasText: "ann" });
    const box = (await page.locator(".tile-point").boundingBox())!;
    await page.locator(".tile-point").click({ position: { x: box.width * 0.25, y: box.height * 0.5 } });
    await mark.waitFor();
    const [left, top] = await mark.evaluate(({ style }: HTMLElement) => [style.left, style.top].map(Number.parseFloat));
    assert.ok(Math.abs(left! - 25) < 1.5 && Math.abs(top! - 50) < 1.5, `${left} %, ${top} %`);
    await other.getByRole("button", { name: "Chat" }).click();
    await other.getByLabel("Write to who looks at this picture").fill("Two by the red car");
    await other.getByLabel("Write to who looks at this picture").press("Enter");
    await page.getByRole("button", { name: "Chat 1" }).click();
    await page.locator(".tile-chat", { hasText: "pam Two by the red car" }).waitFor();
    await other.context().close();

    await page.getByRole("button", { name: "Snapshot" }).click();
    await page.locator(".tile .said", { hasText: "The picture is on the timeline." }).waitFor();
    await page.locator(".entry", { hasText: "snapshot of n01.front" }).waitFor();
    await page.getByText("1 snapshot", { exact: true }).waitFor();

    await first.stop();
    await page.locator(".tile.is-lost .tile-notice", { hasText: /Not live\. Picture of \d\d:\d\d:\d\d/ }).waitFor();
    const kept = await page.locator(".tile-kept").evaluate((element) => {
      const canvas = element as HTMLCanvasElement;
      return new Set(
        new Uint32Array(canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data.buffer),
      ).size;
    });
    assert.ok(kept > 5, `the last picture is kept: ${kept} colours`);
    await publishScene(camera, to, { kind: "bars" });
    await page.locator(".tile.is-live").waitFor();
    if (hasFfmpeg) {
      await page.getByRole("button", { name: "Stills" }).click();
      await page.locator(".tile.is-stills .tile-badge", { hasText: /still, \d+ s old/ }).waitFor();
    }
    assert.is(await looks(), 1, "one look, one entry, however often it was joined anew");
    await desk.close();
    await field.close();
    assert.equal(world.faults, []);
  },
);

if (chromiumPath() === undefined) {
  process.stdout.write("console.live.test: skipped, no Chromium here (apt-get install chromium)\n");
} else real.run();
