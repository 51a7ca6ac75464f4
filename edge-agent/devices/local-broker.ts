/**
 * A small broker on a node, for its neighbours while the gateway is out of reach. Each neighbour has a secret of its own, says only
 * what triangulating takes, under its own name, and nothing is kept: what must not be lost waits in each node's outbox for the gateway.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { Aedes, type AuthenticateError, type Client } from "aedes";
import type { Channel } from "#contract/channel.ts";
import { Fault } from "#contract/errors.ts";
import { nodeState } from "#contract/node.ts";
import { limitPackets } from "#contract/packet-limit.ts";
import { verifySecret } from "#contract/secret-hash.ts";
import { shotFixed, shotHeard } from "#contract/shot.ts";
import { parseTopic } from "#contract/topics.ts";
import type { Log } from "../ports.ts";

export interface LocalBrokerOptions {
  site: string;
  host: string;
  /** 0 for a free one. */
  port: number;
  /** Both for `mqtts`. */
  certFile?: string | undefined;
  keyFile?: string | undefined;
  /** Who may come in; `secretHash` as `tocsin gateway hash` prints it. */
  nodes: readonly { node: string; secretHash: string }[];
  log: Log;
}

export interface LocalBroker {
  readonly port: number;
  /** `logins`: turned away at the door; `rights`: messages and subscriptions refused. */
  readonly counters: { readonly clients: number; readonly logins: number; readonly rights: number };
  close(): Promise<void>;
}

const spoken: ReadonlySet<string> = new Set(
  ([shotHeard, shotFixed, nodeState] as unknown as Channel[]).map((channel) => channel.name),
);
/** A fix with the arrivals of a large neighbourhood has some 60 kB. */
const MAX_PACKET_BYTES = 256 * 1024;
/** Messages on their way to subscribers at once. */
const CONCURRENCY = 200;
/** A neighbour that takes nothing for so long is cut off. */
const DRAIN_TIMEOUT_MS = 3_000;
/** What an unknown name is checked against, so that it costs the same time as a wrong secret. */
const DECOY = `scrypt$12$8$1$${"A".repeat(22)}$${"A".repeat(43)}`;

/** Listens when it resolves. Throws `Fault` (config) where the address or the certificate cannot be used. */
export async function startLocalBroker(options: LocalBrokerOptions): Promise<LocalBroker> {
  const { site, nodes, log } = options;
  const stored = new Map(nodes.map(({ node, secretHash }) => [node, secretHash]));
  const names = new WeakMap<Client, string>();
  const counters = { logins: 0, rights: 0 };
  const check = secretChecker();

  /** Why this node may not say (`own` set) or hear what stands there; undefined where it may. */
  function fault(topic: string, own: string | undefined): string | undefined {
    const parts = parseTopic(topic);
    if (!parts || parts.site !== site || !spoken.has(parts.channel)) return `'${topic}' is not for neighbours`;
    if (own !== undefined && parts.node !== own) return `'${own}' may not speak as '${parts.node}'`;
    return undefined;
  }
  function refused(node: string | undefined, why: string): void {
    counters.rights++;
    log.warn({ neighbour: node }, `the local broker refuses: ${why}`);
  }

  const aedes = await Aedes.createBroker({
    concurrency: CONCURRENCY,
    drainTimeout: DRAIN_TIMEOUT_MS,
    connectTimeout: 10_000,
    keepaliveLimit: 120,
    maxClientsIdLength: 48,
    maxTopicLevels: 8,
    // A will, and a session that outlives its connection, would be kept for somebody who may never come back.
    preConnect: (_client, packet, callback) =>
      packet.will || !packet.clean ? callback(new Error("a will or a kept session"), false) : callback(null, true),
    authenticate: (client, username, password, callback) => {
      const turnAway = (why: string) => {
        counters.logins++;
        log.warn({ neighbour: client.id, from: addressOf(client) }, `the local broker turns away: ${why}`);
        callback(Object.assign(new Error(why), { returnCode: 5 }) as unknown as AuthenticateError, false);
      };
      if (!username || !password) return turnAway("no credential");
      if (client.id !== username) return turnAway("the client id is not the node's name");
      check(username, password.toString("utf8"), stored.get(username)).then(
        (right) => {
          if (right) {
            names.set(client, username);
            callback(null, true);
          } else turnAway("an unknown name or a wrong secret");
        },
        (error: Error) => turnAway(error.message),
      );
    },
    authorizePublish: (client, packet, callback) => {
      const name = client ? names.get(client) : undefined;
      const why = name === undefined ? "nobody is logged in there" : fault(packet.topic, name);
      if (why !== undefined) {
        refused(name, why);
        return callback(new Error(why));
      }
      packet.retain = false;
      callback(null);
    },
    authorizeSubscribe: (client, subscription, callback) => {
      const why = names.has(client) ? fault(subscription.topic, undefined) : "nobody is logged in there";
      if (why === undefined) return callback(null, subscription);
      refused(names.get(client), why);
      callback(null, null);
    },
    // Filters of a SUBSCRIBE that was refused in part are stored all the same: what goes out is looked at again.
    authorizeForward: (client, packet) =>
      names.has(client) && fault(packet.topic, undefined) === undefined ? packet : null,
  });
  const lost = (client: Client, error: Error) =>
    log.debug({ neighbour: client.id, from: addressOf(client), why: error.message }, "a neighbour's connection ended");
  aedes.on("clientError", lost);
  aedes.on("connectionError", lost);

  const sockets = new Set<Socket>();
  const accept = (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    limitPackets(socket, MAX_PACKET_BYTES);
    socket.setNoDelay(true);
    aedes.handle(socket);
  };
  const server = await open(options, accept).catch((error: unknown) => {
    aedes.close();
    throw error;
  });
  // Each neighbour once, once more while it comes back, and some that are turned away.
  server.maxConnections = 2 * nodes.length + 20;
  const { port } = server.address() as { port: number };
  log.info({ host: options.host, port, neighbours: nodes.length }, "a broker for the neighbours listens");
  return {
    port,
    counters: {
      get clients() {
        return aedes.connectedClients;
      },
      get logins() {
        return counters.logins;
      },
      get rights() {
        return counters.rights;
      },
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      aedes.close();
    },
  };
}

async function open({ host, port, certFile, keyFile }: LocalBrokerOptions, accept: (socket: Socket) => void) {
  try {
    const server: Server =
      certFile && keyFile
        ? createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, accept)
        : createServer(accept);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, () => {
        server.off("error", reject);
        resolve();
      });
    });
    return server;
  } catch (cause) {
    throw new Fault(
      "config",
      `neighbours.listen: ${(cause as Error).message}; give an address and files of this node`,
      {
        cause,
      },
    );
  }
}

/** Checks each right secret with scrypt once a process: neighbours that come back at once must not keep a small board busy. */
function secretChecker(): (name: string, secret: string, stored: string | undefined) => Promise<boolean> {
  const salt = randomBytes(32);
  const right = new Map<string, string>();
  return async (name, secret, stored) => {
    const digest = createHash("sha256").update(salt).update(secret).digest("hex");
    if (stored !== undefined && right.get(name) === digest) return true;
    const good = (await verifySecret(secret, stored ?? DECOY)) && stored !== undefined;
    if (good) right.set(name, digest);
    return good;
  };
}

function addressOf(client: Client): string | undefined {
  return (client.conn as Partial<Socket>).remoteAddress;
}
