/** The relay with real clients: what gets through, to whom, and what ends it. */
import assert from "node:assert/strict";
import dns from "node:dns/promises";
import { suite } from "uvu";
import { type RTCPeerConnection, RtcpPacketConverter, RtcpTransportLayerFeedback, TransportWideCC } from "werift";
import { until } from "../testing.ts";
import { closeClients, publish, watch } from "./clients.testing.ts";
import type { Session } from "./relay.ts";
import { makeWorld, type World } from "./testing.ts";

const test = suite<{ world: World }>("relay", {} as { world: World });
test.before(async (context) => {
  context.world = await makeWorld();
});
test.after.each(closeClients);
test.after(({ world }) => world.close());

const WAIT_MS = 20_000;
let streams = 0;
const newStream = () => `lamp-${++streams}.front`;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("one upload, two viewers: each gets every packet, byte for byte, under numbers of its own", async ({ world }) => {
  const stream = newStream();
  const { sign } = world.signer;
  const publisher = await publish(world.base, stream, await sign({ act: "publish", stream }));
  const viewers = [
    await watch(world.base, stream, await sign({ act: "view", stream, sub: "ann" })),
    await watch(world.base, stream, await sign({ act: "view", stream, sub: "bob" })),
  ];
  await Promise.all([publisher, ...viewers].map(({ connected }) => connected));
  await until("both viewers", () => world.relay.streams.get(stream)?.figures().viewers === 2, WAIT_MS);
  publisher.picture(true, 3);
  for (let i = 0; i < 20; i++) publisher.picture(false, 2);
  for (const viewer of viewers) {
    await until("43 packets", () => viewer.packets.length >= 43, WAIT_MS);
    assert.equal(viewer.packets.length, 43);
    const numbers = viewer.packets.map(({ header }) => header.sequenceNumber);
    assert.deepEqual(
      numbers,
      numbers.map((_, i) => ((numbers[0] as number) + i) & 0xffff),
    );
  }
  const [a, b] = viewers.map(({ packets }) => Buffer.concat(packets.map(({ payload }) => payload)));
  assert.ok(a?.equals(b as Buffer));
  const [first, second] = viewers.map(({ packets }) => packets[0]?.header.ssrc);
  assert.notEqual(first, second);
  assert.deepEqual(world.relay.streams.get(stream)?.figures().watchedBy, ["ann", "bob"]);
});

test("a session asks nobody else: no name is looked up, no server of another house is asked where we stand", async ({
  world,
}) => {
  const { lookup } = dns;
  const names: unknown[] = [];
  Object.assign(dns, {
    lookup: (name: string, ...more: []) => {
      names.push(name);
      return lookup(name, ...more);
    },
  });
  try {
    const stream = newStream();
    const { sign } = world.signer;
    const publisher = await publish(world.base, stream, await sign({ act: "publish", stream }));
    const viewer = await watch(world.base, stream, await sign({ act: "view", stream }));
    await Promise.all([publisher.connected, viewer.connected]);
    assert.deepEqual(names, []);
  } finally {
    Object.assign(dns, { lookup });
  }
});

test("AES-GCM is what both sides agree on, and it is this house's own sender that sends", async ({ world }) => {
  const stream = newStream();
  const viewer = await watch(world.base, stream, await world.signer.sign({ act: "view", stream }));
  await viewer.connected;
  assert.equal(viewer.peer.dtlsTransports[0]?.srtp.localContext.profile, 7);
  const own = () => [...(world.relay.streams.get(stream)?.viewers.values() ?? [])][0]?.figures().direct;
  await until("the direct sender", own, WAIT_MS);
});

test("a newcomer gets everything since the last keyframe at once, its pictures close together in time", async ({
  world,
}) => {
  const stream = newStream();
  const { sign } = world.signer;
  const publisher = await publish(world.base, stream, await sign({ act: "publish", stream }));
  await publisher.connected;
  publisher.picture(true, 3);
  for (let i = 0; i < 30; i++) publisher.picture(false, 1);
  await until("the cache", () => world.relay.streams.get(stream)?.caches.video.group().length === 33, WAIT_MS);
  const asked = publisher.asked();
  const viewer = await watch(world.base, stream, await sign({ act: "view", stream }));
  await until("the group", () => viewer.packets.length === 33, WAIT_MS);
  const times = viewer.packets.map(({ header }) => header.timestamp);
  assert.equal((times.at(-1) as number) - (times[0] as number), 30 * 90);
  assert.equal(publisher.asked(), asked, "no keyframe is asked for where one is at hand");
  // What follows has the distance in time that the publisher gave it.
  publisher.picture(false, 1);
  await until("the next", () => viewer.packets.length === 34, WAIT_MS);
  assert.equal((viewer.packets[33]?.header.timestamp as number) - (times.at(-1) as number), 3_000);
});

