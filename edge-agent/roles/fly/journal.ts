/**
 * The flight on disk, so that an agent that is killed in the air is picked up by the next one and no flight is flown twice. One small file,
 * replaced whole: written beside, synced, renamed.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
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

  /** On disk when it returns. */
  write(kept: Kept): void {
    const beside = `${this.#file}.new`;
    const file = openSync(beside, "w", 0o600);
    try {
      writeSync(file, JSON.stringify(kept));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, this.#file);
    this.writes++;
  }
}
