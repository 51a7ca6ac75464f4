/** The parts of Node-RED's node API that our nodes use; it comes without types. */
import type { Link } from "./link.ts";

export interface Message {
  _msgid?: string;
  topic?: string;
  payload?: unknown;
  [field: string]: unknown;
}

export interface RedNode {
  id: string;
  name?: string;
  on(
    event: "input",
    handler: (message: Message, send: (out: unknown) => void, done: (error?: Error) => void) => void,
  ): void;
  on(event: "close", handler: (removed: boolean, done: () => void) => void): void;
  send(out: unknown): void;
  error(error: unknown, message?: Message): void;
  warn(text: string): void;
  status(status: { fill?: string; shape?: string; text?: string }): void;
  context(): { get(key: string): unknown; set(key: string, value: unknown): void };
}

export interface Red {
  nodes: {
    createNode(node: RedNode, config: unknown): void;
    registerType(type: string, make: (this: RedNode, config: never) => void): void;
  };
  settings: { tocsin?: Link };
}

/** The connection that the host put there. */
export function linkOf(red: Red): Link {
  const link = red.settings.tocsin;
  if (!link) throw new Error("this node works only inside a Tocsin gateway");
  return link;
}
