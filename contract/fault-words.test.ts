import { test } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { faultsOf } from "./channel.ts";
import { Count } from "./units.ts";

const Schema = v.strictObject({
  path: v.string(),
  secret: v.optional(v.string()),
  port: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(65535, "must be 1 to 65535"))),
  source: v.optional(v.picklist(["pps", "ntp"])),
  cameras: v.optional(v.pipe(v.array(v.string()), v.minLength(1))),
  channels: v.optional(v.pipe(v.number(), v.integer())),
  rows: v.optional(Count),
});
const faults = (value: unknown) => faultsOf(v.safeParse(Schema, value).issues ?? []);

test("a missing key, an unknown one and a value of the wrong kind are said in plain words, a secret is never repeated", () => {
  assert.equal(faults({ file: 1, secret: 12345, port: "80" }), [
    "path: is missing",
    "secret: must be text, not a number",
    "port: must be a number, not text",
    "file: is no known key",
  ]);
});

test("choices and limits are named with what was given; a schema's own words stay", () => {
  const value = { path: "a", source: "gps", cameras: [], port: 0, channels: 1.5, rows: -1 };
  assert.equal(faults(value), [
    "port: must be 1 or more, not 0",
    'source: must be pps or ntp, not "gps"',
    "cameras: must have 1 or more entries or characters, not 0",
    "channels: must be a whole number, not 1.5",
    "rows: must not be negative",
  ]);
  assert.equal(faults({ path: "a", port: 70_000 }), ["port: must be 1 to 65535"]);
  assert.equal(faults("text"), ["(whole): must be a group of named fields, not text"]);
});

test.run();
