/** Decides on every log-in and every message at the broker's door, and counts what it turned away. */
import { timingSafeEqual } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { PublishPacket } from "aedes";
import type { Logger } from "pino";
import { type Channel, type Party, parseMessage } from "#contract/channel.ts";
import type { UserRole } from "#contract/ops-api.ts";
import { parseTopic } from "#contract/topics.ts";
import { type Identity, mayPublish, maySubscribe } from "./access.ts";
import type { GatewayConfig } from "./config.ts";
import type { SecretChecker } from "./credentials.ts";
import type { Journal } from "./journal.ts";
import { Throttle } from "./throttle.ts";

/** `rights`: closes the connection. `broken`, `unknown`: the message is taken off its sender's hands and goes nowhere. */
export type Refusal = "login" | "rights" | "broken" | "unknown" | "subscription";

const partiesOfRole: Partial<Record<UserRole, Party>> = { dispatch: "dispatch", pilot: "pilot" };

/** A flow that goes round in circles fills records at this pace at most, and slows nobody but itself. */
const FLOWS_PER_SECOND = 20;
const FLOWS_BURST = 200;

/** A topic nobody can subscribe to: Aedes acknowledges what it delivers, even to nobody, and closes on an error. */
const NOWHERE = "$refused";

/** Closes a connection; what it says is in the log already. */
export class RefusedError extends Error {}

export class Gatekeeper {
  readonly #site: string;
  readonly #log: Logger;
  readonly #journal: Journal;
  readonly #identities = new Map<string, { identity: Identity; stored?: string; secret?: string; node?: true }>();
  readonly #flows = new Throttle(FLOWS_PER_SECOND, FLOWS_BURST);
  readonly #heard = new WeakMap<Identity, Map<string, boolean>>();
  readonly refused: Record<Refusal, number> = { login: 0, rights: 0, broken: 0, unknown: 0, subscription: 0 };
  published = 0;
  /** Messages already parsed, by the very bytes that go on through the broker: the hub need not do it again. */
  readonly parsed = new WeakMap<object, unknown>();

  constructor(config: GatewayConfig, log: Logger, journal: Journal) {
    this.#site = config.site;
    this.#log = log;
    this.#journal = journal;
    for (const { id, parties, secretHash } of config.nodes) {
      this.#identities.set(id, { identity: { id, parties }, stored: secretHash, node: true });
    }
    for (const { name, roles, passwordHash } of config.users) {
      const parties = roles.flatMap((role) => partiesOfRole[role] ?? []);
      // People without a role on the bus have no business there: for the broker they do not exist.
      if (parties.length > 0) {
        this.#identities.set(name, { identity: { id: name, parties }, stored: passwordHash });
      }
    }
  }

  /** For processes that the gateway starts itself. */
  admit(identity: Identity, secret: string): void {
    this.#identities.set(identity.id, { identity, secret });
  }

  identityOf(id: string | undefined): Identity | undefined {
    return id === undefined ? undefined : this.#identities.get(id)?.identity;
  }

  count(refusal: Refusal): void {
    this.refused[refusal]++;
  }

