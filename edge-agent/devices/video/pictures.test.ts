/** Packets into pictures, pictures into packets of one connection: counted by hand. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { EncodedPicture } from "../../video-port.ts";
import { OutgoingStream } from "./outgoing.ts";
import { beginsKeyframe, PictureAssembler, rtpOf, vp8HeaderBytes } from "./pictures.ts";

function rtp(timestamp: number, marker: boolean, payload: number[], extension = false): Buffer {
  const head = Buffer.alloc(12 + (extension ? 8 : 0));
  head[0] = 0x80 | (extension ? 0x10 : 0);
  head[1] = (marker ? 0x80 : 0) | 96;
  head.writeUInt32BE(timestamp >>> 0, 4);
  if (extension) head.writeUInt16BE(1, 14);
  return Buffer.concat([head, Buffer.from(payload)]);
}

const picture = (
  timestamp: number,
  epoch: number,
  arrivedAtMs: number,
  payloads: number[][] = [[0x41]],
): EncodedPicture => ({
  codec: "H264",
  payloads: payloads.map((each) => Buffer.from(each)),
  timestamp,
  key: false,
  arrivedAtMs,
  source: "main",
  epoch,
});

test("a packet's payload is found behind its extension and before its padding", () => {
  assert.equal([...rtpOf(rtp(1, false, [9, 8, 7], true))!.payload], [9, 8, 7]);
  const padded = rtp(1, false, [9, 8, 7, 0, 2]);
  padded[0]! |= 0x20;
  assert.equal([...rtpOf(padded)!.payload], [9, 8, 7]);
  assert.is(rtpOf(Buffer.from([0x80, 96, 0])), undefined);
  assert.is(rtpOf(Buffer.alloc(20)), undefined);
});

test("keyframes of H.264: a slice of type 5 alone, in an aggregate, at the start of a fragment; and of VP8", () => {
  const key = (...bytes: number[]) => beginsKeyframe("H264", Buffer.from(bytes));
  assert.ok(key(0x65, 1));
  assert.not.ok(key(0x41, 1));
  assert.ok(key(0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 1, 0, 2, 0x65, 1));
  assert.not.ok(key(0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 1));
  assert.ok(key(0x7c, 0x85));
  assert.not.ok(key(0x7c, 0x45), "the end of a fragment begins nothing");
  assert.ok(beginsKeyframe("VP8", Buffer.from([0x90, 0x80, 0x05, 0x00])));
  assert.not.ok(beginsKeyframe("VP8", Buffer.from([0x90, 0x80, 0x05, 0x01])));
  assert.not.ok(beginsKeyframe("VP8", Buffer.from([0x80, 0x80, 0x05, 0x00])), "not its first packet");
  assert.is(vp8HeaderBytes(Buffer.from([0x90, 0xc0, 0x81, 0x02, 0x03, 0x00])), 5);
});

test("three packets of one time are a picture at the marker; one that lacks its marker ends where the next begins", () => {
  const seen: EncodedPicture[] = [];
  const assembler = new PictureAssembler("H264", "main", 4, (each) => seen.push(each));
  assembler.push(rtp(1000, false, [0x67, 1]));
  assembler.push(rtp(1000, false, [0x65, 1]));
  assembler.push(rtp(1000, true, [0x65, 2]));
  assembler.push(rtp(4000, false, [0x41, 3]));
  assembler.push(rtp(7000, true, [0x41, 4]));
  assert.equal(
    seen.map(({ timestamp, key, payloads, epoch }) => [timestamp, key, payloads.length, epoch]),
    [
      [1000, true, 3, 4],
      [4000, false, 1, 4],
      [7000, false, 1, 4],
    ],
  );
  assert.is(assembler.reordered, 0);
  assembler.push(rtp(5500, true, [0x01, 5]));
  assert.is(assembler.reordered, 1);
});

test("another opening of the camera: numbers go on by one, time by what passed", () => {
  const stream = new OutgoingStream(65_535, 4_294_967_290);
  const first = stream.packets(picture(1_000_000, 1, 0, [[1], [2]]));
  const second = stream.packets(picture(1_003_000, 1, 33));
  const reopened = stream.packets(picture(77, 2, 1_033));
  assert.equal(
    [...first, ...second, ...reopened].map(({ sequenceNumber }) => sequenceNumber),
    [65_535, 0, 1, 2],
  );
  assert.equal(
    first.map(({ marker }) => marker),
    [false, true],
  );
  assert.is((second[0]!.timestamp - first[0]!.timestamp) >>> 0, 3_000);
  assert.is((reopened[0]!.timestamp - second[0]!.timestamp) >>> 0, 90_000);
});

test("a repeated group of ten pictures takes 1,000 ticks of the 3,000 before the next, which keeps its time", () => {
  const stream = new OutgoingStream(0, 0);
  const [before] = stream.packets(picture(3_000, 1, 0));
  const group = Array.from({ length: 10 }, (_, i) => picture(i * 3_000, 1, 0));
  const again = stream.replay(group);
  const [after] = stream.packets(picture(6_000, 1, 33));
  assert.is(again.length, 10);
  assert.is(again.at(-1)!.timestamp - before!.timestamp, 1_000);
  assert.is(after!.timestamp - before!.timestamp, 3_000);
  assert.is(after!.sequenceNumber, 11);
});

test("VP8 picture numbers never go back, whatever the source counts; the source's bytes stay as they are", () => {
  const stream = new OutgoingStream(0, 0);
  const vp8 = (number: number): EncodedPicture => ({
    ...picture(number * 3_000, 1, number * 33),
    codec: "VP8",
    payloads: [Buffer.from([0x90, 0x80, 0x80, number, 0])],
  });
  const source = vp8(5);
  const numbers = [vp8(9), source].flatMap((each) => stream.packets(each));
  const again = stream.replay([source]);
  assert.equal(
    [...numbers, ...again].map(({ payload }) => payload.readUInt16BE(2) & 0x7fff),
    [1, 2, 3],
  );
  assert.is(source.payloads[0]![3], 5);
});

test.run();
