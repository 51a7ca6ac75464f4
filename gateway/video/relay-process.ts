/** Runs the relay in a process of its own and keeps it alive: restarted when it dies, ended when it no longer answers. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import type { FromRelay, RelayStart, ToRelay } from "../relay/pipe.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const entry = join(root, "gateway/relay/main.ts");
const PROBE_MS = 1_000;
/** It forwards packets all the time: one that is silent so long forwards none. */
const SILENT_MS = 5_000;
const START_MS = 60_000;
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
  #child: ChildProcess | undefined;
  #port: number | undefined;
  #stopping = false;
  /** Deaths in a row after the first. */
  #attempt = -1;
  #startedMs = 0;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly counters = { restarts: 0, stuck: 0 };

  constructor(options: RelayProcessOptions) {
    this.#options = options;
  }

  /** Where it takes HTTP on loopback; undefined while it is not there. */
  get port(): number | undefined {
    return this.#port;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get state(): "ok" | "restarting" | "down" {
    if (this.#port !== undefined) return "ok";
    return this.#attempt >= BACKOFF_MS.length ? "down" : "restarting";
  }

  start(): void {
    const { log, start, compiled } = this.#options;
    this.#startedMs = Date.now();
    const child = fork(entry, [], {
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
    this.#child = child;
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-2_000);
    });
    child.on("message", (message: FromRelay) => this.#heard(child, message));
    child.on("error", (error) => log.error({ error: error.message }, "the relay cannot be started"));
    child.once("exit", (code, signal) => this.#ended(child, signal ?? `status ${code}`, said));
    this.#say(child, { type: "start", ...start });
    this.#watch(child);
  }

  say(message: ToRelay): void {
    if (this.#child) this.#say(this.#child, message);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    this.#say(child, { type: "stop" });
    const hurry = setTimeout(() => child.kill("SIGKILL"), 5_000);
    await ended;
    clearTimeout(hurry);
  }

  #say(child: ChildProcess, message: ToRelay): void {
    if (child.connected) child.send(message, () => {});
  }

  #heard(child: ChildProcess, message: FromRelay): void {
    if (child !== this.#child) return;
    const { log } = this.#options;
    if (message.type === "ready") {
      this.#port = message.port;
      log.info({ port: message.port }, "the relay listens");
    } else if (message.type === "fault") log.error(`the relay: ${message.text}`);
    else if (message.type === "log") log[message.level](message.facts, message.text);
    this.#options.heard(message);
  }

  #watch(child: ChildProcess): void {
    let answeredMs = Date.now();
    let askedMs = Date.now();
    let limitMs = START_MS;
    child.on("message", (message: FromRelay) => {
      answeredMs = Date.now();
      if (message.type === "ready") limitMs = SILENT_MS;
    });
    const timer = setInterval(() => {
      const nowMs = Date.now();
      // The gateway itself may have been held up: then the relay had no chance to be heard.
      if (nowMs - askedMs > 3 * PROBE_MS) answeredMs = nowMs;
      askedMs = nowMs;
      if (nowMs - answeredMs > limitMs) {
        this.counters.stuck++;
        this.#options.log.error("the relay does not answer: ended");
        child.kill("SIGKILL");
      } else this.#say(child, { type: "ping", n: nowMs });
    }, PROBE_MS);
    this.#timers.add(timer);
    child.once("exit", () => {
      clearInterval(timer);
      this.#timers.delete(timer);
    });
  }

  #ended(child: ChildProcess, how: string, said: string): void {
    if (child !== this.#child) return;
    this.#port = undefined;
    this.#options.lost(how);
    if (this.#stopping) return;
    this.counters.restarts++;
    this.#attempt = Date.now() - this.#startedMs > STEADY_MS ? 0 : this.#attempt + 1;
    const waitMs = BACKOFF_MS[Math.min(this.#attempt, BACKOFF_MS.length - 1)] as number;
    this.#options.log.warn({ waitMs, said: said.split("\n").slice(-5) }, `the relay ended (${how}): started again`);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.start();
    }, waitMs);
    this.#timers.add(timer);
  }
}
