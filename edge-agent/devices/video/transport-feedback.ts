/** Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01) as werift hands it over. */
import { RunLengthChunk, type TransportWideCC } from "werift";
import type { Acknowledged, SentPacket } from "./congestion.ts";

/** As many packets as can be on the way. */
const HELD = 4_096;

/** What was sent under which transport-wide number. werift's own list of results leaves chunks out and cuts instants to whole milliseconds. */
export class SentPackets {
  readonly #sent = new Map<number, SentPacket>();

  add(number: number, packet: SentPacket): void {
    this.#sent.delete(number);
    this.#sent.set(number, packet);
    if (this.#sent.size > HELD) this.#sent.delete(this.#sent.keys().next().value as number);
  }

  /** Those of the feedback that arrived and are known here, in the order of their numbers. */
  match(feedback: TransportWideCC): Acknowledged[] {
    const found: Acknowledged[] = [];
    let number = feedback.baseSequenceNumber;
    let left = feedback.packetStatusCount;
    let delta = 0;
    let sinceMs = 0;
    let first = true;
    for (const chunk of feedback.packetChunks) {
      const symbols =
        chunk instanceof RunLengthChunk
          ? new Array<number>(chunk.runLength).fill(chunk.packetStatus)
          : chunk.symbolList;
      for (const symbol of symbols) {
        if (left-- <= 0) break;
        if (symbol === 1 || symbol === 2) {
          const received = feedback.recvDeltas[delta++];
          // werift as a receiver counts lost packets as arrived without a time for them: what has no time did not arrive.
          if (received === undefined) return found;
          sinceMs += received.delta / 1000;
          const packet = this.#sent.get(number);
          if (packet) {
            found.push({ packet, afterMs: first ? undefined : sinceMs });
            first = false;
            sinceMs = 0;
          }
        }
        number = (number + 1) & 0xffff;
      }
    }
    return found;
  }
}
