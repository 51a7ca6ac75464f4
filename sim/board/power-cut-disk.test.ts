/** The disk that loses what was not flushed, asked by qemu's own client. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PowerCutDisk } from "./power-cut-disk.ts";

/** Speaks the protocol as a client, one request at a time. */
class Client {
  readonly #socket: Socket;
  #held = Buffer.alloc(0);
  #wake: () => void = () => undefined;

  constructor(path: string) {
    this.#socket = createConnection(path);
    this.#socket.on("data", (chunk: Buffer) => {
      this.#held = Buffer.concat([this.#held, chunk]);
      this.#wake();
    });
  }

  async #take(bytes: number): Promise<Buffer> {
    while (this.#held.length < bytes)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    const taken = this.#held.subarray(0, bytes);
    this.#held = this.#held.subarray(bytes);
    return taken;
  }

  async open(): Promise<bigint> {
    assert.is((await this.#take(18)).toString("latin1", 0, 16), "NBDMAGICIHAVEOPT");
    const go = Buffer.alloc(4 + 16 + 6);
    go.writeUInt32BE(3);
    go.write("IHAVEOPT", 4);
    go.writeUInt32BE(7, 12);
    go.writeUInt32BE(6, 16);
    this.#socket.write(go);
    const info = await this.#take(20 + 12);
    await this.#take(20);
    return info.readBigUInt64BE(22);
  }

  async ask(type: number, at: number, length: number, data = Buffer.alloc(0)): Promise<Buffer> {
    const head = Buffer.alloc(28);
    head.writeUInt32BE(0x25609513);
    head.writeUInt16BE(type, 6);
    head.writeBigUInt64BE(BigInt(at), 16);
    head.writeUInt32BE(length, 24);
    this.#socket.write(Buffer.concat([head, data]));
    assert.is((await this.#take(16)).readUInt32BE(4), 0);
    return type === 0 ? this.#take(length) : data;
  }

  write = (sector: number, text: string) => this.ask(1, 512 * sector, 512, Buffer.alloc(512, text));
  read = async (sector: number) => (await this.ask(0, 512 * sector, 512)).toString("latin1", 0, 1);
  flush = () => this.ask(3, 0, 0);
}

async function withDisk(work: (disk: PowerCutDisk, client: Client, file: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-disk-"));
  const file = join(folder, "disk.img");
  writeFileSync(file, Buffer.alloc(64 * 512, "0"));
  const disk = await PowerCutDisk.open(file, join(folder, "socket"));
  try {
    const client = new Client(join(folder, "socket"));
    assert.is(await client.open(), 64n * 512n);
    await work(disk, client, file);
  } finally {
    await disk.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const sectorOf = (file: string, sector: number) =>
  readFileSync(file).toString("latin1", 512 * sector, 512 * sector + 1);

test("what was flushed is there after a cut; what was written after it was read before and is gone", () =>
  withDisk(async (disk, client, file) => {
    await client.write(1, "a");
    await client.write(2, "b");
    await client.flush();
    await client.write(2, "c");
    await client.write(3, "d");
    assert.is(await client.read(2), "c");
    assert.is(disk.unflushedSectors, 2);
    disk.cut(() => false);
    assert.equal(
      [1, 2, 3].map((sector) => sectorOf(file, sector)),
      ["a", "b", "0"],
    );
    assert.equal(disk.counters, { flushes: 1, written: 4, lost: 2, kept: 0 });
  }));

test("a fork is what a cut would leave; the disk goes on", () =>
  withDisk(async (disk, client, file) => {
    await client.write(1, "a");
    await client.flush();
    await client.write(2, "b");
    await client.write(3, "c");
    let asked = 0;
    assert.is(
      disk.fork(`${file}.fork`, () => ++asked === 2),
      1,
    );
    const found = [1, 2, 3].map((sector) => sectorOf(`${file}.fork`, sector));
    assert.equal(found, ["a", "0", "c"]);
    assert.is(await client.read(2), "b");
  }));

test("a later sector may outlive an earlier one", () =>
  withDisk(async (disk, client, file) => {
    await client.write(1, "a");
    await client.write(2, "b");
    let asked = 0;
    disk.cut(() => ++asked === 2);
    assert.equal(
      [1, 2].map((sector) => sectorOf(file, sector)),
      ["0", "b"],
    );
  }));

const qemu = spawnSync("qemu-io", ["--version"]);
if (qemu.error) console.log("skipped: no qemu-io; the disk is not asked by a client of others");
else
  test("qemu understands it", async () => {
    // In a process of its own: qemu-io is waited for without a standstill of the disk.
    const { execFile } = await import("node:child_process");
    const { promisify } = await import("node:util");
    const folder = mkdtempSync(join(tmpdir(), "tocsin-disk-"));
    const file = join(folder, "disk.img");
    writeFileSync(file, Buffer.alloc(2 ** 20));
    const socket = join(folder, "socket");
    const disk = await PowerCutDisk.open(file, socket);
    const image = `driver=nbd,server.type=unix,server.path=${socket}`;
    try {
      const ask = (...commands: string[]) =>
        promisify(execFile)("qemu-io", ["--image-opts", image, ...commands.flatMap((command) => ["-c", command])]);
      const { stdout } = await ask("write -P 7 4096 65536", "read -P 7 4096 65536", "flush");
      assert.not.match(stdout, /fail|error/i);
      disk.cut(() => false);
      assert.is(readFileSync(file)[4096], 7);
    } finally {
      await disk.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

test.run();
