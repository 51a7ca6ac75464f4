/** RTP packets -> encoded pictures. In order and without loss, as the loopback ingest gives them. */
import type { CameraSource, EncodedPicture, PictureCodec } from "../../video-port.ts";

/** Of an RTP packet (RFC 3550 section 5.1); undefined where it is none. The payload is a view. */
export function rtpOf(packet: Buffer): { timestamp: number; marker: boolean; payload: Buffer } | undefined {
  if (packet.length < 12 || packet[0]! >> 6 !== 2) return undefined;
  let start = 12 + 4 * (packet[0]! & 15);
  if ((packet[0]! & 0x10) !== 0) {
    if (packet.length < start + 4) return undefined;
    start += 4 + 4 * packet.readUInt16BE(start + 2);
  }
  const end = packet.length - ((packet[0]! & 0x20) !== 0 ? packet[packet.length - 1]! : 0);
  if (end <= start) return undefined;
  return {
    timestamp: packet.readUInt32BE(4),
    marker: (packet[1]! & 0x80) !== 0,
    payload: packet.subarray(start, end),
  };
}

/** Whether a payload begins or carries a part that decodes alone: H.264 IDR slice (NAL type 5), VP8 key frame. */
export function beginsKeyframe(codec: PictureCodec, payload: Buffer): boolean {
  if (codec === "VP8") {
    const header = vp8HeaderBytes(payload);
    // First partition of a frame; P bit 0 (RFC 7741 sections 4.2, 4.3).
    return header > 0 && (payload[0]! & 0x17) === 0x10 && payload.length > header && (payload[header]! & 1) === 0;
  }
  const type = payload[0]! & 31;
  if (type === 28) return payload.length > 1 && (payload[1]! & 0x80) !== 0 && (payload[1]! & 31) === 5;
  if (type !== 24) return type === 5;
  for (let at = 1; at + 2 < payload.length; at += 2 + payload.readUInt16BE(at))
    if ((payload[at + 2]! & 31) === 5) return true;
  return false;
}

/** Length of the VP8 payload descriptor (RFC 7741 section 4.2); 0 where it is cut off. */
export function vp8HeaderBytes(payload: Buffer): number {
  if (payload.length < 1) return 0;
  if ((payload[0]! & 0x80) === 0) return 1;
  if (payload.length < 2) return 0;
  const extension = payload[1]!;
  let length = 2;
  if ((extension & 0x80) !== 0) length += ((payload[2] ?? 0) & 0x80) !== 0 ? 2 : 1;
  if ((extension & 0x40) !== 0) length += 1;
  if ((extension & 0x30) !== 0) length += 1;
  return length < payload.length ? length : 0;
}

/** A picture of more is no picture. */
const MAX_PICTURE_BYTES = 8 * 2 ** 20;

export class PictureAssembler {
  readonly #codec: PictureCodec;
  readonly #source: CameraSource;
  readonly #epoch: number;
  readonly #onPicture: (picture: EncodedPicture) => void;
  #payloads: Buffer[] = [];
  #bytes = 0;
  #timestamp = 0;
  #key = false;
  #lastTimestamp: number | undefined;
  /** Pictures whose time lies before that of the picture sent before them: the source has B-frames, which WebRTC has not. */
  reordered = 0;

  constructor(codec: PictureCodec, source: CameraSource, epoch: number, onPicture: (picture: EncodedPicture) => void) {
    this.#codec = codec;
    this.#source = source;
    this.#epoch = epoch;
    this.#onPicture = onPicture;
  }

  push(packet: Buffer): void {
    const rtp = rtpOf(packet);
    if (!rtp) return;
    if (this.#payloads.length > 0 && rtp.timestamp !== this.#timestamp) this.#finish();
    this.#timestamp = rtp.timestamp;
    this.#key ||= beginsKeyframe(this.#codec, rtp.payload);
    this.#payloads.push(Buffer.from(rtp.payload));
    this.#bytes += rtp.payload.length;
    if (rtp.marker) this.#finish();
    else if (this.#bytes > MAX_PICTURE_BYTES) this.#clear();
  }

  #finish(): void {
    if (this.#lastTimestamp !== undefined && ((this.#timestamp - this.#lastTimestamp) | 0) < 0) this.reordered++;
    this.#lastTimestamp = this.#timestamp;
    const picture: EncodedPicture = {
      codec: this.#codec,
      payloads: this.#payloads,
      timestamp: this.#timestamp,
      key: this.#key,
      arrivedAtMs: performance.now(),
      source: this.#source,
      epoch: this.#epoch,
    };
    this.#clear();
    this.#onPicture(picture);
  }

  #clear(): void {
    this.#payloads = [];
    this.#bytes = 0;
    this.#key = false;
  }
}