test("viewers' wishes for a keyframe reach the publisher, at most two a second", async ({ world }) => {
  const stream = newStream();
  const { sign } = world.signer;
  const publisher = await publish(world.base, stream, await sign({ act: "publish", stream }));
  const viewer = await watch(world.base, stream, await sign({ act: "view", stream }));
  await Promise.all([publisher.connected, viewer.connected]);
  await until("the wish of a newcomer without a picture", () => publisher.asked() >= 1, WAIT_MS);
  publisher.picture(true);
  await until("the picture", () => viewer.packets.length > 0, WAIT_MS);
  await sleep(600);
  const before = publisher.asked();
  const startMs = Date.now();
  for (let i = 0; i < 20; i++) {
    viewer.askKeyframe();
    await sleep(10);
  }
  await until("the wish", () => publisher.asked() > before, WAIT_MS);
  const most = 2 + Math.floor((Date.now() - startMs) / 500);
  assert.ok(publisher.asked() - before <= most, `${publisher.asked() - before} of at most ${most}`);
});

/** Every fifth datagram of media to that peer is lost. */
function losing(peer: RTCPeerConnection | undefined): { count: number } {
  const counted = { count: 0 };
  const connection = peer?.dtlsTransports[0]?.iceTransport.connection;
  assert.ok(connection);
  const execute = connection.onData.execute.bind(connection.onData);
  const isMedia = (data: Buffer) => (data[1] as number) < 192 || (data[1] as number) > 223;
  connection.onData.execute = (data: Buffer) => {
    if ((data[0] as number) >> 6 === 2 && isMedia(data) && ++counted.count % 5 === 0) return;
    execute(data);
  };
  return counted;
}

/** A publisher and one viewer of it, both connected. */
async function watched({ base, relay, signer: { sign } }: World) {
  const stream = newStream();
  const publisher = await publish(base, stream, await sign({ act: "publish", stream }));
  const viewer = await watch(base, stream, await sign({ act: "view", stream }));
  await Promise.all([publisher.connected, viewer.connected]);
  await until("the viewer", () => relay.streams.get(stream)?.figures().viewers === 1, WAIT_MS);
  return { stream, publisher, viewer };
}

const publisherOf = (world: World, stream: string) =>
  [...world.relay.sessions.values()].find((each) => each.role === "publisher" && each.stream.name === stream);

test("what the relay lost it asks for until it has it, and its viewers get it too", async ({ world }) => {
  const { stream, publisher, viewer } = await watched(world);
  const { peer, ingest } = publisherOf(world, stream) as Required<Session>;
  losing(peer);
  publisher.picture(true, 5);
  for (let i = 0; i < 100; i++) {
    publisher.picture(false, 1);
    await sleep(2);
  }
  // 105 less the last, which may be lost unnoticed; as many are there while one of those before it is still asked for.
  const repaired = () => ingest.repairs.recovered === ingest.repairs.lost;
  await until("what was lost", () => viewer.packets.length >= 104 && repaired(), WAIT_MS);
  const { lost, recovered, asked, givenUp } = ingest.repairs;
  assert.ok(lost >= 15 && asked >= lost, `${lost} lost, asked ${asked} times`);
  assert.deepEqual([recovered, givenUp], [lost, 0]);
});

test("what never comes is given up after a second, and a keyframe asked for, without a viewer's word", async ({
  world,
}) => {
  const stream = newStream();
  const publisher = await publish(world.base, stream, await world.signer.sign({ act: "publish", stream }));
  await publisher.connected;
  publisher.picture(true);
  await until("the keyframe", () => publisherOf(world, stream)?.ingest?.counters.keyframes === 1, WAIT_MS);
  // So that the next one is not within half a second of it.
  await sleep(500);
  const asked = publisher.asked();
  // A number that no packet of the video bears.
  await publisher.raw(111, 0xabcdef, Buffer.alloc(80));
  publisher.picture(false);
  await until("the wish", () => publisher.asked() > asked, WAIT_MS);
  const { lost, givenUp } = publisherOf(world, stream)?.ingest?.repairs ?? { lost: 0, givenUp: 0 };
  assert.deepEqual([lost, givenUp], [1, 1]);
});

