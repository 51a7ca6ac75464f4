/** `vectors/frames.json` binds both sides of the cable; random bytes break neither. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { crc16, createFrameReader, encodeFrame, FRAME_MAX_PAYLOAD } from "./frame.ts";
import { decodeMessage } from "./messages.ts";
import { buildFirmware } from "./testing/emulator.ts";

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, "vectors", "frames.json"), "utf8")) as {
  frames: { why: string; payload: string }[];
  streams: { why: string; wire: string; payloads: string[] }[];
};
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));
const wires = vectors.frames.map(({ payload }) => hex(encodeFrame(bytes(payload))));

/** `{n}` is the wire of frame n, `{n^1}` the same with a bit changed, `{long}` 300 bytes without an end. */
const wireOf = (text: string) =>
  text
    .replace("{long}", "55".repeat(300))
    .replace(/\{(\d)\^1\}/g, (_, n) =>
      wires[Number(n)]!.replace(/^(..)(..)/, (_all, a, b) => a + hex(Uint8Array.of(Number.parseInt(b, 16) ^ 1))),
    )
    .replace(/\{(\d)\}/g, (_, n) => wires[Number(n)]!);

function read(wire: Uint8Array, piece: number): string[] {
  const payloads: string[] = [];
  const reader = createFrameReader((payload) => payloads.push(hex(payload)));
  for (let at = 0; at < wire.length; at += piece) reader.push(wire.subarray(at, at + piece));
  return payloads;
}

test("the CRC of 123456789 is 0x29b1", () => {
  assert.is(crc16(new TextEncoder().encode("123456789")), 0x29b1);
});

for (const { why, payload } of vectors.frames) {
  test(`there and back: ${why}`, () => {
    const wire = encodeFrame(bytes(payload));
    assert.is(wire.indexOf(0), wire.length - 1, "the only zero is the last byte");
    assert.equal(read(wire, 1), [payload]);
  });
}

for (const { why, wire, payloads } of vectors.streams) {
  test(`stream: ${why}`, () => {
    for (const piece of [1, 3, 1000]) assert.equal(read(bytes(wireOf(wire)), piece), payloads);
  });
}

test("a payload of 0 or 49 bytes is refused by name", () => {
  assert.throws(() => encodeFrame(new Uint8Array(0)), /1 to 48 bytes/);
  assert.throws(() => encodeFrame(new Uint8Array(FRAME_MAX_PAYLOAD + 1)), /1 to 48 bytes/);
});

test("ten million random bytes: no crash, no message", () => {
  let messages = 0;
  const reader = createFrameReader((payload) => {
    if (decodeMessage(payload)) messages++;
  });
  const block = new Uint8Array(100_000);
  let state = 20261122;
  for (let i = 0; i < 100; i++) {
    for (let j = 0; j < block.length; j++) {
      state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
      block[j] = (state ^ (state >>> 13)) >>> 11;
    }
    reader.push(block);
  }
  assert.is(messages, 0);
  assert.ok(reader.refused > 10_000, `${reader.refused} broken frames`);
});

const firmware = buildFirmware();
if (firmware) {
  const c = (args: string[], input = "") =>
    spawnSync(firmware.hostCheck, args, { input, encoding: "utf8" }).stdout.trimEnd();

  test("the firmware's C writes the same frames and reads the same streams", () => {
    const written = c(["vectors"], vectors.frames.map(({ payload }) => `${payload}\n`).join("")).split("\n");
    assert.equal(written, wires);
    const found = c(["vectors"], vectors.streams.map(({ wire }) => `<${wireOf(wire)}\n`).join("")).split("\n");
    assert.equal(
      found,
      vectors.streams.map(({ payloads }) => payloads.join(" ") || "-"),
    );
  });

  test("ten million random bytes into the firmware's C: no crash, no frame", () => {
    assert.match(c(["fuzz", "10000000", "20261122"]), /^frames 0 refused \d{5,}$/);
  });
}

test.run();
