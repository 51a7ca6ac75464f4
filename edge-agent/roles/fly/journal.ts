/**
 * The flight on disk, so that an agent that is killed in the air is picked up by the next one and no flight is flown twice. One small file,
 * replaced whole: written beside, synced, renamed.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { Hop } from "#contract/flight.ts";
import type { Drone } from "#core/handoff/step.ts";

export interface Kept {
  version: 1;
  /** The agent's monotonic milliseconds when it was written; the next agent counts on from there. */
  tickMs: number;
  drone: Drone;
  hops: Hop[];
}

export class Journal {
  readonly #file: string;
  #last: Promise<void> = Promise.resolve();
  #next: { kept: Kept; written: Promise<void> } | undefined;
  /** Times it was written. */
  writes = 0;

  constructor(file: string) {
    this.#file = file;
    mkdirSync(dirname(file), { recursive: true });
  }

  /** What the last agent wrote; undefined on a new drone. A file that cannot be read is a fault of its own: nobody knows then what flies. */
  read(): Kept | undefined | { unreadable: string } {
    let text: string;
    try {
      text = readFileSync(this.#file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      return { unreadable: (error as Error).message };
    }
    try {
      const kept = JSON.parse(text) as Kept;
      if (kept.version === 1 && kept.drone?.flight?.phase && kept.drone.authority) return kept;
      return { unreadable: "it is not a flight's journal of version 1" };
    } catch (error) {
      return { unreadable: (error as Error).message };
    }
  }

  /**
   * Resolves when this, or something newer, is on disk; rejects when the disk does not take it. While one is being written only the newest of those
   * that come meanwhile is kept: each is the whole flight.
   */
  write(kept: Kept): Promise<void> {
    if (this.#next) {
      this.#next.kept = kept;
      return this.#next.written;
    }
    const next = { kept, written: Promise.resolve() };
    next.written = this.#last
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#replace(next.kept);
      });
    this.#next = next;
    this.#last = next.written;
    return next.written;
  }

  async #replace(kept: Kept): Promise<void> {
    const beside = `${this.#file}.new`;
    const file = await open(beside, "w", 0o600);
    try {
      await file.writeFile(JSON.stringify(kept));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, this.#file);
    this.writes++;
  }
}