test("a viewer that tells its clock is answered, so that it knows how far away the relay is", async ({ world }) => {
  const stream = newStream();
  const viewer = await watch(world.base, stream, await world.signer.sign({ act: "view", stream }));
  await viewer.connected;
  assert.match(viewer.peer.remoteDescription?.sdp ?? "", /^a=rtcp-fb:\d+ rrtr/m);
  await until("the viewer", () => world.relay.streams.get(stream)?.figures().viewers === 1, WAIT_MS);
  const dtls = viewer.peer.dtlsTransports[0];
  const heard: Buffer[] = [];
  const { deSerialize } = RtcpPacketConverter;
  RtcpPacketConverter.deSerialize = (data) => {
    if (data[1] === 207) heard.push(Buffer.from(data));
    return deSerialize.call(RtcpPacketConverter, data);
  };
  try {
    const report = Buffer.from("80cf00040a0b0c0d040000021111222233334444", "hex");
    const relayHasIt = () => [...(world.relay.streams.get(stream)?.viewers.values() ?? [])][0]?.counters.distancesAsked;
    await until(
      "the question",
      async () => {
        await dtls?.sendRtcp([{ serialize: () => report } as never]);
        return (relayHasIt() ?? 0) > 0;
      },
      WAIT_MS,
    );
    const answer = await until("the answer", () => heard.find((each) => each[8] === 5), WAIT_MS);
    assert.equal(answer.subarray(12).toString("hex"), "0a0b0c0d2222333300000000");
  } finally {
    RtcpPacketConverter.deSerialize = deSerialize;
  }
});

test("what a viewer lost comes again when it asks", async ({ world }) => {
  const { publisher, viewer } = await watched(world);
  const lossy = losing(viewer.peer);
  publisher.picture(true, 5);
  for (let i = 0; i < 100; i++) {
    publisher.picture(false, 1);
    await sleep(5);
  }
  const seen = () => new Set(viewer.packets.map(({ header }) => header.sequenceNumber)).size;
  await until("at least 100 of 105 packets", () => seen() >= 100, WAIT_MS).catch(() => {});
  assert.ok(lossy.count > 100, `${lossy.count} datagrams passed the dropper`);
  assert.ok(seen() >= 100, `${seen()} of 105`);
});

test("a publisher that comes back goes on in the same session of its viewers, numbers and time without a break", async ({
  world,
}) => {
  const stream = newStream();
  const { sign } = world.signer;
  const first = await publish(world.base, stream, await sign({ act: "publish", stream }));
  const viewer = await watch(world.base, stream, await sign({ act: "view", stream }));
  await Promise.all([first.connected, viewer.connected]);
  await until("the viewer", () => world.relay.streams.get(stream)?.figures().viewers === 1, WAIT_MS);
  first.picture(true, 2);
  await until("two packets", () => viewer.packets.length === 2, WAIT_MS);
  const second = await publish(world.base, stream, await sign({ act: "publish", stream }));
  await second.connected;
  second.picture(false);
  second.picture(true, 2);
  await until("four packets", () => viewer.packets.length >= 4, WAIT_MS);
  const headers = viewer.packets.map(({ header }) => header);
  assert.equal(new Set(headers.map(({ ssrc }) => ssrc)).size, 1);
  assert.deepEqual(
    headers.map(({ sequenceNumber }) => (sequenceNumber - (headers[0]?.sequenceNumber as number)) & 0xffff),
    [0, 1, 2, 3],
  );
  assert.ok(((headers[2]?.timestamp as number) - (headers[1]?.timestamp as number)) >>> 0 < 90_000 * 20);
});

test("an H264 publisher in place of a VP8 one: the viewer's payload type changes with it", async ({ world }) => {
  const stream = newStream();
  const { sign } = world.signer;
  const first = await publish(world.base, stream, await sign({ act: "publish", stream }));
  const viewer = await watch(world.base, stream, await sign({ act: "view", stream }));
  await Promise.all([first.connected, viewer.connected]);
  await until("the viewer", () => world.relay.streams.get(stream)?.figures().viewers === 1, WAIT_MS);
  first.picture(true);
  await until("a packet", () => viewer.packets.length === 1, WAIT_MS);
  const second = await publish(world.base, stream, await sign({ act: "publish", stream }), { codec: "H264" });
  await second.connected;
  second.picture(true);
  await until("two packets", () => viewer.packets.length === 2, WAIT_MS);
  assert.notEqual(viewer.packets[0]?.header.payloadType, viewer.packets[1]?.header.payloadType);
});

test("the publisher is told when each packet came in: transport-wide feedback, within half a second", async ({
  world,
}) => {
  const stream = newStream();
  const publisher = await publish(world.base, stream, await world.signer.sign({ act: "publish", stream }));
  await publisher.connected;
  let told = 0;
  publisher.peer.dtlsTransports[0]?.onRtcp.subscribe((packet) => {
    if (packet instanceof RtcpTransportLayerFeedback && packet.feedback instanceof TransportWideCC)
      told += packet.feedback.packetStatusCount;
  });
  for (let i = 0; i < 40; i++) {
    publisher.picture(i === 0);
    await sleep(10);
  }
  await until("feedback on 30 packets", () => told >= 30, WAIT_MS);
});

test.run();
