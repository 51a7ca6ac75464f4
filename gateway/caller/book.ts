/** The links as everybody sees them: read with their state of now, written to disk and told to the consoles. */
import type { CallerMessage, CallerView } from "#contract/caller.ts";
import type { GatewayContext } from "../context.ts";
import { Refusal } from "../http/refusal.ts";
import { stateOf } from "./link.ts";
import { Phones } from "./presence.ts";
import type { CallerRow, CallerStore } from "./store.ts";

/** Streams of the relay (contract/video.ts). */
export const streamsOf = (id: string) => ({ phone: `caller-${id}.phone`, voice: `operator-${id}.voice` });

/** Whose picture and voice a stream is. */
export function callerOf(stream: string): string | undefined {
  return /^caller-(.+)\.phone$/.exec(stream)?.[1];
}

export class CallerBook {
  readonly store: CallerStore;
  readonly phones = new Phones();
  /** Caller -> operator who has the word; `quietMs` since when nothing comes of their voice, undefined while it does. */
  readonly talking = new Map<string, { by: string; quietMs: number | undefined }>();
  /** Callers whose picture or voice comes into the relay. */
  readonly received = new Set<string>();
  readonly #context: Pick<GatewayContext, "broadcast" | "record" | "recordOnce">;

  constructor(store: CallerStore, context: Pick<GatewayContext, "broadcast" | "record" | "recordOnce">) {
    this.store = store;
    this.#context = context;
  }

  /** @throws Refusal 404. */
  get(id: string): CallerRow {
    const row = this.store.get(id);
    if (!row) throw new Refusal(404, `there is no caller '${id}'`);
    return row;
  }

  /** @throws Refusal 404, 409 where nobody is on it. */
  open(id: string): CallerRow {
    const row = this.get(id);
    const state = stateOf(row.link, Date.now());
    if (state !== "open") throw new Refusal(409, `this link is ${state}: nobody is on it`);
    return row;
  }

  view({ id, link, facts }: CallerRow, nowMs = Date.now()): CallerView {
    const { heard: _, recordedFix: __, recordedStills: ___, ...told } = facts;
    const untilMs = link.device === undefined ? link.openUntilMs : (link.lastsUntilMs ?? link.openUntilMs);
    const presence = this.phones.get(id);
    const talking = this.talking.get(id)?.by;
    return {
      id,
      state: stateOf(link, nowMs),
      expiresAt: new Date(untilMs).toISOString(),
      streams: streamsOf(id),
      ...told,
      ...(presence && { link: { live: presence.live, since: new Date(presence.sinceMs).toISOString() } }),
      ...(talking !== undefined && { talking }),
    };
  }

  save(row: CallerRow): CallerView {
    this.store.save(row);
    return this.tell(row);
  }

  tell(row: CallerRow): CallerView {
    const caller = this.view(row);
    this.#context.broadcast({ type: "caller", caller });
    return caller;
  }

  /** @param by person, or `caller-<id>`; the phone itself where absent. */
  record(row: CallerRow, text: string, data: Record<string, unknown>, by = `caller-${row.id}`): void {
    this.#context.record(row.facts.incident, "caller", by, text.slice(0, 2000), { caller: row.id, ...data });
  }

  recordOnce(row: CallerRow, key: string, text: string, data: Record<string, unknown>): void {
    const { incident } = row.facts;
    const of = { of: "caller/say", is: `${row.id}/${key}` };
    this.#context.recordOnce(of, incident, "caller", `caller-${row.id}`, text.slice(0, 2000), {
      caller: row.id,
      ...data,
    });
  }

  addMessage(row: CallerRow, message: Omit<CallerMessage, "seq">): CallerMessage {
    const whole = this.store.addMessage(row.id, message);
    this.tellMessage(row, whole);
    return whole;
  }

  tellMessage(row: CallerRow, message: CallerMessage): void {
    const { incident } = row.facts;
    this.#context.broadcast({
      type: "message",
      channel: "caller/said",
      message: { incident, caller: row.id, message },
    });
  }

  messages(row: CallerRow): CallerMessage[] {
    return this.store
      .messages(row.id)
      .map((each) => (each.from === "operator" ? { ...each, delivered: each.seq <= row.facts.heard } : each));
  }
}
