/**
 * A keyframe or a repeated group of pictures leaves over some milliseconds, not all at once: a burst of hundreds of packets overruns the small
 * buffers on the way. An ordinary picture is not held up.
 */
import type { OutgoingPacket } from "./outgoing.ts";

const RATE_BPS = 20_000_000;
const BURST_BYTES = 32_000;
const STEP_MS = 5;
const MAX_WAITING_BYTES = 6 * 2 ** 20;

export class Pacer {
  readonly #emit: (packet: OutgoingPacket) => void;
  #waiting: OutgoingPacket[] = [];
  #waitingBytes = 0;
  #credit = BURST_BYTES;
  #creditAtMs = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(emit: (packet: OutgoingPacket) => void) {
    this.#emit = emit;
  }

  get full(): boolean {
    return this.#waitingBytes > MAX_WAITING_BYTES;
  }

  push(packets: readonly OutgoingPacket[]): void {
    for (const packet of packets) {
      this.#waiting.push(packet);
      this.#waitingBytes += packet.payload.length;
    }
    this.#drain();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #drain(): void {
    const nowMs = performance.now();
    this.#credit = Math.min(BURST_BYTES, this.#credit + ((nowMs - this.#creditAtMs) * RATE_BPS) / 8000);
    this.#creditAtMs = nowMs;
    let sent = 0;
    while (sent < this.#waiting.length && this.#credit > 0) {
      const packet = this.#waiting[sent++]!;
      this.#credit -= packet.payload.length;
      this.#waitingBytes -= packet.payload.length;
      this.#emit(packet);
    }
    this.#waiting.splice(0, sent);
    if (this.#waiting.length > 0) {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#drain();
      }, STEP_MS);
    }
  }
}
