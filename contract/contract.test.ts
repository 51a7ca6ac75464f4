/** The vectors in `contract/vectors` bind every language that speaks to the bus; the exported schemas follow the channels. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseMessage } from "./channel.ts";
import { channels } from "./channels.ts";
import { schemaFile, schemasFolder, schemaText } from "./export-schemas.ts";
import { filterOf, parseTopic, topicOf } from "./topics.ts";
import { nsOfUtc, utcOfNs } from "./units.ts";

interface Vectors {
  channel: string;
  valid: { why: string; topic: string; key: string; message: Record<string, unknown> }[];
  invalid: { why: string; payload?: string; change?: object; remove?: string[]; faultStartsWith: string }[];
}

const folder = join(import.meta.dirname, "vectors");
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));

for (const file of files) {
  const vectors = JSON.parse(readFileSync(join(folder, file), "utf8")) as Vectors;
  const channel = channels.get(vectors.channel)!;
  for (const each of vectors.valid) {
    test(`${vectors.channel}, valid: ${each.why}`, () => {
      const parsed = parseMessage(channel, JSON.stringify(each.message));
      if (!parsed.ok) return assert.unreachable(parsed.faults.join("; "));
      const { colour: _dropped, ...expected } = each.message;
      assert.equal(parsed.message, expected);
      assert.is(channel.key(parsed.message), each.key);
      assert.is(topicOf(channel, "brownsville", String(each.message.node)), each.topic);
      assert.equal(parseTopic(each.topic), { site: "brownsville", node: each.message.node, channel: vectors.channel });
    });
  }
  const base = vectors.valid[0]!.message;
  for (const each of vectors.invalid) {
    test(`${vectors.channel}, refused: ${each.why}`, () => {
      const broken: Record<string, unknown> = { ...base, ...each.change };
      for (const field of each.remove ?? []) delete broken[field];
      const parsed = parseMessage(channel, each.payload ?? JSON.stringify(broken));
      assert.not.ok(parsed.ok);
      if (!parsed.ok)
        assert.ok(
          parsed.faults.some((fault) => fault.startsWith(each.faultStartsWith)),
          parsed.faults.join("; "),
        );
    });
  }
}

test("the exported JSON Schemas are those of the channels (else: node contract/export-schemas.ts)", () => {
  for (const channel of channels.values()) {
    assert.is(readFileSync(join(schemasFolder, schemaFile(channel)), "utf8"), schemaText(channel), channel.name);
  }
  assert.is(readdirSync(schemasFolder).length, channels.size);
});

test("only dispatch and logged-in pilots may command a flight or move its token", () => {
  for (const name of ["flight/command", "control/token"]) {
    assert.equal([...(channels.get(name)?.rights.publish ?? [])].sort(), ["dispatch", "pilot"], name);
  }
});

test("nanoseconds survive the wire: 123456789 ns after noon", () => {
  const ns = nsOfUtc("2026-11-22T12:00:00.123456789Z");
  assert.is(ns % 1_000_000_000n, 123_456_789n);
  assert.is(utcOfNs(ns), "2026-11-22T12:00:00.123456789Z");
  assert.is(nsOfUtc("2026-11-22T12:00:00.5Z") - nsOfUtc("2026-11-22T12:00:00Z"), 500_000_000n);
  assert.is(nsOfUtc("2016-12-31T23:59:60Z"), nsOfUtc("2017-01-01T00:00:00Z"));
  assert.is(utcOfNs(-1n), "1969-12-31T23:59:59.999999999Z");
  assert.throws(() => nsOfUtc("2026-13-22T12:00:00Z"), /not an RFC 3339/);
});

test("a topic that is not ours has no parts; a filter takes every node", () => {
  assert.is(parseTopic("tocsin/brownsville/n03/shot"), undefined);
  assert.is(parseTopic("other/brownsville/n03/shot/heard"), undefined);
  assert.is(filterOf(channels.get("shot/heard")!, "brownsville"), "tocsin/brownsville/+/shot/heard");
});

test.run();
