/** The relay's peer connection against another of werift's, with its datagrams held back. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { RTCPeerConnection } from "werift";
import { until } from "../testing.ts";
import { answerOffer, askNobodyElse, makePeer } from "./peer.ts";
import { LOOPBACK } from "./testing.ts";

/** What comes in at that peer beside ICE's own messages comes so much later. */
function farAway(peer: RTCPeerConnection, ms: number): void {
  for (const { connection } of peer.iceTransports) {
    const deliver = connection.onData.execute.bind(connection.onData);
    connection.onData.execute = (data: Buffer) => void setTimeout(() => deliver(data), ms);
  }
}

test("a publisher 700 ms away there and back who wants to be greeted: greeted twice it answers twice, and the connection stands", async () => {
  const node = new RTCPeerConnection({ iceAdditionalHostAddresses: ["127.0.0.1"], iceUseIpv6: false });
  const relay = makePeer("publisher", { media: ["video"], codecs: ["VP8"] }, LOOPBACK);
  try {
    node.addTransceiver("video", { direction: "sendonly" });
    askNobodyElse(node);
    await node.setLocalDescription(await node.createOffer());
    const offer = node.localDescription!.sdp.replaceAll("a=setup:actpass", "a=setup:passive");
    const states: string[] = [];
    relay.connectionStateChange.subscribe((state) => void states.push(state));
    const answer = await answerOffer(relay, "publisher", offer);
    assert.match(answer, "a=setup:active");
    for (const peer of [node, relay]) farAway(peer, 350);
    await node.setRemoteDescription({ type: "answer", sdp: answer });
    await until("the connection or its end", () => states.some((state) => state !== "connecting"), 60_000);
    assert.equal(states, ["connecting", "connected"]);
  } finally {
    await Promise.all([node.close(), relay.close()]);
  }
});

test.run();
