/**
 * Clips on disk: encrypted with the node's own key (AES-256-GCM, NIST SP 800-38D, a fresh random 96-bit nonce each), deleted on time,
 * bounded. Who takes the card without the key file has noise; who alters a clip or its name has nothing.
 *
 *   clips/<expiry, seconds since 1970>-<arrival>.clip = "TOCSINCLIP1" | nonce 12 | tag 16 | ciphertext
 *   plaintext = one line of JSON (start, rate, onset) and the samples, little-endian int16; the file's name is authenticated with it
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#contract/errors.ts";
import type { ClipStore, Log, StoredClip } from "../ports.ts";
import { openClipKey } from "./clip-key.ts";

export interface ClipStoreOptions {
  /** Holds `clips/` and `clip.key`. */
  folder: string;
  keepS: number;
  maxBytes: number;
  /** UTC, seconds since 1970; undefined while the node has no valid time. */
  nowS: () => number | undefined;
  log: Log;
  /** Seconds that go on whatever happens to the clock; those of this process where it is not given. */
  monotonicS?: () => number;
}

const MAGIC = Buffer.from("TOCSINCLIP1");
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** The privacy limit: no clip is longer. */
const MAX_S = 2;
const NAME = /^(\d+)-([A-Za-z0-9._:-]{1,64})\.clip$/;

interface Kept {
  name: string;
  bytes: number;
  expiresS: number;
  /** When it was put or found, monotonic seconds. */
  sinceS: number;
  /** When it goes where there is no time, monotonic seconds: `keepS` after `sinceS`, sooner where the time was known since. */
  untilS: number;
}

export class EncryptedClipStore implements ClipStore {
  readonly keepS: number;
  readonly counters = {
    clips: 0,
    clipBytes: 0,
    clipsExpired: 0,
    clipsDropped: 0,
    clipsUnreadable: 0,
    clipWriteErrors: 0,
  };
  readonly #options: ClipStoreOptions;
  readonly #folder: string;
  readonly #key: Buffer;
  /** By arrival, oldest first. */
  readonly #kept = new Map<string, Kept>();
  readonly #sweeper: NodeJS.Timeout;
  #diskFailed = false;

