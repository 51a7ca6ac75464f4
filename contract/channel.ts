/**
 * A channel is one kind of message with its schema, its place in the topic tree and the rights on it.
 * The gateway's broker derives its access rules from here, and `contract/schemas/*.json` is exported from here.
 */
import * as v from "valibot";
import { wordsOf } from "./fault-words.ts";
import { Id, NodeId, Sha256, UtcNs } from "./units.ts";

/** What a client of the broker is. A node's credential names its node; `unit` is a crew's terminal; `pilot` and `dispatch` are logged-in people or the gateway's dispatch. */
export type Party = "node" | "triangulator" | "drone" | "robot" | "unit" | "gateway" | "flows" | "dispatch" | "pilot";

/** On every message: schema version, id, the node that said it, and the instant it was first said. An outbox never changes `at`. */
export const envelope = {
  /** Schema version of the message. */
  v: v.literal(1),
  id: Id,
  node: NodeId,
  at: UtcNs,
  /** The model that decided, where one did. */
  model: v.optional(v.object({ name: v.string(), version: v.string(), sha256: Sha256 })),
  /** SHA-256 of the configuration under which the message was made. */
  configSha256: v.optional(Sha256),
};

export interface Rights {
  publish: readonly Party[];
  subscribe: readonly Party[];
}

/** How a node treats messages that wait for the link. */
export interface Delivery {
  /** `every`: each one is kept on disk until the broker has it. `newest`: only the last is worth sending, and none of them the disk. */
  keep: "every" | "newest";
  /** 0 to 9. What goes out first after an outage; what is dropped last when the outbox is full. */
  priority: number;
}

export interface Channel<S extends v.GenericSchema = v.GenericSchema> {
  readonly name: string;
  readonly schema: S;
  /** `from`: the topic names the sender (a node publishes only its own). `to`: the topic names the addressee. */
  readonly addressed: "from" | "to";
  readonly retained: boolean;
  readonly rights: Rights;
  readonly delivery: Delivery;
  /** What makes two deliveries the same message: QoS 1 repeats, consumers drop what they have seen. */
  key(message: v.InferOutput<S>): string;
}

export type MessageOf<C> = C extends Channel<infer S> ? v.InferOutput<S> : never;

export function channel<const E extends v.ObjectEntries>(
  name: string,
  entries: E,
  options: {
    rights: Rights;
    addressed?: "from" | "to";
    retained?: boolean;
    delivery?: Partial<Delivery>;
    key?: (message: v.InferOutput<v.ObjectSchema<typeof envelope & E, undefined>>) => string;
  },
): Channel<v.ObjectSchema<typeof envelope & E, undefined>> {
  if (!/^[a-z]+\/[a-z]+$/.test(name)) throw new Error(`channel name must be "noun/verb": ${name}`);
  return {
    name,
    schema: v.object({ ...envelope, ...entries }),
    addressed: options.addressed ?? "from",
    retained: options.retained ?? false,
    rights: options.rights,
    delivery: { keep: "every", priority: 5, ...options.delivery },
    key: options.key ?? ((message) => (message as { id: string }).id),
  };
}

/** Why a message is not one of its channel, each fault with the path of its field, or the message. Unknown fields are dropped. */
export function parseMessage<C extends Channel>(
  of: C,
  payload: Uint8Array | string,
): { ok: true; message: MessageOf<C> } | { ok: false; faults: string[] } {
  let json: unknown;
  try {
    json = JSON.parse(typeof payload === "string" ? payload : new TextDecoder().decode(payload));
  } catch (error) {
    return { ok: false, faults: [`not JSON: ${(error as Error).message}`] };
  }
  const result = v.safeParse(of.schema, json);
  return result.success
    ? { ok: true, message: result.output as MessageOf<C> }
    : { ok: false, faults: faultsOf(result.issues) };
}

/** One line per fault: `path.to.field: what is wrong`. */
export function faultsOf(issues: readonly v.BaseIssue<unknown>[]): string[] {
  return issues.map((issue) => `${v.getDotPath(issue) ?? "(whole)"}: ${wordsOf(issue)}`);
}
