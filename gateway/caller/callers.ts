/** The operator's side of the caller links: made, sent, asked, spoken to, ended. */
import type { Logger } from "pino";
import { ulid } from "ulid";
import {
  type CallerMade,
  type CallerMessage,
  type CallerView,
  type Language,
  type PhoneAsk,
  questionWords,
  type SmsView,
} from "#contract/caller.ts";
import type { GatewayContext } from "../context.ts";
import { Refusal } from "../http/refusal.ts";
import { sha256Hex } from "../incidents/chain.ts";
import { nowUtc } from "../now.ts";
import { type CallerBook, streamsOf } from "./book.ts";
import type { CallersConfig } from "./config.ts";
import { end, stateOf } from "./link.ts";
import type { MediaPort } from "./media-port.ts";
import type { OperatorVoice } from "./operator-voice.ts";
import { LOST_AFTER_MS } from "./presence.ts";
import { askWords } from "./said.ts";
import type { Seal } from "./seal.ts";
import { SmsOutbox } from "./sms/outbox.ts";
import type { SmsSender } from "./sms/sender.ts";
import { maskedNumber, smsText } from "./sms/words.ts";
import type { CallerRow } from "./store.ts";
import { newToken } from "./token.ts";

const MINUTE_MS = 60_000;
const TICK_MS = 1_000;
const MOST_LISTED = 500;
const unasked = { video: "unasked", voice: "unasked", position: "unasked" } as const;

interface Deps {
  book: CallerBook;
  context: Pick<GatewayContext, "report" | "incident">;
  config: CallersConfig;
  publicUrl: () => string;
  media: MediaPort;
  voice: OperatorVoice;
  seal: Seal;
  sender: SmsSender | undefined;
  log: Logger;
  /** Something for this phone has changed. */
  push: (id: string) => void;
  /** Before the last entry of a link. */
  closing: (row: CallerRow) => void;
  signal: AbortSignal;
}

export class Callers {
  readonly #deps: Deps;
  readonly #sms: SmsOutbox | undefined;
  /** Links that are not over. */
  readonly #running = new Set<string>();
  /** Phones that fell silent, of which the record does not tell yet. */
  readonly #lost = new Set<string>();

  constructor(deps: Deps) {
    this.#deps = deps;
    const { book, seal, sender, log, signal } = deps;
    for (const { id, link, facts } of book.store.list(undefined, MOST_LISTED))
      if (!link.endedAs && facts.endedAt === undefined) this.#running.add(id);
    this.#sms =
      sender &&
      new SmsOutbox(
        {
          store: book.store,
          seal,
          sender,
          log,
          wanted: (id) => this.#stateOf(id) === "waiting",
          told: (id, sms) => this.#smsTold(id, sms),
        },
        signal,
      );
    const timer = setInterval(() => this.#tick(Date.now()), TICK_MS);
    signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }

  get smsCounters() {
    return this.#sms?.counters;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Resolves when no text message is being sent. */
  async idle(): Promise<void> {
    await this.#sms?.idle();
  }

  /** @throws Refusal 404, 409, 422. */
  make(
    ask: { incident?: string | undefined; language: Language; phone?: string | undefined; note?: string | undefined },
    by: string,
  ): CallerMade {
    const { book, context, config, publicUrl, seal } = this.#deps;
    if (ask.phone !== undefined) this.#needSms();
    const id = ulid().toLowerCase();
    const token = newToken();
    const url = `${publicUrl()}/c/${token}`;
    const at = nowUtc();
    const incident = ask.incident ?? this.#newIncident(by, at, ask.note);
    if (!context.incident(incident)) throw new Refusal(404, `there is no incident '${incident}'`);
    const row: CallerRow = {
      id,
      link: { openUntilMs: Date.now() + config.openMinutes * MINUTE_MS },
      facts: { incident, createdBy: by, createdAt: at, language: ask.language, consent: unasked, stills: 0, heard: 0 },
    };
    book.store.add(row, sha256Hex(token), seal.close(url, id));
    this.#running.add(id);
    const note = ask.note ? `: ${ask.note}` : "";
    book.record(
      row,
      `made a link for a caller's phone, valid ${config.openMinutes} min${note}`,
      { language: ask.language },
      by,
    );
    const caller = ask.phone === undefined ? book.tell(row) : this.send(id, ask.phone, ask.language, by);
    return { caller, url };
  }

  #newIncident(by: string, at: string, note: string | undefined): string {
    const incident = ulid();
    const text = note ? `a caller: ${note}` : "a caller";
    const decision = this.#deps.context.report(
      { incident, of: "caller", firedAt: at, probability: 1, probabilityKnown: false, text },
      by,
    );
    if (decision.kind !== "done") throw new Refusal(409, decision.kind === "refused" ? decision.why : "no incident");
    return incident;
  }

  list(incident: string | undefined): CallerView[] {
    return this.#deps.book.store.list(incident, MOST_LISTED).map((row) => this.#deps.book.view(row));
  }

  /** Queues a text message with the link. @throws Refusal 409, 422. */
  send(id: string, phone: string, language: Language | undefined, by: string): CallerView {
    const { book, config, seal } = this.#deps;
    const row = book.get(id);
    const sms = this.#needSms();
    const sealed = book.store.urlOf(id);
    const state = stateOf(row.link, Date.now());
    if (state !== "waiting" || !sealed) throw new Refusal(409, `this link is ${state}`, { fix: "make a new one" });
    const leftMin = Math.max(1, Math.floor((row.link.openUntilMs - Date.now()) / MINUTE_MS));
    const text = smsText(language ?? row.facts.language, config.agency, seal.open(sealed, id).toString(), leftMin);
    const view = sms.add(id, phone, text);
    book.record(row, `sends the link by text message to ${maskedNumber(phone)}`, { to: maskedNumber(phone) }, by);
    return book.save({ ...row, facts: { ...row.facts, sms: view } });
  }