  /** Throws `Fault` (config) where the folder or the key cannot be used. */
  constructor(options: ClipStoreOptions) {
    this.#options = options;
    this.keepS = options.keepS;
    this.#folder = join(options.folder, "clips");
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      this.#key = openClipKey(join(options.folder, "clip.key"));
      this.#readFolder();
    } catch (cause) {
      if (cause instanceof Fault) throw cause;
      throw new Fault("config", `clips in ${options.folder}: ${(cause as Error).message}`, { cause });
    }
    this.sweep();
    this.#sweeper = setInterval(() => this.sweep(), Math.min(60_000, Math.max(100, options.keepS * 100)));
    this.#sweeper.unref();
  }

  async put(clip: StoredClip): Promise<boolean> {
    if (clip.pcm16.length > MAX_S * clip.sampleRateHz) throw new RangeError(`a clip is at most ${MAX_S} s long`);
    const nowS = this.#options.nowS() ?? Number(clip.startUtcNs / 1_000_000_000n);
    const expiresS = Math.ceil(nowS + this.keepS);
    const name = `${expiresS}-${clip.arrival}.clip`;
    if (!NAME.test(name)) throw new RangeError(`not an arrival's id: ${clip.arrival}`);
    const sealed = seal(this.#key, name, clip);
    this.#makeRoom(sealed.length);
    const path = join(this.#folder, name);
    try {
      await writeFile(`${path}.part`, sealed, { mode: 0o600, flush: true });
      await rename(`${path}.part`, path);
    } catch (error) {
      this.counters.clipWriteErrors += 1;
      if (!this.#diskFailed)
        this.#options.log.error({ why: (error as Error).message }, "clips cannot be kept: free or replace the disk");
      this.#diskFailed = true;
      await rm(`${path}.part`, { force: true }).catch(() => undefined);
      return false;
    }
    this.#diskFailed = false;
    this.#kept.set(clip.arrival, { name, bytes: sealed.length, expiresS, ...this.#fromNow() });
    this.#count();
    return true;
  }

  async get(arrival: string): Promise<StoredClip | undefined> {
    this.sweep();
    const kept = this.#kept.get(arrival);
    if (!kept) return undefined;
    try {
      return unseal(this.#key, kept.name, arrival, await readFile(join(this.#folder, kept.name)));
    } catch (error) {
      this.counters.clipsUnreadable += 1;
      this.#options.log.error(
        { arrival, why: (error as Error).message },
        "a clip is damaged or was altered; it is deleted",
      );
      this.#delete(arrival, kept);
      return undefined;
    }
  }

  /**
   * Deletes what is due. Also what would be kept longer than `keepS` from now: the clock was wrong when it was kept. A node that was
   * started without valid time does not take its clock's word for that, and keeps what it found until it has one, `keepS` at most. Time
   * that is lost again postpones nothing: what was left of it goes on without.
   */
  sweep(): void {
    const nowS = this.#options.nowS();
    const monotonicS = this.#monotonicS();
    for (const [arrival, kept] of this.#kept) {
      const leftS = nowS === undefined ? undefined : kept.expiresS - nowS;
      if (leftS !== undefined) kept.untilS = Math.min(kept.sinceS + this.keepS, monotonicS + leftS);
      const tooLong = leftS !== undefined && leftS > this.keepS + 1;
      if (!tooLong && monotonicS < kept.untilS) continue;
      this.#delete(arrival, kept);
      this.counters.clipsExpired += 1;
    }
    this.#count();
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
  }

  #monotonicS(): number {
    return this.#options.monotonicS?.() ?? performance.now() / 1000;
  }

  #fromNow(): Pick<Kept, "sinceS" | "untilS"> {
    const sinceS = this.#monotonicS();
    return { sinceS, untilS: sinceS + this.keepS };
  }

  #makeRoom(bytes: number): void {
    let total = this.counters.clipBytes + bytes;
    for (const [arrival, kept] of this.#kept) {
      if (total <= this.#options.maxBytes) break;
      total -= kept.bytes;
      this.#delete(arrival, kept);
      this.counters.clipsDropped += 1;
    }
    this.#count();
  }

  #delete(arrival: string, kept: Kept): void {
    try {
      rmSync(join(this.#folder, kept.name), { force: true });
      this.#kept.delete(arrival);
    } catch (error) {
      this.#options.log.error(
        { arrival, why: (error as Error).message },
        "a clip could not be deleted; it is tried again",
      );
    }
  }

  #readFolder(): void {
    const found: (Kept & { arrival: string })[] = [];
    for (const name of readdirSync(this.#folder)) {
      const match = NAME.exec(name);
      const path = join(this.#folder, name);
      // Half-written when the power went.
      if (!match) rmSync(path, { force: true });
      else {
        const [, expires, arrival] = match as unknown as [string, string, string];
        found.push({
          arrival,
          name,
          bytes: statSync(path).size,
          expiresS: Number(expires),
          ...this.#fromNow(),
        });
      }
    }
    for (const { arrival, ...kept } of found.sort((a, b) => a.expiresS - b.expiresS)) this.#kept.set(arrival, kept);
    this.#count();
  }

  #count(): void {
    this.counters.clips = this.#kept.size;
    let bytes = 0;
    for (const kept of this.#kept.values()) bytes += kept.bytes;
    this.counters.clipBytes = bytes;
  }
}

function seal(key: Buffer, name: string, clip: StoredClip): Buffer {
  const { startUtcNs, sampleRateHz, onsetS, pcm16 } = clip;
  const head = Buffer.from(`${JSON.stringify({ startUtcNs: startUtcNs.toString(), sampleRateHz, onsetS })}\n`);
  const sound = Buffer.alloc(pcm16.length * 2);
  for (const [i, x] of pcm16.entries()) sound.writeInt16LE(x, 2 * i);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(name));
  const sealed = Buffer.concat([cipher.update(head), cipher.update(sound), cipher.final()]);
  return Buffer.concat([MAGIC, nonce, cipher.getAuthTag(), sealed]);
}

function unseal(key: Buffer, name: string, arrival: string, file: Buffer): StoredClip {
  const sealedAt = MAGIC.length + NONCE_BYTES + TAG_BYTES;
  if (file.length < sealedAt || !file.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error("not a clip of ours");
  const nonce = file.subarray(MAGIC.length, MAGIC.length + NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(name));
  decipher.setAuthTag(file.subarray(MAGIC.length + NONCE_BYTES, sealedAt));
  const plain = Buffer.concat([decipher.update(file.subarray(sealedAt)), decipher.final()]);
  const end = plain.indexOf(0x0a);
  const head = JSON.parse(plain.toString("utf8", 0, end)) as {
    startUtcNs: string;
    sampleRateHz: number;
    onsetS: number;
  };
  const pcm16 = new Int16Array((plain.length - end - 1) / 2);
  for (let i = 0; i < pcm16.length; i++) pcm16[i] = plain.readInt16LE(end + 1 + 2 * i);
  return { arrival, startUtcNs: BigInt(head.startUtcNs), sampleRateHz: head.sampleRateHz, onsetS: head.onsetS, pcm16 };
}
