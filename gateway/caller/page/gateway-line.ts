/** The page's line to the gateway: says what waits, hears what is new. A WebSocket brings news at once; requests work without one. */
import type { Language, MediaGrant } from "#contract/caller.ts";
import { type LinkView, type PhoneHears, SAYS_AT_ONCE } from "#contract/caller-phone.ts";
import { type Saying, SayQueue } from "./say-queue.ts";

const ANSWER_MS = 8_000;
/** A sign of life, also where there is nothing to say. */
const BEAT_MS = 5_000;
const PACE_MS = 1_000;
/** Where something on the way refuses WebSockets, the beat does. */
const SOCKET_AGAIN_MS = 4_000;
const retryMs = [500, 1000, 2000, 4000, 5000];

export type Answer<T> = { ok: true; value: T } | { ok: false; status: number };

interface Events {
  heard: (hears: PhoneHears) => void;
  online: (online: boolean) => void;
  queue: () => void;
  /** 401, 404, 410: this page has no link any more. */
  gone: () => void;
}

/** `/c/<token>` of this page. */
const base = location.pathname.replace(/\/$/, "");

async function ask<T>(path: string, init: RequestInit = {}): Promise<Answer<T>> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), ANSWER_MS);
  try {
    const answer = await fetch(base + path, {
      ...init,
      signal: stop.signal,
      credentials: "same-origin",
      cache: "no-store",
    });
    if (!answer.ok) return { ok: false, status: answer.status };
    return { ok: true, value: (await answer.json()) as T };
  } catch {
    // No answer: a dead link, or one too slow. Status 0 is asked again.
    return { ok: false, status: 0 };
  } finally {
    clearTimeout(timer);
  }
}

const post = <T>(path: string, body: unknown) =>
  ask<T>(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

export const gateway = {
  link: () => ask<LinkView>("/link"),
  open: (body: { language: Language }) => post<PhoneHears>("/open", body),
  send: () => post<MediaGrant>("/send", {}),
  listen: () => post<MediaGrant>("/listen", {}),
  still: (id: string, jpeg: Blob) =>
    ask<{ seq?: number }>(`/still?id=${id}`, { method: "POST", headers: { "content-type": "image/jpeg" }, body: jpeg }),
};

export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(15));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function storage(): Storage | undefined {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}

export class GatewayLine {
  readonly queue = new SayQueue(() => Date.now(), newId, storage());
  readonly #events: Events;
  #heard = 0;
  #busy = false;
  #again = false;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #socket: WebSocket | undefined;
  #socketAtMs = 0;
  #stopped = false;

  constructor(events: Events) {
    this.#events = events;
  }

  start(): void {
    this.#stopped = false;
    addEventListener("online", this.#soon);
    document.addEventListener("visibilitychange", this.#soon);
    this.#listen();
    this.#flush();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    removeEventListener("online", this.#soon);
    document.removeEventListener("visibilitychange", this.#soon);
    this.#socket?.close();
  }

  say(say: Saying): string {
    const id = this.queue.add(say);
    this.#events.queue();
    this.#soon();
    return id;
  }

  /** Resolves when nothing of this kind waits any more, or after `withinMs`. */
  async told(kind: Saying["kind"], withinMs: number): Promise<void> {
    const endMs = Date.now() + withinMs;
    while (this.queue.holds(kind) && Date.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 30));
  }

  /** What came with the opening. */
  hear(hears: PhoneHears): void {
    this.#heard = Math.max(this.#heard, hears.hear.at(-1)?.seq ?? 0);
    this.#events.heard(hears);
  }

  readonly #soon = () => {
    if (this.#stopped) return;
    if (this.#busy) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#flush(), 0);
  };

  async #flush(): Promise<void> {
    if (this.#busy || this.#stopped) return;
    this.#busy = true;
    this.#again = false;
    const says = this.queue.batch(SAYS_AT_ONCE);
    const answer = await post<PhoneHears>("/say", { says, heard: this.#heard });
    this.#busy = false;
    if (this.#stopped) return;
    if (answer.ok) {
      this.#failures = 0;
      this.queue.taken(answer.value.taken);
      this.#events.queue();
      this.#events.online(true);
      this.hear(answer.value);
      if (Date.now() - this.#socketAtMs > SOCKET_AGAIN_MS) this.#listen();
      // What the gateway did not take now is too much for it at once.
      const held = says.length > 0 && answer.value.taken.length === 0;
      this.#wait(held ? PACE_MS : this.queue.size > 0 || this.#again ? 0 : BEAT_MS);
      return;
    }
    if (answer.status === 400) {
      // One of them is not to be understood: it would stop the others for ever.
      this.queue.taken(says.slice(0, 1).map(({ id }) => id));
      this.#wait(0);
      return;
    }
    if ([401, 404, 410].includes(answer.status)) return this.#events.gone();
    this.#failures++;
    if (answer.status === 0 || answer.status >= 500) this.#events.online(false);
    this.#wait(answer.status === 429 ? 3000 : (retryMs[Math.min(this.#failures, retryMs.length) - 1] as number));
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#flush(), ms);
  }

  #listen(): void {
    if (this.#stopped || this.#socket) return;
    const url = new URL(`${base}/live`, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    this.#socket = socket;
    this.#socketAtMs = Date.now();
    socket.onmessage = ({ data }) => {
      const hears = JSON.parse(String(data)) as PhoneHears;
      const news = hears.hear.some(({ seq }) => seq > this.#heard);
      this.hear(hears);
      // Tells the operator that it has arrived.
      if (news) this.#soon();
    };
    socket.onclose = () => {
      if (this.#socket === socket) this.#socket = undefined;
      // The beat opens the next one when the gateway answers again.
      this.#soon();
    };
  }
}
