import assert from "node:assert/strict";
import { test } from "uvu";
import { CallerBook, streamsOf } from "./book.ts";
import type { MediaPort } from "./media-port.ts";
import { OperatorVoice } from "./operator-voice.ts";
import { CallerStore } from "./store.ts";

function world() {
  const said: string[] = [];
  const ended: string[] = [];
  const pushed: string[] = [];
  const disk = { full: false };
  const store = new CallerStore(":memory:");
  const book = new CallerBook(store, {
    broadcast: () => {},
    record: (_, __, by, text) => {
      if (disk.full) throw new Error("database or disk is full");
      said.push(`${by}: ${text}`);
      return undefined as never;
    },
    recordOnce: () => undefined,
  });
  const consent = { video: "granted", voice: "granted", position: "granted" } as const;
  const createdAt = new Date().toISOString();
  store.add(
    {
      id: "c1",
      link: { openUntilMs: 0, device: "d", lastsUntilMs: Date.now() + 3_600_000 },
      facts: { incident: "i1", createdBy: "ann", createdAt, language: "en", consent, stills: 0, heard: 0 },
    },
    "hash",
    new Uint8Array(1),
  );
  const media: MediaPort = {
    publish: async ({ media: kinds }) => ({ url: "/", token: "t", expires: "", iceServers: [], media: kinds }),
    view: async () => assert.fail("not asked for"),
    end: (stream) => void ended.push(stream),
    close: (stream) => void ended.push(stream),
  };
  const voice = new OperatorVoice(book, media, (id) => pushed.push(id));
  return { voice, book, said, ended, pushed, disk };
}
const stream = streamsOf("c1").voice;

test("one operator has the word, for sound only; another is refused until it is free", async () => {
  const { voice, said, ended, pushed } = world();
  assert.deepEqual((await voice.talk("c1", "ann")).media, ["audio"]);
  await assert.rejects(voice.talk("c1", "bob"), /ann speaks to this caller/);
  await voice.talk("c1", "ann");
  voice.hush("c1", "ann");
  voice.hush("c1", "ann");
  await voice.talk("c1", "bob");
  assert.deepEqual(said, [
    "ann: speaks to the caller",
    "ann: has stopped speaking to the caller",
    "bob: speaks to the caller",
  ]);
  assert.deepEqual([ended, pushed], [[stream], ["c1", "c1", "c1"]]);
});

test("a word whose voice is silent for 15 s is free again, one that is heard is not", async () => {
  const { voice, book, said } = world();
  const beganMs = Date.now();
  await voice.talk("c1", "ann");
  voice.heard(stream, true);
  voice.tick(beganMs + 3_600_000);
  assert.equal(book.talking.get("c1")?.by, "ann");
  voice.heard(stream, false);
  voice.tick(Date.now() + 14_000);
  assert.equal(book.talking.get("c1")?.by, "ann");
  voice.tick(Date.now() + 16_000);
  assert.equal(book.talking.size, 0);
  assert.equal(said.at(-1), "gateway: nothing comes of the operator's voice: ended");
});

test("on a full disk a voice begins and ends when the operator says so; the record is told in order when it can be", async () => {
  const { voice, book, said, ended, pushed, disk } = world();
  disk.full = true;
  await voice.talk("c1", "ann");
  assert.equal(book.talking.get("c1")?.by, "ann");
  voice.hush("c1", "ann");
  assert.deepEqual([book.talking.size, ended, pushed, said], [0, [stream], ["c1", "c1"], []]);
  assert.throws(() => voice.tick(Date.now()), /disk is full/, "for the log");
  disk.full = false;
  voice.tick(Date.now());
  voice.tick(Date.now());
  assert.deepEqual(said, ["ann: speaks to the caller", "ann: has stopped speaking to the caller"]);
});

test.run();
