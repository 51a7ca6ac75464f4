/** Recordings on disk: sealed pieces in segments, each segment's SHA-256 on its incident's record, also what a crash left open. */
import { createHash, type Hash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Logger } from "pino";
import { ulid } from "ulid";
import { sha256Hex } from "../incidents/chain.ts";
import { bytesOf, nameOf, RecordingArchive, type RecordingRow, TIMES_BYTES } from "./recording-archive.ts";
import { SealedFile } from "./sealed-file.ts";

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

export interface SegmentFact {
  recording: string;
  seq: number;
  startedAt: string;
  durationS: number;
  bytes: number;
  sha256: string;
}

export interface RecordingsOptions {
  db: DatabaseSync;
  folder: string;
  key: Buffer;
  segmentS: number;
  log: Logger;
  /** A piece could not be written: its time is a gap. */
  failed(recording: string, atMs: number, why: string): void;
  /** A segment is whole and on disk: for the incident's record. */
  segment(incident: string, stream: string, fact: SegmentFact, text: string): void;
}

interface Open {
  id: string;
  stream: string;
  incident: string;
  /** Work on its files, one after the other. */
  work: Promise<void>;
  segment: { seq: number; startedMs: number; endMs: number; bytes: number; hash: Hash; file: SealedFile } | undefined;
  seq: number;
  waiting: number;
  lastMs: number;
}

/** Bytes of one recording that may wait for the disk; beyond it the run is given up and a gap said. */
const WAITING_MAX_BYTES = 32_000_000;

export class Recordings {
  readonly archive: RecordingArchive;
  readonly #options: RecordingsOptions;
  readonly #open = new Map<string, Open>();
  readonly #endings = new Set<Promise<number>>();
  readonly counters = { segments: 0, bytes: 0, refused: 0, failed: 0, empty: 0 };

  constructor(options: RecordingsOptions) {
    this.#options = options;
    this.archive = new RecordingArchive(options);
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  }

