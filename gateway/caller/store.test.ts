import assert from "node:assert/strict";
import { test } from "uvu";
import { type CallerRow, CallerStore } from "./store.ts";

const DAY_MS = 86_400_000;
const consent = { video: "granted", voice: "unasked", position: "granted" } as const;

function rowOf(id: string, daysAgo: number): CallerRow {
  const createdAt = new Date(Date.now() - daysAgo * DAY_MS).toISOString();
  return {
    id,
    link: { openUntilMs: 0, device: "phone" },
    facts: {
      incident: `incident-${id}`,
      createdBy: "ann",
      createdAt,
      language: "en",
      consent,
      stills: 0,
      heard: 0,
      position: { lat: 40, lon: -79, accuracyM: 5, at: createdAt },
      lastSaid: { at: createdAt, text: "he is here" },
    },
  };
}

function world() {
  const store = new CallerStore(":memory:");
  for (const [id, daysAgo] of [
    ["old", 91],
    ["new", 1],
  ] as const) {
    store.add(rowOf(id, daysAgo), `token of ${id}`, new Uint8Array([1]));
    store.addMessage(id, { at: "", from: "caller", kind: "chat", text: "he is here" });
  }
  return store;
}
const still = { at: "2026-11-22T18:04:12Z", bytes: 3, sha256: "0".repeat(64) };

test("a still that comes twice has one number, and the next one the next", () => {
  const store = world();
  const picture = new Uint8Array([1, 2, 3]);
  const numbers = ["still-a", "still-a", "still-b"].map((id) =>
    store.addStillOnce(store.get("new") as CallerRow, id, still, picture),
  );
  assert.deepEqual(numbers, [1, undefined, 2]);
  assert.equal(store.get("new")?.facts.stills, 2);
});

test("after 90 days conversation and whereabouts are gone, of that link alone; after the stills' own time so are they", () => {
  const store = world();
  store.addStillOnce(store.get("new") as CallerRow, "still-a", still, new Uint8Array([1, 2, 3]));
  assert.deepEqual(store.expire(Date.now() - 90 * DAY_MS), []);
  assert.deepEqual([store.messages("old").length, store.messages("new").length], [0, 1]);
  const [old, recent] = [store.get("old")?.facts, store.get("new")?.facts];
  assert.deepEqual([old?.position, old?.lastSaid, old?.consent], [undefined, undefined, consent]);
  assert.equal(recent?.position?.accuracyM, 5);
  const lost = store.expire(Date.now() + 1).map(({ caller, incident, stills }) => [caller, incident, stills]);
  assert.deepEqual(lost, [["new", "incident-new", 1]]);
  assert.deepEqual([store.stills("new"), store.still("new", 1)], [[], undefined]);
});

test("the sealed address is kept while the link waits, and gone once it is opened", () => {
  const store = world();
  const waiting: CallerRow = { ...rowOf("fresh", 0), link: { openUntilMs: 1 } };
  store.add(waiting, "token of fresh", new Uint8Array([7]));
  store.save(waiting);
  assert.deepEqual([...(store.urlOf("fresh") ?? [])], [7]);
  store.save({ ...waiting, link: { openUntilMs: 1, device: "phone" } });
  assert.equal(store.urlOf("fresh"), undefined);
});

test.run();
