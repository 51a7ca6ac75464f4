/** The caller link over HTTP, with a gateway in this process and phones without a browser. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { suite } from "uvu";
import type { IncidentDetail } from "#contract/ops-api.ts";
import { until } from "../testing.ts";
import { AGENCY, type CallerWorld, callerWorld, FakePhone, textsOf } from "./testing.ts";

const test = suite<{ world: CallerWorld }>("caller link");
test.before(async (context) => {
  context.world = await callerWorld();
});
test.after(({ world }) => world.stop());

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

test("a technician who opens the incident reads nothing of what the caller wrote, a reviewer does", async ({
  world,
}) => {
  const { operator } = world;
  const { token, caller } = await operator.make({ note: "a woman whispers" });
  const phone = new FakePhone(world.url, token);
  assert.equal(await phone.open(), 200);
  await phone.say({ kind: "chat", text: "behind the blue door" });
  const read = async (user: string) =>
    (await operator.ask("GET", `/api/incidents/${caller.incident}`, undefined, user)).text();
  const [tom, bob] = [await read("tom"), await read("bob")];
  for (const words of ["a woman whispers", "behind the blue door"])
    assert.deepEqual([tom.includes(words), bob.includes(words)], [false, true], words);
  const { timeline, chain } = JSON.parse(tom) as IncidentDetail;
  assert.ok(chain.ok);
  assert.equal(timeline.length, chain.length);
  assert.ok(
    timeline.filter(({ kind }) => kind === "caller").every(({ withheld, hash }) => withheld && hash.length === 64),
  );
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
