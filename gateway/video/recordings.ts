/** Recordings on disk: sealed pieces in segments, each segment's SHA-256 on its incident's record, also what a crash left open. */
import { createHash, type Hash } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { ulid } from "ulid";
import { sha256Hex } from "../incidents/chain.ts";
import { type Closing, LateClosings } from "./late-closings.ts";
import {
  bytesOf,
  type NewRecording,
  nameOf,
  RecordingArchive,
  type RecordingRow,
  TIMES_BYTES,
} from "./recording-archive.ts";
import { SealedFile } from "./sealed-file.ts";
import { Segments, type SegmentsOptions, type WholeSegment } from "./segments.ts";

export interface RecordingsOptions extends SegmentsOptions {
  folder: string;
  key: Buffer;
  segmentS: number;
  /** Why the disk may take no more; undefined where it may. */
  full(): string | undefined;
  log: Logger;
  /** A piece is on disk. */
  kept(recording: string, atMs: number): void;
  /** A piece could not be written, and nothing more of this recording is: what follows a hole does not play. */
  failed(recording: string, atMs: number, why: string): void;
  lateAgainMs?: number;
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
  broken: boolean;
}

/** Bytes of one recording that may wait for the disk; beyond it the run is given up and a gap said. */
const WAITING_MAX_BYTES = 32_000_000;

export class Recordings {
  readonly archive: RecordingArchive;
  readonly #options: RecordingsOptions;
  readonly #open = new Map<string, Open>();
  readonly #endings = new Set<Promise<number>>();
  readonly #late: LateClosings;
  readonly #segments: Segments;
  readonly counters = { segments: 0, bytes: 0, refused: 0, failed: 0, empty: 0 };