  /** Ends a link by an operator. */
  close(id: string, why: string, by: string): CallerView {
    const { book } = this.#deps;
    const row = book.get(id);
    const state = stateOf(row.link, Date.now());
    if (state !== "waiting" && state !== "open") throw new Refusal(409, `this link is ${state} already`);
    return this.end(row, by, why);
  }

  /** Media of both directions stops, the phone is told. */
  end(row: CallerRow, by: string, why: string): CallerView {
    const { book, closing, push } = this.#deps;
    closing(row);
    const now = book.get(row.id);
    const link = end(now.link, Date.now());
    const verb = link.endedAs === "revoked" ? "revoked" : "ended";
    book.record(now, `the link is ${verb}: ${why}`, { state: stateOf(link, Date.now()) }, by);
    return this.#over({ ...now, link, facts: { ...now.facts, endedAt: nowUtc(), why } }, push);
  }

  #over(row: CallerRow, push: (id: string) => void): CallerView {
    const { book, media } = this.#deps;
    this.#running.delete(row.id);
    book.talking.delete(row.id);
    book.received.delete(row.id);
    const view = book.save(row);
    for (const stream of Object.values(streamsOf(row.id)))
      media.close(stream, row.facts.incident, "the caller's link is over");
    push(row.id);
    book.phones.forget(row.id);
    return view;
  }

  chat(id: string, text: string, by: string): CallerMessage {
    return this.#speak(id, { at: nowUtc(), from: "operator", by, kind: "chat", text }, `writes to the caller: ${text}`);
  }

  ask(id: string, ask: PhoneAsk, by: string): CallerMessage {
    const text = ask.kind === "question" ? questionWords[ask.question] : askWords(ask);
    const verb = ask.kind === "question" ? "asks the caller" : "asks the phone";
    return this.#speak(id, { at: nowUtc(), from: "operator", by, kind: "ask", text, ask }, `${verb}: ${text}`);
  }

  #speak(id: string, message: Omit<CallerMessage, "seq">, text: string): CallerMessage {
    const { book, push } = this.#deps;
    const row = book.open(id);
    book.record(row, text, { ...(message.ask && { ask: message.ask }) }, message.by);
    const whole = book.addMessage(row, message);
    push(id);
    return whole;
  }

  still(id: string, seq: number): Buffer | undefined {
    const { book, seal } = this.#deps;
    const still = book.store.still(book.get(id).id, seq);
    return still && seal.open(still.sealed, still.sha256);
  }

  /** Deletes what is past its time; that it was here stays on the record. */
  expire(beforeMs: number): void {
    const { book } = this.#deps;
    for (const { caller, stills } of book.store.expire(beforeMs))
      book.record(book.get(caller), `${stills} stills deleted: their time is over`, { deleted: stills }, "gateway");
  }

  #tick(nowMs: number): void {
    const { book, push, voice } = this.#deps;
    for (const id of book.phones.lost(nowMs)) this.#lost.add(id);
    this.#orLater([undefined], () => voice.tick(nowMs));
    this.#orLater(this.#lost, (id) => {
      const row = book.get(id);
      if (stateOf(row.link, nowMs) === "open") {
        book.record(row, `the phone has not been heard of for ${LOST_AFTER_MS / 1000} s`, { lost: true });
        book.tell(row);
      }
      this.#lost.delete(id);
    });
    this.#orLater(this.#running, (id) => {
      const row = book.get(id);
      const state = stateOf(row.link, nowMs);
      if (state === "waiting" || state === "open") return;
      const why = state === "expired" ? "nobody opened it in time" : "its time is over";
      book.record(row, `the link is over: ${why}`, { state }, "gateway");
      this.#over({ ...row, facts: { ...row.facts, endedAt: nowUtc(), why } }, push);
    });
  }

  /** What a full disk does not take of one link is tried again in a second, and keeps nobody else's from being looked after. */
  #orLater<T extends string | undefined>(ids: Iterable<T>, work: (id: T) => void): void {
    let failed: { caller: T; error: string } | undefined;
    for (const id of ids) {
      try {
        work(id);
      } catch (error) {
        if (id !== undefined && error instanceof Refusal && error.statusCode === 404) {
          this.#lost.delete(id);
          this.#running.delete(id);
        }
        failed = { caller: id, error: (error as Error).message };
      }
    }
    // The last of them stands for all: a disk that is full fails alike for each, every second.
    if (failed) this.#deps.log.error(failed, "not every link was looked after");
  }

  #smsTold(id: string, sms: SmsView): void {
    const { book } = this.#deps;
    const row = book.get(id);
    const tries = sms.attempts > 1 ? ` at try ${sms.attempts}` : "";
    const words = {
      sent: `taken by the provider${tries}`,
      queued: `not sent${tries}`,
      failed: `not sent${tries}, given up`,
    };
    const why = sms.why ? `: ${sms.why}` : "";
    book.record(row, `text message to ${sms.to} ${words[sms.status]}${why}`, { sms }, "gateway");
    book.save({ ...row, facts: { ...row.facts, sms } });
  }

  #stateOf(id: string) {
    const row = this.#deps.book.store.get(id);
    return row && stateOf(row.link, Date.now());
  }

  /** @throws Refusal 422. */
  #needSms(): SmsOutbox {
    if (!this.#sms)
      throw new Refusal(422, "no provider of text messages is set up", {
        fix: "set callers.sms, or read the link out",
      });
    return this.#sms;
  }
}
