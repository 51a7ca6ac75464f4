/**
 * Extended reports (RTCP XR, RFC 3611), which werift does not read: a viewer tells its clock (section 4.4), and learns by the answer (4.5) how far away
 * the relay is. Without it Chromium takes 100 ms for the round trip, and waits so long before it asks once more for what was lost.
 */
import { RtcpPacketConverter } from "werift";

const XR = 207;
const REFERENCE_TIME = 4;
const DELAY = 5;
const HEADER_BYTES = 8;

export class ReferenceTime {
  /** So that werift's router knows that it is not for it. */
  readonly type = XR;
  readonly ssrc: number;
  /** The middle 32 of 64 bits of NTP time. */
  readonly compactNtp: number;

  constructor(ssrc: number, compactNtp: number) {
    this.ssrc = ssrc;
    this.compactNtp = compactNtp;
  }
}

/**
 * The first one: a viewer has one clock, and a datagram that is full of them gets one answer, not a hundred.
 * @param compound decrypted RTCP packets, one after the other.
 */
export function referenceTimeIn(compound: Buffer): ReferenceTime | undefined {
  for (let at = 0; at + HEADER_BYTES <= compound.length; ) {
    const end = at + 4 * (compound.readUInt16BE(at + 2) + 1);
    if (end > compound.length) break;
    if (compound[at + 1] === XR) {
      const ssrc = compound.readUInt32BE(at + 4);
      for (let block = at + HEADER_BYTES; block + 4 <= end; block += 4 * (compound.readUInt16BE(block + 2) + 1)) {
        if (compound[block] === REFERENCE_TIME && block + 12 <= end)
          return new ReferenceTime(ssrc, compound.readUInt32BE(block + 6));
      }
    }
    at = end;
  }
  return undefined;
}

/** The answer at once: nothing was waited between the two. */
export function delayReport(senderSsrc: number, to: ReferenceTime): Buffer {
  const message = Buffer.alloc(HEADER_BYTES + 16);
  message[0] = 0x80;
  message[1] = XR;
  message.writeUInt16BE(message.length / 4 - 1, 2);
  message.writeUInt32BE(senderSsrc >>> 0, 4);
  message[8] = DELAY;
  message.writeUInt16BE(3, 10);
  message.writeUInt32BE(to.ssrc, 12);
  message.writeUInt32BE(to.compactNtp, 16);
  return message;
}

let reads = false;

/** From now on peers of this process hand reference times on beside what werift reads. */
export function readReferenceTimes(): void {
  if (reads) return;
  reads = true;
  const known = RtcpPacketConverter.deSerialize.bind(RtcpPacketConverter);
  RtcpPacketConverter.deSerialize = (data) => {
    const packets = known(data);
    const time = referenceTimeIn(data);
    return time ? [...packets, time as never] : packets;
  };
}
