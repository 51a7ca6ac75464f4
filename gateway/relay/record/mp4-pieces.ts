/**
 * Cuts ffmpeg's stream of fragmented MP4 (ISO/IEC 14496-12) into what stands at its start and its fragments, and reads their times, those
 * of the first track.
 */
import type { Piece } from "./muxer.ts";

/** A box above this is a fault of whoever wrote it. */
const BOX_MAX_BYTES = 64_000_000;

interface Box {
  type: string;
  /** Whole, with its header of 8 bytes. */
  bytes: Buffer;
}

export class Mp4Cutter {
  #rest: Buffer = Buffer.alloc(0);
  #held: Buffer[] = [];
  #timescale = 1;
  #track = 1;

  /** @throws when it is no MP4. */
  push(chunk: Buffer): Piece[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const pieces: Piece[] = [];
    for (;;) {
      const box = this.#box();
      if (!box) return pieces;
      this.#held.push(box.bytes);
      if (box.type === "moov") {
        const [track, timescale] = firstTrackOf(box.bytes);
        this.#track = track;
        this.#timescale = timescale;
        pieces.push({ kind: "start", bytes: Buffer.concat(this.#held), startS: 0, durationS: 0 });
        this.#held = [];
      } else if (box.type === "mdat") {
        const moof = this.#held.find((held) => held.toString("latin1", 4, 8) === "moof");
        const { start, duration } = moof ? timesOf(moof, this.#track) : { start: 0, duration: 0 };
        const [startS, durationS] = [start / this.#timescale, duration / this.#timescale];
        pieces.push({ kind: "media", bytes: Buffer.concat(this.#held), startS, durationS });
        this.#held = [];
      } else if (box.type === "mfra") this.#held = [];
    }
  }

  #box(): Box | undefined {
    if (this.#rest.length < 8) return undefined;
    const size = this.#rest.readUInt32BE(0);
    if (size < 8 || size > BOX_MAX_BYTES) throw new Error(`a box of ${size} bytes is no MP4 of ours`);
    if (this.#rest.length < size) return undefined;
    const bytes = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(size);
    return { type: bytes.toString("latin1", 4, 8), bytes };
  }
}

function* boxesIn(bytes: Buffer, from: number): Generator<Box> {
  for (let at = from; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    if (size < 8 || at + size > bytes.length) return;
    yield { type: bytes.toString("latin1", at + 4, at + 8), bytes: bytes.subarray(at, at + size) };
    at += size;
  }
}

function find(bytes: Buffer, from: number, ...path: string[]): Buffer | undefined {
  const [type, ...rest] = path;
  for (const box of boxesIn(bytes, from)) {
    if (box.type === type) return rest.length === 0 ? box.bytes : find(box.bytes, 8, ...rest);
  }
  return undefined;
}

/** Id and timescale of the first track (8.3.2, 8.4.2). */
function firstTrackOf(moov: Buffer): [track: number, timescale: number] {
  const tkhd = find(moov, 8, "trak", "tkhd");
  const mdhd = find(moov, 8, "trak", "mdia", "mdhd");
  if (!tkhd || !mdhd) throw new Error("the MP4 has no track");
  return [tkhd.readUInt32BE(tkhd[8] === 1 ? 28 : 20), mdhd.readUInt32BE(mdhd[8] === 1 ? 28 : 20)];
}

/** Start and duration of a track in a fragment, in its ticks (8.8.7, 8.8.8, 8.8.12). */
function timesOf(moof: Buffer, track: number): { start: number; duration: number } {
  for (const traf of boxesIn(moof, 8)) {
    if (traf.type !== "traf") continue;
    const tfhd = find(traf.bytes, 8, "tfhd");
    const tfdt = find(traf.bytes, 8, "tfdt");
    if (!tfhd || !tfdt || tfhd.readUInt32BE(12) !== track) continue;
    const flags = tfhd.readUInt32BE(8) & 0xffffff;
    const durationAt = 16 + (flags & 0x1 ? 8 : 0) + (flags & 0x2 ? 4 : 0);
    const usual = flags & 0x8 ? tfhd.readUInt32BE(durationAt) : 0;
    const start = tfdt[8] === 1 ? Number(tfdt.readBigUInt64BE(12)) : tfdt.readUInt32BE(12);
    let duration = 0;
    for (const trun of boxesIn(traf.bytes, 8)) if (trun.type === "trun") duration += durationOf(trun.bytes, usual);
    return { start, duration };
  }
  return { start: 0, duration: 0 };
}

function durationOf(trun: Buffer, usual: number): number {
  const flags = trun.readUInt32BE(8) & 0xffffff;
  const count = trun.readUInt32BE(12);
  if (!(flags & 0x100)) return count * usual;
  const stride = 4 * [0x100, 0x200, 0x400, 0x800].filter((flag) => flags & flag).length;
  let at = 16 + (flags & 0x1 ? 4 : 0) + (flags & 0x4 ? 4 : 0);
  let sum = 0;
  for (let i = 0; i < count; i++, at += stride) sum += trun.readUInt32BE(at);
  return sum;
}
