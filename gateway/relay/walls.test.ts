/** The relay's walls: who has no right gets no packet, what a token does not allow is dropped, and rights end when they end. */
import assert from "node:assert/strict";
import { generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { suite } from "uvu";
import type { VideoClaims } from "#contract/video.ts";
import { until } from "../testing.ts";
import { closeClients, fakePayload, publish, send, watch } from "./clients.testing.ts";
import { Ingest } from "./ingest.ts";
import type { Media } from "./media.ts";
import { PacketCache } from "./packet-cache.ts";
import { makeWorld, type World } from "./testing.ts";
import { Viewer } from "./viewer.ts";

const test = suite<{ world: World }>("walls", {} as { world: World });
test.before(async (context) => {
  context.world = await makeWorld();
});
test.after.each(closeClients);
test.after(({ world }) => world.close());

const WAIT_MS = 20_000;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
let streams = 0;
const newStream = () => `lamp-${++streams}.front`;

test("without a token of the gateway's own nobody begins a session, and nothing leaves for them", async ({ world }) => {
  const stream = newStream();
  const { sign } = world.signer;
  const nowS = Math.floor(Date.now() / 1000);
  const claims = { act: "view", stream, sub: "eve", media: ["video"], jti: "x", iat: nowS, exp: nowS + 60 };
  const stranger = await generateKeyPair("EdDSA", { crv: "Ed25519" });
  const foreign = await new SignJWT({ ...claims, iss: "tocsin-gateway", aud: "tocsin-relay" })
    .setProtectedHeader({ alg: "EdDSA" })
    .sign(stranger.privateKey);
  const good = await sign({ act: "view", stream });
  const [head, , tail] = good.split(".");
  const forged = `${head}.${Buffer.from(JSON.stringify({ ...claims, iss: "tocsin-gateway", aud: "tocsin-relay" })).toString("base64url")}.${tail}`;
  const bad: Record<string, string | undefined> = {
    none: undefined,
    nonsense: "abc",
    "signed by another key": foreign,
    "not signed": new UnsecuredJWT({ ...claims, iss: "tocsin-gateway", aud: "tocsin-relay" }).encode(),
    "claims exchanged": forged,
    "run out": await sign({ act: "view", stream }, -1),
    "of another issuer": await sign({ act: "view", stream, iss: "somebody" as "tocsin-gateway" }),
    "for another house": await sign({ act: "view", stream, aud: "somebody" as "tocsin-relay" }),
  };
  const before = world.relay.sessions.size;
  for (const [what, token] of Object.entries(bad)) {
    const reply = await send("POST", `${world.base}/video/whep/${stream}`, token, "v=0\r\n");
    assert.equal(reply.status, 401, what);
    assert.equal(reply.headers.get("www-authenticate"), "Bearer", what);
  }
  assert.equal(world.relay.sessions.size, before);
});

test("a token is for one act and one stream: with any other it is refused with 403, and no packet comes", async ({
  world,
}) => {
  const stream = newStream();
  const { sign } = world.signer;
  const publisher = await publish(world.base, stream, await sign({ act: "publish", stream }));
  await publisher.connected;
  const wrong = [sign({ act: "view", stream: "lamp-99.front" }), sign({ act: "publish", stream })];
  for (const token of wrong) await assert.rejects(watch(world.base, stream, await token), /^Error: 403/);
  await assert.rejects(publish(world.base, stream, await sign({ act: "view", stream })), /^Error: 403/);
  assert.equal(world.relay.streams.get(stream)?.viewers.size, 0);
});

test("a viewer's packets end with its token, while another's go on; a newer token prolongs", async ({ world }) => {
  const stream = newStream();
  const { sign } = world.signer;
  const publisher = await publish(world.base, stream, await sign({ act: "publish", stream }));
  const short = await watch(world.base, stream, await sign({ act: "view", stream, sub: "short" }, 3), { data: true });
  const renewed = await watch(
    world.base,
    stream,
    await sign({ act: "view", stream, sub: "renewed", data: "read" }, 3),
    { data: true },
  );
  await Promise.all([publisher, short, renewed].map(({ connected }) => connected));
  const reply = await send(
    "PATCH",
    renewed.location,
    await sign({ act: "view", stream, sub: "renewed", data: "read" }, 60),
  );
  assert.equal(reply.status, 204);
  let running = true;
  const sending = (async () => {
    for (let i = 0; running; i++) {
      publisher.picture(i % 10 === 0);
      await sleep(20);
    }
  })();
  try {
    await until("pictures", () => short.packets.length > 5 && renewed.packets.length > 5, WAIT_MS);
    await until("the end", () => world.relay.streams.get(stream)?.viewers.size === 1, WAIT_MS);
    const [ended, goes] = [short.raw(), renewed.packets.length];
    await until("more for the other", () => renewed.packets.length > goes + 30, WAIT_MS);
    assert.ok(short.raw() <= ended + 1, `${short.raw() - ended} packets after the end`);
    assert.ok(world.relay.counters.expired >= 1);
    assert.ok(
      world.events.some(
        (event) => event.type === "left" && event.sub === "short" && event.why === "the token has run out",
      ),
    );
  } finally {
    running = false;
    await sending;
  }
});

test("a publisher's session ends with its token too", async ({ world }) => {
  const stream = newStream();
  const publisher = await publish(world.base, stream, await world.signer.sign({ act: "publish", stream }, 2));
  await publisher.connected;
  await until("the end", () => !world.relay.streams.has(stream), WAIT_MS);
});

test("another person's token does not prolong a session, and does not end it", async ({ world }) => {
  const stream = newStream();
  const { sign } = world.signer;
  const viewer = await watch(world.base, stream, await sign({ act: "view", stream, sub: "ann" }));
  const eve = await sign({ act: "view", stream, sub: "eve" });
  assert.equal((await send("DELETE", viewer.location, eve)).status, 404);
  assert.equal((await send("PATCH", viewer.location, eve)).status, 404);
  assert.equal(world.relay.streams.get(stream)?.viewers.size, 1);
});

test("voice of a node is refused in the answer, and dropped when it is sent all the same", async ({ world }) => {
  const stream = newStream();
  const { sign } = world.signer;
  const publisher = await publish(world.base, stream, await sign({ act: "publish", stream, media: ["video"] }), {
    audio: true,
  });
  const viewer = await watch(world.base, stream, await sign({ act: "view", stream, media: ["video", "audio"] }), {
    audio: true,
  });
  await Promise.all([publisher.connected, viewer.connected]);
  assert.match(publisher.peer.remoteDescription?.sdp ?? "", /^m=audio 0 /m);
  publisher.picture(true);
  for (let i = 0; i < 20; i++) {
    publisher.voice();
    await publisher.raw(111, 0xabcdef, Buffer.alloc(80, i));
  }
  await until(
    "the drops",
    () => (world.relay.streams.get(stream)?.publisher?.ingest.unknownPackets ?? 0) >= 20,
    WAIT_MS,
  );
  await until("the picture", () => viewer.packets.length > 0, WAIT_MS);
  assert.deepEqual(
    viewer.packets.map(({ kind }) => kind),
    ["video"],
  );
});

test("voice goes through where both tokens have it", async ({ world }) => {
  const stream = "caller-1.phone";
  const { sign } = world.signer;
  const both: Partial<VideoClaims> = { media: ["video", "audio"] };
  const publisher = await publish(world.base, stream, await sign({ act: "publish", stream, ...both }), { audio: true });
  const viewer = await watch(world.base, stream, await sign({ act: "view", stream, ...both }), { audio: true });
  const deaf = await watch(world.base, stream, await sign({ act: "view", stream, sub: "deaf" }), { audio: true });
  await Promise.all([publisher, viewer, deaf].map(({ connected }) => connected));
  await until("both", () => world.relay.streams.get(stream)?.viewers.size === 2, WAIT_MS);
  publisher.picture(true);
  for (let i = 0; i < 10; i++) {
    publisher.voice();
    await sleep(10);
  }
  await until("voice", () => viewer.packets.some(({ kind }) => kind === "audio"), WAIT_MS);
  await until("the picture", () => deaf.packets.length > 0, WAIT_MS);
  assert.ok(deaf.packets.every(({ kind }) => kind === "video"));
});

const claims = (over: Partial<VideoClaims>): VideoClaims => ({
  iss: "tocsin-gateway",
  aud: "tocsin-relay",
  act: "publish",
  stream: "lamp-1.front",
  sub: "lamp-1",
  media: ["video"],
  codecs: ["H264", "VP8"],
  data: "none",
  jti: "x",
  iat: 0,
  exp: 0,
  ...over,
});

test("the second wall: a kind or codec that was negotiated and is not in the token is dropped and counted", async ({
  world,
}) => {
  const stream = newStream();
  const { sign } = world.signer;
  // Negotiated with everything, as if the first wall had a hole.
  const publisher = await publish(
    world.base,
    stream,
    await sign({ act: "publish", stream, media: ["video", "audio"] }),
    { audio: true },
  );
  await publisher.connected;
  const session = [...world.relay.sessions.values()].find(
    (each) => each.role === "publisher" && each.stream.name === stream,
  );
  const taken: Media[] = [];
  const hooks = {
    media: (media: Media) => void taken.push(media),
    clock: () => {},
    knows: () => false,
    lostForGood: () => {},
    nowMs: () => Date.now(),
  };
  const deaf = new Ingest(claims({ media: ["video"], codecs: ["H264"] }), hooks);
  deaf.attach(session?.peer as NonNullable<typeof session>["peer"]);
  publisher.picture(true);
  for (let i = 0; i < 5; i++) publisher.voice();
  await until("the drops", () => deaf.counters.droppedKind >= 5 && deaf.counters.droppedCodec >= 1, WAIT_MS);
  assert.equal(taken.length, 0);
});

test("the second wall: a viewer whose token has no voice is handed none, whoever hands it on", () => {
  const caches = { video: new PacketCache(), audio: new PacketCache() };
  const viewer = new Viewer(claims({ act: "view" }), { caches, askKeyframe: () => {}, nowMs: () => 0 });
  const media: Media = {
    kind: "audio",
    codec: "opus",
    index: 1,
    timestamp: 0,
    marker: true,
    keyframe: false,
    payload: Buffer.alloc(3),
  };
  viewer.forward(media);
  assert.equal(viewer.counters.refusedKind, 1);
});

test("a number that comes twice with other bytes is not sent twice: viewers' nonces are made of it", async ({
  world,
}) => {
  const stream = newStream();
  const { sign } = world.signer;
  const publisher = await publish(world.base, stream, await sign({ act: "publish", stream }));
  const viewer = await watch(world.base, stream, await sign({ act: "view", stream }));
  await Promise.all([publisher.connected, viewer.connected]);
  publisher.picture(true);
  await until("a packet", () => viewer.packets.length === 1, WAIT_MS);
  const ingest = world.relay.streams.get(stream)?.publisher?.ingest;
  const again = viewer.packets[0]?.payload as Buffer;
  await publisher.repeat(fakePayload("VP8", true, true, again.length));
  await until("the drop", () => ingest?.counters.duplicates === 1, WAIT_MS);
  assert.equal(viewer.packets.length, 1);
});

test.run();
