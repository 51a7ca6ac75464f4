/** Where a keyframe starts, how numbers are unwrapped, what the cache keeps. */
import assert from "node:assert/strict";
import { suite } from "uvu";
import { type Media, startsKeyframe, unwrap } from "./media.ts";
import { PacketCache } from "./packet-cache.ts";
import { unitsOf } from "./record/frames.ts";

const test = suite("media");
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

test("H264: parameter sets, IDR slices whole, aggregated and first fragments start a keyframe; others do not", () => {
  const starts = {
    sps: "67 42",
    idr: "65 88",
    "aggregate with SPS": "78 00 02 67 42 00 02 68 ce",
    "first IDR fragment": "7c 85 00",
  };
  const others = {
    slice: "41 9a",
    "later IDR fragment": "7c 05 00",
    "last IDR fragment": "7c 45 00",
    sei: "06 05",
    empty: "",
  };
  for (const [what, payload] of Object.entries(starts)) assert.ok(startsKeyframe("H264", hex(payload)), what);
  for (const [what, payload] of Object.entries(others)) assert.equal(startsKeyframe("H264", hex(payload)), false, what);
});

test("VP8: the first partition's start with the key bit clear, behind a descriptor of any length", () => {
  const starts = {
    short: "10 00",
    "7-bit picture id": "90 80 11 00",
    "15-bit picture id": "90 80 81 11 00",
    "all fields": "90 f0 81 11 05 20 00",
  };
  const others = { delta: "10 01", continuation: "00 00", "second partition": "11 00", "cut off": "90 80", empty: "" };
  for (const [what, payload] of Object.entries(starts)) assert.ok(startsKeyframe("VP8", hex(payload)), what);
  for (const [what, payload] of Object.entries(others)) assert.equal(startsKeyframe("VP8", hex(payload)), false, what);
});

test("65535 is followed by 65536, and a late packet keeps its place", () => {
  assert.equal(unwrap(0, 0x1ffff), 0x20000);
  assert.equal(unwrap(0xffff, 0x20000), 0x1ffff);
  assert.equal(unwrap(5, 0x20002), 0x20005);
});

test("NAL units come out of fragments and aggregates; half a fragment gives nothing", () => {
  const units = unitsOf([
    hex("78 00 02 67 42 00 02 68 ce"),
    hex("7c 85 aa"),
    hex("7c 05 bb"),
    hex("7c 45 cc"),
    hex("41 9a"),
  ]);
  assert.deepEqual(
    units?.map((unit) => unit.toString("hex")),
    ["6742", "68ce", "65aabbcc", "419a"],
  );
  assert.equal(unitsOf([hex("7c 05 bb"), hex("7c 45 cc")]), undefined);
  assert.equal(unitsOf([hex("7c 85 aa")]), undefined);
  assert.equal(unitsOf([hex("78 00 09 67")]), undefined);
});

const packet = (index: number, over: Partial<Media> = {}): Media => ({
  kind: "video",
  codec: "VP8",
  index,
  timestamp: index * 10,
  marker: true,
  keyframe: false,
  payload: Buffer.alloc(100),
  ...over,
});

test("the group begins with the newest keyframe, in order, with what came late in its place", () => {
  const cache = new PacketCache();
  for (const index of [1, 2]) cache.add(packet(index));
  assert.deepEqual(cache.group(), []);
  cache.add(packet(3, { keyframe: true }));
  for (const index of [4, 6, 5, 7, 2]) cache.add(packet(index));
  assert.deepEqual(
    cache.group().map(({ index }) => index),
    [3, 4, 5, 6, 7],
  );
  cache.add(packet(8, { keyframe: true }));
  assert.deepEqual(
    cache.group().map(({ index }) => index),
    [8],
  );
  assert.ok(cache.knows(5));
  assert.equal(cache.knows(9), false);
});

test("two starts in one picture, parameter sets and slices, are one beginning", () => {
  const cache = new PacketCache();
  for (const index of [1, 2, 3]) cache.add(packet(index, { keyframe: index < 3, timestamp: 90 }));
  assert.deepEqual(
    cache.group().map(({ index }) => index),
    [1, 2, 3],
  );
});

test("a group of more than 6000 packets is not kept, and the next keyframe begins one again", () => {
  const cache = new PacketCache();
  cache.add(packet(1, { keyframe: true }));
  for (let index = 2; index <= 6_001; index++) cache.add(packet(index));
  assert.deepEqual([cache.group().length, cache.counters.groupsDropped], [0, 1]);
  cache.add(packet(6_002, { keyframe: true }));
  assert.equal(cache.group().length, 1);
});

test("a number out of the newest thousand is known, so that it never comes again under another payload", () => {
  const cache = new PacketCache();
  for (let index = 1; index <= 3_000; index++) cache.add(packet(index));
  assert.ok(cache.knows(500));
  assert.equal(cache.at(500), undefined);
  assert.ok(cache.at(2_500));
});

test.run();
