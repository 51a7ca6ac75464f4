/** The district's MQTT broker: Aedes on disk, no stranger let in, no message passed that is not of its channel. */
import type { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { Aedes, type AedesPublishPacket, type AuthenticateError, type Client } from "aedes";
import type { Logger } from "pino";
import { type Channel, type MessageOf, parseMessage } from "#contract/channel.ts";
import { limitPackets } from "#contract/packet-limit.ts";
import { filterOf, parseTopic, topicOf } from "#contract/topics.ts";
import type { Identity } from "./access.ts";
import { maySubscribe } from "./access.ts";
import { openBrokerStore } from "./broker-store.ts";
import type { GatewayConfig } from "./config.ts";
import type { HubBus } from "./context.ts";
import { SecretChecker } from "./credentials.ts";
import { Gatekeeper, type Refusal, RefusedError } from "./gatekeeper.ts";
import { Journal } from "./journal.ts";

/** A subscriber that takes nothing for so long is cut off, so that it cannot hold up the others. */
const DRAIN_TIMEOUT_MS = 3_000;
/** Messages that may be on their way to subscribers at once: so many can hang on a frozen one before the others wait. */
const CONCURRENCY = 1_000;
/** Also how soon wills of a broker that was killed are said: after 4 of these. */
const HEARTBEAT_MS = 15_000;
/** Longest keep-alive: a node is known as lost within one and a half of it (MQTT 3.1.1, 3.1.2.10). */
const KEEPALIVE_LIMIT_S = 120;

export interface BrokerCounters {
  published: number;
  refused: Record<Refusal, number>;
  queueDrops: () => number;
  clients: () => number;
  journal: Journal["counters"];
}

export interface Broker {
  readonly bus: HubBus;
  readonly counters: BrokerCounters;
  /** False while the disk takes no messages: nodes then keep theirs. */
  healthy(): boolean;
  /** What the broker keeps of a retained channel, one message for each node. */
  retained<C extends Channel>(channel: C): Promise<MessageOf<C>[]>;
  /** Credential of a process that the gateway started itself, valid while this process lives. */
  admit(identity: Identity, secret: string): void;
  /** Messages of `channel` that each new subscriber of it gets at once. */
  greet<C extends Channel>(channel: C, messages: () => unknown[]): void;
  /** Says again what a crash may have swallowed, then lets clients in. @returns the ports, as configured or as found. */
  listen(): Promise<{ mqtt: number; mqtts?: number }>;
  close(): Promise<void>;
}

export async function startBroker(config: GatewayConfig, log: Logger, heartbeatMs = HEARTBEAT_MS): Promise<Broker> {
  const store = await openBrokerStore(join(config.dataDir, "broker"), log);
  const journal = new Journal(join(config.dataDir, "journal.sqlite"));
  const keeper = new Gatekeeper(config, log, journal);
  const checker = new SecretChecker();
  const identities = new WeakMap<Client, Identity>();
  const wills = new WeakMap<Client, { topic: string; payload: Buffer | string }>();
  const greetings = new Map<string, { channel: Channel; messages: () => unknown[] }>();
  const greetNode = "gateway";
  const nodeVisited = new WeakMap<Client, string>();
  const visitors = new Map<string, Client>();

  const aedes = await Aedes.createBroker({
    persistence: store.persistence,
    drainTimeout: DRAIN_TIMEOUT_MS,
    concurrency: CONCURRENCY,
    heartbeatInterval: heartbeatMs,
    keepaliveLimit: KEEPALIVE_LIMIT_S,
    connectTimeout: 10_000,
    maxClientsIdLength: 48,
    maxTopicLevels: 8,
    preConnect: (client, packet, callback) => {
      if (packet.will) wills.set(client, packet.will);
      callback(null, true);
    },
    authenticate: (client, username, password, callback) => {
      const refuse = (why: string, returnCode: number) => {
        keeper.count("login");
        log.warn({ client: client.id, user: username, from: addressOf(client) }, `connection refused: ${why}`);
        callback(Object.assign(new RefusedError(why), { returnCode }) as AuthenticateError, false);
      };
      keeper.identify(username, password, client.id, checker).then(
        (found) => {
          if ("why" in found) return refuse(found.why, found.returnCode);
          // Each visit has a name of its own: sessions of theirs would pile up.
          if (found.parties.length === 0 && !client.clean) return refuse("a visitor is kept no session", 2);
          const will = wills.get(client);
          const fault = will && keeper.willFault(found, will);
          if (fault) return refuse(`last will: ${fault}`, 5);
          identities.set(client, found);
          if (found.parties.length === 0) nodeVisited.set(client, username as string);
          callback(null, true);
        },
        (error: Error) => refuse(error.message, 3),
      );
    },
    authorizePublish: (client, packet, callback) => {
      const will = packet as typeof packet & { clientId?: string };
      const identity = client ? identities.get(client) : keeper.identityOf(will.clientId);
      if (!identity) return callback(new Error("not logged in"));
      keeper.admitPublish(identity, packet, callback);
    },
    authorizeSubscribe: (client, subscription, callback) => {
      const identity = identities.get(client);
      if (!identity) return callback(new Error("not logged in"));
      const access = maySubscribe(identity, config.site, subscription.topic);
      if (access.kind === "granted") return callback(null, subscription);
      keeper.count("subscription");
      log.warn({ client: identity.id }, `subscription refused: ${access.why}`);
      callback(null, null);
    },
    // Aedes stores refused filters of a mixed SUBSCRIBE with the session all the same: rights are checked here again.
    authorizeForward: (client, packet) => {
      const identity = identities.get(client);
      return identity && keeper.mayHear(identity, packet.topic) ? packet : null;
    },
  });
  // One visitor per node: with a stolen credential as many as there are numbers could otherwise stay, until nobody else gets in.
  aedes.on("clientReady", (client) => {
    const node = nodeVisited.get(client);
    if (node === undefined) return;
    visitors.get(node)?.close();
    visitors.set(node, client);
  });
  const gone = new WeakSet<Client>();
  // Every message on its way fails with its connection: one line is enough. A refusal was logged with its reason where it was made.
  const lost = (client: Client, error: Error) => {
    if (error instanceof RefusedError || gone.has(client)) return;
    gone.add(client);
    log.info({ client: client.id, from: addressOf(client) }, `connection lost: ${error.message}`);
  };
  aedes.on("clientError", lost);
  aedes.on("connectionError", lost);
  // Emitted, but not in aedes' types.
  (aedes as EventEmitter).on("error", (error: Error) =>
    log.error({ error: error.message }, "the broker's store failed"),
  );
  aedes.on("subscribe", (subscriptions, client) => {
    for (const { topic, qos } of subscriptions) {
      const greeting = (qos as number) < 128 ? greetings.get(parseTopic(topic)?.channel ?? "") : undefined;
      for (const message of greeting?.messages() ?? []) {
        const packet = packetOf(
          topicOf((greeting as { channel: Channel }).channel, config.site, greetNode),
          message,
          false,
        );
        client.publish(packet, (error) => error && log.warn({ client: client.id }, `greeting: ${error.message}`));
      }
    }
  });

  const parsedOf = <C extends Channel>(channel: C, payload: Buffer): MessageOf<C> | undefined => {
    const known = keeper.parsed.get(payload);
    if (known !== undefined) return known as MessageOf<C>;
    const result = parseMessage(channel, payload);
    return result.ok ? result.message : undefined;
  };
  const bus: HubBus = {
    publish: (channel, message, options) => {
      const topic = topicOf(channel, config.site, options?.to ?? greetNode);
      const packet = packetOf(topic, message, channel.retained);
      // QoS 0 passes by the store: a busy disk and the messages before it are some tenths of a second.
      if (options?.urgent) aedes.publish({ ...packet, qos: 0, retain: false }, () => undefined);
      return new Promise((resolve, reject) => {
        aedes.publish(packet, (error) => (error ? reject(error) : resolve()));
      });
    },
    subscribe: (channel, handler) => {
      const deliver = (packet: AedesPublishPacket, done: () => void) => {
        const node = parseTopic(packet.topic)?.node;
        const message = parsedOf(channel, packet.payload as Buffer);
        if (message === undefined || node === undefined) return done();
        // The next message waits for this one, so that a slow disk slows the senders instead of filling the memory.
        Promise.resolve()
          .then(() => handler(message, { node }))
          .catch((error: Error) => log.error({ topic: packet.topic, error: error.message }, "message not handled"))
          .finally(done);
      };
      return new Promise((resolve) => aedes.subscribe(filterOf(channel, config.site), deliver, resolve));
    },
  };

  const servers: Server[] = [];
  const accept = (socket: Socket) => {
    limitPackets(socket);
    socket.setNoDelay(true);
    aedes.handle(socket);
  };
  const open = (server: Server, host: string, port: number) => {
    // Every credential once, once more while it reconnects, and some that fail to log in.
    server.maxConnections = 2 * (config.nodes.length + config.users.length) + 100;
    servers.push(server);
    return new Promise<number>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, () => resolve((server.address() as { port: number }).port));
    });
  };

  return {
    bus,
    counters: {
      get published() {
        return keeper.published;
      },
      refused: keeper.refused,
      queueDrops: () => store.counters.queueDrops,
      clients: () => aedes.connectedClients,
      journal: journal.counters,
    },
    healthy: () => !journal.failing && !store.failing && servers.every((server) => server.listening),
    retained: async (channel) => {
      const found = [];
      for await (const packet of store.retained(filterOf(channel, config.site))) {
        const message = parsedOf(channel, packet.payload);
        if (message !== undefined) found.push(message);
      }
      return found;
    },
    admit: (identity, secret) => keeper.admit(identity, secret),
    greet: (channel, messages) => void greetings.set(channel.name, { channel, messages }),
    listen: async () => {
      const said = journal.said();
      for (const { topic, payload } of said) {
        await new Promise<void>((resolve, reject) => {
          const packet = {
            cmd: "publish",
            topic,
            payload: Buffer.from(payload),
            qos: 1,
            retain: false,
            dup: false,
          } as const;
          aedes.publish(packet, (error) => (error ? reject(error) : resolve()));
        });
      }
      if (said.length > 0) log.info({ messages: said.length }, "said the last minutes again; consumers drop repeats");
      const { mqtt, mqtts } = config.listen;
      const ports: { mqtt: number; mqtts?: number } = { mqtt: await open(createServer(accept), mqtt.host, mqtt.port) };
      if (mqtts) {
        const server = createTlsServer(
          { cert: readFileSync(mqtts.certFile), key: readFileSync(mqtts.keyFile) },
          accept,
        );
        ports.mqtts = await open(server, mqtts.host, mqtts.port);
      }
      return ports;
    },
    close: async () => {
      for (const server of servers) server.close();
      await new Promise<void>((resolve) => aedes.close(resolve));
      journal.close();
      await store.close();
    },
  };
}

function packetOf(topic: string, message: unknown, retain: boolean) {
  return { cmd: "publish", topic, payload: Buffer.from(JSON.stringify(message)), qos: 1, retain, dup: false } as const;
}

function addressOf(client: Client): string | undefined {
  return (client.conn as Partial<Socket>).remoteAddress;
}
