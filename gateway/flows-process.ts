/**
 * Starts Node-RED in a process of its own and keeps it alive: restarted when it dies, killed when it no longer answers
 * because a flow does not give control back, and then started with its flows stopped and the culprit named.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { createRequire } from "node:module";
import { constants, setPriority } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import type { FromHost, Start, ToHost } from "#contract/flows-pipe.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const host = join(root, "flows/host.ts");
/** Where the packages really are: a checkout may share another's. */
const packages = dirname(dirname(createRequire(import.meta.url).resolve("node-red/package.json")));
const MARK_FILE = "running-node";
const PID_FILE = "host.pid";
const PROBE_MS = 1_000;
/** Node-RED reads its nodes and flows in about a second on an idle board, in ten on a busy one. */
const START_MS = 60_000;
const MEMORY_MB = 384;
const BACKOFF_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000];
/** Dying so often within so long means that the flows themselves are the cause. */
const CRASHES = 3;
const CRASH_WINDOW_MS = 60_000;

export interface FlowsOptions {
  start: Omit<Start, "type" | "stopped">;
  /** Seconds without an answer after which a flow counts as stuck. */
  probeTimeoutS: number;
  log: Logger;
  /** May this person edit flows? */
  login: (user: string, password: string) => Promise<boolean>;
}

export interface FlowsState {
  state: "ok" | "restarting" | "down";
  /** Why the flows stand still, for people. */
  note?: string;
}

/**
 * A host ends when its pipe to the gateway closes, but not while a flow spins: then it would burn a core and hold the
 * editor's port for ever. Only a process that runs our host on this very folder is ended.
 */
function killOrphan(pidFile: string, folder: string): boolean {
  try {
    const pid = Number(readFileSync(pidFile, "utf8"));
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    if (!commandLine.includes(host) || !commandLine.includes(`${folder}/*`)) return false;
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    // No such file or no such process: there is no orphan.
    return false;
  }
}

async function flush(file: string): Promise<void> {
  const handle = await open(file, "r+");
  await handle.sync().finally(() => handle.close());
}

export class FlowsProcess {
  readonly #options: FlowsOptions;
  readonly #log: Logger;
  #child: ChildProcess | undefined;
  #state: FlowsState = { state: "restarting" };
  #stopped: string | undefined;
  #stopping = false;
  /** What the host last said before it gave up. */
  #fault: string | undefined;
  #crashes: number[] = [];
  #attempt = 0;
  #timers = new Set<NodeJS.Timeout>();
  #port: number | undefined;
  readonly counters = { restarts: 0, stuck: 0 };

