/** WHIP (RFC 9725) and WHEP by their status codes, and what is said on the data channel. */
import assert from "node:assert/strict";
import { suite } from "uvu";
import { RTCPeerConnection } from "werift";
import type { DataSaid } from "#contract/video-data.ts";
import { until } from "../testing.ts";
import { closeClients, publish, send, watch } from "./clients.testing.ts";
import { makeWorld, type World } from "./testing.ts";
import { tokenChecker } from "./tokens.ts";

const test = suite<{ world: World }>("whip", {} as { world: World });
test.before(async (context) => {
  context.world = await makeWorld({ streams: 20, viewersPerStream: 3, sessions: 30 });
});
test.after.each(closeClients);
test.after(({ world }) => world.close());

const WAIT_MS = 20_000;
let streams = 0;
const newStream = () => `lamp-${++streams}.front`;

/** An offer with a section of sound and nothing else. */
const voiceAlone = [
  "v=0",
  "o=- 1 1 IN IP4 0.0.0.0",
  "s=-",
  "t=0 0",
  "a=group:BUNDLE 0",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "c=IN IP4 0.0.0.0",
  "a=mid:0",
  "a=sendonly",
  "a=rtcp-mux",
  "a=ice-ufrag:abcd",
  "a=ice-pwd:abcdefghijklmnopqrstuvwx",
  `a=fingerprint:sha-256 ${"AA:".repeat(31)}AA`,
  "a=setup:actpass",
  "a=rtpmap:111 opus/48000/2",
  "",
].join("\r\n");

test("201 has the answer, where the session is, and its entity tag", async ({ world }) => {
  const stream = newStream();
  const token = await world.signer.sign({ act: "publish", stream });
  const publisher = await publish(world.base, stream, token);
  assert.match(publisher.location, new RegExp(`/video/whip/${stream}/[\\w-]{20,}$`));
  assert.match(publisher.etag, /^"[\w-]+"$/);
  assert.match(publisher.peer.remoteDescription?.sdp ?? "", /^a=setup:passive/m);
});

test("a second publisher of another name gets 409; the same one takes its own place", async ({ world }) => {
  const stream = newStream();
  const { sign } = world.signer;
  await publish(world.base, stream, await sign({ act: "publish", stream, sub: "lamp-1" }));
  const rival = await sign({ act: "publish", stream, sub: "lamp-2" });
  await assert.rejects(publish(world.base, stream, rival), /^Error: 409/);
  await publish(world.base, stream, await sign({ act: "publish", stream, sub: "lamp-1" }));
  assert.equal(world.relay.counters.replaced, 1);
});

test("what is wrong with a request has its own status", async ({ world }) => {
  const stream = newStream();
  const url = `${world.base}/video/whip/${stream}`;
  const token = await world.signer.sign({ act: "publish", stream });
  const status = async (method: string, at: string, body?: string, headers = {}) =>
    (await send(method, at, token, body, headers)).status;
  assert.equal(await status("POST", url, "v=0", { "content-type": "text/plain" }), 415);
  assert.equal(await status("POST", url, "hello"), 400);
  assert.equal(await status("POST", url, "v=0\r\nnonsense"), 406);
  assert.equal(await status("POST", url, `v=0\r\n${"a=x\r\n".repeat(20_000)}`), 413);
  for (const method of ["GET", "PUT", "PATCH", "DELETE"]) assert.equal(await status(method, url), 405, method);
  assert.equal(await status("DELETE", `${url}/nosuchsession`), 404);
  const options = await send("OPTIONS", url, undefined);
  assert.deepEqual([options.status, options.headers.get("accept-post")], [204, "application/sdp"]);
});

test("an offer of voice alone to a token of video alone gets 406", async ({ world }) => {
  const stream = newStream();
  const token = await world.signer.sign({ act: "publish", stream });
  const reply = await send("POST", `${world.base}/video/whip/${stream}`, token, voiceAlone);
  assert.equal(reply.status, 406, reply.text);
});

