/** Segments that are whole: each one's SHA-256 on its incident's record, once, and in the list that the recording is read by. */
import type { DatabaseSync } from "node:sqlite";

export interface SegmentFact {
  recording: string;
  seq: number;
  startedAt: string;
  durationS: number;
  bytes: number;
  sha256: string;
}

export interface SegmentsOptions {
  db: DatabaseSync;
  /** A segment is whole and on disk: for the incident's record. @throws where that takes nothing. */
  segment(incident: string, stream: string, fact: SegmentFact, text: string): void;
}

export interface WholeSegment {
  seq: number;
  startedMs: number;
  endMs: number;
  bytes: number;
  sha256: string;
}

export class Segments {
  readonly #options: SegmentsOptions;
  /** On the incident's record, and not in the list yet, because the disk did not take that: not said a second time. */
  readonly #said = new Set<string>();

  constructor(options: SegmentsOptions) {
    this.#options = options;
  }

  /** @returns when a segment that is kept ended, ms since 1970; undefined where it is not. */
  endOf(recording: string, seq: number): number | undefined {
    const row = this.#options.db
      .prepare("SELECT started_ms, duration_s FROM segment WHERE recording = ? AND seq = ?")
      .get(recording, seq) as { started_ms: number; duration_s: number } | undefined;
    return row && row.started_ms + row.duration_s * 1000;
  }

  /** @throws where the disk does not take it: to be kept again. */
  keep(of: { id: string; stream: string; incident: string }, whole: WholeSegment): void {
    const { id: recording, stream, incident } = of;
    const { seq, startedMs, endMs, bytes, sha256 } = whole;
    const durationS = Math.round(endMs - startedMs) / 1000;
    const key = `${recording}/${seq}`;
    // The record first: after a crash in between it is said a second time, rather than never.
    if (!this.#said.has(key)) {
      const fact = { recording, seq, startedAt: new Date(startedMs).toISOString(), durationS, bytes, sha256 };
      this.#options.segment(incident, stream, fact, `${durationS.toFixed(1)} s of ${stream} recorded`);
      this.#said.add(key);
    }
    this.#options.db
      .prepare("INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, 0)")
      .run(recording, seq, Math.round(startedMs), durationS, bytes, sha256);
    this.#said.delete(key);
  }
}
