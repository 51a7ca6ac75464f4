/** The relay with real clients: what gets through, to whom, and what ends it. */
import assert from "node:assert/strict";
import { suite } from "uvu";
import { RtcpTransportLayerFeedback, TransportWideCC } from "werift";
import { until } from "../testing.ts";
import { closeClients, publish, send, watch } from "./clients.testing.ts";
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

test("what a viewer lost comes again when it asks", async ({ world }) => {
  const stream = newStream();
  const { sign } = world.signer;
  const publisher = await publish(world.base, stream, await sign({ act: "publish", stream }));
  const viewer = await watch(world.base, stream, await sign({ act: "view", stream }));
  await Promise.all([publisher.connected, viewer.connected]);
  await until("the viewer", () => world.relay.streams.get(stream)?.figures().viewers === 1, WAIT_MS);
  // Every fifth datagram to the viewer is lost.
  const dtls = viewer.peer.dtlsTransports[0];
  let count = 0;
  const connection = dtls?.iceTransport.connection;
  const execute = connection?.onData.execute.bind(connection.onData);
  const isMedia = (data: Buffer) => (data[1] as number) < 192 || (data[1] as number) > 223;
  if (connection && execute)
    connection.onData.execute = (data: Buffer) => {
      if ((data[0] as number) >> 6 === 2 && isMedia(data) && ++count % 5 === 0) return;
      execute(data);
    };
  publisher.picture(true, 5);
  for (let i = 0; i < 100; i++) {
    publisher.picture(false, 1);
    await sleep(5);
  }
  const seen = () => new Set(viewer.packets.map(({ header }) => header.sequenceNumber)).size;
  await until("at least 100 of 105 packets", () => seen() >= 100, WAIT_MS).catch(() => {});
  assert.ok(count > 100, `${count} datagrams passed the dropper`);
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

test("DELETE ends a session at once, and a second DELETE finds none", async ({ world }) => {
  const stream = newStream();
  const token = await world.signer.sign({ act: "view", stream });
  const viewer = await watch(world.base, stream, token);
  await viewer.connected;
  assert.equal((await send("DELETE", viewer.location, token)).status, 200);
  assert.equal(world.relay.streams.has(stream), false);
  assert.equal((await send("DELETE", viewer.location, token)).status, 404);
});

test.run();
