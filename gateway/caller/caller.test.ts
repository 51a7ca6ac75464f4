/** The caller link over HTTP, with a gateway in this process and phones without a browser. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { suite } from "uvu";
import type { PhoneHears } from "#contract/caller.ts";
import { joinBroker, makeShot, publishShot, until } from "../testing.ts";
import { AGENCY, type CallerWorld, callerWorld, FakePhone, textsOf } from "./testing.ts";

const test = suite<{ world: CallerWorld }>("caller link");
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

test("a token has 144 random bits and is nowhere on the disk, nor is the phone's number", async ({ world }) => {
  const { token, url, caller } = await world.operator.make({ phone: "+1 555 010 0199" });
  assert.match(token, /^[A-Za-z0-9_-]{24}$/);
  assert.equal(url, `${world.url}/c/${token}`);
  await until("the text message", () => textsOf(world).some(({ text }) => text.includes(token)));
  const checkpoint = new DatabaseSync(join(world.folder, "callers.sqlite"));
  checkpoint.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  checkpoint.close();
  for (const file of ["callers.sqlite", "incidents.sqlite", "incidents.sqlite-wal"]) {
    const disk = readFileSync(join(world.folder, file), "latin1");
    assert.ok(statSync(join(world.folder, file)).size > 0, file);
    assert.ok(!disk.includes(token), `${file} holds the token`);
    assert.ok(!disk.includes("15550100199"), `${file} holds the number`);
  }
  assert.equal(caller.sms?.to, "…199");
});

test("without an incident a new one of kind caller is opened; a link of an incident that does not exist is refused", async ({
  world: { operator },
}) => {
  const { caller } = await operator.make({ note: "a woman whispers" });
  const { incident } = await operator.incident(caller.incident);
  assert.deepEqual([incident.kind, incident.place, incident.rounds], ["caller", undefined, []]);
  const [first, second] = await operator.record(caller.incident);
  assert.equal(first, "a caller: a woman whispers");
  assert.equal(second, "made a link for a caller's phone, valid 15 min: a woman whispers");
  assert.equal((await operator.ask("POST", "/api/callers", { incident: "nowhere" })).status, 404);
});

test("forty fetches of the link by previews consume nothing: the tap after them opens it, a second phone is turned away", async ({
  world,
}) => {
  const { token, caller } = await world.operator.make();
  const page = `${world.url}/c/${token}`;
  const before = await world.operator.record(caller.incident);
  for (let i = 0; i < 20; i++) {
    const bot = { "user-agent": "WhatsApp/2.23.20.0 A" };
    const answer = await fetch(page, { headers: bot, method: i % 2 ? "HEAD" : "GET" });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("set-cookie"), null);
    assert.equal((await fetch(`${page}/link`, { headers: bot })).status, 200);
  }
  assert.deepEqual(await world.operator.record(caller.incident), before);
  assert.equal((await world.operator.view(caller.id)).state, "waiting");
  const [phone, other] = [new FakePhone(world.url, token), new FakePhone(world.url, token)];
  assert.equal(await phone.open(), 200);
  assert.equal(await other.open(), 409);
  assert.deepEqual([(await phone.link()).mine, (await other.link()).mine], [true, false]);
  assert.equal((await other.ask("POST", "/say", { says: [], heard: 0 })).status, 401);
  assert.equal(await phone.open(), 200, "the same phone may come again");
  assert.ok(
    (await world.operator.record(caller.incident)).includes(
      "a second device tried to open the link and was turned away",
    ),
  );
});

test("the page is the same for every token and says nothing of what it is for; its policy lets nothing in from elsewhere", async ({
  world,
}) => {
  const { token } = await world.operator.make();
  const [known, unknown] = await Promise.all([
    fetch(`${world.url}/c/${token}`),
    fetch(`${world.url}/c/${"x".repeat(24)}`),
  ]);
  const html = await known.text();
  assert.equal(html, await unknown.text());
  assert.ok(!/emergency|police|112|tocsin/i.test(html), html);
  const policy = known.headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
  assert.ok(!policy.includes("http") && !policy.includes("unsafe"), policy);
  assert.match(known.headers.get("permissions-policy") ?? "", /camera=\(self\).*geolocation=\(self\)/);
  assert.equal(known.headers.get("x-robots-tag"), "noindex, nofollow, noarchive");
  assert.equal((await fetch(`${world.url}/c/${"x".repeat(24)}/link`)).status, 404);
});

test("a revoked link does not open, an ended one takes nothing more", async ({ world }) => {
  const { operator, url } = world;
  const waiting = await operator.make();
  await operator.ask("POST", `/api/callers/${waiting.caller.id}/end`, { why: "wrong number" });
  const phone = new FakePhone(url, waiting.token);
  assert.equal((await phone.link()).state, "revoked");
  assert.equal(await phone.open(), 410);
  const open = await opened(world);
  assert.equal((await operator.ask("POST", `/api/callers/${open.id}/end`, { why: "help is there" })).status, 200);
  assert.equal((await open.phone.ask("POST", "/say", { says: [], heard: 0 })).status, 410);
  assert.equal((await operator.ask("POST", `/api/callers/${open.id}/end`, { why: "again" })).status, 409);
  assert.ok((await operator.record(open.incident)).includes("the link is ended: help is there"));
});

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
      "the phone is within 32 m of 40.440000, -79.990000 (it states 20 m)",
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

test("only dispatch makes links; a technician sees none; another site's page cannot make one", async ({
  world: { operator },
}) => {
  assert.equal((await operator.ask("POST", "/api/callers", {}, "bob")).status, 403);
  assert.equal((await operator.ask("GET", "/api/callers", undefined, "tom")).status, 403);
  assert.equal((await operator.ask("GET", "/api/callers", undefined, "bob")).status, 200);
  const foreign = await operator.ask("POST", "/api/callers", {}, "ann", { origin: "https://evil.example" });
  assert.equal(foreign.status, 403);
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

test("the text message is in the caller's language, names who asks, and goes to one number three times in ten minutes at most", async () => {
  const world = await callerWorld();
  try {
    const { caller, token } = await world.operator.make({ phone: "+82 10-5555-0123", language: "ko" });
    const send = () => world.operator.ask("POST", `/api/callers/${caller.id}/sms`, { phone: "+821055550123" });
    assert.deepEqual([(await send()).status, (await send()).status, (await send()).status], [200, 200, 429]);
    await until("three messages", () => textsOf(world).length === 3);
    const [first] = textsOf(world);
    assert.equal(first?.to, "+821055550123");
    assert.ok(first?.text.startsWith(`${AGENCY}: 눌러서`), first?.text);
    assert.ok(first?.text.endsWith(`/c/${token}`));
    await until("the status", async () => (await world.operator.view(caller.id)).sms?.status === "sent");
    assert.ok((await world.operator.record(caller.incident)).includes("text message to …123 taken by the provider"));
  } finally {
    await world.stop();
  }
});

test("a phone that hammers is told to wait; 41 links in a minute are too many for one operator", async () => {
  const world = await callerWorld();
  try {
    const { phone } = await opened(world);
    const statuses = await Promise.all(
      Array.from({ length: 60 }, () => phone.ask("POST", "/say", { says: [], heard: 0 })),
    );
    const count = (status: number) => statuses.filter((each) => each.status === status).length;
    assert.ok(count(200) >= 40 && count(429) >= 10, `${count(200)} taken, ${count(429)} refused`);
    const made = await Promise.all(Array.from({ length: 30 }, () => world.operator.ask("POST", "/api/callers", {})));
    assert.ok(made.filter(({ status }) => status === 429).length >= 8);
  } finally {
    await world.stop();
  }
});

test("a link that nobody opened in time is expired for the phone, and the record says so", async () => {
  const world = await callerWorld();
  try {
    const { caller, token } = await world.operator.make();
    const db = new DatabaseSync(join(world.folder, "callers.sqlite"));
    db.prepare("UPDATE caller SET link = ? WHERE id = ?").run(
      JSON.stringify({ openUntilMs: Date.now() - 1 }),
      caller.id,
    );
    db.close();
    const phone = new FakePhone(world.url, token);
    assert.equal((await phone.link()).state, "expired");
    assert.equal(await phone.open(), 410);
    await until("the entry", async () =>
      (await world.operator.record(caller.incident)).includes("the link is over: nobody opened it in time"),
    );
    assert.equal((await world.operator.view(caller.id)).state, "expired");
  } finally {
    await world.stop();
  }
});

test.run();
