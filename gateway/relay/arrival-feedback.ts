/**
 * Tells a publisher when its packets arrived (transport-wide congestion control, draft-holmer-rmcat-transport-wide-cc-extensions-01), so that it can
 * find out what its link carries. In place of werift's own: that writes messages that are not a multiple of four bytes long, which no peer can read,
 * and counts lost packets as arrived.
 */

const EVERY_MS = 50;
const MAX_PACKETS = 200;
const TICK_US = 250;
const REFERENCE_US = 64_000;

export class ArrivalFeedback {
  readonly #mediaSsrc: number;
  readonly #send: (message: Buffer) => void;
  readonly #nowUs: () => number;
  /** Unwrapped number -> instant. */
  #arrived = new Map<number, number>();
  /** First number that has not been told of. */
  #next: number | undefined;
  #newest = 0;
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param nowUs monotonic microseconds. */
  constructor(mediaSsrc: number, send: (message: Buffer) => void, nowUs = () => performance.now() * 1000) {
    this.#mediaSsrc = mediaSsrc;
    this.#send = send;
    this.#nowUs = nowUs;
  }

  /** @param number the packet's transport-wide number, 16 bits. */
  arrived(number: number): void {
    if (this.#closed) return;
    const at = this.#next === undefined ? number + 0x10000 : unwrapped(number, this.#newest);
    this.#newest = this.#next === undefined ? at : Math.max(this.#newest, at);
    this.#next ??= at;
    // Sent again after it was told as lost: it has been told of.
    if (at < this.#next || this.#arrived.has(at)) return;
    this.#arrived.set(at, this.#nowUs());
    if (this.#arrived.size >= MAX_PACKETS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), EVERY_MS);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#arrived.size === 0 || this.#next === undefined) return;
    const first = this.#next;
    const count = Math.min(this.#newest - first + 1, 2 * MAX_PACKETS);
    const from = this.#newest - count + 1;
    const instants = Array.from({ length: count }, (_, i) => this.#arrived.get(from + i));
    this.#arrived.clear();
    this.#next = this.#newest + 1;
    this.#send(messageOf(this.#mediaSsrc, from & 0xffff, this.#count, instants));
    this.#count = (this.#count + 1) & 0xff;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}

/** The number of 16 bits nearest to the newest one. */
function unwrapped(number: number, newest: number): number {
  return newest + ((((number - newest) & 0xffff) ^ 0x8000) - 0x8000);
}

/** Section 3.1. @param instants microseconds of each packet from `base` on; undefined for those that did not arrive. */
export function messageOf(
  mediaSsrc: number,
  base: number,
  count: number,
  instants: readonly (number | undefined)[],
): Buffer {
  const firstUs = instants.find((us) => us !== undefined) ?? 0;
  const reference = Math.floor(firstUs / REFERENCE_US);
  const symbols: number[] = [];
  const deltas: number[] = [];
  let beforeTicks = (reference * REFERENCE_US) / TICK_US;
  for (const us of instants) {
    if (us === undefined) {
      symbols.push(0);
      continue;
    }
    const ticks = Math.round(us / TICK_US);
    const delta = Math.max(-0x8000, Math.min(0x7fff, ticks - beforeTicks));
    beforeTicks += delta;
    symbols.push(delta >= 0 && delta <= 0xff ? 1 : 2);
    deltas.push(delta);
  }
  const runs: { symbol: number; length: number }[] = [];
  for (const symbol of symbols) {
    const run = runs.at(-1);
    if (run?.symbol === symbol && run.length < 0x1fff) run.length++;
    else runs.push({ symbol, length: 1 });
  }
  const deltaBytes = symbols.reduce((sum, symbol) => sum + symbol, 0);
  const bytes = 20 + 2 * runs.length + deltaBytes;
  const message = Buffer.alloc(Math.ceil(bytes / 4) * 4);
  message.writeUInt16BE(0x8fcd, 0);
  message.writeUInt16BE(message.length / 4 - 1, 2);
  message.writeUInt32BE(1, 4);
  message.writeUInt32BE(mediaSsrc >>> 0, 8);
  message.writeUInt16BE(base, 12);
  message.writeUInt16BE(instants.length, 14);
  message.writeUIntBE(reference & 0xffffff, 16, 3);
  message[19] = count;
  let at = 20;
  for (const { symbol, length } of runs) at = message.writeUInt16BE((symbol << 13) | length, at);
  let next = 0;
  for (const symbol of symbols) {
    if (symbol === 1) at = message.writeUInt8(deltas[next++]!, at);
    else if (symbol === 2) at = message.writeInt16BE(deltas[next++]!, at);
  }
  return message;
}
