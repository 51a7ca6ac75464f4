/** The node's peer connection against another of werift's, with its datagrams held back. */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { RTCPeerConnection } from "werift";
import { until } from "../bus-suite.ts";
import { askNobodyElse, bearSecondAnswers, makePeer } from "./uplink-peer.ts";

/** What comes in at that peer beside ICE's own messages comes so much later. */
function farAway(peer: RTCPeerConnection, ms: number): void {
  for (const { connection } of peer.iceTransports) {
    const deliver = connection.onData.execute.bind(connection.onData);
    connection.onData.execute = (data: Buffer) => void setTimeout(() => deliver(data), ms);
  }
}

test("a relay 700 ms away there and back: greeted twice it answers twice, and the connection stands", async () => {
  const target = { stream: "n1.front", whipUrl: "", token: "", codec: "VP8", iceServers: [] } as const;
  const node = makePeer(target, ["127.0.0.1"]);
  const relay = new RTCPeerConnection({ iceAdditionalHostAddresses: ["127.0.0.1"], iceUseIpv6: false });
  try {
    node.addTransceiver("video", { direction: "sendonly" });
    askNobodyElse(node);
    bearSecondAnswers(node);
    await node.setLocalDescription(await node.createOffer());
    await relay.setRemoteDescription({ type: "offer", sdp: node.localDescription!.sdp });
    askNobodyElse(relay);
    for (const dtls of relay.dtlsTransports) dtls.role = "server";
    for (const peer of [node, relay]) farAway(peer, 350);
    await relay.setLocalDescription(await relay.createAnswer());
    const states: string[] = [];
    node.connectionStateChange.subscribe((state) => void states.push(state));
    await node.setRemoteDescription({ type: "answer", sdp: relay.localDescription!.sdp });
    await until("the connection or its end", () => states.some((state) => state !== "connecting"), 60_000);
    assert.equal(states, ["connecting", "connected"]);
  } finally {
    await Promise.all([node.close(), relay.close()]);
  }
});

test.run();
