/** What a phone says over HTTP, and what becomes of it: consent, positions, knocks, stills, words. */
import assert from "node:assert/strict";
import { suite } from "uvu";
import type { PhoneHears } from "#contract/caller-phone.ts";
import { joinBroker, makeShot, publishShot, until } from "../testing.ts";
import { type CallerWorld, callerWorld, FakePhone } from "./testing.ts";

const test = suite<{ world: CallerWorld }>("caller's phone");
test.before(async (context) => {
  context.world = await callerWorld();
});
test.after(({ world }) => world.stop());

const granted = (item: "video" | "voice" | "position") => ({
  kind: "consent" as const,
  item,
  state: "granted" as const,
});
const jpeg = (bytes: number) => {
  const picture = Buffer.alloc(bytes, 7);
  picture.set([0xff, 0xd8, 0xff]);
  picture.set([0xff, 0xd9], bytes - 2);
  return picture;
};

async function opened({ operator, url }: CallerWorld, ask: unknown = {}) {
  const made = await operator.make(ask);
  const phone = new FakePhone(url, made.token);
  assert.equal(await phone.open(), 200);
  return { ...made, phone, id: made.caller.id, incident: made.caller.incident };
}

test("position without consent is dropped; with it the incident gets a place of 1.62 times the stated accuracy; withdrawn, none again", async ({
  world,
}) => {
  const { phone, id, incident } = await opened(world);
  const here = { kind: "position" as const, lat: 40.44, lon: -79.99, accuracyM: 20 };
  await phone.say(here);
  assert.equal((await world.operator.view(id)).position, undefined);
  await phone.say(granted("position"), here);
  const view = await world.operator.view(id);
  assert.deepEqual([view.position?.lat, view.position?.accuracyM, view.consent.position], [40.44, 20, "granted"]);
  const { place } = (await world.operator.incident(incident)).incident;
  assert.equal(Math.round((place?.ellipse95.semiMajorM ?? 0) * 10) / 10, 32.4);
  await phone.say({ kind: "consent", item: "position", state: "withdrawn" }, { ...here, lat: 41 });
  const after = await world.operator.view(id);
  assert.deepEqual([after.position, after.consent.position], [undefined, "withdrawn"]);
  const record = await world.operator.record(incident);
  assert.deepEqual(
    record.filter((text) => /position|within/.test(text)),
    [
      "the caller allows position",
      "the phone is within 33 m of 40.440000, -79.990000 (it states 20 m)",
      "the caller withdraws position",
    ],
  );
});

test("a caller's place does not move the incident of a shot that the link was made for", async ({ world }) => {
  const tri = await joinBroker(world.gateway.ports.mqtt, "tri");
  await publishShot(tri, makeShot({ id: "shot-c", incident: "shot-incident" }));
  await tri.endAsync();
  await until(
    "the incident",
    async () => (await world.operator.ask("GET", "/api/incidents/shot-incident")).status === 200,
  );
  const { phone } = await opened(world, { incident: "shot-incident" });
  await phone.say(granted("position"), { kind: "position", lat: 40.5, lon: -79.9, accuracyM: 10 });
  const { incident, timeline } = await world.operator.incident("shot-incident");
  assert.equal(incident.place?.lat, 40.4405);
  assert.ok(timeline.some(({ kind, text }) => kind === "caller" && text.includes("40.500000")));
});

test("of two phones on one incident the first says where it is, the second stands on the record", async ({ world }) => {
  const first = await opened(world);
  const second = await opened(world, { incident: first.incident });
  const at = (lat: number) => ({ kind: "position" as const, lat, lon: -79.99, accuracyM: 10 });
  await first.phone.say(granted("position"), at(40.44));
  await second.phone.say(granted("position"), at(40.45));
  const { incident, timeline } = await world.operator.incident(first.incident);
  assert.equal(incident.place?.lat, 40.44);
  const entry = timeline.find(({ text }) => text.includes("40.450000"));
  assert.deepEqual([entry?.kind, entry?.by], ["caller", `caller-${second.id}`]);
});