  /** @returns the identity (of a visitor: one without any right), or why not with the return code of CONNACK (MQTT 3.1.1, 3.2.2.3). */
  async identify(
    username: string | undefined,
    password: Buffer | undefined,
    clientId: string,
    checker: SecretChecker,
  ): Promise<Identity | { why: string; returnCode: number }> {
    if (!username || !password) return { why: "no credential given; anonymous clients are not let in", returnCode: 4 };
    const entry = this.#identities.get(username);
    const secret = password.toString("utf8");
    const right =
      entry?.secret !== undefined
        ? sameSecret(entry.secret, secret)
        : await checker.check(username, secret, entry?.stored);
    if (!entry) return { why: `'${username}' is not in the gateway's configuration`, returnCode: 4 };
    if (!right) return { why: `wrong secret for '${username}'`, returnCode: 4 };
    if (clientId !== username) {
      if (entry.node && isVisitor(clientId, username) && !this.#identities.has(clientId))
        return { id: clientId, parties: [] };
      return { why: `client id '${clientId}' must be the credential's name '${username}'`, returnCode: 2 };
    }
    return entry.identity;
  }

  /** What is wrong with a last will, which is said when nobody is there any more to be told off. */
  willFault(identity: Identity, will: { topic: string; payload: Buffer | string }): string | undefined {
    const access = mayPublish(identity, this.#site, will.topic);
    if (access.kind !== "granted") return access.why;
    return this.#faultOf(access.channel, identity, will.payload);
  }

  /**
   * Calls back with an error (the connection closes) for what a well-behaved client never does. A message that is
   * broken is acknowledged, so that it does not block its sender's outbox for ever, counted, and goes nowhere.
   * A record is acknowledged only once it is on disk.
   */
  admitPublish(identity: Identity, packet: PublishPacket, callback: (error?: Error | null) => void): void {
    const access = mayPublish(identity, this.#site, packet.topic);
    if (access.kind === "forbidden") {
      this.count("rights");
      this.#log.warn({ client: identity.id, topic: packet.topic }, `message refused, connection closed: ${access.why}`);
      callback(new RefusedError(access.why));
      return;
    }
    const fault = access.kind === "unknown" ? access.why : this.#faultOf(access.channel, identity, packet.payload);
    if (access.kind === "unknown" || fault) {
      const refusal = access.kind === "unknown" ? "unknown" : "broken";
      this.count(refusal);
      this.#log.warn({ client: identity.id, topic: packet.topic }, `message refused (${refusal}): ${fault}`);
      packet.topic = NOWHERE;
      packet.payload = Buffer.alloc(0);
      packet.retain = false;
      callback();
      return;
    }
    if (identity.parties.includes("flows")) {
      const delayMs = this.#flows.delayMs(performance.now());
      if (delayMs > 0) {
        setTimeout(() => this.#admitGood(access.channel, packet, callback), delayMs);
        return;
      }
    }
    this.#admitGood(access.channel, packet, callback);
  }

  #admitGood(channel: Channel, packet: PublishPacket, callback: (error?: Error | null) => void): void {
    packet.retain &&= channel.retained;
    this.published++;
    if (packet.qos === 0 || !isRecord(channel)) {
      callback();
      return;
    }
    const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
    this.#journal.write(packet.topic, payload, (error) => {
      if (error) this.#log.error({ error: error.message }, "the journal cannot be written: message not acknowledged");
      callback(error);
    });
  }

  #faultOf(channel: Channel, identity: Identity, payload: Buffer | string): string | undefined {
    const result = parseMessage(channel, payload);
    if (!result.ok) return result.faults.slice(0, 5).join("; ");
    const sender = (result.message as { node: string }).node;
    if (sender !== identity.id) return `node: '${sender}' is not the sender '${identity.id}'`;
    if (typeof payload !== "string") this.parsed.set(payload, result.message);
    return undefined;
  }

  /** May this client be handed a message of this topic? Remembered per topic; there are as many as nodes x channels. */
  mayHear(identity: Identity, topic: string): boolean {
    let known = this.#heard.get(identity);
    if (!known) this.#heard.set(identity, (known = new Map()));
    let may = known.get(topic);
    if (may === undefined) {
      may = parseTopic(topic) !== undefined && maySubscribe(identity, this.#site, topic).kind === "granted";
      if (known.size < 20_000) known.set(topic, may);
    }
    return may;
  }
}

/** Not so what is addressed to somebody: a command that is said again two minutes later is a danger. */
function isRecord(channel: Channel): boolean {
  return channel.delivery.keep === "every" && channel.addressed === "from";
}

/** `tocsin doctor` tries a node's credential while the node runs, whose own client id would throw it out: `<node>-doctor-<number>`. */
function isVisitor(clientId: string, node: string): boolean {
  return clientId.startsWith(`${node}-doctor-`) && /^\d{1,10}$/.test(clientId.slice(node.length + 8));
}

function sameSecret(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
