import assert from "node:assert/strict";
import { test } from "uvu";
import { SayQueue } from "./say-queue.ts";

function world(keep = new Map<string, string>()) {
  const clock = { ms: 0, made: 0 };
  const storage = {
    getItem: (key: string) => keep.get(key) ?? null,
    setItem: (key: string, value: string) => void keep.set(key, value),
    removeItem: (key: string) => void keep.delete(key),
  };
  const make = () =>
    new SayQueue(
      () => clock.ms,
      () => `id-${++clock.made}`,
      storage,
    );
  return { clock, keep, make };
}
const at = (lat: number) => ({ kind: "position" as const, lat, lon: 0, accuracyM: 5 });

test("what was said 40 s ago says so, in order, until it is taken", () => {
  const { clock, make } = world();
  const queue = make();
  queue.add({ kind: "chat", text: "a" });
  clock.ms = 30_000;
  queue.add({ kind: "answer", answer: "yes" });
  clock.ms = 40_000;
  assert.deepEqual(
    queue.batch(50).map(({ id, agoS }) => [id, agoS]),
    [
      ["id-1", 40],
      ["id-2", 10],
    ],
  );
  queue.taken(["id-1"]);
  assert.deepEqual([queue.size, queue.isWaiting("id-1"), queue.isWaiting("id-2")], [1, false, true]);
});

test("consent that was withdrawn goes before fifty words that wait", () => {
  const queue = world().make();
  for (let i = 0; i < 60; i++) queue.add({ kind: "chat", text: String(i) });
  queue.add({ kind: "consent", item: "voice", state: "withdrawn" });
  const batch = queue.batch(50);
  assert.deepEqual([batch.length, batch[0]?.kind, batch[1]?.kind], [50, "consent", "chat"]);
});

test("of positions only the newest waits, and it is no word", () => {
  const queue = world().make();
  queue.add(at(1));
  queue.add({ kind: "chat", text: "here" });
  queue.add(at(2));
  assert.deepEqual([queue.size, queue.words], [2, 1]);
  assert.deepEqual(
    queue.batch(50).map((say) => (say.kind === "position" ? say.lat : say.kind)),
    ["chat", 2],
  );
});

test("a reload keeps what waits; nothing stays behind when it was taken", () => {
  const { keep, make } = world();
  make().add({ kind: "chat", text: "still here" });
  const again = make();
  assert.equal(again.size, 1);
  again.taken(["id-1"]);
  assert.equal(keep.size, 0);
});

test("the 401st word pushes the oldest out, never consent", () => {
  const queue = world().make();
  queue.add({ kind: "consent", item: "video", state: "withdrawn" });
  for (let i = 0; i < 400; i++) queue.add({ kind: "chat", text: String(i) });
  assert.deepEqual([queue.size, queue.counters.dropped], [400, 1]);
  const [first, second] = queue.batch(2);
  assert.deepEqual([first?.kind, second?.kind === "chat" && second.text], ["consent", "1"]);
});

test.run();
