/** The operator's voice to a caller: one person has the word at a time, and a word that nobody uses is free again. */
import type { MediaGrant } from "#contract/caller.ts";
import { Refusal } from "../http/refusal.ts";
import { type CallerBook, streamsOf } from "./book.ts";
import type { MediaPort } from "./media-port.ts";

/** The operator's page was closed, or its network is gone. */
const QUIET_MS = 15_000;
/** Words that wait for the disk; of more the oldest are given up, and counted. */
const UNSAID_MAX = 200;

export class OperatorVoice {
  readonly counters = { unsaidDropped: 0 };
  readonly #unsaid: { id: string; text: string; data: { voice: boolean; at: string }; by: string }[] = [];
  readonly #book: CallerBook;
  readonly #media: MediaPort;
  readonly #push: (id: string) => void;

  /** @param push tells the phone. */
  constructor(book: CallerBook, media: MediaPort, push: (id: string) => void) {
    this.#book = book;
    this.#media = media;
    this.#push = push;
  }

  /** The word is one operator's at a time. @throws Refusal 409. */
  async talk(id: string, by: string): Promise<MediaGrant> {
    const [book, media, push] = [this.#book, this.#media, this.#push];
    const row = book.open(id);
    const other = book.talking.get(id);
    if (other && other.by !== by) throw new Refusal(409, `${other.by} speaks to this caller`);
    const { incident } = row.facts;
    const grant = await media.publish({
      stream: streamsOf(id).voice,
      sub: by,
      media: ["audio"],
      incident,
      record: true,
    });
    if (other) other.quietMs &&= Date.now();
    else {
      book.talking.set(id, { by, quietMs: Date.now() });
      book.tell(row);
      push(id);
      this.#say(id, "speaks to the caller", true, by);
    }
    return grant;
  }

  hush(id: string, by: string): void {
    const [book, media, push] = [this.#book, this.#media, this.#push];
    const row = book.get(id);
    if (!book.talking.delete(id)) return;
    // First what the operator means: a disk that takes nothing keeps no voice in somebody's room.
    media.close(streamsOf(id).voice, row.facts.incident, "the operator stopped speaking");
    book.tell(row);
    push(id);
    const text =
      by === "gateway" ? "nothing comes of the operator's voice: ended" : "has stopped speaking to the caller";
    this.#say(id, text, false, by);
  }

  /** On the incident's record; what a full disk does not take is said by a later `tick`, in order. */
  #say(id: string, text: string, voice: boolean, by: string): void {
    this.#unsaid.push({ id, text, data: { voice, at: new Date().toISOString() }, by });
    if (this.#unsaid.length > UNSAID_MAX) {
      this.#unsaid.shift();
      this.counters.unsaidDropped++;
    }
    try {
      this.#sayAll();
    } catch {
      // The next tick tries again, and tells the log where it fails.
    }
  }

  #sayAll(): void {
    for (let [first] = this.#unsaid; first; [first] = this.#unsaid) {
      const { id, text, data, by } = first;
      const row = this.#book.store.get(id);
      if (row) this.#book.record(row, text, data, by);
      else this.counters.unsaidDropped++;
      this.#unsaid.shift();
    }
  }

  /** The relay says whether an operator's voice comes in. */
  heard(stream: string, live: boolean): void {
    for (const [id, talk] of this.#book.talking) {
      if (streamsOf(id).voice !== stream) continue;
      if (live) talk.quietMs = undefined;
      else talk.quietMs ??= Date.now();
    }
  }

  tick(nowMs: number): void {
    for (const [id, { quietMs }] of this.#book.talking)
      if (quietMs !== undefined && nowMs - quietMs > QUIET_MS) this.hush(id, "gateway");
    this.#sayAll();
  }
}
