/**
 * A disk with a volatile write cache, for a virtual machine, served over NBD (the protocol of nbd's doc/proto.md, fixed newstyle).
 *
 * What the machine writes stays in memory until the machine asks for a flush; a power cut drops it, whole or in part and sector by sector,
 * as a card's or a disk's own cache does. Killing a virtual machine alone does not show a missing flush: what it has written stands in the host's
 * memory or file by then, and the host's power does not go.
 */
import { closeSync, constants, copyFileSync, fstatSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";

const SECTOR = 512;
/** A real cache writes what it holds by itself when it is full. */
const MOST_SECTORS = (256 * 2 ** 20) / SECTOR;

const OPTION_MAGIC = 0x49484156454f5054n; // "IHAVEOPT"
const REPLY_MAGIC = 0x3e889045565a9n;
const REQUEST_MAGIC = 0x25609513;
const ANSWER_MAGIC = 0x67446698;
const [OPTION_ABORT, OPTION_GO] = [2, 7];
const [ACK, INFO, UNSUPPORTED] = [1, 3, 0x80000001];
/** Flags: there are flags, flushes are understood. */
const CAN_FLUSH = 1 | 4;
const [READ, WRITE, DISCONNECT, FLUSH] = [0, 1, 2, 3];
const EINVAL = 22;

export class PowerCutDisk {
  /** `lost` and `kept`: sectors that were not flushed when the power went. */
  readonly counters = { flushes: 0, written: 0, lost: 0, kept: 0 };
  readonly #path: string;
  readonly #file: number;
  readonly #bytes: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Sectors that no flush has made safe, in the order they came. */
  #unflushed = new Map<number, Buffer>();
  #isCut = false;

  private constructor(file: string) {
    this.#path = file;
    this.#file = openSync(file, "r+");
    this.#bytes = fstatSync(this.#file).size;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      // A machine that is killed breaks its connection: what it was saying is over.
      this.#serve(new Reader(socket), socket).catch(() => socket.destroy());
    });
  }

  /** @param file its contents, of a fixed size; `socketPath` is where qemu finds it. */
  static async open(file: string, socketPath: string): Promise<PowerCutDisk> {
    const disk = new PowerCutDisk(file);
    rmSync(socketPath, { force: true });
    await new Promise<void>((resolve, reject) => {
      disk.#server.once("error", reject).listen(socketPath, resolve);
    });
    return disk;
  }

  get unflushedSectors(): number {
    return this.#unflushed.size;
  }

  /** The power goes: nothing more is taken. @param keeps asked for each unflushed sector; where true it had reached the disk all the same, in whatever order. */
  cut(keeps: () => boolean): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
    for (const [sector, bytes] of this.#unflushed) {
      if (keeps()) {
        writeSync(this.#file, bytes, 0, SECTOR, sector * SECTOR);
        this.counters.kept++;
      } else this.counters.lost++;
    }
    this.#unflushed.clear();
  }

  /** What a cut would leave now, as another file; this disk goes on. @param keeps as of `cut` @returns how many sectors it lost. */
  fork(file: string, keeps: () => boolean): number {
    // All of this instant: what the machine writes meanwhile belongs to a later one.
    const kept = [...this.#unflushed].filter(() => keeps());
    const lost = this.#unflushed.size - kept.length;
    copyFileSync(this.#path, file, constants.COPYFILE_FICLONE);
    const copy = openSync(file, "r+");
    for (const [sector, bytes] of kept) writeSync(copy, bytes, 0, SECTOR, sector * SECTOR);
    closeSync(copy);
    return lost;
  }

  /** The power is back. */
  restore(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    this.#destage();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    closeSync(this.#file);
  }

  async #serve(reader: Reader, socket: Socket): Promise<void> {
    const hello = Buffer.alloc(18);
    hello.write("NBDMAGICIHAVEOPT");
    hello.writeUInt16BE(3, 16);
    socket.write(hello);
    await reader.take(4);
    for (;;) {
      const head = await reader.take(16);
      if (head.readBigUInt64BE() !== OPTION_MAGIC) throw new Error("not an NBD client");
      const option = head.readUInt32BE(8);
      await reader.take(head.readUInt32BE(12));
      if (option === OPTION_ABORT) return void socket.end(optionReply(option, ACK));
      if (option !== OPTION_GO) {
        socket.write(optionReply(option, UNSUPPORTED));
        continue;
      }
      const info = Buffer.alloc(12);
      info.writeBigUInt64BE(BigInt(this.#bytes), 2);
      info.writeUInt16BE(CAN_FLUSH, 10);
      socket.write(optionReply(option, INFO, info));
      socket.write(optionReply(option, ACK));
      break;
    }
    for (;;) {
      const head = await reader.take(28);
      if (head.readUInt32BE() !== REQUEST_MAGIC) throw new Error("out of step");
      const type = head.readUInt16BE(6);
      const at = Number(head.readBigUInt64BE(16));
      const length = head.readUInt32BE(24);
      const data = type === WRITE ? await reader.take(length) : undefined;
      if (this.#isCut || type === DISCONNECT) return void socket.end();
      const answer = Buffer.alloc(16);
      answer.writeUInt32BE(ANSWER_MAGIC);
      head.copy(answer, 8, 8, 16);
      const isWell = at % SECTOR === 0 && length % SECTOR === 0 && at + length <= this.#bytes;
      if (!isWell || ![READ, WRITE, FLUSH].includes(type)) answer.writeUInt32BE(EINVAL, 4);
      else if (data) this.#write(at, data);
      else if (type === FLUSH) this.#flush();
      socket.write(answer);
      if (isWell && type === READ) socket.write(this.#read(at, length));
    }
  }

  #read(at: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    readSync(this.#file, bytes, 0, length, at);
    if (this.#unflushed.size === 0) return bytes;
    for (let offset = 0; offset < length; offset += SECTOR)
      this.#unflushed.get((at + offset) / SECTOR)?.copy(bytes, offset);
    return bytes;
  }

  #write(at: number, data: Buffer): void {
    for (let offset = 0; offset < data.length; offset += SECTOR)
      this.#unflushed.set((at + offset) / SECTOR, data.subarray(offset, offset + SECTOR));
    this.counters.written += data.length / SECTOR;
    if (this.#unflushed.size > MOST_SECTORS) this.#destage();
  }

  #flush(): void {
    this.counters.flushes++;
    this.#destage();
  }

  /** Neighbours go to the file together. */
  #destage(): void {
    const sectors = [...this.#unflushed.keys()].sort((a, b) => a - b);
    for (let from = 0; from < sectors.length; ) {
      let to = from + 1;
      while (to < sectors.length && sectors[to] === sectors[to - 1]! + 1) to++;
      const run = Buffer.concat(sectors.slice(from, to).map((sector) => this.#unflushed.get(sector)!));
      writeSync(this.#file, run, 0, run.length, sectors[from]! * SECTOR);
      from = to;
    }
    this.#unflushed = new Map();
  }
}

function optionReply(option: number, kind: number, data = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(20);
  head.writeBigUInt64BE(REPLY_MAGIC);
  head.writeUInt32BE(option, 8);
  head.writeUInt32BE(kind, 12);
  head.writeUInt32BE(data.length, 16);
  return Buffer.concat([head, data]);
}

/** So many bytes at a time from a stream. */
class Reader {
  #chunks: Buffer[] = [];
  #held = 0;
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(socket: Socket) {
    const wake = () => this.#wake?.();
    socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#held += chunk.length;
      wake();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#ended = true;
      wake();
    });
  }

  async take(bytes: number): Promise<Buffer> {
    while (this.#held < bytes) {
      if (this.#ended) throw new Error("the connection is closed");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const all = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#held -= bytes;
    this.#chunks = this.#held > 0 ? [all.subarray(bytes)] : [];
    return all.subarray(0, bytes);
  }
}
