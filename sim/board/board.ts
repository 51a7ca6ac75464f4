/** A virtual board: qemu on disks that lose what was not flushed, commanded through qemu's guest agent. Power is cut by `cut`. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { PowerCutDisk } from "./power-cut-disk.ts";

export interface BoardOptions {
  name: string;
  /** For sockets and logs. */
  folder: string;
  /** Kernel and initrd. */
  boot: { kernel: string; initrd: string };
  /** Disk images; /dev/vda is the root. */
  disks: readonly string[];
  /** From a port of this machine's loopback to one of the board's. */
  forwards: readonly { from: number; to: number; protocol?: "udp" }[];
  memoryMb?: number;
  /** What the hardware clock says at each boot, UTC; that of this machine where it is not given. */
  clock?: string;
  /** Lines that programs on the board write to /dev/virtio-ports/NAME. */
  listeners?: Readonly<Record<string, (line: string) => void>>;
}

export interface Ran {
  code: number;
  out: string;
}

const BOOT_MS = 600_000;

export class Board {
  readonly disks: PowerCutDisk[] = [];
  readonly #options: BoardOptions;
  #qemu: ChildProcess | undefined;
  #agent: GuestAgent | undefined;
  #heard: Socket[] = [];

  private constructor(options: BoardOptions) {
    this.#options = options;
  }

