/** What is wrong with one field, in words that name the fix, where its schema leaves that to valibot. */
import type { BaseIssue } from "valibot";

const kinds: Record<string, string> = {
  string: "text",
  number: "a number",
  boolean: "true or false",
  bigint: "a whole number",
  Object: "a group of named fields",
  Array: "a list",
  null: "nothing",
};

/** A schema's own message as it is; valibot's ("Invalid key: Expected never but received ...") in plain words. */
export function wordsOf({ message, kind, type, expected, received }: BaseIssue<unknown>): string {
  if (!/^Invalid [\w ]+: (Expected|Received) /.test(message)) return message;
  if (expected === "never") return "is no known key";
  if (received === "undefined") return "is missing";
  if (type === "integer") return `must be a whole number, not ${received}`;
  if (expected === null) return message;
  // Of a value of the wrong kind only the kind is told: it may be a secret.
  if (kind === "schema") return `must be ${either(expected)}, not ${choice(expected) ? received : kindOf(received)}`;
  const [, sign, limit] = /^([<>]=?)(-?[\d.]+)$/.exec(expected) ?? [];
  if (limit === undefined) return message;
  const bound = {
    ">=": `${limit} or more`,
    "<=": `${limit} or less`,
    ">": `more than ${limit}`,
    "<": `less than ${limit}`,
  };
  const asked = bound[sign as keyof typeof bound];
  return /length|size|bytes|entries/.test(type)
    ? `must have ${asked} entries or characters, not ${received}`
    : `must be ${asked}, not ${received}`;
}

/** Does the schema name values, as in `("pps" | "ntp")` or `"alsa"`? */
const choice = (expected: string) => expected.includes('"');

function either(expected: string): string {
  return expected
    .replace(/^\((.*)\)$/, "$1")
    .split(" | ")
    .map((one) => kinds[one] ?? one.replaceAll('"', ""))
    .join(" or ");
}

function kindOf(received: string): string {
  if (received.startsWith('"')) return "text";
  if (/^(-?[\d.]|NaN|-?Infinity)/.test(received)) return "a number";
  if (received === "true" || received === "false") return "true or false";
  return kinds[received] ?? received;
}
