/** Who may say and hear what, derived from the rights that each channel of the contract states. */
import type { Channel, Party } from "#contract/channel.ts";
import { channels } from "#contract/channels.ts";
import { parseTopic } from "#contract/topics.ts";

export interface Identity {
  /** Node, user, or `flows`. */
  id: string;
  parties: readonly Party[];
}

/** `forbidden`: this client must not; `unknown`: nobody may, it is none of our channels. */
export type Access =
  | { kind: "granted"; channel: Channel; node: string }
  | { kind: "forbidden"; why: string }
  | { kind: "unknown"; why: string };

/** Parties that see the whole site; all others see of addressed channels only what is meant for them. */
const overseers: readonly Party[] = ["gateway", "flows", "dispatch", "pilot"];

const has = (identity: Identity, parties: readonly Party[]) =>
  identity.parties.some((party) => parties.includes(party));

export function mayPublish(identity: Identity, site: string, topic: string): Access {
  const parts = parseTopic(topic);
  const channel = parts && channels.get(parts.channel);
  if (!parts || !channel) return { kind: "unknown", why: `'${topic}' is the topic of no channel` };
  if (parts.site !== site) return { kind: "forbidden", why: `site '${parts.site}' is not this gateway's '${site}'` };
  if (!has(identity, channel.rights.publish)) {
    const who = identity.parties.join(", ") || "nobody";
    return { kind: "forbidden", why: `'${channel.name}' is not for ${who} to publish` };
  }
  if (channel.addressed === "from" && parts.node !== identity.id) {
    return { kind: "forbidden", why: `'${identity.id}' may publish under its own name only, not as '${parts.node}'` };
  }
  return { kind: "granted", channel, node: parts.node };
}

/** @param filter one channel of one node, or of every node (`+`); wider filters are refused. */
export function maySubscribe(identity: Identity, site: string, filter: string): Access {
  const parts = parseTopic(filter);
  const channel = parts && channels.get(parts.channel);
  if (!parts || !channel) return { kind: "unknown", why: `'${filter}' names no channel; name one, such as shot/fixed` };
  if (parts.site !== site) return { kind: "forbidden", why: `site '${parts.site}' is not this gateway's '${site}'` };
  if (!has(identity, channel.rights.subscribe)) {
    const who = identity.parties.join(", ") || "nobody";
    return { kind: "forbidden", why: `'${channel.name}' is not for ${who} to read` };
  }
  if (channel.addressed === "to" && parts.node !== identity.id && !has(identity, overseers)) {
    return { kind: "forbidden", why: `'${channel.name}' of '${parts.node}' is addressed to somebody else` };
  }
  return { kind: "granted", channel, node: parts.node };
}
