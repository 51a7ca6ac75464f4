/**
 * The bus among neighbours, over the small brokers that some of them carry. A node speaks through all that it reaches, so that two
 * nodes understand each other as soon as they have one in common. Nothing goes to disk: the gateway gets everything from the outbox.
 */
import * as v from "valibot";
import { type Channel, faultsOf, type MessageOf } from "#contract/channel.ts";
import { Fault } from "#contract/errors.ts";
import { filterOf, topicOf } from "#contract/topics.ts";
import type { Bus, Delivery, Log, Subscription } from "../ports.ts";
import { type Handler, Inbox } from "./inbox.ts";
import { MqttLink } from "./mqtt-link.ts";

export interface NeighbourBusOptions {
  site: string;
  node: string;
  /** This node's secret among its neighbours. */
  secret: string;
  /** `mqtt://host:port` or `mqtts://host:port` of every broker among the neighbours. */
  brokers: readonly string[];
  caFile?: string | undefined;
  log: Log;
}

/** Said while no broker is within reach: told to the first that is, if it is not older than this. The oldest is dropped. */
const MAX_WAITING = 500;
const MAX_AGE_MS = 60_000;
const KEEPALIVE_S = 5;

interface Waiting {
  topic: string;
  payload: string;
  saidMs: number;
}

export class NeighbourBus implements Bus {
  readonly counters = { queued: 0, dropped: 0, refused: 0, delivered: 0, repeats: 0, handlerErrors: 0 };
  readonly #options: NeighbourBusOptions;
  readonly #inbox: Inbox;
  readonly #links: MqttLink[];
  readonly #linkListeners = new Set<(connected: boolean) => void>();
  #waiting: Waiting[] = [];
  #connected = false;
  #closed = false;

  constructor(options: NeighbourBusOptions) {
    this.#options = options;
    this.#inbox = new Inbox(this.counters, options.log);
    const { node, secret, caFile, log } = options;
    this.#links = options.brokers.map((url): MqttLink => {
      const address = { url, username: node, secret, caFile, keepaliveS: KEEPALIVE_S, clean: true };
      const link: MqttLink = new MqttLink(
        address,
        node,
        undefined,
        {
          up: () => void this.#up(link),
          down: () => this.#tellLink(),
          message: (topic, payload, retained) => this.#inbox.receive(topic, payload, retained),
        },
        quieter(log),
      );
      return link;
    });
  }

  /** At least one broker of the neighbours is within reach. */
  get connected(): boolean {
    return this.#connected;
  }

  onLink(listener: (connected: boolean) => void): () => void {
    this.#linkListeners.add(listener);
    return () => this.#linkListeners.delete(listener);
  }

  async publish<C extends Channel>(channel: C, message: MessageOf<C>): Promise<void> {
    if (this.#closed) throw new Fault("failed", `${channel.name}: the bus is closed`);
    const checked = v.safeParse(channel.schema, message);
    if (!checked.success)
      throw new Fault(
        "input",
        faultsOf(checked.issues).map((line) => `${channel.name}: ${line}`),
      );
    const topic = topicOf(channel, this.#options.site, this.#options.node);
    this.#waiting.push({ topic, payload: JSON.stringify(checked.output), saidMs: performance.now() });
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift();
      this.counters.dropped++;
    }
    this.#drain();
  }

  /** Resolves after the SUBACK of the brokers within reach; the others are asked when they come within reach. */
  async subscribe<C extends Channel>(
    channel: C,
    handler: (message: MessageOf<C>, from: Delivery) => void | Promise<void>,
    options?: { node?: string },
  ): Promise<Subscription> {
    const filter = filterOf(channel, this.#options.site, options?.node);
    const listener = this.#inbox.add({ channel, node: options?.node, filter }, handler as Handler);
    await Promise.all(this.#links.filter((link) => link.connected).map((link) => this.#ask(link, [filter])));
    return {
      close: async () => {
        this.#inbox.remove(listener);
        if (this.#inbox.listeners.some((other) => other.filter === filter)) return;
        await Promise.all(this.#links.map((link) => link.unsubscribe(filter)));
      },
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all(this.#links.map((link) => link.close()));
  }

  async #up(link: MqttLink): Promise<void> {
    await this.#ask(link, [...new Set(this.#inbox.listeners.map(({ filter }) => filter))]);
    this.#tellLink();
    this.#drain();
  }

  async #ask(link: MqttLink, filters: string[]): Promise<void> {
    if (filters.length === 0) return;
    // Where the connection breaks before SUBACK, the next one asks again.
    const refused = await link.subscribe(filters).catch(() => []);
    for (const filter of refused) this.#options.log.error({ filter }, "a neighbour's broker refuses this subscription");
  }

  #drain(): void {
    const links = this.#links.filter((link) => link.connected);
    if (links.length > 0) {
      for (const { topic, payload, saidMs } of this.#waiting.splice(0)) {
        if (performance.now() - saidMs > MAX_AGE_MS) {
          this.counters.dropped++;
          continue;
        }
        let first = true;
        const done = () => {
          if (first) this.counters.delivered++;
          first = false;
        };
        for (const link of links) link.publish(topic, payload, { retain: false }, done);
      }
    }
    this.counters.queued = this.#waiting.length;
  }

  #tellLink(): void {
    const connected = this.#links.some((link) => link.connected);
    if (connected === this.#connected) return;
    this.#connected = connected;
    for (const listener of this.#linkListeners) listener(connected);
  }
}

/** The link's own words are about the gateway's broker. */
function quieter(log: Log): Log {
  const say = (facts: object) => log.info(facts, "link to a neighbour's broker");
  return {
    debug: (facts, text) => log.debug(facts, text),
    info: say,
    warn: say,
    error: (facts, text) => log.error(facts, text),
  };
}
