/** A serial cable that may be pulled and put back: one byte stream over however many openings of the port. */
import { Duplex } from "node:stream";
import type { Log } from "#edge-agent/ports.ts";
import { openSerial } from "./serial.ts";

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
/** A third of a second at 115200 baud. */
const MOST_WAITING_BYTES = 4096;

export interface SerialCableOptions {
  path: string;
  baudRate: number;
  log: Log;
  /** Opens the port; `openSerial`, unless a test brings its own. */
  open?: (path: string, baudRate: number) => Promise<Duplex>;
}

/** Bytes said while the port is away, or takes nothing, are dropped and counted: whoever is on the other end has forgotten what they belonged to. */
export class SerialCable extends Duplex {
  readonly counters = { openings: 0, failures: 0, droppedBytes: 0 };
  readonly #options: SerialCableOptions;
  #port: Duplex | undefined;
  #retry: NodeJS.Timeout | undefined;
  #waitMs = FIRST_WAIT_MS;
  #lastWhy = "";
  #gone = false;

  constructor(options: SerialCableOptions) {
    super();
    this.#options = options;
    void this.#open();
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#port && this.#port.writableLength < MOST_WAITING_BYTES) this.#port.write(chunk);
    else this.counters.droppedBytes += chunk.length;
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#gone = true;
    clearTimeout(this.#retry);
    this.#port?.destroy();
    done(error);
  }

  async #open(): Promise<void> {
    const { path, baudRate, log, open = openSerial } = this.#options;
    try {
      const port = await open(path, baudRate);
      if (this.#gone) {
        port.destroy();
        return;
      }
      this.#port = port;
      this.#waitMs = FIRST_WAIT_MS;
      this.#lastWhy = "";
      this.counters.openings += 1;
      log.info({ path, baudRate }, "the serial port is open");
      port.on("data", (bytes: Buffer) => this.push(bytes));
      port.on("error", (error) => this.#lost(port, error.message));
      port.on("close", () => this.#lost(port, "the port was closed: is the cable in?"));
    } catch (error) {
      this.counters.failures += 1;
      this.#again((error as Error).message);
    }
  }

  #lost(port: Duplex, why: string): void {
    if (this.#port !== port) return;
    this.#port = undefined;
    port.destroy();
    this.#again(why);
  }

  #again(why: string): void {
    if (this.#gone) return;
    const { path, log } = this.#options;
    // Once each, not at every attempt.
    if (why !== this.#lastWhy) log.warn({ path, why }, "no serial port; trying again until it is back");
    this.#lastWhy = why;
    this.#retry = setTimeout(() => void this.#open(), this.#waitMs);
    this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
  }
}