test("PATCH takes candidates with the right entity tag, and restarts no ICE", async ({ world }) => {
  const stream = newStream();
  const token = await world.signer.sign({ act: "view", stream });
  const viewer = await watch(world.base, stream, token);
  const type = { "content-type": "application/trickle-ice-sdpfrag" };
  const ufrag = /a=ice-ufrag:(\S+)/.exec(viewer.peer.localDescription?.sdp ?? "")?.[1];
  const fragment = (name = ufrag) =>
    `a=ice-ufrag:${name}\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=candidate:1 1 udp 2113937151 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n`;
  const patch = (body: string, headers = {}) => send("PATCH", viewer.location, token, body, { ...type, ...headers });
  assert.equal((await patch(fragment(), { "if-match": viewer.etag })).status, 204);
  assert.equal((await patch(fragment())).status, 428);
  assert.equal((await patch(fragment(), { "if-match": '"other"' })).status, 412);
  assert.equal((await patch(fragment("other"), { "if-match": viewer.etag })).status, 422);
  assert.equal((await patch(fragment(), { "if-match": "*" })).status, 422);
  assert.equal((await patch("hello", { "if-match": viewer.etag })).status, 400);
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

test("the fourth viewer of three is refused with 503 and told when to come again", async ({ world }) => {
  const stream = newStream();
  const token = await world.signer.sign({ act: "view", stream });
  const offers = [];
  for (let i = 0; i < 3; i++) offers.push(await watch(world.base, stream, token));
  const sdp = offers[0]?.peer.localDescription?.sdp ?? "";
  const reply = await send("POST", `${world.base}/video/whep/${stream}`, token, sdp);
  assert.deepEqual([reply.status, reply.headers.get("retry-after")], [503, "2"]);
});

test("who is refused leaves no peer behind in the relay, and ten who come at once are no more than three", async () => {
  const world = await makeWorld({ streams: 1, viewersPerStream: 3, sessions: 30 });
  const { prototype } = RTCPeerConnection;
  const { setRemoteDescription, close } = prototype;
  const open = new Set<RTCPeerConnection>();
  let made = 0;
  try {
    const [first, second] = [newStream(), newStream()];
    const { sign } = world.signer;
    const { peer } = await watch(world.base, first, await sign({ act: "view", stream: first }));
    const offer = peer.localDescription?.sdp ?? "";
    prototype.setRemoteDescription = function (description) {
      made++;
      open.add(this);
      return setRemoteDescription.call(this, description);
    };
    prototype.close = function () {
      open.delete(this);
      return close.call(this);
    };
    const post = async (act: "publish" | "view", stream: string, sdp: string, sub = "lamp-1") => {
      const path = `${act === "view" ? "whep" : "whip"}/${stream}`;
      return (await send("POST", `${world.base}/video/${path}`, await sign({ act, stream, sub }), sdp)).status;
    };
    assert.equal(await post("view", second, offer), 503);
    assert.equal(await post("publish", first, voiceAlone), 406);
    assert.equal(await post("publish", first, "v=0\r\nm=video nonsense"), 400);
    assert.equal(open.size, 0, `${made} peers were made`);
    const claims = await (await tokenChecker(world.signer.publicJwk))(
      `Bearer ${await sign({ act: "view", stream: first })}`,
    );
    const views = await Promise.allSettled(Array.from({ length: 10 }, () => world.relay.view(claims, offer)));
    assert.equal(views.filter(({ status }) => status === "fulfilled").length, 2, "beside the one that is there");
    assert.equal(made, 12, "ten were answered at the same time");
    assert.deepEqual([open.size, world.relay.sessions.size, world.relay.counters.refused], [2, 3, 9]);
  } finally {
    Object.assign(prototype, { setRemoteDescription, close });
    await world.close();
  }
});

test("a publisher whose old session still stands comes back into a full relay", async () => {
  const world = await makeWorld({ streams: 1, viewersPerStream: 1, sessions: 1 });
  try {
    const stream = newStream();
    const token = await world.signer.sign({ act: "publish", stream });
    await publish(world.base, stream, token);
    await publish(world.base, stream, token);
    assert.deepEqual([world.relay.counters.replaced, world.relay.sessions.size, world.relay.streams.size], [1, 1, 1]);
    assert.equal(world.relay.streams.get(stream)?.publisher?.sub, stream.split(".")[0]);
  } finally {
    await world.close();
  }
});

test("what one points at and writes reaches all others with its name; who may only read is heard by nobody", async ({
  world,
}) => {
  const stream = newStream();
  const { sign } = world.signer;
  const view = (sub: string, data: "read" | "write" | "none") =>
    sign({ act: "view", stream, sub, data, name: sub.toUpperCase() }).then((token) =>
      watch(world.base, stream, token, { data: true }),
    );
  const [ann, bob, eve] = await Promise.all([view("ann", "write"), view("bob", "read"), view("eve", "none")]);
  await until(
    "both channels",
    () => [ann, bob].every(({ said }) => said.some(({ type }) => type === "stream")),
    WAIT_MS,
  );
  ann.channel?.send(JSON.stringify({ type: "point", x: 0.25, y: 0.5 }));
  ann.channel?.send(JSON.stringify({ type: "chat", text: " behind the van " }));
  bob.channel?.send(JSON.stringify({ type: "chat", text: "nobody should read this" }));
  const talk = ({ said }: { said: DataSaid[] }) => said.filter(({ type }) => type === "point" || type === "chat");
  await until("two sayings", () => talk(bob).length === 2, WAIT_MS);
  const heard = talk(bob).map((each) => ({ ...each, at: 0, seq: 0 }));
  const by = { from: "ann", name: "ANN", role: "viewer", at: 0, seq: 0 };
  assert.deepEqual(heard, [
    { type: "point", x: 0.25, y: 0.5, ...by },
    { type: "chat", text: "behind the van", ...by },
  ]);
  await until("the refusal", () => (world.relay.streams.get(stream)?.participants.counters.refused ?? 0) >= 1, WAIT_MS);
  assert.deepEqual([talk(ann).length, eve.said.length], [0, 0]);
});

test("nonsense, too much and too often on the data channel is refused and counted, and the rest goes on", async ({
  world,
}) => {
  const stream = newStream();
  const { sign } = world.signer;
  const [ann, bob] = await Promise.all(
    ["ann", "bob"].map(async (sub) =>
      watch(world.base, stream, await sign({ act: "view", stream, sub, data: "write" }), { data: true }),
    ),
  );
  await until(
    "both channels",
    () => [ann, bob].every((each) => each?.said.some(({ type }) => type === "stream")),
    WAIT_MS,
  );
  const counters = world.relay.streams.get(stream)?.participants.counters;
  ann?.channel?.send("not JSON");
  ann?.channel?.send(JSON.stringify({ type: "point", x: 7, y: 0 }));
  ann?.channel?.send(JSON.stringify({ type: "chat", text: "x".repeat(5_000) }));
  await until("three refusals", () => counters?.refused === 3, WAIT_MS);
  for (let i = 0; i < 200; i++) ann?.channel?.send(JSON.stringify({ type: "point", x: 0, y: i / 200 }));
  await until("all of them judged", () => (counters?.said ?? 0) + (counters?.refused ?? 0) === 203, WAIT_MS);
  assert.ok((counters?.said ?? 0) >= 38 && (counters?.said ?? 0) < 160, `${counters?.said} of 200 said`);
  assert.equal(
    bob?.said.some(({ type }) => type === "chat"),
    false,
  );
});

test("viewers are told that the picture is there, and that it is gone", async ({ world }) => {
  const stream = newStream();
  const { sign } = world.signer;
  const viewer = await watch(world.base, stream, await sign({ act: "view", stream, data: "read" }), { data: true });
  const states = () => viewer.said.flatMap((each) => (each.type === "stream" ? [each.live] : []));
  await until("the greeting", () => states().length > 0, WAIT_MS);
  const token = await sign({ act: "publish", stream });
  const publisher = await publish(world.base, stream, token);
  await publisher.connected;
  publisher.picture(true);
  await until("live", () => states().at(-1) === true, WAIT_MS);
  await send("DELETE", publisher.location, token);
  await until("gone", () => states().at(-1) === false, WAIT_MS);
});

test.run();
