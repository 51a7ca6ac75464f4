/** Recordings on disk: sealed pieces in segments, each segment's SHA-256 on its incident's record, also what a crash left open. */
import { createHash, type Hash } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Logger } from "pino";
import { ulid } from "ulid";
import type { RecordingView } from "#contract/video.ts";
import { sha256Hex } from "../incidents/chain.ts";
import { openSealed, SealedFile } from "./sealed-file.ts";

/** Times of a piece stand before it in its sealed part: start in ms since 1970 and seconds, both as doubles. */
const TIMES_BYTES = 16;

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

interface Row {
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

/** Bytes of one recording that may wait for the disk; beyond it the run is given up and a gap said. */
const WAITING_MAX_BYTES = 32_000_000;

export class Recordings {
  readonly #options: RecordingsOptions;
  readonly #open = new Map<string, Open>();
  readonly #endings = new Set<Promise<number>>();
  readonly counters = { segments: 0, bytes: 0, refused: 0, failed: 0 };

  constructor(options: RecordingsOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  }

  /** @returns its id. Nothing of it is on disk before the first piece. */
  begin(made: NewRecording): string {
    const id = ulid();
    const folder = this.#folderOf(id);
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

  /** Closes its last segment. @returns when its last picture was. */
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
    this.#options.db.prepare("UPDATE recording SET ended_ms = ? WHERE id = ?").run(Math.round(open.lastMs), id);
    return open.lastMs;
  }

  async close(): Promise<void> {
    for (const id of this.#open.keys()) void this.end(id);
    await Promise.all(this.#endings);
  }

  /** Closes what a crash left open. @returns the recordings that broke off, with the instant of their last whole piece. */
  async recover(): Promise<{ id: string; stream: string; incident: string; endedMs: number }[]> {
    const rows = this.#options.db.prepare("SELECT * FROM recording WHERE ended_ms IS NULL").all() as unknown as Row[];
    const broken = [];
    for (const row of rows) {
      if (this.#open.has(row.id)) continue;
      let endedMs = row.started_ms;
      for (const name of readdirSync(this.#folderOf(row.id))
        .filter((each) => /^\d+$/.test(each))
        .sort()) {
        endedMs = Math.max(endedMs, await this.#recoverSegment(row, Number(name)));
      }
      this.#options.db.prepare("UPDATE recording SET ended_ms = ? WHERE id = ?").run(Math.round(endedMs), row.id);
      broken.push({ id: row.id, stream: row.stream, incident: row.incident, endedMs });
    }
    return broken;
  }

  list(incident: string): RecordingView[] {
    const rows = this.#options.db
      .prepare("SELECT * FROM recording WHERE incident = ? ORDER BY started_ms")
      .all(incident) as unknown as Row[];
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
    return this.#options.db.prepare("SELECT incident, stream, format FROM recording WHERE id = ?").get(id) as never;
  }

  /**
   * The file as it stands now, a piece at a time: what stands at its start, then its closed segments, then what is whole of the open one.
   * @throws when a segment is not the one on the record.
   */
  async *read(id: string): AsyncGenerator<Buffer> {
    const row = this.#options.db.prepare("SELECT * FROM recording WHERE id = ?").get(id) as unknown as Row | undefined;
    if (!row) return;
    const segments = this.#segments(id);
    if (segments.some(({ deleted }) => deleted === 1)) return;
    const open = this.#open.get(id);
    await open?.work;
    const start = Buffer.concat(await this.#pieces(id, "start"));
    if (sha256Hex(start) !== row.start_sha256)
      throw new Error(`the start of recording ${id} is not the one on the record`);
    yield start;
    for (const { seq, sha256 } of segments) {
      const bytes = Buffer.concat((await this.#pieces(id, nameOf(seq))).map(bytesOf));
      if (sha256Hex(bytes) !== sha256)
        throw new Error(`segment ${seq} of recording ${id} is not the one on the record`);
      yield bytes;
    }
    const now = open?.segment;
    if (now && !segments.some(({ seq }) => seq === now.seq)) {
      yield Buffer.concat((await this.#pieces(id, nameOf(now.seq))).map(bytesOf));
    }
  }

  /** Deletes recordings that ended before then; that they were here, and their hashes, stay on the record. */
  expire(beforeMs: number): { incident: string; stream: string; recording: string }[] {
    const rows = this.#options.db
      .prepare(
        `SELECT * FROM recording WHERE ended_ms < ? AND EXISTS
           (SELECT 1 FROM segment WHERE segment.recording = recording.id AND deleted = 0)`,
      )
      .all(beforeMs) as unknown as Row[];
    return rows.map(({ id, incident, stream }) => {
      rmSync(this.#folderOf(id), { recursive: true, force: true });
      this.#options.db.prepare("UPDATE segment SET deleted = 1 WHERE recording = ?").run(id);
      return { incident, stream, recording: id };
    });
  }

  #segments(id: string): SegmentRow[] {
    return this.#options.db
      .prepare("SELECT * FROM segment WHERE recording = ? ORDER BY seq")
      .all(id) as unknown as SegmentRow[];
  }

  #folderOf(id: string): string {
    return join(this.#options.folder, id);
  }

  #pieces(id: string, name: string): Promise<Buffer[]> {
    return openSealed(join(this.#folderOf(id), name), this.#options.key, `${id}/${name}`);
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
        join(this.#folderOf(open.id), name),
        this.#options.key,
        `${open.id}/${name}`,
      );
      open.segment = { seq, startedMs: atMs, endMs: atMs, bytes: 0, hash: createHash("sha256"), file };
    }
    const { segment } = open;
    const times = Buffer.alloc(TIMES_BYTES);
    times.writeDoubleBE(atMs, 0);
    times.writeDoubleBE(durationS, 8);
    await segment.file.append(Buffer.concat([times, bytes]));
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
    this.#keep(open.id, open, segment.seq, segment.startedMs, segment.endMs, segment.bytes, segment.hash.digest("hex"));
  }

  async #recoverSegment(row: Row, seq: number): Promise<number> {
    const known = this.#options.db
      .prepare("SELECT started_ms, duration_s FROM segment WHERE recording = ? AND seq = ?")
      .get(row.id, seq) as { started_ms: number; duration_s: number } | undefined;
    if (known) return known.started_ms + known.duration_s * 1000;
    const pieces = await this.#pieces(row.id, nameOf(seq));
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
    this.#options.db
      .prepare("INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, 0)")
      .run(recording, seq, Math.round(startedMs), durationS, bytes, sha256);
    this.counters.segments++;
    this.counters.bytes += bytes;
    const fact = { recording, seq, startedAt: new Date(startedMs).toISOString(), durationS, bytes, sha256 };
    this.#options.segment(incident, stream, fact, `${durationS.toFixed(1)} s of ${stream} recorded`);
  }
}

const nameOf = (seq: number) => String(seq).padStart(6, "0");
const bytesOf = (piece: Buffer) => piece.subarray(TIMES_BYTES);
