/** Every example of a configuration in the documents is read by the real schema, and the tables of keys and defaults are those of the code. */
import { globSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { parseDocument } from "yaml";
import type { NodeRole } from "./contract/node.ts";
import { Site } from "./contract/site.ts";
import { parseConfig } from "./edge-agent/config.ts";
import { roleTable } from "./edge-agent/role-table.ts";
import { parseGatewayConfig } from "./gateway/config.ts";

const root = import.meta.dirname;
const documents = globSync("{README.md,docs/**/*.md,models/README.md}", { cwd: root }).map((file) => ({
  file,
  text: readFileSync(join(root, file), "utf8"),
}));

/** Stands for every secret's hash in the examples. */
const HASH = `scrypt$12$8$1$${"A".repeat(22)}$${"A".repeat(43)}`;

/** Hashes that are cut short become whole, files become this one, so that an example needs nothing of the machine. */
function made(json: unknown, key = ""): unknown {
  if (Array.isArray(json)) return json.map((each) => made(each));
  if (typeof json === "object" && json !== null)
    return Object.fromEntries(Object.entries(json).map(([name, each]) => [name, made(each, name)]));
  if (typeof json === "string" && json.startsWith("scrypt$")) return HASH;
  return /File$/.test(key) ? import.meta.filename : json;
}

const agentBase = {
  site: "s",
  node: "n",
  position: { lat: 40, lon: -73, altM: 10 },
  broker: { url: "mqtt://127.0.0.1:1883", secret: "s" },
  dataDir: tmpdir(),
  microphone: { kind: "pcm-stream", port: 7000 },
  roles: { triangulate: {} },
};
const gatewayBase = { site: "s", dataDir: tmpdir(), nodes: [], users: [] };

const Terms = v.strictObject({
  id: v.string(),
  authority: v.string(),
  legalBasis: v.string(),
  purpose: v.string(),
  area: v.array(v.strictObject({ lat: v.number(), lon: v.number() })),
  start: v.instance(Date),
  end: v.instance(Date),
});

async function readAs(example: Record<string, unknown>, where: string): Promise<void> {
  const keys = Object.keys(example);
  const has = (...names: string[]) => names.some((name) => keys.includes(name));
  const text = (base: object) => JSON.stringify({ ...base, ...(made(example) as object) });
  if (has("legalBasis")) v.parse(Terms, example);
  else if (has("airTempC")) v.parse(Site, example);
  else if (has("roles", "neighbours", "clock", "microphone")) {
    await parseConfig(text(agentBase), where, async (role: NodeRole) => (await roleTable[role]!()).schema);
  } else if (has("nodes", "dispatch", "backup", "video", "callers", "faces")) {
    parseGatewayConfig(text(gatewayBase), where);
  } else throw new Error(`${where}: of what is this an example? ${keys.join(", ")}`);
}

test("every example of a configuration is one", async () => {
  let read = 0;
  const wrong: string[] = [];
  for (const { file, text } of documents) {
    for (const [, indent, body] of text.matchAll(/^( *)```yaml\n([\s\S]*?)^ *```/gm)) {
      const document = parseDocument(body!.replaceAll(new RegExp(`^${indent}`, "gm"), ""), {
        customTags: ["timestamp"],
      });
      const where = `${file}, example ${read++}`;
      try {
        for (const error of document.errors) throw error;
        const example = document.toJS() as Record<string, unknown>;
        // A mount stands in a camera's entry.
        if ("panTilt" in example) {
          const camera = { name: "front", kind: "sim", ...example };
          await readAs({ roles: { stream: { gatewayUrl: "https://g", cameras: [camera] } } }, where);
        } else if ("dock" in example) {
          const fly = await roleTable.fly!();
          v.parse(
            v.object({ dock: (fly.schema as unknown as { entries: Record<string, v.GenericSchema> }).entries.dock! }),
            example,
          );
        } else await readAs(example, where);
      } catch (error) {
        const lines = error instanceof Error ? `${where}: ${error.message}`.split("\n") : [String(error)];
        // Whoever follows the example puts that file there.
        wrong.push(...lines.filter((line) => !line.endsWith(": there is no such file")));
      }
    }
  }
  assert.equal(wrong, []);
  assert.ok(read >= 15, `${read} examples`);
});

interface Told {
  where: string;
  key: string;
  usual: string | undefined;
}

/** Keys with their defaults as a document's first table of keys gives them. */
function keysOfTables(names: readonly string[] = ["docs/gateway.md", "docs/video.md"]): Told[] {
  return names.flatMap((where) => {
    const text = documents.find(({ file }) => file === where)!.text;
    const table = /^\| key.*\n\|[-|]+\n((?:\|.*\n)+)/m.exec(text)![1]!;
    return table
      .trimEnd()
      .split("\n")
      .flatMap((row) => {
        const [, names, , usual] = row.split("|");
        const keys = [...names!.matchAll(/`([^`]+)`/g)].map(([, key]) => key!);
        // What is off as a whole has its own keys' defaults behind a semicolon.
        const values = usual!.includes(";") ? [] : usual!.trim().replaceAll("`", "").split(", ");
        const first = keys[0]!.replace(/\.\w+$/, "");
        const prefix = where === "docs/video.md" && first !== "retention" ? "video." : "";
        return keys.map((key, i) => ({
          where,
          key: prefix + (key.startsWith(".") ? first + key : key),
          usual: values.length === keys.length ? values[i] : undefined,
        }));
      });
  });
}

test("every key of the gateway's tables of configuration is a key", () => {
  const keys = keysOfTables();
  assert.ok(keys.length > 40, `${keys.length} keys`);
  const wrong = keys.filter(({ key }) => !isKey(key)).map(({ where, key }) => `${where}: ${key}`);
  assert.equal(wrong, []);
  assert.not.ok(isKey("alerts.nothing") || isKey("nothing") || isKey("video.relay.nothing"));
});

/** What the told defaults of numbers and switches are not, in a configuration that gives none. */
function otherThan(usually: object, told: readonly Told[]): string[] {
  const plainly = told.filter(({ usual }) => usual !== undefined && /^(\d[\d.]*|on|off|true|false)$/.test(usual));
  assert.ok(plainly.length > 5, `${plainly.length} defaults`);
  return plainly.flatMap(({ where, key, usual }) => {
    const found = key
      .split(".")
      .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], usually);
    const plain = { on: true, true: true, off: false, false: false }[usual!] ?? Number(usual);
    // Parts that are on or off as a whole: absent is off.
    const is = typeof found === "object" ? (found as { enabled?: boolean }).enabled : (found ?? false);
    return is === plain ? [] : [`${where}: ${key} is ${is}, not ${usual}`];
  });
}

