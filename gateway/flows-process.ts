/**
 * Starts Node-RED in a process of its own and keeps it alive: restarted when it dies, killed when it no longer answers
 * because a flow does not give control back, and then started with its flows stopped and the culprit named.
 */
import { fork } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { createRequire } from "node:module";
import { constants, setPriority } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import type { FromHost, Start, ToHost } from "#contract/flows-pipe.ts";
import { Supervisor, whyOf } from "./supervisor.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const host = join(root, "flows/host.ts");
/** Where the packages really are: a checkout may share another's. */
const packages = dirname(dirname(createRequire(import.meta.url).resolve("node-red/package.json")));
const MARK_FILE = "running-node";
const PID_FILE = "host.pid";
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
  readonly #supervisor: Supervisor<FromHost>;
  #state: FlowsState = { state: "restarting" };
  #stopped: string | undefined;
  /** What the host last said before it gave up. */
  #fault: string | undefined;
  #crashes: number[] = [];
  #attempt = 0;
  #port: number | undefined;
  readonly #editor = Promise.withResolvers<number>();

  constructor(options: FlowsOptions) {
    this.#options = options;
    this.#log = options.log;
    const silentMs = options.probeTimeoutS * 1_000;
    this.#supervisor = new Supervisor<FromHost>({
      name: "flows",
      log: options.log,
      fork: () => this.#fork(),
      first: () =>
        ({
          type: "start",
          ...options.start,
          ...(this.#port !== undefined && { port: this.#port }),
          ...(this.#stopped !== undefined && { stopped: this.#stopped }),
        }) satisfies ToHost,
      isReady: ({ type }) => type === "ready",
      silentMs,
      stopMs: 3_000,
      heard: (message, answer) => this.#heard(message, answer),
      stuck: () => this.#stuck(options.probeTimeoutS),
      ended: ({ how, said, asked }) => (asked ? 0 : this.#ended(how, said)),
    });
  }

  get state(): FlowsState {
    return this.#state;
  }

  /** Port of the editor once it listens; it stays over restarts. */
  get port(): number | undefined {
    return this.#port;
  }

  /** Resolves to that port when the editor listens for the first time. */
  get editor(): Promise<number> {
    return this.#editor.promise;
  }

  get pid(): number | undefined {
    return this.#supervisor.pid;
  }

  get counters(): { restarts: number; stuck: number } {
    return this.#supervisor.counters;
  }

  start(): void {
    this.#supervisor.start();
  }

  stop(): Promise<void> {
    return this.#supervisor.stop();
  }

  #fork() {
    const { folder, timeZone } = this.#options.start;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const pidFile = join(folder, PID_FILE);
    if (killOrphan(pidFile, folder)) this.#log.warn("ended the flows of a gateway that was killed");
    const child = fork(host, [], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { NODE_ENV: "production", PATH: "/usr/bin:/bin", TZ: timeZone, HOME: folder },
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
    if (child.pid !== undefined) {
      setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
      writeFileSync(pidFile, String(child.pid));
    }
    return child;
  }

  #heard(message: FromHost, answer: (message: ToHost) => void): void {
    switch (message.type) {
      case "ready":
        this.#port = message.port;
        this.#editor.resolve(message.port);
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
        } else if (!this.#supervisor.stopping) this.#state = { state: "down", note: "stopped in the editor" };
        break;
      case "login":
        this.#options.login(message.user, message.password).then(
          (granted) => answer({ type: "login", id: message.id, granted }),
          (error: Error) => {
            this.#log.error({ error: error.message }, "log-in to the flows' editor not checked");
            answer({ type: "login", id: message.id, granted: false });
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

  #stuck(seconds: number): void {
    this.#stopped = `${this.#culprit()} did not give control back for ${seconds} s; mend it in the editor and deploy`;
    this.#log.error(`flows stopped: ${this.#stopped}`);
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

  #ended(how: string, said: readonly string[]): number {
    const nowMs = Date.now();
    this.#crashes = [...this.#crashes.filter((atMs) => nowMs - atMs < CRASH_WINDOW_MS), nowMs];
    if (this.#stopped === undefined && this.#crashes.length >= CRASHES) {
      const why = this.#fault ?? whyOf(said) ?? how;
      this.#stopped = `the flows ended ${CRASHES} times within ${CRASH_WINDOW_MS / 1000} s (${why}); mend them in the editor and deploy`;
    }
    this.#attempt = this.#crashes.length === 1 ? 0 : this.#attempt + 1;
    this.#state = { state: "restarting", ...(this.#stopped !== undefined && { note: this.#stopped }) };
    return BACKOFF_MS[Math.min(this.#attempt, BACKOFF_MS.length - 1)] as number;
  }
}
