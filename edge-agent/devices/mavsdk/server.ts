/**
 * `mavsdk_server` as a supervised child: started again with growing pauses when it dies (it aborts on some faults), stopped with us.
 * Its gRPC port opens only after the first vehicle is heard; where it listens it says in its log.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Logger } from "pino";
import { Fault } from "#contract/errors.ts";

export interface MavsdkServerOptions {
  /** Folder that `bin/mavsdk-setup.mjs` filled: `mavsdk_server`, `descriptors.binpb`. */
  folder: string;
  /** `udpin://0.0.0.0:14540`, `udpout://host:port`, `serial:///dev/ttyACM0:57600`, `tcpout://host:port`. */
  url: string;
  /** MAVLink system id of this ground station; PX4 and ArduPilot expect 245 to 255. Default 245. */
  systemId?: number;
  log: Pick<Logger, "info" | "warn" | "error" | "debug">;
  /** The gRPC server listens at this port of this host. */
  onUp: (port: number) => void;
  /** It ended; it is being started again. */
  onDown: (why: string) => void;
}

/** Pauses before each start, milliseconds; the last repeats. */
const pausesMs = [100, 250, 500, 1000, 2000, 5000] as const;
/** A run of this length starts the pauses over. */
const soundRunMs = 20_000;

export class MavsdkServer {
  readonly #options: MavsdkServerOptions;
  readonly #program: string;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #failures = 0;
  #ended: Promise<void> = Promise.resolve();
  restarts = 0;

  constructor(options: MavsdkServerOptions) {
    this.#options = options;
    this.#program = join(options.folder, "mavsdk_server");
    if (!existsSync(this.#program) || !existsSync(join(options.folder, "descriptors.binpb")))
      throw new Fault("config", `no mavsdk_server in ${options.folder}: run "node bin/mavsdk-setup.mjs"`);
    if (!/^(udpin|udpout|tcpin|tcpout|serial):\/\/\S+$/.test(options.url))
      throw new Fault(
        "config",
        `vehicle address "${options.url}" must be like udpin://0.0.0.0:14540, udpout://, tcpout://, tcpin:// or serial:///dev/ttyACM0:57600`,
      );
    this.#start();
  }

  /** Process id while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  #start(): void {
    const { url, systemId, log } = this.#options;
    const flags = ["-p", "0", "--sysid", String(systemId ?? 245), url];
    // The kernel ends it when we die, however we die: an orphan would keep the port and answer for us.
    const tether = onPath("setpriv");
    const [program, args] =
      tether === undefined ? [this.#program, flags] : [tether, ["--pdeathsig", "KILL", this.#program, ...flags]];
    const startedMs = performance.now();
    const scratch = this.#scratch();
    const env = { ...process.env, ...(scratch !== undefined && { TMPDIR: scratch }) };
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env });
    this.#child = child;
    let up = false;
    const said: string[] = [];
    const read = (line: string) => {
      const port = /Server set to listen on \S+:(\d+)/.exec(line)?.[1];
      if (port !== undefined && !up) {
        up = true;
        this.#options.onUp(Number(port));
      }
      if (said.push(line) > 3) said.shift();
      log.debug({ line }, "mavsdk_server");
      // It stays, deaf, when its port or serial device cannot be opened: a fresh one tries again.
      if (/Connection failed/.test(line)) this.kick();
    };
    child.stdout?.on("data", lineReader(read));
    child.stderr?.on("data", lineReader(read));
    let ended = false;
    this.#ended = new Promise((resolve) => {
      const end = (why: string) => {
        if (ended) return;
        ended = true;
        this.#child = undefined;
        if (scratch !== undefined) rm(scratch, { recursive: true, force: true }).catch(() => undefined);
        resolve();
        if (!this.#closed) this.#again(why, said, performance.now() - startedMs);
      };
      child.once("error", (error) => end(error.message));
      child.once("exit", (code, signal) => end(signal ? `ended by ${signal}` : `ended with status ${code}`));
    });
  }

  /** It makes a folder for each vehicle it meets and removes none. Where the disk gives no folder it starts all the same. */
  #scratch(): string | undefined {
    try {
      return mkdtempSync(join(tmpdir(), "tocsin-mavsdk-"));
    } catch (err) {
      this.#options.log.warn({ err }, "no folder of its own for mavsdk_server's temporary files");
      return undefined;
    }
  }

  #again(why: string, said: readonly string[], ranMs: number): void {
    if (ranMs > soundRunMs) this.#failures = 0;
    const pauseMs = pausesMs[Math.min(this.#failures++, pausesMs.length - 1)] ?? 5000;
    this.restarts++;
    this.#options.log.warn({ why, said, pauseMs, restarts: this.restarts }, "mavsdk_server ended; starting it again");
    this.#options.onDown(why);
    this.#timer = setTimeout(() => this.#start(), pauseMs);
  }

  /** Ends it and starts it again, for a server that runs but answers no more. */
  kick(): void {
    this.#child?.kill("SIGKILL");
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#child?.kill("SIGKILL");
    await this.#ended;
  }
}

function onPath(program: string): string | undefined {
  return ["/usr/bin", "/bin", ...(process.env.PATH ?? "").split(delimiter)]
    .map((folder) => join(folder, program))
    .find((file) => existsSync(file));
}

/** Whole lines without terminal colours. */
function lineReader(take: (line: string) => void): (chunk: Buffer) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = (lines.pop() ?? "").slice(-2000);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a terminal colour is
    for (const line of lines) take(line.replace(/\x1b\[[0-9;]*m/g, "").trim());
  };
}
