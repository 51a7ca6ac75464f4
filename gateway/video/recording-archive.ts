/** Recordings as they lie on disk: listed, read back against the hashes on the record, and deleted on time. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { RecordingView } from "#contract/video.ts";
import { sha256Hex } from "../incidents/chain.ts";
import { openSealed } from "./sealed-file.ts";

/** Times of a piece stand before it in its sealed part: start in ms since 1970 and seconds, both as doubles. */
export const TIMES_BYTES = 16;

export const nameOf = (seq: number) => String(seq).padStart(6, "0");
export const bytesOf = (piece: Buffer) => piece.subarray(TIMES_BYTES);

export interface NewRecording {
  stream: string;
  incident: string;
  codec: string;
  format: "mp4" | "webm";
  startedMs: number;
  preRoll: boolean;
  /** What stands before the first fragment. */
  start: Uint8Array;
}

export interface RecordingRow {
  id: string;
  stream: string;
  incident: string;
  codec: string;
  format: "mp4" | "webm";
  started_ms: number;
  ended_ms: number | null;
  start_sha256: string;
  pre_roll: number;
}

interface SegmentRow {
  seq: number;
  started_ms: number;
  duration_s: number;
  bytes: number;
  sha256: string;
  deleted: number;
}

export class RecordingArchive {
  readonly #db: DatabaseSync;
  readonly #folder: string;
  readonly #key: Buffer;

  constructor({ db, folder, key }: { db: DatabaseSync; folder: string; key: Buffer }) {
    this.#db = db;
    this.#folder = folder;
    this.#key = key;
  }

  list(incident: string): RecordingView[] {
    const rows = this.#db
      .prepare("SELECT * FROM recording WHERE incident = ? ORDER BY started_ms")
      .all(incident) as unknown as RecordingRow[];
    return rows.map((row) => ({
      recording: row.id,
      stream: row.stream,
      incident: row.incident,
      startedAt: new Date(row.started_ms).toISOString(),
      ...(row.ended_ms !== null && { endedAt: new Date(row.ended_ms).toISOString() }),
      codec: row.codec,
      format: row.format,
      segments: this.#segments(row.id).map(({ seq, started_ms, duration_s, bytes, sha256, deleted }) => ({
        seq,
        startedAt: new Date(started_ms).toISOString(),
        durationS: duration_s,
        bytes,
        sha256,
        ...(deleted === 1 && { deleted: true as const }),
      })),
      ...(row.pre_roll === 1 && { preRoll: true as const }),
    }));
  }

  find(id: string): { incident: string; stream: string; format: "mp4" | "webm" } | undefined {
    return this.#db.prepare("SELECT incident, stream, format FROM recording WHERE id = ?").get(id) as never;
  }

  /**
   * The file as it stands now, a piece at a time: what stands at its start, then its closed segments, then what is whole of the open one.
   * @param growing number of the segment that is being written, where one is.
   * @throws when a segment is not the one on the record.
   */
  async *read(id: string, growing?: number): AsyncGenerator<Buffer> {
    const row = this.#db.prepare("SELECT * FROM recording WHERE id = ?").get(id) as unknown as RecordingRow | undefined;
    if (!row) return;
    const segments = this.#segments(id);
    if (segments.some(({ deleted }) => deleted === 1)) return;
    const start = Buffer.concat(await this.pieces(id, "start"));
    if (sha256Hex(start) !== row.start_sha256)
      throw new Error(`the start of recording ${id} is not the one on the record`);
    yield start;
    for (const { seq, sha256 } of segments) {
      const bytes = Buffer.concat((await this.pieces(id, nameOf(seq))).map(bytesOf));
      if (sha256Hex(bytes) !== sha256)
        throw new Error(`segment ${seq} of recording ${id} is not the one on the record`);
      yield bytes;
    }
    if (growing !== undefined && !segments.some(({ seq }) => seq === growing)) {
      yield Buffer.concat((await this.pieces(id, nameOf(growing))).map(bytesOf));
    }
  }

  /**
   * Deletes recordings that ended before then, or began before then and could not be closed; that they were here, and their hashes, stay on
   * the record.
   * @param grows of one that is being written.
   */
  expire(
    beforeMs: number,
    grows: (id: string) => boolean = () => false,
  ): { incident: string; stream: string; recording: string }[] {
    this.#sweep();
    const rows = this.#db
      .prepare(
        `SELECT * FROM recording WHERE (ended_ms IS NULL AND started_ms < ?) OR (ended_ms < ? AND EXISTS
           (SELECT 1 FROM segment WHERE segment.recording = recording.id AND deleted = 0))`,
      )
      .all(beforeMs, beforeMs) as unknown as RecordingRow[];
    const over = rows.filter(({ id, ended_ms }) => ended_ms !== null || !grows(id));
    return over.map(({ id, incident, stream }) => {
      rmSync(this.folderOf(id), { recursive: true, force: true });
      this.#db.prepare("UPDATE segment SET deleted = 1 WHERE recording = ?").run(id);
      this.#db.prepare("UPDATE recording SET ended_ms = started_ms WHERE id = ? AND ended_ms IS NULL").run(id);
      return { incident, stream, recording: id };
    });
  }

  /** Numbers of the segments that have a file, lowest first. */
  segmentsOnDisk(id: string): number[] {
    const folder = this.folderOf(id);
    const names = existsSync(folder) ? readdirSync(folder).filter((each) => /^\d+$/.test(each)) : [];
    return names.map(Number).sort((a, b) => a - b);
  }

  /** For a recording whose every whole piece stands in a segment on the record. @returns whether there was nothing in it. */
  discardEmpty(id: string): boolean {
    if (this.#segments(id).length > 0) return false;
    rmSync(this.folderOf(id), { recursive: true, force: true });
    this.#db.prepare("DELETE FROM recording WHERE id = ?").run(id);
    return true;
  }

  /**
   * What is not whole goes, files last: pictures that are gone while nothing says why would look like lost evidence.
   * @param marked called before its files go, where hashes of it stay on the record.
   * @throws where it could not be marked: then all of it is still there. Files that cannot be deleted go with `expire`.
   */
  discard(id: string, marked: () => void): void {
    if (this.discardEmpty(id)) return;
    this.#db.prepare("UPDATE recording SET ended_ms = started_ms WHERE id = ?").run(id);
    this.#db.prepare("UPDATE segment SET deleted = 1 WHERE recording = ?").run(id);
    marked();
    this.#tryDelete(id);
  }

  /** Files that a discard could not delete, or that a crash left in the middle of one. */
  #sweep(): void {
    const isDeleted = this.#db.prepare("SELECT 1 FROM segment WHERE recording = ? AND deleted = 1 LIMIT 1");
    const names = existsSync(this.#folder) ? readdirSync(this.#folder) : [];
    for (const name of names) if (isDeleted.get(name)) this.#tryDelete(name);
  }

  #tryDelete(id: string): void {
    try {
      rmSync(this.folderOf(id), { recursive: true, force: true });
    } catch {
      // Marked and told already; the next `expire` tries again.
    }
  }

  #segments(id: string): SegmentRow[] {
    return this.#db
      .prepare("SELECT * FROM segment WHERE recording = ? ORDER BY seq")
      .all(id) as unknown as SegmentRow[];
  }

  folderOf(id: string): string {
    return join(this.#folder, id);
  }

  pieces(id: string, name: string): Promise<Buffer[]> {
    return openSealed(join(this.folderOf(id), name), this.#key, `${id}/${name}`);
  }
}
