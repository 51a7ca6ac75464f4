/** Runs the relay in a process of its own and keeps it alive: restarted when it dies, ended when it no longer answers. */
import { fork } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import type { FromRelay, RelayStart, ToRelay } from "../relay/pipe.ts";
import { Supervisor } from "../supervisor.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const entry = join(root, "gateway/relay/main.ts");
/** It forwards packets all the time: one that is silent so long forwards none. */
const SILENT_MS = 5_000;
const BACKOFF_MS = [100, 500, 1_000, 2_000, 5_000, 10_000];
/** Up for so long, the next death counts as the first. */
const STEADY_MS = 30_000;
const MEMORY_MB = 512;

export interface RelayProcessOptions {
  start: Omit<RelayStart, "type">;
  /** Folder for compiled code: a relay that starts again does so in half the time. */
  compiled?: string;
  log: Logger;
  heard(message: FromRelay): void;
  /** The process is gone and all its sessions with it. */
  lost(how: string): void;
}

export class RelayProcess {
  readonly #options: RelayProcessOptions;
  readonly #supervisor: Supervisor<FromRelay>;
  #port: number | undefined;
  /** Deaths in a row after the first. */
  #attempt = -1;

  constructor(options: RelayProcessOptions) {
    this.#options = options;
    const { log, start } = options;
    this.#supervisor = new Supervisor<FromRelay>({
      name: "the relay",
      log,
      fork: () => this.#fork(),
      first: () => ({ type: "start", ...start }) satisfies ToRelay,
      isReady: ({ type }) => type === "ready",
      silentMs: SILENT_MS,
      stopMs: 5_000,
      heard: (message) => this.#heard(message),
      stuck: () => log.error("the relay does not answer: ended"),
      ended: ({ how, upMs }) => this.#ended(how, upMs),
    });
  }

  /** Where it takes HTTP on loopback; undefined while it is not there. */
  get port(): number | undefined {
    return this.#port;
  }

  get pid(): number | undefined {
    return this.#supervisor.pid;
  }

  get counters(): { restarts: number; stuck: number } {
    return this.#supervisor.counters;
  }

  get state(): "ok" | "restarting" | "down" {
    if (this.#port !== undefined) return "ok";
    return this.#attempt >= BACKOFF_MS.length ? "down" : "restarting";
  }

  start(): void {
    this.#supervisor.start();
  }

  say(message: ToRelay): void {
    this.#supervisor.say(message);
  }

  stop(): Promise<void> {
    return this.#supervisor.stop();
  }

  #fork() {
    const { compiled } = this.#options;
    return fork(entry, [], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      // Pieces of recordings are bytes: JSON would make numbers of each.
      serialization: "advanced",
      env: {
        NODE_ENV: "production",
        PATH: process.env.PATH ?? "/usr/bin:/bin",
        ...(compiled !== undefined && { NODE_COMPILE_CACHE: compiled }),
      },
      execArgv: ["--disable-warning=ExperimentalWarning", `--max-old-space-size=${MEMORY_MB}`],
    });
  }

  #heard(message: FromRelay): void {
    const { log } = this.#options;
    if (message.type === "ready") {
      this.#port = message.port;
      log.info({ port: message.port }, "the relay listens");
    } else if (message.type === "fault") log.error(`the relay: ${message.text}`);
    else if (message.type === "log") log[message.level](message.facts, message.text);
    // What cannot be worked off costs itself alone: thrown out of here it would end the gateway.
    try {
      this.#options.heard(message);
    } catch (error) {
      log.error(
        { message: message.type, error: (error as Error).message },
        "what the relay said could not be worked off",
      );
    }
  }

  #ended(how: string, upMs: number): number {
    this.#port = undefined;
    this.#options.lost(how);
    this.#attempt = upMs > STEADY_MS ? 0 : this.#attempt + 1;
    return BACKOFF_MS[Math.min(this.#attempt, BACKOFF_MS.length - 1)] as number;
  }
}
