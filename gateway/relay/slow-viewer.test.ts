/** Two look at the same picture, one over a path that loses two packets of five: what each is sent, and what the publisher hears of it. */
import assert from "node:assert/strict";
import { suite } from "uvu";
import { RtcpReceiverInfo, RtcpRrPacket } from "werift";
import { until } from "../testing.ts";
import { closeClients, publish, type Watching, watch } from "./clients.testing.ts";
import { makeWorld } from "./testing.ts";

const WAIT_MS = 20_000;
const STREAM = "lamp-1.front";
const test = suite("a slow viewer");
test.after.each(closeClients);

/** As a viewer's browser tells it: so much of what came last was lost. */
function tell({ peer, packets }: Watching, lossRatio: number): Promise<unknown> | undefined {
  const newest = packets.at(-1)?.header;
  const report = new RtcpReceiverInfo({
    ssrc: newest?.ssrc ?? 0,
    fractionLost: Math.round(lossRatio * 256),
    packetsLost: 0,
    highestSequence: newest?.sequenceNumber ?? 0,
    jitter: 0,
    lsr: 0,
    dlsr: 0,
  });
  return peer.dtlsTransports[0]?.sendRtcp([new RtcpRrPacket({ ssrc: 1, reports: [report] })]);
}

test("it gets keyframes alone, is told so, and all again later; the other gets every picture; the publisher hears nothing", async () => {
  let aheadMs = 0;
  const world = await makeWorld(undefined, () => performance.timeOrigin + performance.now() + aheadMs);
  try {
    const { sign } = world.signer;
    const publisher = await publish(world.base, STREAM, await sign({ act: "publish", stream: STREAM }, 600));
    const join = async (sub: string) =>
      watch(world.base, STREAM, await sign({ act: "view", stream: STREAM, sub, data: "read" }, 600), { data: true });
    const [ann, bob] = [await join("ann"), await join("bob")];
    await Promise.all([publisher, ann, bob].map(({ connected }) => connected));
    const stream = world.relay.streams.get(STREAM);
    assert.ok(stream);
    publisher.picture(true, 3);
    await until("the first keyframe", () => [ann, bob].every(({ packets }) => packets.length === 3), WAIT_MS);
    const asked = publisher.asked();
    const viewer = [...stream.viewers.values()].find(({ claims }) => claims.sub === "bob");
    const paces = () => bob.said.flatMap((each) => (each.type === "pace" ? [each.pictures] : []));
    const report = async (lossRatio: number) => {
      await tell(bob, lossRatio);
      const video = () => viewer?.figures().lossRatio.toFixed(1) === lossRatio.toFixed(1);
      await until("bob's report", video, WAIT_MS);
    };
    await report(0.4);
    // The relay's own clock ticks once a second beside these.
    for (let i = 0; i < 5; i++) stream.tick();
    assert.deepEqual(stream.figures().thinnedFor, ["bob"]);
    await until("bob is told", () => paces().join() === "keyframes", WAIT_MS);

    for (let i = 0; i < 10; i++) publisher.picture(false, 2);
    publisher.picture(true, 3);
    publisher.picture(false, 2);
    // So soon that it would be the second within a second.
    publisher.picture(true, 3);
    await until("all of it at ann's", () => ann.packets.length === 31, WAIT_MS);
    await until("one keyframe at bob's", () => bob.packets.length === 6, WAIT_MS);
    assert.equal(viewer?.figures().heldBack, 25);
    const numbers = bob.packets.map(
      ({ header }) => (header.sequenceNumber - (bob.packets[0]?.header.sequenceNumber ?? 0)) & 0xffff,
    );
    assert.deepEqual(numbers, [0, 1, 2, 3, 4, 5], "nothing that he would ask for again");
    bob.askKeyframe();
    await until("his wish", () => viewer?.counters.keyframesDeclined === 1, WAIT_MS);
    assert.equal(publisher.asked(), asked);

    aheadMs += 11_000;
    await report(0);
    stream.tick();
    assert.deepEqual(stream.figures().thinnedFor, []);
    await until("bob is told again", () => paces().join() === "keyframes,all", WAIT_MS);
    await until("what came since the last keyframe", () => bob.packets.length === 9, WAIT_MS);
    publisher.picture(false, 2);
    await until("every picture", () => bob.packets.length === 11 && ann.packets.length === 33, WAIT_MS);
    assert.deepEqual([publisher.asked(), ann.said.some(({ type }) => type === "pace")], [asked, false]);
  } finally {
    await world.close();
  }
});

test("who lost the thread gets it from the cache, without a keyframe for everybody", async () => {
  const world = await makeWorld();
  try {
    const { sign } = world.signer;
    const publisher = await publish(world.base, STREAM, await sign({ act: "publish", stream: STREAM }));
    const viewer = await watch(world.base, STREAM, await sign({ act: "view", stream: STREAM }));
    await Promise.all([publisher.connected, viewer.connected]);
    publisher.picture(true, 3);
    publisher.picture(false, 2);
    await until("five packets", () => viewer.packets.length === 5, WAIT_MS);
    const asked = publisher.asked();
    viewer.askKeyframe();
    await until("the five once more", () => viewer.packets.length === 10, WAIT_MS);
    const first = viewer.packets[0]?.header.sequenceNumber ?? 0;
    assert.equal(((viewer.packets[9]?.header.sequenceNumber ?? 0) - first) & 0xffff, 9);
    assert.equal(publisher.asked(), asked);
    // Soon again: then the cache is no help, and the publisher is asked, as often as it may be.
    const ask = () => {
      viewer.askKeyframe();
      return publisher.asked() > asked;
    };
    await until("the publisher's turn", ask, WAIT_MS);
  } finally {
    await world.close();
  }
});

test.run();