test("of 150 words at once a hundred are taken and the rest is said again, consent before all", async ({ world }) => {
  const { phone, id } = await opened(world);
  const words = (from: number) =>
    Array.from({ length: 50 }, (_, i) => ({
      kind: "chat" as const,
      text: String(from + i),
      id: `word-number-${from + i}`,
    }));
  const taken = [];
  for (const from of [0, 50, 100]) taken.push(...(await phone.say(...words(from))).taken);
  assert.ok(taken.length >= 100 && taken.length < 150, `${taken.length} taken`);
  const withdrawn = { kind: "consent" as const, item: "video" as const, state: "refused" as const, id: "consent-now" };
  assert.deepEqual((await phone.say(...words(100).slice(1), withdrawn)).taken.includes("consent-now"), true);
  assert.equal((await world.operator.view(id)).consent.video, "refused");
});

test("every change of consent is an entry on a chain that holds; a repeated message is taken once, also after a restart", async () => {
  const world = await callerWorld();
  try {
    const { phone, id, incident } = await opened(world);
    const said = { ...granted("video"), id: "consent-0001" };
    await phone.say(said, { kind: "consent", item: "voice", state: "refused" });
    await phone.say(said);
    await world.restart();
    const { taken } = await phone.say(said, { kind: "consent", item: "video", state: "refused" });
    assert.equal(taken.length, 2);
    assert.deepEqual((await world.operator.view(id)).consent, {
      video: "withdrawn",
      voice: "refused",
      position: "unasked",
    });
    const { timeline, chain } = await world.operator.incident(incident);
    const consents = timeline.filter(({ data }) => (data as { consent?: string }).consent !== undefined);
    assert.deepEqual(
      consents.map(({ by, text }) => `${by === `caller-${id}` ? "phone" : by}: ${text}`),
      ["phone: the caller allows video", "phone: the caller refuses voice", "phone: the caller withdraws video"],
    );
    assert.equal(chain.ok, true);
  } finally {
    await world.stop();
  }
});

test("three knocks come to the operator in words; a message that waited 40 s says so", async ({ world }) => {
  const { phone, id, incident } = await opened(world);
  await phone.say({ kind: "knock", knocksMs: [0, 260, 540] }, { kind: "chat", text: "he is in the kitchen", agoS: 40 });
  const { messages, caller } = await world.operator.detail(id);
  assert.deepEqual(
    messages.map(({ from, kind, text, heldS }) => [from, kind, text, heldS]),
    [
      ["caller", "knock", "3 knocks: I cannot speak", undefined],
      ["caller", "chat", "he is in the kitchen", 40],
    ],
  );
  assert.equal(caller.lastSaid?.text, "he is in the kitchen");
  const record = await world.operator.record(incident);
  assert.ok(record.includes("the caller knocks, 3 knocks: I cannot speak"));
  assert.ok(record.includes("the caller writes: he is in the kitchen (said 40 s before it came through)"));
});

test("a question goes to the phone, its answer comes back to it, and the operator sees that it arrived", async ({
  world,
}) => {
  const { phone, id } = await opened(world);
  const { operator } = world;
  const asked = (await (
    await operator.ask("POST", `/api/callers/${id}/ask`, { kind: "question", question: "isThereAWeapon" })
  ).json()) as { seq: number };
  await operator.ask("POST", `/api/callers/${id}/chat`, { text: "stay where you are" });
  assert.equal((await operator.detail(id)).messages[0]?.delivered, false);
  const hears = await phone.say({ kind: "answer", answer: "yes", to: asked.seq });
  assert.deepEqual(
    hears.hear.map(({ kind, ...rest }) => ("ask" in rest ? rest.ask.kind : kind)),
    ["question", "chat"],
  );
  const last = hears.hear.at(-1)?.seq;
  await phone.ask("POST", "/say", { says: [], heard: last });
  const { messages, caller } = await operator.detail(id);
  assert.deepEqual([messages[0]?.delivered, messages[1]?.delivered], [true, true]);
  assert.deepEqual([messages[2]?.text, messages[2]?.to], ["yes", asked.seq]);
  assert.ok((await operator.record(caller.incident)).includes('the caller taps to "Is there a weapon?": yes'));
});

