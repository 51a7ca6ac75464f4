/**
 * Encoded pictures -> RTP packets of one WebRTC connection: numbers and times of its own that go on over changes of the source, and VP8 picture
 * numbers that never go back.
 */
import type { EncodedPicture } from "../../video-port.ts";

export interface OutgoingPacket {
  sequenceNumber: number;
  timestamp: number;
  marker: boolean;
  payload: Buffer;
}

const CLOCK_HZ = 90_000;
/** A repeated group of pictures has to fit before the next picture's time: a third of a picture at 30 per second. */
const REPLAY_TICKS = 1_000;

export class OutgoingStream {
  #sequenceNumber: number;
  #timestamp: number;
  #pictureNumber = 0;
  #epoch: number | undefined;
  /** Added to the source's times. */
  #offset = 0;
  #lastArrivedMs = 0;

  /** Both begin at random (RFC 3550 section 5.1); given, so that a test can name them. */
  constructor(sequenceNumber: number, timestamp: number) {
    this.#sequenceNumber = sequenceNumber & 0xffff;
    this.#timestamp = timestamp >>> 0;
  }

  /** The next picture. */
  packets(picture: EncodedPicture): OutgoingPacket[] {
    if (this.#epoch !== picture.epoch) {
      // Another opening of the camera: its clock began anew, ours goes on by the time that passed.
      const passedMs = this.#epoch === undefined ? 0 : Math.max(1, picture.arrivedAtMs - this.#lastArrivedMs);
      this.#offset = (this.#timestamp + Math.round((passedMs * CLOCK_HZ) / 1000) - picture.timestamp) >>> 0;
      this.#epoch = picture.epoch;
    }
    this.#lastArrivedMs = picture.arrivedAtMs;
    const timestamp = (picture.timestamp + this.#offset) >>> 0;
    // A source whose clock stumbles must not take ours back.
    const forward = (timestamp - this.#timestamp) | 0;
    this.#timestamp = forward > 0 || this.#pictureNumber === 0 ? timestamp : (this.#timestamp + 1) >>> 0;
    return this.#packetise(picture);
  }

  /**
   * Pictures from the last keyframe to the newest sent, once more: a decoder that begins with them stands where the others stand, and goes on with
   * the next picture. Their times are squeezed into the gap before it.
   */
  replay(group: readonly EncodedPicture[]): OutgoingPacket[] {
    const step = Math.max(1, Math.floor(REPLAY_TICKS / Math.max(1, group.length)));
    return group.flatMap((picture) => {
      this.#timestamp = (this.#timestamp + step) >>> 0;
      return this.#packetise(picture);
    });
  }

  #packetise({ codec, payloads }: EncodedPicture): OutgoingPacket[] {
    this.#pictureNumber = (this.#pictureNumber + 1) & 0x7fff;
    return payloads.map((payload, i) => {
      const packet = {
        sequenceNumber: this.#sequenceNumber,
        timestamp: this.#timestamp,
        marker: i === payloads.length - 1,
        payload: codec === "VP8" ? withPictureNumber(payload, this.#pictureNumber) : payload,
      };
      this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
      return packet;
    });
  }
}

/** Picture ID of the VP8 payload descriptor (RFC 7741 section 4.2), where there is one. */
function withPictureNumber(payload: Buffer, number: number): Buffer {
  if ((payload[0]! & 0x80) === 0 || payload.length < 4 || (payload[1]! & 0x80) === 0) return payload;
  const copy = Buffer.from(payload);
  if ((copy[2]! & 0x80) !== 0) copy.writeUInt16BE(0x8000 | number, 2);
  else copy[2] = number & 0x7f;
  return copy;
}
