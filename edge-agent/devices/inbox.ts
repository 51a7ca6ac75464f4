/** What the broker brings: checked against its schema, handed to who asked for it, repeats dropped. */
import { type Channel, parseMessage } from "#contract/channel.ts";
import { parseTopic } from "#contract/topics.ts";
import type { Delivery, Log } from "../ports.ts";
import { RecentKeys } from "./recent-keys.ts";

/** Messages for roles that have not subscribed yet; the oldest is dropped. */
const MAX_PARKED = 1000;
/** Keys a subscription remembers: minutes of a district's busiest night. */
const MAX_KEYS = 20_000;
/** A delivery waits for the handler, but not longer: one slow handler must not silence the link. */
const MAX_HANDLER_MS = 1000;

export type Handler = (message: unknown, from: Delivery) => void | Promise<void>;

export interface Listener {
  readonly channel: Channel;
  /** Whose messages; undefined for everybody's. */
  readonly node: string | undefined;
  readonly filter: string;
}

interface Entry extends Listener {
  handler: Handler;
  keys: RecentKeys;
}

export interface InboxCounters {
  refused: number;
  repeats: number;
  dropped: number;
  handlerErrors: number;
}

export class Inbox {
  readonly #entries = new Set<Entry>();
  readonly #counters: InboxCounters;
  readonly #log: Log;
  readonly #complaints = new Map<string, number>();
  #parked: { topic: string; payload: Uint8Array; retained: boolean }[] = [];

  /** Counts into `counters`, which belong to the bus. */
  constructor(counters: InboxCounters, log: Log) {
    this.#counters = counters;
    this.#log = log;
  }

  get listeners(): readonly Listener[] {
    return [...this.#entries];
  }

  add(listener: Listener, handler: Handler): Listener {
    const entry: Entry = { ...listener, handler, keys: new RecentKeys(MAX_KEYS) };
    this.#entries.add(entry);
    const parked = this.#parked;
    this.#parked = [];
    for (const { topic, payload, retained } of parked) void this.receive(topic, payload, retained);
    return entry;
  }

  remove(listener: Listener): void {
    this.#entries.delete(listener as Entry);
  }

  /** Resolves when the handlers are done with the message, at most a second later; never rejects. */
  async receive(topic: string, payload: Uint8Array, retained: boolean): Promise<void> {
    const parts = parseTopic(topic);
    if (!parts) {
      this.complain(topic, ["not one of our topics"]);
      return;
    }
    const wanted = [...this.#entries].filter(
      ({ channel, node }) => channel.name === parts.channel && (node === undefined || node === parts.node),
    );
    const channel = wanted[0]?.channel;
    if (!channel) {
      this.#park(topic, payload, retained);
      return;
    }
    // An empty retained message is how a broker is made to forget one (MQTT 3.1.1 section 3.3.1.3).
    if (payload.length === 0) return;
    const parsed = parseMessage(channel, payload);
    if (!parsed.ok) {
      this.complain(topic, parsed.faults);
      return;
    }
    const message = parsed.message as { node: string };
    if (channel.addressed === "from" && message.node !== parts.node) {
      this.complain(topic, [`node: says ${message.node} on the topic of ${parts.node}`]);
      return;
    }
    const key = `${parts.node} ${channel.key(message)}`;
    const from = { site: parts.site, node: parts.node, retained };
    await Promise.all(wanted.map((entry) => this.#deliver(entry, key, message, from)));
  }

  /** One line for the 1st, 10th, 100th ... bad message of a topic: enough to act on, too few to fill a disk. */
  complain(topic: string, faults: readonly string[]): void {
    this.#counters.refused += 1;
    if (this.#complaints.size >= 1000 && !this.#complaints.has(topic)) this.#complaints.clear();
    const count = (this.#complaints.get(topic) ?? 0) + 1;
    this.#complaints.set(topic, count);
    if (!/^10*$/.test(String(count))) return;
    this.#log.warn({ topic, count, faults: faults.slice(0, 5) }, "a message that is not of its channel was ignored");
  }

  #park(topic: string, payload: Uint8Array, retained: boolean): void {
    this.#parked.push({ topic, payload, retained });
    if (this.#parked.length <= MAX_PARKED) return;
    this.#parked.shift();
    this.#counters.dropped += 1;
  }

  async #deliver(entry: Entry, key: string, message: unknown, from: Delivery): Promise<void> {
    if (!entry.keys.isNew(key)) {
      this.#counters.repeats += 1;
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, MAX_HANDLER_MS);
    });
    const handled = (async () => entry.handler(message, from))().catch((err: unknown) => {
      this.#counters.handlerErrors += 1;
      this.#log.error({ channel: entry.channel.name, from: from.node, err }, "a message could not be handled");
    });
    await Promise.race([handled, patience]);
    clearTimeout(timer);
  }
}
