/**
 * Face matching between a device and the gateway. The most a device says is "possible match"; a person judges each one, and nothing moves by
 * itself on one. What reviewers see and say: `face-api.ts`. See `docs/faces.md`.
 */
import * as v from "valibot";
import { channel, type MessageOf } from "./channel.ts";
import { Place } from "./geo.ts";
import { Count, Id, Name, NonNegative, Probability, Sha256, Text, UtcNs } from "./units.ts";
import { DeletionReceipt } from "./watchlist.ts";

/** A compact JWS or JWE (RFC 7515, 7516): base64url parts and dots. */
export const compact = (most: number) =>
  v.pipe(
    v.string(),
    v.regex(/^[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]*){2,4}$/, "must be a compact JWS or JWE"),
    v.maxLength(most),
  );
const Embedding = v.pipe(v.string(), v.regex(/^[A-Za-z0-9+/]{683}=$/, "must be 512 bytes in base64"));
const X25519 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/, "must be an X25519 key"));
const Reasons = v.pipe(v.array(Text), v.maxLength(16));

export const FaceScore = v.object({
  distance: NonNegative,
  /** Distances up to this one are possible matches, for a list of this size under this policy. */
  thresholdDistance: NonNegative,
  log10LikelihoodRatio: v.pipe(v.number(), v.finite()),
  /** For the person who reviews. */
  words: Text,
});

/**
 * The face of a track is near to one on a list. `probe` is sealed (JWE) to the gateway's key: what waits on a disk or passes a broker shows
 * nothing. Its plaintext is a `FaceProbe`.
 */
export const facePossible = channel(
  "face/possible",
  {
    match: Id,
    list: v.object({ id: Name, sha256: Sha256, people: Count }),
    person: Id,
    score: FaceScore,
    /** Looks fused, of how many faces of this track, and the best one's quality. */
    looks: v.pipe(Count, v.minValue(1)),
    quality: Probability,
    camera: Name,
    seenFrom: UtcNs,
    seenUntil: UtcNs,
    /** Where the device stood, and the direction from it. */
    place: v.optional(Place),
    bearingDeg: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(360))),
    /** Upper limits, at the policy's confidence: of a false match per comparison, and of a stranger's face being shown. */
    falseMatchRateUpper: Probability,
    falseAlertRateUpper: Probability,
    probe: v.optional(compact(300_000)),
  },
  {
    rights: { publish: ["node", "robot"], subscribe: ["gateway"] },
    delivery: { priority: 8 },
    key: (each) => each.match,
  },
);
export type FacePossible = MessageOf<typeof facePossible>;

/** What is inside `probe`: the upright face and a wider crop around it, as JPEG, and the fused embedding, for suppression after a rejection. */
export const FaceProbe = v.object({
  match: Id,
  chipJpeg: v.pipe(v.string(), v.base64(), v.maxLength(60_000)),
  cropJpeg: v.optional(v.pipe(v.string(), v.base64(), v.maxLength(150_000))),
  embedding: Embedding,
  spread: NonNegative,
});
export type FaceProbe = v.InferOutput<typeof FaceProbe>;

/** "This is not them": nearer to this face than to the listed person is no match. Held in memory only, until its end. */
export const FaceSuppression = v.object({
  match: Id,
  list: Name,
  person: Id,
  embedding: Embedding,
  spread: NonNegative,
  until: UtcNs,
});
export type FaceSuppression = v.InferOutput<typeof FaceSuppression>;

/** What a device holds, and whether it compares faces here and now. Said at each change, when the link comes back and every half minute. Retained. */
export const faceState = channel(
  "face/state",
  {
    /** Faces are compared: at least one list is in force. */
    comparing: v.boolean(),
    why: Text,
    lists: v.pipe(
      v.array(
        v.object({
          id: Name,
          sha256: Sha256,
          inForce: v.boolean(),
          /** Every reason why it is not. */
          why: Reasons,
        }),
      ),
      v.maxLength(64),
    ),
    /** Lists that it will never take again. */
    revoked: v.pipe(v.array(Name), v.maxLength(1000)),
    suppressed: v.pipe(v.array(Id), v.maxLength(256)),
    /** X25519 public key (JWK) for what is sent to this device; another one after each start. */
    sealTo: v.optional(X25519),
    /** Thumbprint (RFC 7638) of the key that probes are sealed to; absent where it has none. */
    sealedTo: v.optional(Text),
  },
  {
    retained: true,
    rights: { publish: ["node", "robot"], subscribe: ["gateway"] },
    delivery: { keep: "newest", priority: 6 },
    key: (state) => state.id,
  },
);
export type FaceState = MessageOf<typeof faceState>;

export const FaceOrder = v.variant("order", [
  /** A signed list, sealed (JWE) to the device's own key of this start (`sealTo`): on the way it lies in the broker's store. */
  v.object({ order: v.literal("put"), sealed: compact(900_000) }),
  v.object({ order: v.literal("revoke"), jws: compact(20_000) }),
  /** A `FaceSuppression`, sealed likewise. */
  v.object({ order: v.literal("suppress"), sealed: compact(20_000) }),
  /** X25519 public key (JWK) of the gateway, for probes. */
  v.object({ order: v.literal("key"), x: X25519 }),
]);
export type FaceOrder = v.InferOutput<typeof FaceOrder>;

/** To a device, in answer to its `face/state` and when something changes. A list that is lost on the way comes with the next answer. */
export const faceOrder = channel(
  "face/order",
  { what: FaceOrder },
  {
    addressed: "to",
    rights: { publish: ["gateway"], subscribe: ["node", "robot"] },
    delivery: { priority: 9 },
  },
);
export type FaceOrderMessage = MessageOf<typeof faceOrder>;

/** That a list was deleted: from the device's chain of receipts. */
export const faceReceipt = channel(
  "face/receipt",
  { receipt: DeletionReceipt, receiptSha256: Sha256 },
  {
    rights: { publish: ["node", "robot"], subscribe: ["gateway"] },
    delivery: { priority: 9 },
    key: ({ node, receiptSha256 }) => `${node}/${receiptSha256}`,
  },
);
export type FaceReceipt = MessageOf<typeof faceReceipt>;

/** Every look: how often faces were compared since the last one, with which lists, and with what result. Nothing of a face. */
export const faceLooked = channel(
  "face/looked",
  {
    from: UtcNs,
    until: UtcNs,
    camera: Name,
    lists: v.pipe(v.array(v.object({ id: Name, sha256: Sha256 })), v.maxLength(64)),
    /**
     * Faces in pictures, and people as tracks. Each track has one outcome, that of one who is there still comes later: over all accounts
     * `possible`, `unknown`, `undecided` and `suppressed` add up to `tracks`.
     */
    facesSeen: Count,
    tracks: Count,
    possible: Count,
    unknown: Count,
    /** Also those whom a change of the lists, or the device's stop, cut short. */
    undecided: Count,
    /** Possible matches that were not said again, since a person had rejected the pair. */
    suppressed: Count,
  },
  { rights: { publish: ["node", "robot"], subscribe: ["gateway"] }, delivery: { priority: 5 } },
);
export type FaceLooked = MessageOf<typeof faceLooked>;
