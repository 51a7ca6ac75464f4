/** The bus over MQTT: an outbox on disk before it, schemas around it, repeats dropped behind it. */
import * as v from "valibot";
import { type Channel, faultsOf, type MessageOf } from "#contract/channel.ts";
import { Fault } from "#contract/errors.ts";
import { type NodeState, nodeState } from "#contract/node.ts";
import { filterOf, topicOf } from "#contract/topics.ts";
import type { Bus, Delivery, Log, Subscription } from "../ports.ts";
import { type Handler, Inbox, type Listener } from "./inbox.ts";
import { type BrokerAddress, MqttLink } from "./mqtt-link.ts";
import { Outbox, type OutboxEntry, type OutboxLimits, type OutboxRow } from "./outbox.ts";

export interface MqttBusOptions {
  site: string;
  node: string;
  broker: BrokerAddress;
  outboxFile: string;
  outboxLimits: OutboxLimits;
  /** The last will as of now: said by the broker when this node falls silent. Asked for at every connection. */
  will: () => NodeState;
  log: Log;
}

/** Messages on their way to the broker at once; the rest waits on disk. */
const WINDOW = 64;
/** A broker that closes the connection this often, right after the same message, refuses that message. */
const MAX_REFUSALS = 5;
const REFUSAL_WITHIN_MS = 2000;
/** Removals of sent messages are gathered this long before they reach the disk. */
const SWEEP_MS = 250;
/** A disk that takes nothing is tried again, also when nobody says anything: what waits in memory is lost with the power. */
const AGAIN_MS = 1000;

interface Confirm {
  resolve: () => void;
  reject: (error: unknown) => void;
}

