/** Child processes of the demo: each with its log in a file, none left behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setPriority } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Fault } from "#contract/errors.ts";

const tocsin = join(import.meta.dirname, "..", "tocsin");
const stopLimitMs = 5000;

export interface StartedProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Exit status or signal, once it has ended. */
  readonly ended: Promise<string>;
  /** The next line of JSON on stdout that fits. Rejects when the process ends before. */
  line<T>(fits: (line: Record<string, unknown>) => boolean): Promise<T>;
  kill(signal: NodeJS.Signals): void;
  /** What to tell a person about an end that was not asked for: how, and the end of the log. */
  diedWith(how: string): Fault;
}

export class Processes {
  readonly #folder: string;
  readonly #running = new Map<StartedProcess, ChildProcess>();
  #stopping = false;
  /** Called when a process ends that nobody stopped. */
  onDeath: (process: StartedProcess, how: string) => void = () => {};

  constructor(folder: string) {
    this.#folder = folder;
    process.once("exit", this.#endAll);
  }

  /** `bin/tocsin` with arguments; stderr goes to `<folder>/<name>.log`. @param niceness as of nice(1): what steps back for others. */
  start(name: string, args: readonly string[], niceness = 0): StartedProcess {
    if (this.#stopping) throw new Fault("failed", `${name} is not started: all is being stopped`);
    const logFile = join(this.#folder, `${name}.log`);
    const log = openSync(logFile, "a");
    // `exec` in bin/tocsin makes the child's pid that of node itself.
    const child = spawn(tocsin, args, { stdio: ["ignore", "pipe", log] });
    closeSync(log);
    if (niceness > 0 && child.pid !== undefined) setPriority(child.pid, niceness);
    const lines = createInterface({ input: child.stdout! });
    const ended = new Promise<string>((resolve) => {
      child.once("exit", (code, signal) => resolve(signal ?? `exit ${code}`));
      child.once("error", (error) => resolve(error.message));
    });
    const diedWith = (how: string) =>
      new Fault("failed", [`${name} ended (${how}); the end of its log, ${logFile}:`, ...tailOf(logFile)]);
    const started: StartedProcess = {
      name,
      pid: child.pid!,
      logFile,
      ended,
      line: <T>(fits: (line: Record<string, unknown>) => boolean) =>
        new Promise<T>((resolve, reject) => {
          lines.on("line", (text) => {
            if (!text.startsWith("{")) return;
            const line = JSON.parse(text) as Record<string, unknown>;
            if (fits(line)) resolve(line as T);
          });
          void ended.then((how) => reject(diedWith(how)));
        }),
      kill: (signal) => child.kill(signal),
      diedWith,
    };
    this.#running.set(started, child);
    void ended.then((how) => {
      this.#running.delete(started);
      if (!this.#stopping) this.onDeath(started, how);
    });
    return started;
  }

  /** Asks all to stop, the last started first, and ends those that do not. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const all = [...this.#running.keys()].reverse();
    for (const each of all) each.kill("SIGTERM");
    const timer = setTimeout(this.#endAll, stopLimitMs);
    await Promise.all(all.map((each) => each.ended));
    clearTimeout(timer);
    process.removeListener("exit", this.#endAll);
  }

  #endAll = (): void => {
    for (const each of this.#running.keys()) each.kill("SIGKILL");
  };
}

function tailOf(file: string): string[] {
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-6);
}
