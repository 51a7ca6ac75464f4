import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { StoredClip } from "../ports.ts";
import { keepingLog } from "./bus-suite.ts";
import { openClipKey, tryClipKey } from "./clip-key.ts";
import { EncryptedClipStore } from "./clip-store.ts";

let folder = "";
let nowS = 1_795_000_000;
let lines: string[] = [];
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), "tocsin-clips-"));
  nowS = 1_795_000_000;
  lines = [];
});
test.after.each(() => rmSync(folder, { recursive: true, force: true }));

const open = (limits: { keepS?: number; maxBytes?: number } = {}) =>
  new EncryptedClipStore({ folder, keepS: 3600, maxBytes: 1e6, nowS: () => nowS, log: keepingLog(lines), ...limits });

const clip = (arrival: string, samples = 16_000): StoredClip => ({
  arrival,
  startUtcNs: 1_795_000_000_123_456_789n,
  sampleRateHz: 16_000,
  onsetS: 0.5,
  pcm16: Int16Array.from({ length: samples }, (_, i) => (i % 200) * 100 - 10_000),
});
const files = () => readdirSync(join(folder, "clips"));

test("a clip comes back as it was, also after a restart", async () => {
  const store = open();
  assert.is(await store.put(clip("a1")), true);
  assert.equal(await store.get("a1"), clip("a1"));
  await store.close();
  const again = open();
  assert.equal(await again.get("a1"), clip("a1"));
  assert.is(await again.get("a2"), undefined);
  await again.close();
});

test("on the disk it is noise: no run of samples, no time stamp, and the key is the agent's alone", async () => {
  const store = open();
  await store.put(clip("a1"));
  const file = readFileSync(join(folder, "clips", files()[0]!));
  const samples = Buffer.from(clip("a1").pcm16.buffer).subarray(0, 16);
  assert.is(file.indexOf(samples), -1);
  assert.is(file.indexOf("16000"), -1);
  const counts = new Array<number>(256).fill(0);
  for (const byte of file) counts[byte]! += 1;
  // Every byte value is about as frequent: 32 kB of noise have 125 +- 11 of each, the clip has three values a third of the time.
  assert.ok(Math.max(...counts) < 190, `${Math.max(...counts)}`);
  assert.is(statSync(join(folder, "clip.key")).mode & 0o777, 0o600);
  assert.is(statSync(join(folder, "clip.key")).size, 32);
  await store.close();
});

test("deleted on time: after an hour the file is gone, whoever asks or not", async () => {
  const store = open({ keepS: 3600 });
  await store.put(clip("a1"));
  nowS += 1800;
  await store.put(clip("a2"));
  nowS += 1801;
  store.sweep();
  assert.is(files().length, 1);
  assert.is(await store.get("a1"), undefined);
  assert.equal((await store.get("a2"))?.arrival, "a2");
  await store.close();
  nowS += 3600;
  await open().close();
  assert.equal(files(), [], "a start deletes what fell due while the node was off");
});

test("a clip kept under a clock that ran a year ahead is not kept for a year", async () => {
  nowS += 365 * 86_400;
  const store = open();
  await store.put(clip("a1"));
  nowS -= 365 * 86_400;
  store.sweep();
  assert.equal(files(), []);
  await store.close();
});

test("started after a power cut without valid time: nothing is deleted on the clock's word; without time for an hour it goes all the same", async () => {
  let store = open();
  await store.put(clip("a1"));
  await store.close();
  let monotonicS = 0;
  let utcS: number | undefined;
  const more = { keepS: 3600, maxBytes: 1e6, nowS: () => utcS, monotonicS: () => monotonicS, log: keepingLog(lines) };
  store = new EncryptedClipStore({ folder, ...more });
  assert.equal((await store.get("a1"))?.arrival, "a1");
  utcS = nowS + 600;
  assert.equal((await store.get("a1"))?.arrival, "a1", "with the time it is known that it may stay");
  utcS = undefined;
  await store.put(clip("a2"));
  monotonicS = 2999;
  store.sweep();
  assert.is(files().length, 2);
  // Of the hour of a1 600 s were over when the time was last known; a2 was heard at 0 s.
  monotonicS = 3000;
  store.sweep();
  assert.equal(
    files().map((name) => name.includes("a2")),
    [true],
    "time that is lost again postpones nothing",
  );
  monotonicS = 3600;
  store.sweep();
  assert.equal(files(), []);
  await store.close();
});

