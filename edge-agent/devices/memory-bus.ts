/** A bus within one process: what `MqttBus` promises, with a broker that is a table. For tests of roles and for trying things out. */
import * as v from "valibot";
import { type Channel, faultsOf, type MessageOf } from "#contract/channel.ts";
import { Fault } from "#contract/errors.ts";
import { filterOf, topicOf } from "#contract/topics.ts";
import type { Bus, Delivery, Log, Subscription } from "../ports.ts";
import { type Handler, Inbox } from "./inbox.ts";

export class MemoryBroker {
  readonly #buses = new Set<MemoryBus>();
  readonly #retained = new Map<string, Uint8Array>();
  #up = true;

  get up(): boolean {
    return this.#up;
  }

  /** Takes the link of every bus away, or gives it back. */
  setUp(up: boolean): void {
    this.#up = up;
    for (const bus of this.#buses) bus.linkChanged(up);
  }

  /** Any bytes on any topic, as a stranger would say them. */
  say(topic: string, payload: Uint8Array, retain = false): void {
    if (retain) this.#retained.set(topic, payload);
    for (const bus of this.#buses) void bus.inbox.receive(topic, payload, false);
  }

  join(bus: MemoryBus): void {
    this.#buses.add(bus);
  }

  leave(bus: MemoryBus): void {
    this.#buses.delete(bus);
  }

  retainedFor(filter: string): [string, Uint8Array][] {
    const pattern = new RegExp(`^${filter.replace("+", "[^/]+")}$`);
    return [...this.#retained].filter(([topic]) => pattern.test(topic));
  }
}

export class MemoryBus implements Bus {
  readonly counters = { queued: 0, dropped: 0, refused: 0, delivered: 0, repeats: 0, handlerErrors: 0 };
  readonly inbox: Inbox;
  readonly #broker: MemoryBroker;
  readonly #site: string;
  readonly #node: string;
  readonly #linkListeners = new Set<(connected: boolean) => void>();
  readonly #unconfirmed = new Set<() => void>();
  #waiting: { topic: string; payload: Uint8Array; retain: boolean }[] = [];

  constructor(broker: MemoryBroker, site: string, node: string, log: Log) {
    this.#broker = broker;
    this.#site = site;
    this.#node = node;
    this.inbox = new Inbox(this.counters, log);
    broker.join(this);
  }

  get connected(): boolean {
    return this.#broker.up;
  }

  onLink(listener: (connected: boolean) => void): () => void {
    this.#linkListeners.add(listener);
    return () => this.#linkListeners.delete(listener);
  }

  async publish<C extends Channel>(channel: C, message: MessageOf<C>, options?: { to?: string }): Promise<void> {
    const checked = v.safeParse(channel.schema, message);
    if (!checked.success) {
      throw new Fault(
        "input",
        faultsOf(checked.issues).map((line) => `${channel.name}: ${line}`),
      );
    }
    const to = channel.addressed === "to" ? options?.to : this.#node;
    if (to === undefined) throw new Fault("input", `${channel.name}: say whom it is for`);
    const topic = topicOf(channel, this.#site, to);
    if (channel.delivery.keep === "newest") this.#waiting = this.#waiting.filter((other) => other.topic !== topic);
    this.#waiting.push({ topic, payload: Buffer.from(JSON.stringify(checked.output)), retain: channel.retained });
    this.counters.queued = this.#waiting.length;
    this.#drain();
  }

  async subscribe<C extends Channel>(
    channel: C,
    handler: (message: MessageOf<C>, from: Delivery) => void | Promise<void>,
    options?: { node?: string },
  ): Promise<Subscription> {
    const node = options?.node ?? (channel.addressed === "to" ? this.#node : undefined);
    const filter = filterOf(channel, this.#site, node);
    const listener = this.inbox.add({ channel, node, filter }, handler as Handler);
    if (!this.#broker.up) await new Promise<void>((resolve) => this.#unconfirmed.add(resolve));
    for (const [topic, payload] of this.#broker.retainedFor(filter)) await this.inbox.receive(topic, payload, true);
    return { close: async () => this.inbox.remove(listener) };
  }

  linkChanged(up: boolean): void {
    for (const listener of this.#linkListeners) listener(up);
    if (!up) return;
    for (const resolve of this.#unconfirmed) resolve();
    this.#unconfirmed.clear();
    this.#drain();
  }

  async close(): Promise<void> {
    this.#broker.leave(this);
  }

  #drain(): void {
    if (!this.#broker.up) return;
    for (const { topic, payload, retain } of this.#waiting.splice(0)) {
      // Never within the publisher's own call, as over a wire.
      setImmediate(() => this.#broker.say(topic, payload, retain));
      this.counters.delivered += 1;
    }
    this.counters.queued = 0;
  }
}
