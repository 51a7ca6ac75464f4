/** Picture and voice of the caller page through the gateway's own relay: seen and heard by an operator's browser, ended by consent, back after a loss. */
import assert from "node:assert/strict";
import type { BrowserContext, Page } from "playwright-core";
import type { MediaGrant } from "#contract/caller.ts";
import type { WatchGrant } from "#contract/video.ts";
import { until } from "#gateway/testing.ts";
import type { CallerWorld } from "../testing.ts";
import { onPhone, openLink, phoneSuite, tap } from "./testing.ts";

const WAIT_MS = 30_000;
// Nothing listens at this TURN server: the page must do without it, and with the credentials it is given.
const turn = '{ urls: ["turns:127.0.0.1:443?transport=tcp"], secret: "a secret of sixteen" }';
const video = `relay: { addresses: [127.0.0.1] }, record: { segmentS: 1 }, iceServers: [${turn}]`;
const test = phoneSuite("caller page, media", { video, cameras: 2 });

/** A page of the operator's with their log-in, where scripts of the test run. */
async function operatorPage(world: CallerWorld, context: BrowserContext): Promise<Page> {
  const [name = "", value = ""] = (await world.operator.cookie()).split("=");
  await context.addCookies([{ name, value, url: world.url }]);
  await context.grantPermissions(["microphone"], { origin: world.url });
  const page = await context.newPage();
  await page.goto(`${world.url}/healthz`);
  return page;
}

/** Watches with WHEP; figures are read with `figures`. */
async function watch(page: Page, grant: { url: string; token: string }): Promise<void> {
  await page.evaluate(async ({ url, token }) => {
    const peer = new RTCPeerConnection();
    peer.addTransceiver("video", { direction: "recvonly" });
    peer.addTransceiver("audio", { direction: "recvonly" });
    peer.ontrack = ({ track }) => {
      const element = document.createElement(track.kind === "video" ? "video" : "audio");
      Object.assign(element, { muted: true, autoplay: true, srcObject: new MediaStream([track]) });
      document.body.append(element);
    };
    await peer.setLocalDescription(await peer.createOffer());
    while (peer.iceGatheringState !== "complete") await new Promise((resolve) => setTimeout(resolve, 10));
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/sdp", authorization: `Bearer ${token}` },
      body: peer.localDescription?.sdp ?? "",
    });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    (globalThis as { peer?: RTCPeerConnection }).peer = peer;
  }, grant);
}

const figures = (page: Page) =>
  page.evaluate(async () => {
    const { peer } = globalThis as { peer?: RTCPeerConnection };
    const found = { frames: 0, audioPackets: 0 };
    (await peer?.getStats())?.forEach((each) => {
      if (each.type !== "inbound-rtp") return;
      if (each.kind === "video") found.frames = each.framesDecoded ?? 0;
      else found.audioPackets = each.packetsReceived ?? 0;
    });
    return found;
  });

test("picture and voice that the caller allowed are seen and heard by the operator; withdrawn, each stops on both sides", async ({
  world,
  browser,
}) => {
  const { caller, url } = await world.operator.make();
  const { phone } = caller.streams;
  await onPhone(browser, url, {}, async (page, context) => {
    const grants: MediaGrant[] = [];
    page.on("response", async (answer) => {
      if (answer.url().endsWith("/send") && answer.ok()) grants.push((await answer.json()) as MediaGrant);
    });
    await openLink(page, "No", "Allow", "Allow");
    await until("the stream", async () => (await world.operator.stream(phone))?.live, WAIT_MS);
    const seen = await operatorPage(world, context);
    const ask = { stream: phone, incident: caller.incident };
    const answer = await world.operator.ask("POST", "/api/video/watch", ask);
    const { whepUrl, token } = (await answer.json()) as WatchGrant;
    await watch(seen, { url: whepUrl, token });
    await until("30 frames", async () => (await figures(seen)).frames >= 30, WAIT_MS);
    await until("2 s of sound", async () => (await figures(seen)).audioPackets >= 100, WAIT_MS);
    const grant = grants.at(-1);
    assert.deepEqual(grant?.media, ["video", "audio"]);
    assert.deepEqual(grant?.iceServers[0]?.urls, ["turns:127.0.0.1:443?transport=tcp"]);
    assert.match(grant?.iceServers[0]?.username ?? "", new RegExp(`^\\d+:caller-${caller.id}$`));
    assert.match(await page.locator(".chips").innerText(), /Live picture: on[\s\S]*Voice: on/);

    await page.getByRole("tab", { name: "More" }).click();
    await page.locator(".switch", { hasText: "Stop voice" }).click();
    await until(
      "the new session, without voice",
      async () => {
        const before = await figures(seen);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        const after = await figures(seen);
        return after.frames > before.frames && after.audioPackets === before.audioPackets;
      },
      WAIT_MS,
    );
    await page.locator(".switch", { hasText: "Stop picture" }).click();
    await until("nothing is sent", async () => (await world.operator.stream(phone))?.live !== true, WAIT_MS);
    assert.equal(await page.locator("video.preview").isVisible(), false);
    assert.deepEqual((await world.operator.view(caller.id)).consent, {
      video: "withdrawn",
      voice: "withdrawn",
      position: "refused",
    });
  });
  const { timeline, chain } = await world.operator.incident(caller.incident);
  const said = timeline.map(({ text }) => text);
  for (const text of ["the caller allows video", "the caller withdraws voice", "the caller withdraws video"])
    assert.ok(said.includes(text), `${text} is not in ${said.join(" | ")}`);
  assert.ok(said.some((text) => text.startsWith(`recording of ${phone}`)));
  assert.equal(chain.ok, true);
});