test("bounded: the oldest goes first", async () => {
  const store = open({ maxBytes: 100_000 });
  for (let i = 1; i <= 5; i++) await store.put(clip(`a${i}`));
  // A clip of 16000 samples is 32 kB: three fit.
  assert.is(store.counters.clips, 3);
  assert.is(store.counters.clipsDropped, 2);
  assert.is(await store.get("a2"), undefined);
  assert.is((await store.get("a3"))?.arrival, "a3");
  await store.close();
});

test("an altered clip, or one under another's name, is not given out", async () => {
  const store = open();
  await store.put(clip("a1"));
  const [name] = files();
  const path = join(folder, "clips", name!);
  renameSync(path, path.replace("a1", "a2"));
  await store.close();
  const renamed = open();
  assert.is(await renamed.get("a2"), undefined);
  assert.match(lines[0]!, "damaged or was altered");
  await renamed.put(clip("a3"));
  const third = join(folder, "clips", files()[0]!);
  const bytes = readFileSync(third);
  bytes[100]! ^= 1;
  writeFileSync(third, bytes);
  assert.is(await renamed.get("a3"), undefined);
  assert.is(renamed.counters.clipsUnreadable, 2);
  await renamed.close();
});

test("more than two seconds is refused: the privacy limit", async () => {
  const store = open();
  try {
    await store.put(clip("a1", 32_001));
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, "at most 2 s");
  }
  await store.close();
});

test("half-written files of a power cut are swept away", async () => {
  await open().close();
  writeFileSync(join(folder, "clips", "1795003600-a1.clip.part"), "half");
  await open().close();
  assert.equal(files(), []);
});

test("a key of 0 bytes, as a power cut left it, is made anew; one of another length is told", async () => {
  writeFileSync(join(folder, "clip.key"), "");
  const store = open();
  await store.put(clip("a1"));
  assert.equal(await store.get("a1"), clip("a1"));
  await store.close();
  assert.equal(readdirSync(folder).sort(), ["clip.key", "clips"], "and nothing of its making stays");
  writeFileSync(join(folder, "clip.key"), "half of a key");
  assert.throws(open, /clip\.key: is not a key of 32 bytes/);
});

test("a file system without links or rights, as FAT: the fault names dataDir and what to do, nothing stays there, and a key that is there is never replaced", () => {
  const refused = () => {
    throw Object.assign(new Error("EPERM: operation not permitted, link"), { code: "EPERM" });
  };
  const path = join(folder, "clip.key");
  for (const open of [() => openClipKey(path, refused), () => tryClipKey(folder, refused)])
    assert.throws(open, /^dataDir: .* without links and rights \(EPERM\), as FAT and exFAT .*ext4/);
  assert.equal(readdirSync(folder), []);
  const key = openClipKey(path);
  assert.equal(openClipKey(path, refused), key);
  tryClipKey(folder);
  assert.equal(readdirSync(folder), ["clip.key"]);
});

test("a disk that takes no byte of the key leaves none: the agent ends, and starts as soon as there is room", async () => {
  // No file may grow in this child, as on a full disk.
  const script = `const { EncryptedClipStore } = await import(${JSON.stringify(join(import.meta.dirname, "clip-store.ts"))});
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    new EncryptedClipStore({ folder: ${JSON.stringify(folder)}, keepS: 3600, maxBytes: 1e6, nowS: () => 0, log });`;
  const child = spawnSync(
    "sh",
    ["-c", 'ulimit -f 0; exec "$0" --input-type=module -e "$1"', process.execPath, script],
    {
      encoding: "utf8",
    },
  );
  assert.is(child.status, 1, child.stderr);
  assert.match(child.stderr, /clips in .*EFBIG/);
  assert.equal(readdirSync(folder), ["clips"]);
  await open().close();
  assert.is(statSync(join(folder, "clip.key")).size, 32);
});

test.run();
