/**
 * Facts for incidents' records that outlive a disk that takes nothing for a while: kept here, in order, and said again every few seconds, each with how
 * late it is. A process that ends meanwhile takes them with it; the log has them.
 */
import type { Logger } from "pino";

/** Of more the oldest are given up, and counted. */
const WAITING_MAX = 1_000;
const AGAIN_MS = 2_000;
const TEXT_MAX = 2_000;

export interface FactsOptions {
  /** @throws where the record takes nothing. */
  record(incident: string, by: string, text: string, data: unknown): void;
  log: Logger;
  againMs?: number;
}

interface Fact {
  incident: string;
  by: string;
  text: string;
  data: unknown;
  sinceMs: number;
}

export class Facts {
  readonly counters = { late: 0, dropped: 0 };
  readonly #options: FactsOptions;
  #waiting: Fact[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FactsOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  say(incident: string, by: string, text: string, data: unknown): void {
    this.#waiting.push({ incident, by, text, data, sinceMs: performance.now() });
    if (this.#waiting.length > WAITING_MAX) {
      this.#waiting.shift();
      this.counters.dropped++;
    }
    // Behind those that wait: their order on the record is the order in which it happened.
    if (this.#timer === undefined) this.#write();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#write();
    clearTimeout(this.#timer);
  }

  #write(): void {
    this.#timer = undefined;
    const { record, log, againMs = AGAIN_MS } = this.#options;
    for (let [first] = this.#waiting; first; [first] = this.#waiting) {
      const { incident, by, text, data, sinceMs } = first;
      const lateS = (performance.now() - sinceMs) / 1000;
      const late = lateS * 1000 >= againMs;
      try {
        record(
          incident,
          by,
          `${text}${late ? ` (${lateS.toFixed(0)} s before this entry)` : ""}`.slice(0, TEXT_MAX),
          data,
        );
      } catch (error) {
        log.error({ incident, by, text, error: (error as Error).message }, "not on the incident's record yet");
        this.#timer = setTimeout(() => this.#write(), againMs);
        this.#timer.unref();
        return;
      }
      this.#waiting.shift();
      if (late) this.counters.late++;
    }
  }
}