test("the numbers and switches that the tables give for defaults are the defaults", async () => {
  const gateway = parseGatewayConfig(JSON.stringify(gatewayBase), "x");
  assert.equal(otherThan(gateway, keysOfTables()), []);
  const listening = JSON.stringify({ ...agentBase, roles: { listen: {} } });
  const node = await parseConfig(listening, "x", async (role: NodeRole) => (await roleTable[role]!()).schema);
  assert.equal(otherThan(node, keysOfTables(["docs/node.md"])), []);
  assert.is(otherThan({ ...node, heartbeatS: 11 }, keysOfTables(["docs/node.md"])).length, 1);
});

/** A value that no key takes is refused as such where the key is one, and as unknown where it is none. */
function isKey(path: string): boolean {
  const example: Record<string, unknown> = structuredClone(gatewayBase);
  let at = example;
  const parts = path.split(".");
  for (const [i, part] of parts.entries()) {
    const name = part.replace("[]", "");
    const next = {};
    if (i === parts.length - 1) at[name] = { none: null };
    else at[name] = part.endsWith("[]") ? [next] : next;
    at = next;
  }
  try {
    parseGatewayConfig(JSON.stringify(example), "x");
    return true;
  } catch (error) {
    const lines = String((error as Error).message).split("\n");
    const whole = parts.map((part) => (part.endsWith("[]") ? `${part.slice(0, -2)}.0` : part)).join(".");
    return !lines.some((line) => line.includes(`${whole}: is no known key`));
  }
}

test.run();