test("the phone's live connection is pushed what the operator says; a stranger's is refused", async ({ world }) => {
  const { phone, id, token } = await opened(world);
  const address = `${world.url.replace("http", "ws")}/c/${token}/live`;
  const heard: PhoneHears[] = [];
  const socket = new WebSocket(address, { headers: { cookie: phone.cookie, origin: world.url } } as never);
  try {
    socket.addEventListener("message", ({ data }) => heard.push(JSON.parse(String(data)) as PhoneHears));
    await until("the first word", () => heard.length > 0);
    await world.operator.ask("POST", `/api/callers/${id}/chat`, { text: "we are near" });
    await until("the operator's word", () => heard.some(({ hear }) => hear.some((each) => each.kind === "chat")));
    await world.operator.ask("POST", `/api/callers/${id}/end`, { why: "done" });
    await until("the end", () => heard.at(-1)?.state === "ended");
  } finally {
    socket.close();
  }
  const stranger = new WebSocket(address);
  const refused = await new Promise((resolve) => {
    stranger.addEventListener("error", () => resolve(true));
    stranger.addEventListener("open", () => resolve(false));
  });
  assert.equal(refused, true);
});

test("a still needs consent and a whole JPEG; it comes back as it was, its hash on the record", async ({ world }) => {
  const { phone, id, incident } = await opened(world);
  const send = (bytes: Buffer, name: string) =>
    phone.ask("POST", `/still?id=still-${name}`, bytes, { "content-type": "image/jpeg" });
  assert.equal((await send(jpeg(500), "before")).status, 403);
  await phone.say(granted("video"));
  assert.equal((await send(jpeg(500), "first-one")).status, 200);
  assert.equal((await send(jpeg(500), "first-one")).status, 200, "said again");
  assert.equal((await send(jpeg(500).subarray(0, 400), "cut-short")).status, 400);
  assert.equal((await send(jpeg(300_000), "too-large")).status, 413);
  const { stills } = (await (await world.operator.ask("GET", `/api/callers/${id}/stills`)).json()) as {
    stills: { seq: number; sha256: string }[];
  };
  assert.deepEqual(
    stills.map(({ seq }) => seq),
    [1],
  );
  const picture = await world.operator.ask("GET", `/api/callers/${id}/stills/1`);
  assert.equal(picture.headers.get("content-type"), "image/jpeg");
  assert.deepEqual(Buffer.from(await picture.arrayBuffer()), jpeg(500));
  const { timeline } = await world.operator.incident(incident);
  const entry = timeline.find(({ text }) => text === "still 1 from the phone");
  assert.equal((entry?.data as { stills?: { sha256: string }[] } | undefined)?.stills?.[0]?.sha256, stills[0]?.sha256);
});

test("media is granted as far as consent goes, and without a relay it is 503", async ({ world }) => {
  const { phone } = await opened(world);
  assert.equal((await phone.ask("POST", "/send", {})).status, 403);
  assert.equal((await phone.ask("POST", "/listen", {})).status, 409);
  await phone.say(granted("voice"));
  assert.equal((await phone.ask("POST", "/send", {})).status, 503);
});

test("what is no message is refused with the field's name, and the others go on", async ({ world }) => {
  const { phone } = await opened(world);
  const bad = await phone.ask("POST", "/say", {
    says: [{ id: "a-bad-one", agoS: 0, kind: "position", lat: 91, lon: 0 }],
  });
  assert.equal(bad.status, 400);
  assert.match(((await bad.json()) as { field: string }).field, /^says\.0\./);
  const far = await world.operator.ask("POST", "/api/callers", { phone: "555 0199" });
  assert.deepEqual([far.status, ((await far.json()) as { field: string }).field], [400, "phone"]);
  assert.equal((await phone.say({ kind: "chat", text: "still here" })).taken.length, 1);
});

test.run();
