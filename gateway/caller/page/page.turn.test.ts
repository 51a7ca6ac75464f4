/** A phone whose carrier lets nothing through but TCP: its picture reaches the relay through coturn, over TCP and over TLS. */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { browserSuite, chromiumPath } from "#gateway/ops/fixtures/browser.ts";
import { until } from "#gateway/testing.ts";
import { type Coturn, hasCoturn, startCoturn, TURN_SECRET } from "#gateway/video/coturn.testing.ts";
import { type CallerWorld, callerWorld } from "../testing.ts";
import { launchPhone, onPhone, openLink } from "./testing.ts";

const WAIT_MS = 30_000;
interface Context {
  coturn: Coturn;
  browser: Browser;
  world: CallerWorld;
}
const there = hasCoturn && chromiumPath() !== undefined;
const missing = there ? undefined : "no coturn or no Chromium here (apt-get install coturn chromium)";
const test = browserSuite<Context>("caller page behind TURN", missing);

test.before(async (context) => {
  const switches = ["--allow-loopback-in-peer-connection", "--ignore-certificate-errors"];
  const browser = launchPhone(1, switches).then((launched) => (context.browser = launched));
  context.coturn = await startCoturn();
  const { port, tlsPort } = context.coturn;
  const urls = [`turn:127.0.0.1:${port}?transport=tcp`, `turns:localhost:${tlsPort}?transport=tcp`];
  const ice = urls.map((url) => `{ urls: ["${url}"], secret: "${TURN_SECRET}" }`).join(", ");
  const video = `relay: { addresses: [127.0.0.1] }, record: { enabled: false }, iceServers: [${ice}]`;
  context.world = await callerWorld("", video);
  await browser;
});
test.after(async ({ coturn, browser, world }) => {
  await Promise.all([browser?.close(), coturn?.close()]);
  await world?.stop();
});

type WithPeers = typeof globalThis & { peers: RTCPeerConnection[] };

/** What a carrier does to it: the browser may use no address of its own, and that way alone. `late`: the offer leaves before TURN has answered. */
function relayOnly({ scheme, late }: { scheme: string; late: boolean }): void {
  const Original = globalThis.RTCPeerConnection;
  const peers: RTCPeerConnection[] = [];
  (globalThis as WithPeers).peers = peers;
  globalThis.RTCPeerConnection = class extends Original {
    constructor(options?: RTCConfiguration) {
      const iceServers = options?.iceServers?.filter(({ urls }) => String(urls).startsWith(scheme)) ?? [];
      super({ ...options, iceServers, iceTransportPolicy: "relay" });
      peers.push(this);
    }

    override get localDescription(): RTCSessionDescription | null {
      const said = super.localDescription;
      if (!late || !said) return said;
      const sdp = said.sdp.replace(/^a=(candidate|end-of-candidates).*\r\n/gm, "");
      return new RTCSessionDescription({ type: said.type, sdp });
    }
  };
}

/** The way that the newest connection takes, and what it asked of which TURN server as whom. */
const wayOf = (page: Page) =>
  page.evaluate(async () => {
    const peer = (globalThis as WithPeers).peers.at(-1);
    const stats = await peer?.getStats();
    let way: { type: string; protocol: string; sent: number } | undefined;
    stats?.forEach((each) => {
      if (each.type !== "candidate-pair" || !each.nominated) return;
      const local = stats.get(each.localCandidateId);
      way = { type: local.candidateType, protocol: local.relayProtocol, sent: each.bytesSent };
    });
    return { way, servers: peer?.getConfiguration().iceServers };
  });

for (const [name, protocol, late] of [
  ["TCP alone, answered after the offer has left", "tcp", true],
  ["TLS alone", "tls", false],
] as const) {
  test(`a caller's phone that may use TURN over ${name}: its picture is live at the gateway`, async ({
    world,
    browser,
  }) => {
    const { caller, url: link } = await world.operator.make();
    await onPhone(browser, link, {}, async (page) => {
      await page.evaluate(relayOnly, { scheme: protocol === "tls" ? "turns:" : "turn:", late });
      await openLink(page, "No", "Allow", "No");
      const { phone } = caller.streams;
      await until("the stream", async () => (await world.operator.stream(phone))?.live, WAIT_MS);
      const { way, servers } = await wayOf(page);
      assert.deepEqual([way?.type, way?.protocol], ["relay", protocol]);
      assert.ok((way?.sent ?? 0) > 1_000, `${way?.sent} bytes sent`);
      // A name and a password that end by themselves; the secret itself is not told.
      const [server] = servers ?? [];
      assert.match(server?.username ?? "", /^\d{10}:caller-/);
      assert.equal(JSON.stringify(servers).includes(TURN_SECRET), false);
    });
  });
}

test.run();
