/** One packet of media inside the relay: what came in, with its place in the stream. Payloads are never changed. */
import type { MediaKind } from "#contract/video.ts";

export type Codec = "H264" | "VP8" | "opus";

export interface Media {
  kind: MediaKind;
  codec: Codec;
  /** Sequence number, unwrapped: it counts on beyond 65535. */
  index: number;
  /** RTP timestamp of the publisher. */
  timestamp: number;
  marker: boolean;
  /** The first packet of a picture that can be decoded without any other. */
  keyframe: boolean;
  payload: Buffer;
}

/** The 16-bit `sequence` as the number nearest to `last` that ends in it (RFC 3711, 3.3.1). */
export function unwrap(sequence: number, last: number): number {
  const low = last & 0xffff;
  let delta = sequence - low;
  if (delta > 0x8000) delta -= 0x10000;
  else if (delta < -0x8000) delta += 0x10000;
  return last + delta;
}

const NAL_IDR = 5;
const NAL_SPS = 7;
const NAL_STAP_A = 24;
const NAL_FU_A = 28;

/** Does a picture that stands alone start in this packet? H264 (RFC 6184): a parameter set or the first fragment of an IDR slice. */
function startsH264(payload: Buffer): boolean {
  const type = (payload[0] ?? 0) & 0x1f;
  if (type === NAL_SPS || type === NAL_IDR) return true;
  if (type === NAL_FU_A) {
    const header = payload[1] ?? 0;
    return (header & 0x80) !== 0 && (header & 0x1f) === NAL_IDR;
  }
  if (type !== NAL_STAP_A) return false;
  for (let at = 1; at + 2 < payload.length; at += 2 + payload.readUInt16BE(at)) {
    const inner = (payload[at + 2] as number) & 0x1f;
    if (inner === NAL_SPS || inner === NAL_IDR) return true;
  }
  return false;
}

/** VP8 (RFC 7741, 4.2 and 4.3): start of partition 0, and the inverse key frame bit of the payload header clear. */
function startsVp8(payload: Buffer): boolean {
  const first = payload[0] ?? 0;
  if ((first & 0x10) === 0 || (first & 0x07) !== 0) return false;
  let at = 1;
  if (first & 0x80) {
    const extension = payload[at++] ?? 0;
    if (extension & 0x80) at += (payload[at] ?? 0) & 0x80 ? 2 : 1;
    if (extension & 0x40) at++;
    if (extension & 0x30) at++;
  }
  return at < payload.length && ((payload[at] as number) & 1) === 0;
}

export function startsKeyframe(codec: Codec, payload: Buffer): boolean {
  if (codec === "H264") return startsH264(payload);
  return codec === "VP8" && startsVp8(payload);
}

export function clockRateOf(codec: Codec): number {
  return codec === "opus" ? 48_000 : 90_000;
}