  constructor(options: FlowsOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  get state(): FlowsState {
    return this.#state;
  }

  /** Port of the editor once it listens; it stays over restarts. */
  get port(): number | undefined {
    return this.#port;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    const { folder } = this.#options.start;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const pidFile = join(folder, PID_FILE);
    if (killOrphan(pidFile, folder)) this.#log.warn("ended the flows of a gateway that was killed");
    const child = fork(host, [], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { NODE_ENV: "production", PATH: "/usr/bin:/bin", TZ: this.#options.start.timeZone, HOME: folder },
      // A technician's flow may be wrong or hostile: it reads the program and its own folder, no key and no record.
      execArgv: [
        "--disable-warning=ExperimentalWarning",
        "--disable-warning=SecurityWarning",
        `--max-old-space-size=${MEMORY_MB}`,
        "--permission",
        `--allow-fs-read=${root}*`,
        `--allow-fs-read=${packages}/*`,
        `--allow-fs-read=${folder}/*`,
        `--allow-fs-write=${folder}/*`,
      ],
    });
    this.#child = child;
    if (child.pid !== undefined) {
      setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
      writeFileSync(pidFile, String(child.pid));
    }
    const lines: string[] = [];
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      lines.push(...text.split("\n").filter((line) => line.trim() !== ""));
      lines.splice(0, Math.max(0, lines.length - 5));
    });
    child.on("message", (message: FromHost) => this.#heard(child, message));
    child.on("error", (error) => this.#log.error({ error: error.message }, "flows cannot be started"));
    child.once("exit", (code, signal) => this.#ended(child, signal ?? `status ${code}`, lines));
    this.#say(child, {
      type: "start",
      ...this.#options.start,
      ...(this.#port !== undefined && { port: this.#port }),
      ...(this.#stopped !== undefined && { stopped: this.#stopped }),
    });
    this.#watch(child);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    this.#say(child, { type: "stop" });
    const hurry = setTimeout(() => child.kill("SIGKILL"), 3_000);
    await ended;
    clearTimeout(hurry);
  }

  #say(child: ChildProcess, message: ToHost): void {
    if (child.connected) child.send(message, () => {});
  }

  #heard(child: ChildProcess, message: FromHost): void {
    switch (message.type) {
      case "ready":
        this.#port = message.port;
        if (this.#stopped !== undefined) this.#state = { state: "down", note: this.#stopped };
        this.#log.info({ port: message.port }, "flows' editor listens");
        break;
      case "running":
        if (message.running) {
          this.#state = { state: "ok" };
          this.#stopped = undefined;
          // The host may not (Node's permission model has no fsync): a deployed flow must survive a power cut.
          flush(join(this.#options.start.folder, "flows.json")).catch((error: Error) =>
            this.#log.warn({ error: error.message }, "flows not flushed to disk"),
          );
        } else if (!this.#stopping) this.#state = { state: "down", note: "stopped in the editor" };
        break;
      case "login":
        this.#options.login(message.user, message.password).then(
          (granted) => this.#say(child, { type: "login", id: message.id, granted }),
          (error: Error) => {
            this.#log.error({ error: error.message }, "log-in to the flows' editor not checked");
            this.#say(child, { type: "login", id: message.id, granted: false });
          },
        );
        break;
      case "log":
        this.#log[message.level](message.text);
        break;
      case "fault":
        this.#fault = message.text;
        this.#log.error(`flows cannot run: ${message.text}`);
        break;
      case "pong":
        break;
    }
  }

  /** A host that is busy with its flows still answers; one that a flow has taken for good does not. */
  #watch(child: ChildProcess): void {
    const timeoutMs = this.#options.probeTimeoutS * 1_000;
    let answeredMs = Date.now();
    let askedMs = 0;
    let first = true;
    child.on("message", (message: FromHost) => {
      answeredMs = Date.now();
      if (message.type === "ready") first = false;
    });
    const timer = setInterval(() => {
      if (child !== this.#child) return;
      const nowMs = Date.now();
      // The gateway itself may have been held up: then the host had no chance to answer.
      const late = askedMs > 0 && nowMs - askedMs > 3 * PROBE_MS;
      if (late) answeredMs = nowMs;
      askedMs = nowMs;
      if (nowMs - answeredMs > (first ? Math.max(START_MS, timeoutMs) : timeoutMs))
        this.#stuck(child, timeoutMs / 1000);
      else this.#say(child, { type: "ping", n: nowMs });
    }, PROBE_MS);
    this.#timers.add(timer);
    child.once("exit", () => {
      clearInterval(timer);
      this.#timers.delete(timer);
    });
  }

  #stuck(child: ChildProcess, seconds: number): void {
    this.counters.stuck++;
    this.#stopped = `${this.#culprit()} did not give control back for ${seconds} s; mend it in the editor and deploy`;
    this.#log.error(`flows stopped: ${this.#stopped}`);
    child.kill("SIGKILL");
  }

  /** What the host wrote down before it handed over control. */
  #culprit(): string {
    try {
      const mark = readFileSync(join(this.#options.start.folder, MARK_FILE), "utf8").trim();
      if (mark === "") return "a node that runs on its own (a timer or start code)";
      const { id, type, name, flow } = JSON.parse(mark) as { id: string; type?: string; name?: string; flow?: string };
      return `node '${name || id}' (${type ?? "unknown type"}, id ${id}, flow ${flow ?? "?"})`;
    } catch {
      return "a flow";
    }
  }

  #ended(child: ChildProcess, how: string, lines: readonly string[]): void {
    if (child !== this.#child || this.#stopping) return;
    this.counters.restarts++;
    const nowMs = Date.now();
    this.#crashes = [...this.#crashes.filter((atMs) => nowMs - atMs < CRASH_WINDOW_MS), nowMs];
    if (this.#stopped === undefined && this.#crashes.length >= CRASHES) {
      const why = this.#fault ?? lines.at(-1) ?? how;
      this.#stopped = `the flows ended ${CRASHES} times within ${CRASH_WINDOW_MS / 1000} s (${why}); mend them in the editor and deploy`;
    }
    this.#attempt = this.#crashes.length === 1 ? 0 : this.#attempt + 1;
    const waitMs = BACKOFF_MS[Math.min(this.#attempt, BACKOFF_MS.length - 1)] as number;
    this.#state = { state: "restarting", ...(this.#stopped !== undefined && { note: this.#stopped }) };
    this.#log.warn({ waitMs, said: lines }, `flows ended (${how}): started again`);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.start();
    }, waitMs);
    this.#timers.add(timer);
  }
}
