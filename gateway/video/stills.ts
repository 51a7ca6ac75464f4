/** Still pictures: the newest keyframe of a stream, decoded by ffmpeg; and snapshots that somebody puts on an incident's record. */
import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { ulid } from "ulid";
import type { SnapshotView } from "#contract/video.ts";
import { Refusal } from "../http/refusal.ts";
import { sha256Hex } from "../incidents/chain.ts";
import type { FromRelay, ToRelay } from "../relay/pipe.ts";
import { openSealed, SealedFile } from "./sealed-file.ts";

const ANSWER_MS = 2_000;
const DECODE_MS = 5_000;
/** Decoding costs a core for some 50 ms: so many at once, and the others wait for the next second. */
const AT_ONCE = 2;
/** One picture serves everybody who asks within this time. */
const FRESH_MS = 900;

type StillMessage = Extract<FromRelay, { type: "still" }>;

/** IVF around one VP8 frame, since a bare one has no length. */
function ivfOf(frame: Uint8Array): Buffer {
  const head = Buffer.alloc(32);
  head.write("DKIF", 0, "latin1");
  head.writeUInt16LE(32, 6);
  head.write("VP80", 8, "latin1");
  head.writeUInt32LE(30, 16);
  head.writeUInt32LE(1, 20);
  head.writeUInt32LE(1, 24);
  const item = Buffer.alloc(12);
  item.writeUInt32LE(frame.length, 0);
  return Buffer.concat([head, item, frame]);
}

export class Stills {
  readonly #relay: (message: ToRelay) => void;
  readonly #ffmpeg: string;
  readonly #waiting = new Map<number, (message: StillMessage) => void>();
  readonly #fresh = new Map<string, { atMs: number; jpeg: Promise<Buffer | undefined> }>();
  #asked = 0;
  #decoding = 0;

  constructor(ffmpeg: string, relay: (message: ToRelay) => void) {
    this.#ffmpeg = ffmpeg;
    this.#relay = relay;
  }

  heard(message: StillMessage): void {
    this.#waiting.get(message.id)?.(message);
    this.#waiting.delete(message.id);
  }

  /** JPEG of the newest keyframe; undefined where there is none. @throws Refusal 503 when too many are being made. */
  async still(stream: string): Promise<Buffer | undefined> {
    const known = this.#fresh.get(stream);
    if (known && Date.now() - known.atMs < FRESH_MS) return known.jpeg;
    if (this.#decoding >= AT_ONCE) throw new Refusal(503, "too many stills at once", { fix: "ask again in a second" });
    this.#decoding++;
    const jpeg = this.#make(stream).finally(() => {
      this.#decoding--;
    });
    this.#fresh.set(stream, { atMs: Date.now(), jpeg });
    for (const [name, { atMs }] of this.#fresh) if (Date.now() - atMs > 10 * FRESH_MS) this.#fresh.delete(name);
    return jpeg;
  }

  async #make(stream: string): Promise<Buffer | undefined> {
    const id = ++this.#asked;
    const answer = await new Promise<StillMessage | undefined>((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        resolve(undefined);
      }, ANSWER_MS);
      this.#waiting.set(id, (message) => {
        clearTimeout(timer);
        resolve(message);
      });
      this.#relay({ type: "still", id, stream });
    });
    if (!answer?.frame) return undefined;
    return this.#decode(
      answer.codec === "VP8" ? ivfOf(answer.frame) : Buffer.from(answer.frame),
      answer.codec === "VP8" ? "ivf" : "h264",
    );
  }

  #decode(input: Buffer, format: string): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      const all = `-hide_banner -loglevel error -f ${format} -i pipe:0 -frames:v 1 -f image2 -c:v mjpeg -q:v 4 pipe:1`;
      const child = spawn(this.#ffmpeg, all.split(" "), { stdio: ["pipe", "pipe", "ignore"], timeout: DECODE_MS });
      const parts: Buffer[] = [];
      child.stdout.on("data", (part: Buffer) => parts.push(part));
      // It may end before it has read all.
      child.stdin.on("error", () => {});
      child.once("error", () => resolve(undefined));
      child.once("close", () => resolve(parts.length === 0 ? undefined : Buffer.concat(parts)));
      child.stdin.end(input);
    });
  }
}

interface SnapshotRow {
  id: string;
  stream: string;
  incident: string;
  at_ms: number;
  by: string;
  sha256: string;
}

/** Pictures that a person kept. Sealed like recordings. */
export class Snapshots {
  readonly #db: DatabaseSync;
  readonly #folder: string;
  readonly #key: Buffer;

  constructor(db: DatabaseSync, folder: string, key: Buffer) {
    this.#db = db;
    this.#folder = folder;
    this.#key = key;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  async keep(stream: string, incident: string, by: string, jpeg: Buffer): Promise<SnapshotView> {
    const row = { id: ulid(), stream, incident, at_ms: Date.now(), by, sha256: sha256Hex(jpeg) };
    const file = await SealedFile.create(join(this.#folder, row.id), this.#key, row.id);
    await file.append(jpeg);
    await file.close();
    this.#db
      .prepare("INSERT INTO snapshot VALUES (?, ?, ?, ?, ?, ?, 0)")
      .run(row.id, stream, incident, row.at_ms, by, row.sha256);
    return viewOf(row);
  }

  list(incident: string): SnapshotView[] {
    const rows = this.#db
      .prepare("SELECT * FROM snapshot WHERE incident = ? AND deleted = 0 ORDER BY at_ms")
      .all(incident) as unknown as SnapshotRow[];
    return rows.map(viewOf);
  }

  /** @throws when it is not the one on the record. */
  async open(id: string): Promise<{ view: SnapshotView; jpeg: Buffer } | undefined> {
    const row = this.#db.prepare("SELECT * FROM snapshot WHERE id = ? AND deleted = 0").get(id) as unknown as
      | SnapshotRow
      | undefined;
    if (!row) return undefined;
    const jpeg = Buffer.concat(await openSealed(join(this.#folder, row.id), this.#key, row.id));
    if (sha256Hex(jpeg) !== row.sha256) throw new Error(`snapshot ${id} is not the one on the record`);
    return { view: viewOf(row), jpeg };
  }

  expire(beforeMs: number): { incident: string; id: string }[] {
    const rows = this.#db
      .prepare("SELECT * FROM snapshot WHERE at_ms < ? AND deleted = 0")
      .all(beforeMs) as unknown as SnapshotRow[];
    for (const { id } of rows) {
      rmSync(join(this.#folder, id), { force: true });
      this.#db.prepare("UPDATE snapshot SET deleted = 1 WHERE id = ?").run(id);
    }
    return rows.map(({ incident, id }) => ({ incident, id }));
  }
}

function viewOf({ id, stream, incident, at_ms, by, sha256 }: SnapshotRow): SnapshotView {
  return { snapshot: id, stream, incident, at: new Date(at_ms).toISOString(), by, sha256 };
}