  /** @returns its id. Nothing of it is on disk before the first piece. */
  begin(made: NewRecording): string {
    const id = ulid();
    const folder = this.archive.folderOf(id);
    mkdirSync(folder, { mode: 0o700 });
    const start = Buffer.from(made.start);
    this.#options.db
      .prepare("INSERT INTO recording VALUES (?, ?, ?, ?, ?, ?, NULL, ?, ?)")
      .run(
        id,
        made.stream,
        made.incident,
        made.codec,
        made.format,
        Math.round(made.startedMs),
        sha256Hex(start),
        made.preRoll ? 1 : 0,
      );
    const { stream, incident } = made;
    const open: Open = {
      id,
      stream,
      incident,
      work: Promise.resolve(),
      segment: undefined,
      seq: 0,
      waiting: 0,
      lastMs: made.startedMs,
    };
    this.#open.set(id, open);
    this.#then(open, async () => {
      const file = await SealedFile.create(join(folder, "start"), this.#options.key, `${id}/start`);
      await file.append(start);
      await file.close();
    });
    return id;
  }

  /** @returns false where the disk does not keep up and this piece is lost. */
  add(id: string, atMs: number, durationS: number, bytes: Uint8Array): boolean {
    const open = this.#open.get(id);
    if (!open || open.waiting > WAITING_MAX_BYTES) {
      this.counters.refused++;
      return false;
    }
    open.waiting += bytes.length;
    open.lastMs = atMs + durationS * 1000;
    this.#then(open, async () => {
      open.waiting -= bytes.length;
      await this.#write(open, atMs, durationS, bytes);
    });
    return true;
  }

  /** Closes its last segment; what cannot be closed now stays on disk, and is when the gateway starts anew. @returns when its last picture was. */
  end(id: string): Promise<number> {
    const open = this.#open.get(id);
    if (!open) return Promise.resolve(0);
    this.#open.delete(id);
    const ending = this.#end(id, open).finally(() => this.#endings.delete(ending));
    this.#endings.add(ending);
    return ending;
  }

  async #end(id: string, open: Open): Promise<number> {
    await this.#then(open, () => this.#closeSegment(open));
    await this.#settle({ id, stream: open.stream, incident: open.incident }, open.lastMs);
    return open.lastMs;
  }

  /**
   * Every segment on disk has its hash on the record, then it has ended. A beginning without a picture is no recording: nothing of it plays.
   * Where that fails (a full disk) nothing is deleted, and it counts as broken off.
   * @returns when its last whole piece was.
   */
  async #settle(which: { id: string; stream: string; incident: string }, sinceMs: number): Promise<number> {
    const { id } = which;
    let endedMs = sinceMs;
    try {
      for (const seq of this.archive.segmentsOnDisk(id))
        endedMs = Math.max(endedMs, await this.#recoverSegment(which, seq));
      if (this.archive.discardEmpty(id)) this.counters.empty++;
      else this.#options.db.prepare("UPDATE recording SET ended_ms = ? WHERE id = ?").run(Math.round(endedMs), id);
    } catch (error) {
      this.counters.failed++;
      const why = (error as Error).message;
      this.#options.log.error({ recording: id, error: why }, "recording not closed; tried again at the next start");
    }
    return endedMs;
  }

  /** As the archive's, sparing what grows. */
  expire(beforeMs: number): { incident: string; stream: string; recording: string }[] {
    return this.archive.expire(beforeMs, (id) => this.#open.has(id));
  }

  async close(): Promise<void> {
    for (const id of this.#open.keys()) void this.end(id);
    await Promise.all(this.#endings);
  }

  /** Closes what a crash left open. @returns the recordings that broke off, with the instant of their last whole piece. */
  async recover(): Promise<{ id: string; stream: string; incident: string; endedMs: number }[]> {
    const rows = this.#options.db
      .prepare("SELECT * FROM recording WHERE ended_ms IS NULL")
      .all() as unknown as RecordingRow[];
    const broken = [];
    for (const row of rows) {
      if (this.#open.has(row.id)) continue;
      const endedMs = await this.#settle(row, row.started_ms);
      broken.push({ id: row.id, stream: row.stream, incident: row.incident, endedMs });
    }
    return broken;
  }

  /** The file as it stands now, a piece at a time, also while it grows. @throws when a segment is not the one on the record. */
  async *read(id: string): AsyncGenerator<Buffer> {
    const open = this.#open.get(id);
    await open?.work;
    yield* this.archive.read(id, open?.segment?.seq);
  }

  #then(open: Open, work: () => Promise<void>): Promise<void> {
    open.work = open.work.then(work).catch((error: Error) => {
      this.counters.failed++;
      this.#options.log.error({ recording: open.id, error: error.message }, "not written to the recording");
    });
    return open.work;
  }

  async #write(open: Open, atMs: number, durationS: number, bytes: Uint8Array): Promise<void> {
    if (!open.segment) {
      const seq = ++open.seq;
      const name = nameOf(seq);
      const file = await SealedFile.create(
        join(this.archive.folderOf(open.id), name),
        this.#options.key,
        `${open.id}/${name}`,
      );
      open.segment = { seq, startedMs: atMs, endMs: atMs, bytes: 0, hash: createHash("sha256"), file };
    }
    const { segment } = open;
    const times = Buffer.alloc(TIMES_BYTES);
    times.writeDoubleBE(atMs, 0);
    times.writeDoubleBE(durationS, 8);
    try {
      await segment.file.append(Buffer.concat([times, bytes]));
    } catch (error) {
      this.#options.failed(open.id, atMs, `not written to disk: ${(error as NodeJS.ErrnoException).code ?? "failed"}`);
      await this.#closeSegment(open);
      throw error;
    }
    segment.hash.update(bytes);
    segment.bytes += bytes.length;
    segment.endMs = atMs + durationS * 1000;
    if (segment.endMs - segment.startedMs >= this.#options.segmentS * 1000) await this.#closeSegment(open);
  }

  async #closeSegment(open: Open): Promise<void> {
    const { segment } = open;
    open.segment = undefined;
    if (!segment) return;
    await segment.file.close();
    if (segment.bytes === 0) return;
    this.#keep(open.id, open, segment.seq, segment.startedMs, segment.endMs, segment.bytes, segment.hash.digest("hex"));
  }

  async #recoverSegment(row: { id: string; stream: string; incident: string }, seq: number): Promise<number> {
    const known = this.#options.db
      .prepare("SELECT started_ms, duration_s FROM segment WHERE recording = ? AND seq = ?")
      .get(row.id, seq) as { started_ms: number; duration_s: number } | undefined;
    if (known) return known.started_ms + known.duration_s * 1000;
    const pieces = await this.archive.pieces(row.id, nameOf(seq));
    const [first] = pieces;
    const last = pieces.at(-1);
    if (!first || !last) return 0;
    const bytes = Buffer.concat(pieces.map(bytesOf));
    const endMs = last.readDoubleBE(0) + last.readDoubleBE(8) * 1000;
    this.#keep(row.id, row, seq, first.readDoubleBE(0), endMs, bytes.length, sha256Hex(bytes));
    return endMs;
  }

  #keep(
    recording: string,
    { incident, stream }: { incident: string; stream: string },
    seq: number,
    startedMs: number,
    endMs: number,
    bytes: number,
    sha256: string,
  ): void {
    const durationS = Math.round(endMs - startedMs) / 1000;
    const fact = { recording, seq, startedAt: new Date(startedMs).toISOString(), durationS, bytes, sha256 };
    // The record first: after a crash in between it is said a second time, rather than never.
    this.#options.segment(incident, stream, fact, `${durationS.toFixed(1)} s of ${stream} recorded`);
    this.#options.db
      .prepare("INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, 0)")
      .run(recording, seq, Math.round(startedMs), durationS, bytes, sha256);
    this.counters.segments++;
    this.counters.bytes += bytes;
  }
}
