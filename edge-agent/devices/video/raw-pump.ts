/**
 * Raw pictures of one fixed size from a capture to one or more encoders. An encoder joins at the beginning of a picture; one that cannot keep up
 * loses whole pictures, counted.
 */
import type { Readable, Writable } from "node:stream";

interface Tap {
  to: Writable;
  /** Begun at a picture's first byte. */
  aligned: boolean;
  /** The current picture is left out. */
  skipping: boolean;
}

/** Pictures that may wait before an encoder. */
const MAX_WAITING = 2;

export class RawPump {
  readonly #pictureBytes: number;
  readonly #taps = new Set<Tap>();
  /** Bytes of the current picture that have come. */
  #at = 0;
  pictures = 0;
  dropped = 0;

  constructor(from: Readable, pictureBytes: number) {
    this.#pictureBytes = pictureBytes;
    from.on("data", (bytes: Buffer) => this.#push(bytes));
  }

  /** Gives pictures to an encoder until the returned function is called. */
  tap(to: Writable): () => void {
    const tap: Tap = { to, aligned: false, skipping: false };
    this.#taps.add(tap);
    return () => this.#taps.delete(tap);
  }

  #push(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#at === 0) {
        this.pictures++;
        for (const tap of this.#taps) {
          tap.aligned = true;
          tap.skipping = tap.to.writableLength > MAX_WAITING * this.#pictureBytes;
          if (tap.skipping) this.dropped++;
        }
      }
      const part = rest.subarray(0, this.#pictureBytes - this.#at);
      for (const tap of this.#taps) if (tap.aligned && !tap.skipping && tap.to.writable) tap.to.write(part);
      this.#at = (this.#at + part.length) % this.#pictureBytes;
      rest = rest.subarray(part.length);
    }
  }
}
