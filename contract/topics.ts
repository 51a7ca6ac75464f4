/** `tocsin/<site>/<node>/<noun>/<verb>`: where a channel's messages stand in the MQTT topic tree. */
import type { Channel } from "./channel.ts";

export const TOPIC_ROOT = "tocsin";

/** The topic to publish on. `node` is the sender, or the addressee where the channel is addressed `to`. */
export function topicOf(channel: Channel, site: string, node: string): string {
  return `${TOPIC_ROOT}/${site}/${node}/${channel.name}`;
}

/** The filter to subscribe with: one node's messages, or every node's. */
export function filterOf(channel: Channel, site: string, node = "+"): string {
  return topicOf(channel, site, node);
}

export interface TopicParts {
  site: string;
  node: string;
  channel: string;
}

/** The parts of one of our topics, or undefined for any other topic. */
export function parseTopic(topic: string): TopicParts | undefined {
  const parts = topic.split("/");
  if (parts.length !== 5 || parts[0] !== TOPIC_ROOT) return undefined;
  const [, site, node, noun, verb] = parts as [string, string, string, string, string];
  return { site, node, channel: `${noun}/${verb}` };
}