  constructor(options: RecordingsOptions) {
    this.#options = options;
    this.archive = new RecordingArchive(options);
    this.#segments = new Segments(options);
    this.#late = new LateClosings(async (which) => {
      const { discard } = which;
      if (discard) this.#discard({ ...which, discard });
      else await this.#settle(which);
    }, options.lateAgainMs);
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  }

  /** Why nothing may be written now; undefined where it may. */
  full(): string | undefined {
    return this.#options.full();
  }

  /** @returns its id. @throws where the disk does not take it: then nothing of it is there. */
  begin(made: NewRecording): string {
    const full = this.#options.full();
    if (full !== undefined) throw new Error(full);
    const id = ulid();
    const folder = this.archive.folderOf(id);
    const { stream, incident } = made;
    const start = Buffer.from(made.start);
    mkdirSync(folder, { mode: 0o700 });
    try {
      const { codec, format, startedMs, preRoll } = made;
      this.#options.db
        .prepare("INSERT INTO recording VALUES (?, ?, ?, ?, ?, ?, NULL, ?, ?)")
        .run(id, stream, incident, codec, format, Math.round(startedMs), sha256Hex(start), preRoll ? 1 : 0);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
    const fresh = { work: Promise.resolve(), segment: undefined, seq: 0, waiting: 0, broken: false };
    const open: Open = { ...fresh, id, stream, incident, lastMs: made.startedMs };
    this.#open.set(id, open);
    this.#then(open, () =>
      this.#orBroken(open, made.startedMs, async () => {
        const file = await SealedFile.create(join(folder, "start"), this.#options.key, `${id}/start`);
        await file.append(start).finally(() => file.close());
      }),
    );
    return id;
  }

  /** @returns why this piece is not kept; undefined where it is taken: `kept` or `failed` says later what became of it. */
  add(id: string, atMs: number, durationS: number, bytes: Uint8Array): string | undefined {
    const open = this.#open.get(id);
    const why =
      !open || open.broken
        ? "the recording broke off"
        : open.waiting > WAITING_MAX_BYTES
          ? "the disk does not keep up"
          : this.#options.full();
    if (!open || why !== undefined) {
      this.counters.refused++;
      return why;
    }
    open.waiting += bytes.length;
    this.#then(open, async () => {
      open.waiting -= bytes.length;
      await this.#write(open, atMs, durationS, bytes);
    });
    return undefined;
  }

  /** Every piece that it was given is on disk so far. */
  async isWhole(id: string): Promise<boolean> {
    const open = this.#open.get(id);
    await open?.work;
    return open !== undefined && !open.broken;
  }

  /** Closes its last segment; what cannot be closed now stays on disk and is tried again. @returns when its last picture was. */
  end(id: string): Promise<number> {
    const open = this.#open.get(id);
    if (!open) return Promise.resolve(0);
    this.#open.delete(id);
    const ending = this.#end(id, open).finally(() => this.#endings.delete(ending));
    this.#endings.add(ending);
    return ending;
  }

  /** Deletes what was begun and is not whole, because it will come a second time. @param marked called where hashes of it stay on the record. */
  async discard(id: string, marked: () => void): Promise<void> {
    const open = this.#open.get(id);
    if (!open) return;
    open.broken = true;
    await this.#then(open, async () => open.segment?.file.close());
    this.#open.delete(id);
    this.#discard({ id, stream: open.stream, incident: open.incident, sinceMs: open.lastMs, discard: marked });
  }

  #discard(which: Closing & { discard: () => void }): void {
    try {
      this.archive.discard(which.id, which.discard);
    } catch (error) {
      this.counters.failed++;
      const facts = { recording: which.id, error: (error as Error).message };
      this.#options.log.error(facts, "recording not discarded yet; tried again in a while");
      this.#late.add(which);
    }
  }

  async #end(id: string, open: Open): Promise<number> {
    await this.#then(open, () => this.#closeSegment(open));
    await this.#settle({ id, stream: open.stream, incident: open.incident, sinceMs: open.lastMs });
    return open.lastMs;
  }

  /**
   * Every segment on disk has its hash on the record, then it has ended. A beginning without a picture is no recording: nothing of it plays.
   * Where that fails (a full disk) nothing is deleted; it is tried again every few seconds, and at the next start.
   * @returns when its last whole piece was.
   */
  async #settle(which: Closing): Promise<number> {
    const { id } = which;
    let endedMs = which.sinceMs;
    try {
      for (const seq of this.archive.segmentsOnDisk(id))
        endedMs = Math.max(endedMs, await this.#recoverSegment(which, seq));
      if (this.archive.discardEmpty(id)) this.counters.empty++;
      else this.#options.db.prepare("UPDATE recording SET ended_ms = ? WHERE id = ?").run(Math.round(endedMs), id);
    } catch (error) {
      this.counters.failed++;
      const facts = { recording: id, error: (error as Error).message };
      this.#options.log.error(facts, "recording not closed yet; tried again in a while");
      this.#late.add(which);
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
    await this.#late.stop();
  }

  /** Closes what a crash left open. @returns the recordings that broke off, with the instant of their last whole piece. */
  async recover(): Promise<{ id: string; stream: string; incident: string; endedMs: number }[]> {
    const rows = this.#options.db
      .prepare("SELECT * FROM recording WHERE ended_ms IS NULL")
      .all() as unknown as RecordingRow[];
    const broken = [];
    for (const row of rows) {
      if (this.#open.has(row.id)) continue;
      const { id, stream, incident, started_ms: sinceMs } = row;
      const endedMs = await this.#settle({ id, stream, incident, sinceMs });
      broken.push({ id, stream, incident, endedMs });
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
    if (open.broken) {
      this.counters.refused++;
      return;
    }
    const segment = await this.#orBroken(open, atMs, async () => {
      const into = open.segment ?? (await this.#newSegment(open, atMs));
      const times = Buffer.alloc(TIMES_BYTES);
      times.writeDoubleBE(atMs, 0);
      times.writeDoubleBE(durationS, 8);
      await into.file.append(Buffer.concat([times, bytes]));
      return into;
    });
    segment.hash.update(bytes);
    segment.bytes += bytes.length;
    open.lastMs = segment.endMs = atMs + durationS * 1000;
    this.#options.kept(open.id, atMs);
    if (segment.endMs - segment.startedMs >= this.#options.segmentS * 1000) await this.#closeSegment(open);
  }

  async #newSegment(open: Open, atMs: number): Promise<NonNullable<Open["segment"]>> {
    const seq = ++open.seq;
    const name = nameOf(seq);
    const { key } = this.#options;
    const file = await SealedFile.create(join(this.archive.folderOf(open.id), name), key, `${open.id}/${name}`);
    return (open.segment = { seq, startedMs: atMs, endMs: atMs, bytes: 0, hash: createHash("sha256"), file });
  }

  async #orBroken<T>(open: Open, atMs: number, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      open.broken = true;
      this.#options.failed(open.id, atMs, `not written to disk: ${(error as NodeJS.ErrnoException).code ?? "failed"}`);
      throw error;
    }
  }

  async #closeSegment(open: Open): Promise<void> {
    const { segment } = open;
    open.segment = undefined;
    if (!segment) return;
    await segment.file.close();
    if (segment.bytes === 0) return;
    const { seq, startedMs, endMs, bytes, hash } = segment;
    this.#keep(open, { seq, startedMs, endMs, bytes, sha256: hash.digest("hex") });
  }

  async #recoverSegment(of: Closing, seq: number): Promise<number> {
    const keptMs = this.#segments.endOf(of.id, seq);
    if (keptMs !== undefined) return keptMs;
    const pieces = await this.archive.pieces(of.id, nameOf(seq));
    const [first] = pieces;
    const last = pieces.at(-1);
    if (!first || !last) return 0;
    const bytes = Buffer.concat(pieces.map(bytesOf));
    const endMs = last.readDoubleBE(0) + last.readDoubleBE(8) * 1000;
    this.#keep(of, { seq, startedMs: first.readDoubleBE(0), endMs, bytes: bytes.length, sha256: sha256Hex(bytes) });
    return endMs;
  }

  #keep(of: { id: string; stream: string; incident: string }, whole: WholeSegment): void {
    this.#segments.keep(of, whole);
    this.counters.segments++;
    this.counters.bytes += whole.bytes;
  }
}