test("the operator turns to the other camera and zooms: done, in the same session, and the picture goes on", async ({
  world,
  browser,
}) => {
  const { caller, url } = await world.operator.make();
  const { phone } = caller.streams;
  await onPhone(browser, url, {}, async (page) => {
    // Chromium's fake camera has no zoom: this one goes from 1 to 8 and remembers.
    await page.addInitScript(() => {
      const zooms: number[] = [];
      Object.assign(globalThis, { zooms });
      const capabilities = MediaStreamTrack.prototype.getCapabilities;
      MediaStreamTrack.prototype.getCapabilities = function () {
        return { ...capabilities.call(this), zoom: { min: 1, max: 8, step: 0.1 } } as MediaTrackCapabilities;
      };
      const apply = MediaStreamTrack.prototype.applyConstraints;
      MediaStreamTrack.prototype.applyConstraints = function (constraints) {
        const zoom = (constraints?.advanced?.[0] as { zoom?: number } | undefined)?.zoom;
        if (zoom === undefined) return apply.call(this, constraints);
        zooms.push(zoom);
        return Promise.resolve();
      };
    });
    await page.reload();
    const posts: string[] = [];
    page.on("request", (request) => {
      if (request.method() === "POST" && request.url().includes("/video/whip/")) posts.push(request.url());
    });
    await openLink(page, "No", "Allow", "No");
    await until("the stream", async () => (await world.operator.stream(phone))?.live, WAIT_MS);
    const label = () =>
      page.evaluate(() => {
        const stream = (document.querySelector("video.preview") as HTMLVideoElement).srcObject as MediaStream;
        return stream.getVideoTracks()[0]?.label;
      });
    const before = await label();
    const able = await until("what it can", async () => (await world.operator.view(caller.id)).able, WAIT_MS);
    assert.deepEqual([able.cameras, able.zoom], [2, { min: 1, max: 8 }]);
    for (const ask of [
      { kind: "camera", facing: "front" },
      { kind: "zoom", factor: 3 },
      { kind: "zoom", factor: 50 },
    ]) {
      const asked = (await (await world.operator.ask("POST", `/api/callers/${caller.id}/ask`, ask)).json()) as {
        seq: number;
      };
      await until(
        `the answer to ${ask.kind}`,
        async () => (await world.operator.detail(caller.id)).messages.some(({ to, done }) => to === asked.seq && done),
        WAIT_MS,
      );
    }
    assert.notEqual(await label(), before);
    assert.deepEqual(await page.evaluate(() => (globalThis as unknown as { zooms: number[] }).zooms), [3, 8]);
    assert.equal((await world.operator.view(caller.id)).setting?.facing, "front");
    await until(
      "the picture goes on",
      async () => ((await world.operator.stream(phone))?.framesPerS ?? 1) > 0,
      WAIT_MS,
    );
    assert.equal((await world.operator.stream(phone))?.live, true);
    assert.equal(posts.length, 1, "sessions");
  });
});

test("the operator's voice is heard after the caller's tap, not before, and not in secret mode", async ({
  world,
  browser,
}) => {
  const { caller, url } = await world.operator.make();
  await onPhone(browser, url, {}, async (page, context) => {
    await openLink(page, "No", "No", "No");
    const desk = await operatorPage(world, context);
    const answer = await world.operator.ask("POST", `/api/callers/${caller.id}/talk`, {});
    const grant = (await answer.json()) as MediaGrant;
    assert.deepEqual(grant.media, ["audio"]);
    await desk.evaluate(async ({ url, token }) => {
      const voice = await navigator.mediaDevices.getUserMedia({ audio: true });
      const peer = new RTCPeerConnection();
      peer.addTransceiver(voice.getAudioTracks()[0] as MediaStreamTrack, { direction: "sendonly" });
      await peer.setLocalDescription(await peer.createOffer());
      while (peer.iceGatheringState !== "complete") await new Promise((resolve) => setTimeout(resolve, 10));
      const headers = { "content-type": "application/sdp", authorization: `Bearer ${token}` };
      const answer = await fetch(url, { method: "POST", headers, body: peer.localDescription?.sdp ?? "" });
      await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    }, grant);
    const hear = page.getByRole("button", { name: "The operator is speaking. Tap to hear." });
    await hear.waitFor();
    const viewers = async () => (await world.operator.stream(caller.streams.voice))?.viewers ?? 0;
    assert.equal(await viewers(), 0, "nobody hears it before the tap");
    await hear.click();
    await until("the phone hears", async () => (await viewers()) === 1, WAIT_MS);
    await until("the operator knows", async () => (await world.operator.view(caller.id)).setting?.hearing, WAIT_MS);
    await tap(page, "Hide");
    await tap(page, "Hide now");
    await until("silence", async () => (await viewers()) === 0, WAIT_MS);
    await until("secret mode", async () => (await world.operator.view(caller.id)).setting?.mode === "secret", WAIT_MS);
    const { setting } = await world.operator.view(caller.id);
    assert.equal(setting?.hearing, false);
    await world.operator.ask("DELETE", `/api/callers/${caller.id}/talk`);
    assert.equal((await world.operator.view(caller.id)).talking, undefined);
  });
});

test.run();
