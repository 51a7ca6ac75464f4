/**
 * Keeps a child process alive: started again when it dies, later each time, and ended when it answers no more. What it says and what its
 * death means is its owner's matter. Both ends of the pipe know `ping`, `pong` and `stop`.
 */
import type { ChildProcess } from "node:child_process";
import type { Logger } from "pino";

const PROBE_MS = 1_000;
/** Reading its program and data takes a second on an idle board, ten on a busy one. */
const START_MS = 60_000;
/** Lines of what it said last: an error that nobody caught comes with ten of its stack and Node's own around it. */
const LAST_LINES = 20;

export interface SupervisorOptions<From> {
  /** For the log: `the relay`. */
  readonly name: string;
  readonly log: Logger;
  fork(): ChildProcess;
  /** Its first message, after each start. */
  first(): object;
  isReady(message: From): boolean;
  /** Once it is ready: silent for longer, it is ended. */
  readonly silentMs: number;
  /** From `stop` to its end by force. */
  readonly stopMs: number;
  /** `answer` reaches the very process that asked, or nobody: a later one must not take it for its own. */
  heard(message: From, answer: (message: object) => void): void;
  /** It is about to be ended since it does not answer. */
  stuck(): void;
  /** It is gone. `asked`: by `stop`. @returns after how many milliseconds it is started again. */
  ended(death: {
    readonly how: string;
    readonly said: readonly string[];
    readonly upMs: number;
    readonly asked: boolean;
  }): number;
}

export class Supervisor<From extends { readonly type: string }> {
  readonly counters = { restarts: 0, stuck: 0 };
  readonly #options: SupervisorOptions<From>;
  readonly #timers = new Set<NodeJS.Timeout>();
  #child: ChildProcess | undefined;
  #stopping = false;

  constructor(options: SupervisorOptions<From>) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  start(): void {
    const { name, log, first } = this.#options;
    const startedMs = Date.now();
    const child = this.#options.fork();
    this.#child = child;
    const said: string[] = [];
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said.push(...text.split("\n").filter((line) => line.trim() !== ""));
      said.splice(0, Math.max(0, said.length - LAST_LINES));
    });
    child.on("error", (error) => log.error({ error: error.message }, `${name} cannot be started`));
    child.once("exit", (code, signal) => {
      if (child === this.#child) this.#ended(signal ?? `status ${code}`, said, Date.now() - startedMs);
    });
    say(child, first());
    this.#watch(child);
  }

  /** To the child that runs now; nowhere while none does. */
  say(message: object): void {
    if (this.#child) say(this.#child, message);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    say(child, { type: "stop" });
    const hurry = setTimeout(() => child.kill("SIGKILL"), this.#options.stopMs);
    await ended;
    clearTimeout(hurry);
  }

  /** One that is busy still answers; one that is held for good does not. */
  #watch(child: ChildProcess): void {
    const { silentMs, isReady, heard, stuck } = this.#options;
    let limitMs = Math.max(START_MS, silentMs);
    let answeredMs = Date.now();
    let askedMs = Date.now();
    child.on("message", (message: From) => {
      if (child !== this.#child) return;
      answeredMs = Date.now();
      if (isReady(message)) limitMs = silentMs;
      heard(message, (answer) => say(child, answer));
    });
    const timer = setInterval(() => {
      const nowMs = Date.now();
      // The gateway itself may have been held up: then the child had no chance to be heard.
      if (nowMs - askedMs > 3 * PROBE_MS) answeredMs = nowMs;
      askedMs = nowMs;
      if (nowMs - answeredMs > limitMs) {
        this.counters.stuck++;
        stuck();
        child.kill("SIGKILL");
      } else say(child, { type: "ping", n: nowMs });
    }, PROBE_MS);
    this.#timers.add(timer);
    child.once("exit", () => {
      clearInterval(timer);
      this.#timers.delete(timer);
    });
  }

  #ended(how: string, said: readonly string[], upMs: number): void {
    const { name, log, ended } = this.#options;
    const waitMs = ended({ how, said, upMs, asked: this.#stopping });
    if (this.#stopping) return;
    this.counters.restarts++;
    log.warn({ waitMs, said }, `${name} ended (${how}): started again`);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.start();
    }, waitMs);
    this.#timers.add(timer);
  }
}

function say(child: ChildProcess, message: object): void {
  if (child.connected) child.send(message, () => {});
}

/** The line of an error among what a child said last, else its last line; what Node puts around an error says nothing. */
export function whyOf(said: readonly string[]): string | undefined {
  return said.findLast((line) => /^(Uncaught )?\w*Error( \[\w+\])?: /.test(line)) ?? said.at(-1);
}
