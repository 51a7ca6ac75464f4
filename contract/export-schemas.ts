/** Writes `contract/schemas/<noun>-<verb>.json` from the channels, for whoever does not speak TypeScript. `node contract/export-schemas.ts` */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toJsonSchema } from "@valibot/to-json-schema";
import type { Channel } from "./channel.ts";
import { channels } from "./channels.ts";

export const schemasFolder = join(import.meta.dirname, "schemas");

/** JSON Schema 2020-12 of one channel's messages, with the channel's facts beside it. Formatted as it is stored. */
export function schemaText(channel: Channel): string {
  const schema = toJsonSchema(channel.schema as never, {
    target: "draft-2020-12",
    errorMode: "throw",
    ignoreActions: ["finite", "check", "transform"],
  });
  const { $schema, ...rest } = schema as Record<string, unknown>;
  const facts = {
    $schema,
    $id: `urn:tocsin:channel:${channel.name.replace("/", ":")}:1`,
    title: channel.name,
    description: `Topic tocsin/<site>/<${channel.addressed === "from" ? "sender" : "addressee"}>/${channel.name}${channel.retained ? ", retained" : ""}. Published by: ${channel.rights.publish.join(", ")}.`,
  };
  return `${JSON.stringify({ ...facts, ...rest }, null, 2)}\n`;
}

export const schemaFile = (channel: Channel) => `${channel.name.replace("/", "-")}.json`;

if (process.argv[1] === import.meta.filename) {
  mkdirSync(schemasFolder, { recursive: true });
  for (const channel of channels.values()) writeFileSync(join(schemasFolder, schemaFile(channel)), schemaText(channel));
}
