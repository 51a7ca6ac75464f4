/**
 * The last seconds of a camera, for an incident that asks: pieces of a few seconds on disk, each encrypted (AES-256-GCM, NIST SP 800-38D, a fresh
 * random 96-bit nonce) with a key that lives in this process's memory alone. After a restart, and for whoever takes the card, they are noise; what is
 * older than the ring is deleted every second. Video alone: `TsCutter` lets nothing else in.
 *
 *   pre-roll/<camera>/<number>.seg = nonce 12 | tag 16 | ciphertext; camera and number are authenticated with it
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#contract/errors.ts";
import type { Log } from "../../ports.ts";
import type { PreRoll } from "../../video-port.ts";
import { startFfmpeg } from "./ffmpeg-child.ts";
import { type CutPiece, TsCutter } from "./ts-cutter.ts";

export interface PreRollOptions {
  camera: string;
  /** Holds a folder for each camera; a tmpfs spares the card. */
  folder: string;
  keepS: number;
  maxBytes: number;
  /** UTC, ms since 1970; undefined while the node does not know it: the host's clock counts then. */
  utcMs: () => number | undefined;
  log: Log;
  /** Monotonic ms; replaced by tests. */
  nowMs?: () => number;
}

interface Piece {
  number: number;
  bytes: number;
  startedAtMs: number;
  endedAtMs: number;
  written: Promise<boolean>;
}

const PIECE_MS = 2_000;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SWEEP_MS = 1_000;
const MUX_MS = 20_000;

export class EncryptedPreRoll implements PreRoll {
  readonly #options: PreRollOptions;
  readonly #nowMs: () => number;
  readonly #folder: string;
  readonly #key = randomBytes(32);
  readonly #sweeper: NodeJS.Timeout;
  readonly #counts = { preRollPieces: 0, preRollDropped: 0, preRollExpired: 0, preRollWriteErrors: 0 };
  #cutter: TsCutter;
  #foreign = 0;
  #epoch: number | undefined;
  #pieces: Piece[] = [];
  #number = 0;
  #diskFailed = false;

