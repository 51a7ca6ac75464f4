/** Text messages on their way: on disk until the provider has them, tried again while their link waits. */
import type { Logger } from "pino";
import { ulid } from "ulid";
import type { SmsView } from "#contract/caller.ts";
import { nowUtc } from "../../now.ts";
import type { Seal } from "../seal.ts";
import type { CallerStore, WaitingSms } from "../store.ts";
import type { SmsOutcome, SmsSender } from "./sender.ts";
import { maskedNumber } from "./words.ts";

/** Waits between tries, s; the last one is repeated. */
export const retryWaitsS = [2, 5, 15, 30, 60];
/** A provider may ask for more patience than the caller has. */
const MOST_WAIT_S = 120;

interface Deps {
  store: CallerStore;
  seal: Seal;
  sender: SmsSender;
  log: Logger;
  /** May it still be sent: does its link wait to be opened? */
  wanted: (caller: string) => boolean;
  /** Each change, for the timeline. */
  told: (caller: string, sms: SmsView) => void;
  /** Milliseconds of a second, so that tests need not wait. */
  secondMs?: number;
}

interface Sealed {
  to: string;
  text: string;
}

export class SmsOutbox {
  readonly counters = { sent: 0, failed: 0, retries: 0 };
  readonly #deps: Deps;
  readonly #signal: AbortSignal;
  #timer: NodeJS.Timeout | undefined;
  #busy: Promise<void> | undefined;

  constructor(deps: Deps, signal: AbortSignal) {
    this.#deps = deps;
    this.#signal = signal;
    signal.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
    this.#wake();
  }

  /** On disk when it returns; sent soon after. */
  add(caller: string, to: string, text: string): SmsView {
    const id = ulid();
    const sealed = this.#deps.seal.close(JSON.stringify({ to, text } satisfies Sealed), id);
    this.#deps.store.addSms({ id, caller, dueMs: Date.now(), attempts: 0, sealed });
    this.#wake();
    return { to: maskedNumber(to), status: "queued", attempts: 0, at: nowUtc() };
  }

  /** Resolves when no try is under way. */
  async idle(): Promise<void> {
    await this.#busy;
  }

  #wake(): void {
    if (this.#signal.aborted || this.#busy) return;
    clearTimeout(this.#timer);
    const [next] = this.#deps.store.waitingSms();
    if (!next) return;
    this.#timer = setTimeout(
      () => {
        this.#busy = this.#sendDue()
          .catch((error: Error) => this.#deps.log.error({ error: error.message }, "text messages not sent"))
          .finally(() => {
            this.#busy = undefined;
            this.#wake();
          });
      },
      Math.max(0, next.dueMs - Date.now()),
    );
  }

  async #sendDue(): Promise<void> {
    for (const waiting of this.#deps.store.waitingSms()) {
      if (waiting.dueMs <= Date.now() && !this.#signal.aborted) await this.#send(waiting);
    }
  }

  async #send({ id, caller, attempts: before, sealed }: WaitingSms): Promise<void> {
    const { store, seal, sender, wanted, told, secondMs = 1000 } = this.#deps;
    const { to, text } = JSON.parse(seal.open(sealed, id).toString()) as Sealed;
    const say = (status: SmsView["status"], attempts: number, why?: string) =>
      told(caller, { to: maskedNumber(to), status, attempts, at: nowUtc(), ...(why !== undefined && { why }) });
    if (!wanted(caller)) {
      store.dropSms(id);
      say("failed", before, "the link no longer waits to be opened");
      this.counters.failed++;
      return;
    }
    const attempts = before + 1;
    const outcome: SmsOutcome = await sender.send({ id, to, text }, this.#signal);
    if (this.#signal.aborted && outcome.kind !== "sent") return;
    if (outcome.kind === "again") {
      this.counters.retries++;
      const usualS = retryWaitsS[Math.min(before, retryWaitsS.length - 1)] as number;
      const afterS = Math.min(MOST_WAIT_S, Math.max(usualS, outcome.afterS ?? 0));
      store.againSms(id, attempts, Date.now() + afterS * secondMs);
      say("queued", attempts, `${outcome.why}; again in ${afterS} s`);
      return;
    }
    store.dropSms(id);
    this.counters[outcome.kind === "sent" ? "sent" : "failed"]++;
    if (outcome.kind === "sent") say("sent", attempts);
    else say("failed", attempts, outcome.why);
  }
}
