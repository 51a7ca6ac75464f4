/** A signed watchlist and its revocation. Both travel as a compact JWS (RFC 7515) signed with Ed25519 (RFC 8037). */
import * as v from "valibot";
import { Count, Id, LatDeg, LonDeg, Name, NonNegative, Probability, Sha256, UtcNs } from "./units.ts";

const Line = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1, "must be said"),
  v.maxLength(500, "must be at most 500 characters"),
);
/** 128 float32, little-endian, base64. */
const Embedding = v.pipe(v.string(), v.regex(/^[A-Za-z0-9+/]{683}=$/, "must be 512 bytes in base64"));

/** Who and why, where and how long: what a person writes into a watchlist folder, beside one folder of pictures a person. */
const terms = {
  id: Name,
  authority: Line,
  legalBasis: Line,
  purpose: Line,
  /** Corners of the area in which faces may be compared with this list. */
  area: v.pipe(v.array(v.object({ lat: LatDeg, lon: LonDeg })), v.minLength(3, "must have at least three corners")),
  start: UtcNs,
  end: UtcNs,
};
export const WatchlistTerms = v.strictObject(terms);
export type WatchlistTerms = v.InferOutput<typeof WatchlistTerms>;

export const Watchlist = v.strictObject({
  v: v.literal(1),
  kind: v.literal("watchlist"),
  ...terms,
  embedderSha256: Sha256,
  /** The looks at each person fused into one embedding, and the mean of their squared distances to it. */
  people: v.pipe(
    v.array(
      v.strictObject({
        person: Id,
        pictures: Count,
        embedding: Embedding,
        spread: NonNegative,
        /** Of the picture that reviewers compare with. It goes to the gateway beside the list, never to a device. */
        pictureSha256: v.optional(Sha256),
      }),
    ),
    v.minLength(1, "must name at least one person"),
    v.check((people) => new Set(people.map((each) => each.person)).size === people.length, "names a person twice"),
  ),
});
export type Watchlist = v.InferOutput<typeof Watchlist>;

export const Revocation = v.strictObject({
  v: v.literal(1),
  kind: v.literal("revocation"),
  list: Name,
  authority: Line,
  why: Line,
  at: UtcNs,
});
export type Revocation = v.InferOutput<typeof Revocation>;

/** That a list was deleted from a device. Each receipt holds the hash of the one before it. */
export const DeletionReceipt = v.strictObject({
  v: v.literal(1),
  list: Name,
  /** Of the deleted file; absent where the device never held the list. */
  fileSha256: v.optional(Sha256),
  /** `replaced`: by another version of the same list. */
  because: v.picklist(["revoked", "expired", "replaced"]),
  at: UtcNs,
  node: Name,
  previousSha256: v.optional(Sha256),
});
export type DeletionReceipt = v.InferOutput<typeof DeletionReceipt>;

/** What a node's configuration says of face matching. Absent: face matching is off. */
export const FacePolicy = v.strictObject({
  /** Chance that one face of a stranger is shown to a reviewer, at most. */
  falseAlertRate: v.pipe(Probability, v.gtValue(0, "must be more than 0"), v.ltValue(1, "must be less than 1")),
  confidence: v.pipe(Probability, v.minValue(0.5, "must be at least 0.5"), v.ltValue(1, "must be less than 1")),
  longestDays: v.pipe(v.number(), v.gtValue(0, "must be more than 0")),
});
export type FacePolicy = v.InferOutput<typeof FacePolicy>;
