/**
 * One node's connection to the broker, made again whenever it is lost. Every connection is a fresh mqtt.js client on the same
 * persistent session (MQTT 3.1.1 section 3.1.2.4): what the broker holds for us comes back, while everything of ours that is still to
 * be sent lives in the outbox and nowhere else.
 */
import { readFileSync } from "node:fs";
import { connect, type IClientOptions, type IClientPublishOptions, type MqttClient } from "mqtt";
import type { Log } from "../ports.ts";

export interface BrokerAddress {
  /** `mqtt://host:1883` or `mqtts://host:8883`. */
  url: string;
  username: string;
  secret: string;
  /** PEM file with the authority of the broker's certificate, for `mqtts`. */
  caFile?: string | undefined;
  /** Silence after which the broker takes the node for lost is 1.5 times this. */
  keepaliveS: number;
  /** The broker holds nothing for this node while it is away. */
  clean?: boolean;
}

export interface Will {
  topic: string;
  payload: string;
}

export interface LinkEvents {
  /** Connected; the previous connection's subscriptions and unacknowledged messages are void. */
  up(): void;
  down(livedMs: number, why: string): void;
  /** The acknowledgement is sent when the promise resolves. */
  message(topic: string, payload: Uint8Array, retained: boolean): Promise<void>;
}

/** Waiting times between attempts: doubling to a limit, and spread by node, so that a district does not come back in one instant. */
export function* retryDelaysMs(node: string): Generator<number, never> {
  let hash = 0;
  for (const letter of node) hash = (hash * 31 + letter.charCodeAt(0)) >>> 0;
  const spread = 0.75 + (hash % 1000) / 2000;
  for (let delayMs = 250; ; delayMs = Math.min(delayMs * 2, 8000)) yield Math.round(delayMs * spread);
}

export class MqttLink {
  readonly #address: BrokerAddress;
  readonly #node: string;
  readonly #will: (() => Will) | undefined;
  readonly #events: LinkEvents;
  readonly #log: Log;
  #client: MqttClient | undefined;
  #retry: NodeJS.Timeout | undefined;
  #delays: Generator<number, never>;
  #connected = false;
  #closed = false;
  #lastWhy = "";

  constructor(address: BrokerAddress, node: string, will: (() => Will) | undefined, events: LinkEvents, log: Log) {
    this.#address = address;
    this.#node = node;
    this.#will = will;
    this.#events = events;
    this.#log = log;
    this.#delays = retryDelaysMs(node);
    this.#open();
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Resolves at SUBACK to the filters that the broker refused; rejects where the connection breaks before. */
  async subscribe(filters: readonly string[]): Promise<string[]> {
    if (!this.#client) throw new Error("not connected");
    const granted = await new Promise<{ topic: string; qos: number }[]>((resolve, reject) => {
      this.#client!.subscribe([...filters], { qos: 1 }, (error, grants, packet) => {
        // mqtt.js makes an error of a SUBACK with a failure code in it; the codes tell which filters.
        const codes = packet?.granted as number[] | undefined;
        if (codes) resolve(filters.map((topic, i) => ({ topic, qos: codes[i] ?? 128 })));
        else if (error) reject(error);
        else resolve(grants ?? []);
      });
    });
    return granted.filter(({ qos }) => qos >= 128).map(({ topic }) => topic);
  }

  async unsubscribe(filter: string): Promise<void> {
    if (this.#connected) await this.#client?.unsubscribeAsync(filter).catch(() => undefined);
  }

  /** `done` gets nothing once the broker has acknowledged; it is never called when the connection breaks first. */
  publish(topic: string, payload: Uint8Array | string, options: IClientPublishOptions, done: () => void): void {
    const data =
      typeof payload === "string" ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    this.#client?.publish(topic, data, { qos: 1, ...options }, (error) => {
      if (!error) done();
    });
  }

  /** Takes leave of the broker, so that it does not say our will. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = undefined;
    if (!client) return;
    if (this.#connected) {
      await Promise.race([client.endAsync(), new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
    }
    client.end(true);
    this.#connected = false;
  }

  #open(): void {
    const { url, username, secret, caFile, keepaliveS, clean = false } = this.#address;
    const will = this.#will?.();
    const options: IClientOptions = {
      protocolVersion: 4,
      clientId: this.#node,
      clean,
      username,
      password: secret,
      keepalive: keepaliveS,
      reschedulePings: false,
      reconnectPeriod: 0,
      resubscribe: false,
      connectTimeout: 10_000,
      ...(will && { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true } }),
      ...(caFile ? { ca: readFileSync(caFile) } : {}),
    };
    const client = connect(url, options);
    this.#client = client;
    let why = "the connection was closed";
    let upAtMs = 0;
    client.handleMessage = (packet, acknowledge) => {
      const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
      this.#events.message(packet.topic, payload, packet.retain).then(
        () => acknowledge(),
        (error) => acknowledge(error as Error),
      );
    };
    client.on("connect", () => {
      if (this.#client !== client) return;
      upAtMs = performance.now();
      this.#connected = true;
      this.#delays = retryDelaysMs(this.#node);
      this.#lastWhy = "";
      this.#log.info({ broker: url }, "connected to the broker");
      this.#events.up();
    });
    client.on("error", (error) => {
      why = explain(error);
    });
    client.once("close", () => {
      if (this.#client !== client || this.#closed) return;
      this.#client = undefined;
      client.end(true);
      const wasConnected = this.#connected;
      this.#connected = false;
      const waitMs = this.#delays.next().value;
      if (wasConnected || why !== this.#lastWhy) {
        this.#log.warn({ broker: url, why }, "no link to the broker; messages wait in the outbox");
      }
      this.#lastWhy = why;
      if (wasConnected) this.#events.down(performance.now() - upAtMs, why);
      this.#retry = setTimeout(() => this.#open(), waitMs);
    });
  }
}

function explain(error: Error & { code?: string | number }): string {
  if (error.code === 4 || error.code === 5) {
    return "the broker refuses this node's name or secret: check broker.username and broker.secret, and that the gateway knows the node";
  }
  if (error.code === "ECONNREFUSED") return "nothing listens at broker.url: is the gateway running?";
  // A refused connection to several addresses of one name is an AggregateError without a message.
  return error.message || String(error.code ?? error.name);
}
