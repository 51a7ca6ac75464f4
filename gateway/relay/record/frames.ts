/**
 * Whole pictures and pieces of voice out of RTP packets, in order: waits a moment for what was lost and asked for again, and leaves a
 * picture out, with all that build on it, rather than hand on half of one.
 */
import type { MediaKind } from "#contract/video.ts";
import type { Codec, Media } from "../media.ts";

export interface Frame {
  kind: MediaKind;
  codec: Codec;
  /** RTP timestamp, unwrapped. */
  timestamp: number;
  keyframe: boolean;
  /** H264: NAL units, each behind its length in 32 bits; VP8 and Opus: as the codec has it. */
  data: Buffer;
  /** H264 parameter sets that came with it. */
  sps?: Buffer;
  pps?: Buffer;
}

/** A retransmission takes a round trip or two; with this many packets waiting it will not come. */
const WAIT_PACKETS = 128;
/** A picture above this is none. */
const FRAME_MAX_BYTES = 4_000_000;
const NAL_IDR = 5;
const NAL_SPS = 7;
const NAL_PPS = 8;
const NAL_STAP_A = 24;
const NAL_FU_A = 28;

export class FrameAssembler {
  readonly #kind: MediaKind;
  readonly #onFrame: (frame: Frame) => void;
  /** Packets whose turn has not come. */
  readonly #early = new Map<number, Media>();
  #next: number | undefined;
  #parts: Media[] = [];
  #broken = true;
  #timestamp: number | undefined;
  readonly counters = { lost: 0, framesLeftOut: 0 };

  constructor(kind: MediaKind, onFrame: (frame: Frame) => void) {
    this.#kind = kind;
    this.#onFrame = onFrame;
  }

  /** True while pictures are left out, until the next keyframe. */
  get broken(): boolean {
    return this.#broken;
  }

  add(media: Media): void {
    this.#next ??= media.index;
    if (media.index < this.#next) return;
    this.#early.set(media.index, media);
    if (this.#early.size > WAIT_PACKETS) this.#skip();
    for (let next = this.#early.get(this.#next); next; next = this.#early.get(this.#next)) {
      this.#early.delete(this.#next);
      this.#next++;
      this.#inOrder(next);
    }
  }

  /** What is missing does not come any more: goes on with the oldest that is here. */
  #skip(): void {
    const oldest = Math.min(...this.#early.keys());
    this.counters.lost += oldest - (this.#next as number);
    this.#next = oldest;
    this.#leaveOut();
  }

  #leaveOut(): void {
    if (this.#kind === "video") {
      if (this.#parts.length > 0 || !this.#broken) this.counters.framesLeftOut++;
      this.#broken = true;
    }
    this.#parts = [];
  }

  #inOrder(media: Media): void {
    if (this.#kind === "audio") {
      this.#onFrame(this.#frame(media, media.payload, false));
      return;
    }
    const [first] = this.#parts;
    // A picture whose last packet has no marker ends where the next begins.
    if (first && first.timestamp !== media.timestamp) this.#whole();
    if (this.#parts.length === 0 && media.keyframe) this.#broken = false;
    if (this.#broken) return;
    this.#parts.push(media);
    if (media.marker) this.#whole();
  }

  #whole(): void {
    const parts = this.#parts;
    this.#parts = [];
    const [first] = parts;
    if (!first || this.#broken) return;
    const size = parts.reduce((sum, { payload }) => sum + payload.length, 0);
    const frame = size > FRAME_MAX_BYTES ? undefined : this.#picture(first, parts);
    if (frame) this.#onFrame(frame);
    else this.#leaveOut();
  }

  #picture(first: Media, parts: readonly Media[]): Frame | undefined {
    const payloads = parts.map(({ payload }) => payload);
    if (first.codec === "VP8") {
      const data = Buffer.concat(payloads.map(withoutDescriptor));
      return data.length === 0 ? undefined : this.#frame(first, data, first.keyframe);
    }
    const units = unitsOf(payloads);
    if (!units || units.length === 0) return undefined;
    const of = (type: number) => units.find((unit) => ((unit[0] as number) & 0x1f) === type);
    const [sps, pps] = [of(NAL_SPS), of(NAL_PPS)];
    const slices = units.filter((unit) => ![NAL_SPS, NAL_PPS].includes((unit[0] as number) & 0x1f));
    if (slices.length === 0) return undefined;
    const data = Buffer.concat(slices.flatMap((unit) => [lengthOf(unit), unit]));
    return { ...this.#frame(first, data, of(NAL_IDR) !== undefined), ...(sps && { sps }), ...(pps && { pps }) };
  }

  #frame({ kind, codec, timestamp }: Media, data: Buffer, keyframe: boolean): Frame {
    return { kind, codec, timestamp: this.#unwrap(timestamp), keyframe, data };
  }

  /** Timestamps of 32 bits count on beyond their end. */
  #unwrap(timestamp: number): number {
    const last = this.#timestamp ?? timestamp;
    this.#timestamp = last + ((timestamp - last) | 0);
    return this.#timestamp;
  }
}

function lengthOf(unit: Buffer): Buffer {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(unit.length);
  return length;
}

/** RFC 7741, 4.2. */
export function withoutDescriptor(payload: Buffer): Buffer {
  let at = 1;
  if ((payload[0] ?? 0) & 0x80) {
    const extension = payload[at++] ?? 0;
    if (extension & 0x80) at += (payload[at] ?? 0) & 0x80 ? 2 : 1;
    if (extension & 0x40) at++;
    if (extension & 0x30) at++;
  }
  return payload.subarray(at);
}

/** NAL units of one picture (RFC 6184, 5.6 to 5.8); undefined where a fragment lacks its start or its end. */
export function unitsOf(payloads: readonly Buffer[]): Buffer[] | undefined {
  const units: Buffer[] = [];
  let fragments: Buffer[] | undefined;
  for (const payload of payloads) {
    const first = payload[0] ?? 0;
    const type = first & 0x1f;
    if (type === NAL_FU_A) {
      const header = payload[1] ?? 0;
      if (header & 0x80) fragments = [Buffer.from([(first & 0xe0) | (header & 0x1f)])];
      if (!fragments) return undefined;
      fragments.push(payload.subarray(2));
      if (header & 0x40) {
        units.push(Buffer.concat(fragments));
        fragments = undefined;
      }
    } else if (fragments) return undefined;
    else if (type === NAL_STAP_A) {
      for (let at = 1; at + 2 <= payload.length; ) {
        const length = payload.readUInt16BE(at);
        if (length === 0 || at + 2 + length > payload.length) return undefined;
        units.push(payload.subarray(at + 2, at + 2 + length));
        at += 2 + length;
      }
    } else if (type > 0 && type < NAL_STAP_A) units.push(payload);
    else return undefined;
  }
  return fragments ? undefined : units;
}