  /** Empties the camera's folder: what an earlier process left can be read by nobody. Throws `Fault` (config) where that cannot be done. */
  constructor(options: PreRollOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#folder = join(options.folder, options.camera);
    try {
      rmSync(this.#folder, { recursive: true, force: true });
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw new Fault("config", `pre-roll in ${options.folder}: ${(cause as Error).message}`, { cause });
    }
    this.#cutter = this.#newCutter();
    this.#sweeper = setInterval(() => this.sweep(), SWEEP_MS);
    this.#sweeper.unref();
  }

  get counters(): Readonly<Record<string, number>> {
    const preRollBytes = this.#pieces.reduce((sum, { bytes }) => sum + bytes, 0);
    return { ...this.#counts, preRollBytes, preRollForeignPackets: this.#foreign + this.#cutter.foreign };
  }

  get heldS(): number {
    const { current } = this.#cutter;
    const first = this.#pieces[0] ?? current;
    const last = current ?? this.#pieces.at(-1);
    return first && last ? Math.min(this.#options.keepS, (last.endedAtMs - first.startedAtMs) / 1000) : 0;
  }

  /** MPEG-TS as it comes from the camera; `epoch` is one opening of it. */
  push(epoch: number, bytes: Buffer): void {
    if (epoch !== this.#epoch) {
      this.#cutter.flush();
      this.#foreign += this.#cutter.foreign;
      this.#cutter = this.#newCutter();
      this.#epoch = epoch;
    }
    this.#cutter.push(bytes, this.#nowMs());
  }

  async cut(seconds: number): Promise<{ mp4: Buffer; startUtcMs: number; durationS: number } | undefined> {
    this.#cutter.flush();
    this.sweep();
    const nowMs = this.#nowMs();
    const wanted = this.#pieces.filter(({ endedAtMs }) => endedAtMs > nowMs - seconds * 1000);
    const plain: { piece: Piece; bytes: Buffer }[] = [];
    for (const piece of wanted) {
      const bytes = await this.#open(piece);
      if (bytes) plain.push({ piece, bytes });
    }
    const [first] = plain;
    const last = plain.at(-1);
    if (!first || !last) return undefined;
    const mp4 = await muxed(Buffer.concat(plain.map(({ bytes }) => bytes)));
    const utcMs = this.#options.utcMs() ?? Date.now();
    return {
      mp4,
      startUtcMs: utcMs - (this.#nowMs() - first.piece.startedAtMs),
      durationS: (last.piece.endedAtMs - first.piece.startedAtMs) / 1000,
    };
  }

  /** Deletes what is due. */
  sweep(): void {
    const dueMs = this.#nowMs() - this.#options.keepS * 1000;
    let bytes = this.#pieces.reduce((sum, each) => sum + each.bytes, 0);
    while (this.#pieces[0] && (this.#pieces[0].endedAtMs < dueMs || bytes > this.#options.maxBytes)) {
      const piece = this.#pieces.shift()!;
      bytes -= piece.bytes;
      if (piece.endedAtMs < dueMs) this.#counts.preRollExpired++;
      else this.#counts.preRollDropped++;
      void this.#delete(piece);
    }
    this.#counts.preRollPieces = this.#pieces.length;
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    const pieces = this.#pieces;
    this.#pieces = [];
    await Promise.all(pieces.map(({ written }) => written));
    await rm(this.#folder, { recursive: true, force: true });
  }

  #newCutter(): TsCutter {
    return new TsCutter(PIECE_MS, (piece) => this.#keep(piece));
  }

  #keep({ bytes, startedAtMs, endedAtMs }: CutPiece): void {
    const number = this.#number++;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    cipher.setAAD(this.#about(number));
    const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
    const file = Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
    const written = writeFile(this.#path(number), file, { mode: 0o600 }).then(
      () => {
        this.#diskFailed = false;
        return true;
      },
      (error: Error) => {
        this.#counts.preRollWriteErrors++;
        if (!this.#diskFailed)
          this.#options.log.error({ why: error.message }, "the last seconds cannot be kept: free or replace the disk");
        this.#diskFailed = true;
        return false;
      },
    );
    this.#pieces.push({ number, bytes: file.length, startedAtMs, endedAtMs, written });
    this.sweep();
  }

  async #open(piece: Piece): Promise<Buffer | undefined> {
    if (!(await piece.written)) return undefined;
    try {
      const file = await readFile(this.#path(piece.number));
      const decipher = createDecipheriv("aes-256-gcm", this.#key, file.subarray(0, NONCE_BYTES));
      decipher.setAAD(this.#about(piece.number));
      decipher.setAuthTag(file.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      return Buffer.concat([decipher.update(file.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
    } catch (error) {
      this.#options.log.error({ why: (error as Error).message }, "a piece of the last seconds is damaged, or gone");
      return undefined;
    }
  }

  async #delete({ number, written }: Piece): Promise<void> {
    await written;
    await rm(this.#path(number), { force: true }).catch((error: Error) =>
      this.#options.log.error({ why: error.message }, "a piece of the last seconds could not be deleted"),
    );
  }

  #path(number: number): string {
    return join(this.#folder, `${number}.seg`);
  }

  #about(number: number): Buffer {
    return Buffer.from(`${this.#options.camera}/${number}`);
  }
}

/** MPEG-TS -> fragmented MP4, without touching the pictures. */
async function muxed(ts: Buffer): Promise<Buffer> {
  const child = startFfmpeg(
    [
      ...["-hide_banner", "-nostats", "-loglevel", "error", "-dts_delta_threshold", "1"],
      ...["-f", "mpegts", "-i", "pipe:0", "-map", "0:v:0", "-an", "-sn", "-dn", "-c:v", "copy"],
      ...["-movflags", "frag_keyframe+empty_moov+default_base_moof", "-f", "mp4", "pipe:1"],
    ],
    { takesInput: true },
  );
  const timer = setTimeout(() => void child.kill(), MUX_MS);
  const parts: Buffer[] = [];
  child.stdout.on("data", (part: Buffer) => parts.push(part));
  child.stdin!.end(ts);
  const end = await child.ended;
  clearTimeout(timer);
  const mp4 = Buffer.concat(parts);
  if (mp4.length === 0) throw new Error(`the last seconds could not be put together: ${end.why}`);
  return mp4;
}
