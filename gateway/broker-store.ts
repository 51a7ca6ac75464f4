/** The broker's own memory on disk: retained messages, sessions, and what waits for absent subscribers, bounded. */
import levelPersistence from "aedes-persistence-level";
import { ClassicLevel } from "classic-level";
import type { Logger } from "pino";
import { Fault } from "#contract/errors.ts";
import { LevelAgain } from "./level-again.ts";

/** Messages kept for one absent subscriber: a day of a busy city. Beyond it the newest are not queued, and counted. */
export const MAX_QUEUED_PER_CLIENT = 50_000;

interface Queued {
  clientId: string;
}

/** The part of aedes-persistence-level (which has no types) that is bounded here; the rest goes to aedes as it is. */
interface Persistence {
  outgoingEnqueueCombi(subscriptions: Queued[] | undefined, packet: { topic: string }): Promise<void>;
  outgoingClearMessageId(client: { id: string }, packet: unknown): Promise<unknown>;
  delWill(client: { id: string }): Promise<unknown>;
  createRetainedStream(filter: string): AsyncIterable<{ topic: string; payload: Buffer }>;
}

export interface BrokerStore {
  persistence: unknown;
  counters: { queueDrops: number };
  /** The disk takes nothing. */
  readonly failing: boolean;
  retained(filter: string): AsyncIterable<{ topic: string; payload: Buffer }>;
  close(): Promise<void>;
}

export async function openBrokerStore(
  folder: string,
  log: Logger,
  limit = MAX_QUEUED_PER_CLIENT,
): Promise<BrokerStore> {
  const db = await openLevel(folder, log);
  const again = new LevelAgain(db, folder, log);
  const persistence = levelPersistence(db) as Persistence;
  const queued = new Map<string, number>();
  for await (const key of db.keys({ gte: "outgoing:", lt: "outgoing;" })) {
    const client = decodeURIComponent(key.split(":")[1] ?? "");
    queued.set(client, (queued.get(client) ?? 0) + 1);
  }
  const counters = { queueDrops: 0 };
  const full = new Set<string>();

  const enqueue = persistence.outgoingEnqueueCombi.bind(persistence);
  persistence.outgoingEnqueueCombi = (subscriptions, packet) => {
    const room = subscriptions?.filter(({ clientId }) => {
      const depth = queued.get(clientId) ?? 0;
      if (depth < limit) {
        queued.set(clientId, depth + 1);
        return true;
      }
      counters.queueDrops++;
      if (!full.has(clientId)) {
        full.add(clientId);
        log.warn({ client: clientId, limit }, "queue of an absent subscriber is full: it will miss messages");
      }
      return false;
    });
    return enqueue(room, packet);
  };
  const clear = persistence.outgoingClearMessageId.bind(persistence);
  persistence.outgoingClearMessageId = async (client, packet) => {
    const cleared = await clear(client, packet);
    if (cleared) {
      const depth = (queued.get(client.id) ?? 1) - 1;
      if (depth > 0) queued.set(client.id, depth);
      else queued.delete(client.id);
      if (depth < limit / 2) full.delete(client.id);
    }
    return cleared;
  };
  // Aedes 1.2 does not catch it everywhere: a full disk ended the gateway. At worst a node that has left is said to be lost after a restart.
  const forgetWill = persistence.delWill.bind(persistence);
  persistence.delWill = (client) =>
    forgetWill(client).catch((error: Error) =>
      log.warn({ client: client.id, why: error.message }, "a will is not deleted"),
    );
  return {
    persistence,
    counters,
    get failing() {
      return again.failing;
    },
    retained: (filter) => persistence.createRetainedStream(filter),
    close: () => again.close(),
  };
}

async function openLevel(folder: string, log: Logger): Promise<ClassicLevel<string, Buffer>> {
  const open = async () => {
    const db = new ClassicLevel<string, Buffer>(folder, { valueEncoding: "buffer" });
    await db.open();
    return db;
  };
  try {
    return await open();
  } catch (error) {
    const cause = (error as Error).cause as (Error & { code?: string }) | undefined;
    if (cause?.code === "LEVEL_LOCKED") {
      throw new Fault("failed", `${folder} is in use: another gateway runs on this data directory`, { cause: error });
    }
    // A repair moves what it reads and writes it anew: no work for a disk that takes nothing.
    if (
      cause?.message &&
      /No space left|Read-only file system|quota exceeded|Permission denied|Input\/output error/.test(cause.message)
    )
      throw new Fault("failed", `${folder}: ${cause.message}; give the gateway a disk that it can write`, {
        cause: error,
      });
    log.error({ folder, cause: cause?.message }, "the broker's store is damaged: repairing it");
    await ClassicLevel.repair(folder);
    return await open();
  }
}
