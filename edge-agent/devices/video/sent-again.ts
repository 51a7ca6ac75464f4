/**
 * Packets that were lost are sent again (NACK, RFC 4585; RTX, RFC 4588), within a measure: a full link gets fuller by sending again. Werift's own
 * sender answers every request at once, and remembers 128 packets, less than one repeated group of pictures: it is given no memory.
 */
import { randomBytes } from "node:crypto";
import { type RTCRtpCodecParameters, type RTCRtpSender, RtpHeader, RtpPacket, wrapRtx } from "werift";
import type { OutgoingPacket } from "./outgoing.ts";

const HISTORY = 1_024;
/** Of what is sent anew, so much may be sent again beside it. */
const SHARE = 0.35;
const BURST_BYTES = 64_000;
const LEAST_BETWEEN_MS = 20;
const MOST_BETWEEN_MS = 60;

/** What werift's sender has, and its types leave out. */
interface SenderInside {
  codec: RTCRtpCodecParameters | undefined;
  rtxPayloadType: number | undefined;
  rtxSsrc: number;
}

export class SentAgain {
  readonly counters = { retransmitted: 0, notHeldAnyMore: 0, notSentAgain: 0 };
  readonly #sender: RTCRtpSender;
  /** By sequence number modulo its length. */
  readonly #history: (OutgoingPacket | undefined)[] = new Array(HISTORY);
  /** When a number was last asked for. */
  readonly #askedAtMs = new Map<number, number>();
  #budgetBytes = BURST_BYTES;
  #rtxNumber = randomBytes(2).readUInt16BE();

  constructor(sender: RTCRtpSender) {
    this.#sender = sender;
    Object.defineProperty(sender, "rtpCache", { get: () => [], set: () => undefined });
  }

  sent(packet: OutgoingPacket): void {
    this.#history[packet.sequenceNumber % HISTORY] = packet;
    this.#askedAtMs.delete(packet.sequenceNumber);
    this.#budgetBytes = Math.min(BURST_BYTES, this.#budgetBytes + SHARE * packet.payload.length);
  }

  /** @returns how many of them were not asked for before: a packet that is asked for again and again was lost once. */
  asked(lost: readonly number[], nowMs: number, roundTripMs: number): number {
    // Not before the last try can have arrived; a round trip that a busy processor stretched is not waited for in full.
    const waitMs = Math.min(MOST_BETWEEN_MS, Math.max(LEAST_BETWEEN_MS, roundTripMs));
    let fresh = 0;
    for (const asked of lost) {
      // werift counts a request that reaches over the numbers' new beginning on beyond 65535.
      const number = asked & 0xffff;
      const packet = this.#history[number % HISTORY];
      if (packet?.sequenceNumber !== number) {
        this.counters.notHeldAnyMore++;
        continue;
      }
      const triedAtMs = this.#askedAtMs.get(number);
      if (triedAtMs === undefined) fresh++;
      else if (nowMs - triedAtMs < waitMs) continue;
      this.#askedAtMs.set(number, nowMs);
      if (this.#budgetBytes < packet.payload.length) {
        this.counters.notSentAgain++;
        continue;
      }
      this.#budgetBytes -= packet.payload.length;
      this.counters.retransmitted++;
      this.#send(packet);
    }
    return fresh;
  }

  #send({ payload, ...header }: OutgoingPacket): void {
    const { codec, rtxPayloadType, rtxSsrc } = this.#sender as unknown as SenderInside;
    const { ssrc, dtlsTransport } = this.#sender;
    const original = new RtpPacket(new RtpHeader({ ...header, ssrc, payloadType: codec?.payloadType ?? 96 }), payload);
    const packet =
      rtxPayloadType === undefined ? original : wrapRtx(original, rtxPayloadType, this.#rtxNumber++ & 0xffff, rtxSsrc);
    dtlsTransport.sendRtp(packet.payload, packet.header).catch(() => undefined);
  }
}