export class MqttBus implements Bus {
  readonly counters = {
    queued: 0,
    dropped: 0,
    refused: 0,
    delivered: 0,
    repeats: 0,
    handlerErrors: 0,
    outboxBytes: 0,
    outboxInMemory: 0,
    outboxDiskFailed: 0,
  };
  readonly #options: MqttBusOptions;
  readonly #link: MqttLink;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  /** Listeners that wait for their SUBACK. */
  readonly #unconfirmed = new Map<Listener, Confirm>();
  readonly #linkListeners = new Set<(connected: boolean) => void>();
  readonly #inFlight = new Map<number, OutboxRow>();
  readonly #newest = new Map<string, { payload: string; retain: boolean; sending: boolean }>();
  readonly #refused = new Set<number>();
  #pending: { entry: OutboxEntry; resolve: () => void; reject: (error: unknown) => void }[] = [];
  /** Up once the broker has confirmed the subscriptions of this connection. */
  #ready = false;
  #suspect: { seq: number; closes: number } | undefined;
  #subscribeRefusals = 0;
  #sweep: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: MqttBusOptions) {
    this.#options = options;
    const { log, site, node } = options;
    this.#inbox = new Inbox(this.counters, log);
    this.#outbox = new Outbox(options.outboxFile, options.outboxLimits, (report) => {
      if (report.kind === "disk-works") log.info(report, "the outbox is on disk again");
      else if (report.kind === "disk-failed")
        log.error(report, "the outbox can't reach its disk: messages wait in memory; free or replace the disk");
      else if (report.kind === "corrupt")
        log.error(report, "the outbox was damaged and was moved aside; messages that waited in it are not sent");
      else log.error(report, "the outbox is full: the oldest of the least urgent messages are dropped");
    });
    const will = () => ({ topic: topicOf(nodeState, site, node), payload: JSON.stringify(options.will()) });
    this.#link = new MqttLink(
      options.broker,
      node,
      will,
      {
        up: () => void this.#up(),
        down: (livedMs, why) => this.#down(livedMs, why),
        message: (topic, payload, retained) => this.#inbox.receive(topic, payload, retained),
      },
      log,
    );
    this.#count();
  }

  get connected(): boolean {
    return this.#link.connected;
  }

  onLink(listener: (connected: boolean) => void): () => void {
    this.#linkListeners.add(listener);
    return () => this.#linkListeners.delete(listener);
  }

  async publish<C extends Channel>(channel: C, message: MessageOf<C>, options?: { to?: string }): Promise<void> {
    if (this.#closed) throw new Fault("failed", `${channel.name}: the bus is closed`);
    const checked = v.safeParse(channel.schema, message);
    if (!checked.success)
      throw new Fault(
        "input",
        faultsOf(checked.issues).map((line) => `${channel.name}: ${line}`),
      );
    const to = channel.addressed === "to" ? options?.to : this.#options.node;
    if (to === undefined) throw new Fault("input", `${channel.name}: say whom it is for`);
    const topic = topicOf(channel, this.#options.site, to);
    const payload = JSON.stringify(checked.output);
    if (channel.delivery.keep === "newest") {
      this.#newest.set(topic, { payload, retain: channel.retained, sending: false });
      this.#drain();
      return;
    }
    const entry = {
      channel: channel.name,
      topic,
      payload: Buffer.from(payload),
      retain: channel.retained,
      priority: channel.delivery.priority,
    };
    await new Promise<void>((resolve, reject) => {
      // All that is said in one turn of the event loop shares one commit.
      if (this.#pending.push({ entry, resolve, reject }) === 1) setImmediate(() => this.#commit());
    });
  }

  async subscribe<C extends Channel>(
    channel: C,
    handler: (message: MessageOf<C>, from: Delivery) => void | Promise<void>,
    options?: { node?: string },
  ): Promise<Subscription> {
    if (this.#closed) throw new Fault("failed", `${channel.name}: the bus is closed`);
    const node = options?.node ?? (channel.addressed === "to" ? this.#options.node : undefined);
    const filter = filterOf(channel, this.#options.site, node);
    const listener = this.#inbox.add({ channel, node, filter }, handler as Handler);
    const confirmed = new Promise<void>((resolve, reject) => this.#unconfirmed.set(listener, { resolve, reject }));
    if (this.#ready) void this.#confirm();
    await confirmed;
    return {
      close: async () => {
        this.#inbox.remove(listener);
        if (!this.#inbox.listeners.some((other) => other.filter === filter)) await this.#link.unsubscribe(filter);
      },
    };
  }

  /** Sends what it can in a second, leaves the rest on disk, and takes leave of the broker. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#commit();
    this.#closed = true;
    const deadline = performance.now() + 1000;
    const busy = () => this.#inFlight.size > 0 || [...this.#newest.values()].length > 0;
    while (this.#link.connected && busy() && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10));
    clearTimeout(this.#sweep);
    await this.#link.close();
    this.#outbox.close();
    const closed = new Fault("failed", "the bus was closed");
    for (const { reject } of this.#unconfirmed.values()) reject(closed);
  }

  #commit(): void {
    const batch = this.#pending;
    this.#pending = [];
    if (batch.length === 0) return;
    try {
      this.#outbox.add(batch.map(({ entry }) => entry));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    if (this.#outbox.diskFailed) this.#syncIn(AGAIN_MS);
    this.#drain();
  }

  async #up(): Promise<void> {
    for (const listener of this.#linkListeners) listener(true);
    await this.#confirm();
  }

  /** Has the broker confirm the filters (all of a new connection, else the new ones), then lets the outbox flow. */
  async #confirm(): Promise<void> {
    const asked = this.#ready ? [...this.#unconfirmed.keys()] : this.#inbox.listeners;
    try {
      const filters = [...new Set(asked.map(({ filter }) => filter))];
      const refused = filters.length > 0 ? await this.#link.subscribe(filters) : [];
      for (const listener of asked) {
        if (refused.includes(listener.filter)) this.#reject(listener);
        else this.#unconfirmed.get(listener)?.resolve();
        this.#unconfirmed.delete(listener);
      }
      this.#subscribeRefusals = 0;
      this.#ready = true;
      this.#drain();
      if (this.#unconfirmed.size > 0) await this.#confirm();
    } catch {
      // The connection broke before SUBACK; the next one asks again, unless it was the asking that broke it, time and again.
      if (++this.#subscribeRefusals < MAX_REFUSALS) return;
      this.#subscribeRefusals = 0;
      for (const listener of [...this.#unconfirmed.keys()]) this.#reject(listener);
    }
  }

  #reject(listener: Listener): void {
    this.#inbox.remove(listener);
    const line = `${listener.channel.name}: the broker does not let this node listen to it; give it the rights in the gateway's configuration`;
    const waiting = this.#unconfirmed.get(listener);
    this.#unconfirmed.delete(listener);
    if (waiting) waiting.reject(new Fault("config", line));
    else this.#options.log.error({ filter: listener.filter }, line);
  }

  #down(livedMs: number, why: string): void {
    this.#ready = false;
    const first = this.#inFlight.values().next().value;
    this.#inFlight.clear();
    for (const each of this.#newest.values()) each.sending = false;
    if (first && livedMs < REFUSAL_WITHIN_MS && !why.includes("Keepalive")) this.#suspectRow(first);
    this.#count();
    for (const listener of this.#linkListeners) listener(false);
  }

  /** A broker refuses a message by closing the connection (MQTT 3.1.1 section 3.3.5): one such message must not hold up the others. */
  #suspectRow(row: OutboxRow): void {
    const closes = this.#suspect?.seq === row.seq ? this.#suspect.closes + 1 : 1;
    this.#suspect = { seq: row.seq, closes };
    if (closes < MAX_REFUSALS) return;
    this.#suspect = undefined;
    this.#refused.add(row.seq);
    this.counters.refused += 1;
    this.#options.log.error(
      { topic: row.topic },
      "the broker refuses this message (has the node the right to say it?): it stays in the outbox until the next start",
    );
  }

  #drain(): void {
    this.#count();
    if (!this.#ready || !this.#link.connected) return;
    for (const [topic, message] of this.#newest) {
      if (message.sending) continue;
      message.sending = true;
      this.#link.publish(topic, message.payload, { retain: message.retain }, () => {
        if (this.#newest.get(topic) === message) this.#newest.delete(topic);
        this.counters.delivered += 1;
      });
    }
    // After a suspicious end, one at a time, so that the next such end names the culprit.
    const free = (this.#suspect ? 1 : WINDOW) - this.#inFlight.size;
    if (free > 0) {
      const skip = new Set([...this.#inFlight.keys(), ...this.#refused]);
      for (const row of this.#outbox.next(free, skip)) this.#send(row);
    }
  }

  #send(row: OutboxRow): void {
    this.#inFlight.set(row.seq, row);
    this.#link.publish(row.topic, row.payload, { retain: row.retain }, () => {
      if (this.#inFlight.get(row.seq) !== row) return;
      this.#inFlight.delete(row.seq);
      this.#outbox.sent(row);
      this.counters.delivered += 1;
      if (this.#suspect?.seq === row.seq) this.#suspect = undefined;
      if (this.#inFlight.size <= WINDOW / 2) this.#drain();
      this.#syncIn(SWEEP_MS);
    });
  }

  #syncIn(ms: number): void {
    this.#sweep ??= setTimeout(() => {
      this.#sweep = undefined;
      if (!this.#outbox.sync()) this.#syncIn(AGAIN_MS);
      this.#count();
    }, ms);
  }

  #count(): void {
    const { rows, bytes, inMemory, dropped } = this.#outbox.counters;
    this.counters.queued = rows + this.#pending.length;
    this.counters.outboxBytes = bytes;
    this.counters.outboxInMemory = inMemory;
    this.counters.outboxDiskFailed = this.#outbox.diskFailed ? 1 : 0;
    this.counters.dropped = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  }
}
