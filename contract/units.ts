/**
 * Quantities that cross a wire. The unit is in the name of the field; these schemas hold the range.
 * Time on the wire is RFC 3339 UTC with up to nine decimals; inside the house it is integer nanoseconds (`bigint`).
 */
import * as v from "valibot";

/** Names of sites, nodes and users: what may stand in one MQTT topic level and in a file name. */
export const Name = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9_-]{0,47}$/, "must be 1 to 48 of a-z 0-9 _ - and start with a letter or digit"),
);
export const NodeId = Name;
export const SiteId = Name;

/** Identity of a message, arrival, shot or incident: ULIDs in our own messages; imported data may carry its own. */
export const Id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9._:-]{1,64}$/, "must be 1 to 64 of A-Z a-z 0-9 . _ : -"));

/** RFC 3339 UTC, up to nine decimals, for example `2026-11-22T18:04:12.123456789Z`. */
export const UtcNs = v.pipe(
  v.string(),
  v.regex(
    /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,9})?Z$/,
    "must be RFC 3339 UTC with at most nine decimals, such as 2026-11-22T18:04:12.123456789Z",
  ),
);

export const Finite = v.pipe(v.number(), v.finite("must be a finite number"));
export const PositiveS = v.pipe(Finite, v.gtValue(0, "must be more than 0 seconds"));
export const NonNegative = v.pipe(Finite, v.minValue(0, "must not be negative"));
export const Probability = v.pipe(Finite, v.minValue(0, "must be 0 to 1"), v.maxValue(1, "must be 0 to 1"));
export const LatDeg = v.pipe(
  Finite,
  v.minValue(-90, "must be -90 to 90 degrees"),
  v.maxValue(90, "must be -90 to 90 degrees"),
);
export const LonDeg = v.pipe(
  Finite,
  v.minValue(-180, "must be -180 to 180 degrees"),
  v.maxValue(180, "must be -180 to 180 degrees"),
);
export const BearingDeg = v.pipe(
  Finite,
  v.minValue(0, "must be 0 to 360 degrees"),
  v.maxValue(360, "must be 0 to 360 degrees"),
);
export const Sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hexadecimal digits"));
export const Count = v.pipe(v.number(), v.integer("must be a whole number"), v.minValue(0, "must not be negative"));
export const Text = v.pipe(v.string(), v.maxLength(2000, "must be at most 2000 characters"));

/** Integer nanoseconds since 1970-01-01T00:00:00Z of a valid `UtcNs`. A leap second 60 counts as the next minute's 0. */
export function nsOfUtc(utc: string): bigint {
  const dot = utc.indexOf(".");
  const wholeS = dot < 0 ? utc.slice(0, -1) : utc.slice(0, dot);
  const fraction = dot < 0 ? "" : utc.slice(dot + 1, -1);
  const leap = wholeS.endsWith(":60");
  const ms = Date.parse(`${leap ? `${wholeS.slice(0, -2)}59` : wholeS}Z`) + (leap ? 1000 : 0);
  if (Number.isNaN(ms)) throw new RangeError(`not an RFC 3339 UTC time: ${utc}`);
  return BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

/** RFC 3339 UTC with nine decimals of integer nanoseconds since 1970-01-01T00:00:00Z. */
export function utcOfNs(ns: bigint): string {
  const s = ns >= 0n ? ns / 1_000_000_000n : -((-ns + 999_999_999n) / 1_000_000_000n);
  const fraction = ns - s * 1_000_000_000n;
  return `${new Date(Number(s) * 1000).toISOString().slice(0, 19)}.${fraction.toString().padStart(9, "0")}Z`;
}