  static async make(options: BoardOptions): Promise<Board> {
    const board = new Board(options);
    for (const [i, file] of options.disks.entries())
      board.disks.push(await PowerCutDisk.open(file, board.#path(`disk${i}`)));
    return board;
  }

  /** Resolves when commands are taken. */
  async powerOn(): Promise<void> {
    for (const disk of this.disks) disk.restore();
    const log = openSync(this.#path("qemu.log"), "a");
    const qemu = spawn("qemu-system-x86_64", this.#arguments(), { stdio: ["ignore", log, log] });
    closeSync(log);
    this.#qemu = qemu;
    let notStarted: Error | undefined;
    qemu.on("error", (error) => {
      notStarted = error;
    });
    const end = performance.now() + BOOT_MS;
    for (;;) {
      await pause(250);
      if (notStarted) {
        this.#qemu = undefined;
        throw new Error(`qemu was not started: ${notStarted.message}`, { cause: notStarted });
      }
      const ending = qemu.exitCode ?? qemu.signalCode;
      if (ending !== null) throw new Error(`qemu ended with ${ending}: see ${this.#path("qemu.log")}`);
      this.#agent = await GuestAgent.reach(this.#path("agent")).catch(() => undefined);
      if (this.#agent) break;
      if (performance.now() > end)
        throw new Error(`${this.#options.name} did not boot: see ${this.#path("console.log")}`);
    }
    for (const [name, listener] of Object.entries(this.#options.listeners ?? {})) {
      const socket = connect(this.#path(name)).on("error", () => undefined);
      createInterface({ input: socket })
        .on("line", listener)
        .on("error", () => undefined);
      this.#heard.push(socket);
    }
  }

  /** Runs a shell script as root. */
  async run(script: string, withinS = 120): Promise<Ran> {
    if (!this.#agent) throw new Error(`${this.#options.name} has no power`);
    return this.#agent.run(script, withinS);
  }

  /** As `run`, where the script shall end well. @returns what it wrote. */
  async does(script: string, withinS?: number): Promise<string> {
    const { code, out } = await this.run(script, withinS);
    if (code !== 0) throw new Error(`${this.#options.name}: ${script.slice(0, 200)}: ended with ${code}: ${out}`);
    return out;
  }

  /** Power is gone from one instruction to the next. @param keeps see `PowerCutDisk.cut` */
  async cut(keeps: () => boolean): Promise<void> {
    const qemu = this.#qemu;
    if (!qemu) return;
    const ended = new Promise((resolve) => qemu.once("exit", resolve));
    qemu.kill("SIGKILL");
    if (qemu.exitCode === null && qemu.signalCode === null) await ended;
    for (const disk of this.disks) disk.cut(keeps);
    this.#qemu = undefined;
    this.#agent?.close();
    this.#agent = undefined;
    // What was said before the cut is still in the socket.
    await pause(50);
    for (const socket of this.#heard.splice(0)) socket.destroy();
  }

  async close(): Promise<void> {
    await this.cut(() => true);
    for (const disk of this.disks) await disk.close();
  }

  #path(name: string): string {
    return join(this.#options.folder, `${this.#options.name}.${name}`);
  }

  #arguments(): string[] {
    const { boot, disks, forwards, memoryMb = 1024, clock } = this.#options;
    const forwarded = forwards.map(({ from, to, protocol = "tcp" }) => `,hostfwd=${protocol}:127.0.0.1:${from}-:${to}`);
    const port = (id: string, name: string) => [
      ...["-chardev", `socket,id=${id},path=${this.#path(id)},server=on,wait=off`],
      ...["-device", `virtserialport,chardev=${id},name=${name}`],
    ];
    return [
      ...(hasKvm() ? ["-accel", "kvm", "-cpu", "host"] : ["-accel", "tcg,thread=multi", "-cpu", "Nehalem"]),
      ...["-smp", "2", "-m", String(memoryMb), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
      ...["-kernel", boot.kernel, "-initrd", boot.initrd],
      ...["-append", `root=/dev/vda rw console=ttyS0 panic=-1 quiet mitigations=off systemd.show_status=0`],
      ...["-serial", `file:${this.#path("console.log")}`],
      ...disks.flatMap((_, i) => [
        ...["-blockdev", `driver=nbd,node-name=d${i},server.type=unix,server.path=${this.#path(`disk${i}`)}`],
        ...["-device", `virtio-blk-pci,drive=d${i},write-cache=on`],
      ]),
      ...["-device", "virtio-serial-pci"],
      ...port("agent", "org.qemu.guest_agent.0"),
      ...Object.keys(this.#options.listeners ?? {}).flatMap((name) => port(name, name)),
      ...["-netdev", `user,id=n0${forwarded.join("")}`, "-device", "virtio-net-pci,netdev=n0"],
      ...["-device", "virtio-rng-pci"],
      ...(clock === undefined ? [] : ["-rtc", `base=${clock}`]),
    ];
  }
}

/** qemu-guest-agent: a line of JSON asks, a line of JSON answers (qemu's docs/interop/qemu-ga-ref). */
class GuestAgent {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    createInterface({ input: socket })
      .on("line", (line) => {
        // Answers to whoever asked before us have other numbers.
        const answer = JSON.parse(line) as Answer;
        this.#waiting.get(answer.id ?? 0)?.(answer);
      })
      .on("error", () => undefined);
    socket.on("close", () => {
      for (const answer of this.#waiting.values()) answer({ error: { desc: "the board has no power" } });
    });
  }

  /** Rejects where nobody answers yet. */
  static async reach(path: string): Promise<GuestAgent> {
    const socket = connect(path);
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    socket.on("error", () => undefined);
    const agent = new GuestAgent(socket);
    const isThere = await Promise.race([agent.#ask("guest-ping").then(() => true), pause(2000, false)]);
    if (isThere) return agent;
    socket.destroy();
    throw new Error("no answer");
  }

  async run(script: string, withinS: number): Promise<Ran> {
    const started = await this.#ask("guest-exec", {
      path: "/bin/sh",
      arg: ["-c", `exec 2>&1\n${script}`],
      "capture-output": true,
    });
    const { pid } = started as { pid: number };
    const end = performance.now() + 1000 * withinS;
    for (let waitMs = 20; ; waitMs = Math.min(500, 2 * waitMs)) {
      await pause(waitMs);
      const status = (await this.#ask("guest-exec-status", { pid })) as {
        exited: boolean;
        exitcode?: number;
        "out-data"?: string;
      };
      const out = Buffer.from(status["out-data"] ?? "", "base64").toString();
      if (status.exited) return { code: status.exitcode ?? -1, out };
      if (performance.now() > end) throw new Error(`not ended after ${withinS} s: ${script.slice(0, 200)}`);
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #ask(execute: string, args?: object): Promise<unknown> {
    const id = (numberOfAsks += 1);
    return new Promise<unknown>((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error("the board has no power"));
      this.#waiting.set(id, ({ return: value, error }) => {
        this.#waiting.delete(id);
        if (error) reject(new Error(`${execute}: ${error.desc}`));
        else resolve(value);
      });
      this.#socket.write(`${JSON.stringify({ execute, id, ...(args && { arguments: args }) })}\n`);
    });
  }
}

/** Over all connections: an answer may come to the next one. */
let numberOfAsks = 0;

interface Answer {
  id?: number;
  return?: unknown;
  error?: { desc: string };
}

/** A processor that virtualises. Without it /dev/kvm may be there all the same, of a kernel that emulates: Debian's kernel was not unpacked there in minutes. */
export function hasKvm(): boolean {
  return existsSync("/dev/kvm") && /^flags\s*:.*\b(vmx|svm)\b/m.test(readFileSync("/proc/cpuinfo", "utf8"));
}

/** Runs a program of this machine to its end. */
export const execute = promisify(execFile);
