/**
 * What a court, a city or a critic gets of an incident: everything that went into it, signed by the gateway, so that
 * each figure can be recomputed and each change found without asking the gateway again.
 */
import * as v from "valibot";
import { incidentState } from "./incident.ts";
import { clipCut, shotFixed, shotHeard } from "./shot.ts";
import { Count, Name, Sha256, SiteId, Text, UtcNs } from "./units.ts";

/** One entry of the append-only record; `hash` is SHA-256 over the RFC 8785 canonical JSON of all other fields. */
export const RecordEntry = v.object({
  seq: v.pipe(Count, v.minValue(1)),
  at: UtcNs,
  kind: v.string(),
  by: v.string(),
  text: v.string(),
  data: v.unknown(),
  previousHash: Sha256,
  hash: Sha256,
});
export type RecordEntry = v.InferOutput<typeof RecordEntry>;

export const EvidenceBody = v.object({
  v: v.literal(1),
  kind: v.literal("tocsin/evidence"),
  site: SiteId,
  /** When and for whom it was made; the making is itself on the record. */
  madeAt: UtcNs,
  madeFor: Name,
  incident: incidentState.schema,
  /** Newest version of every shot, withdrawn ones too: arrivals used and rejected with residuals, air, model and configuration hashes. */
  shots: v.array(shotFixed.schema),
  /** What the lampposts said, as far as the raw log still has it. */
  heard: v.array(shotHeard.schema),
  /** Sounds as they left the nodes; `pcm16` is absent where it was withheld or is past its time. */
  clips: v.array(
    v.object({
      arrival: v.string(),
      node: Name,
      start: UtcNs,
      sampleRateHz: clipCut.schema.entries.sampleRateHz,
      onsetS: clipCut.schema.entries.onsetS,
      pcmSha256: v.optional(Sha256),
      pcm16: v.optional(v.pipe(v.string(), v.base64())),
    }),
  ),
  /** The incident's whole record; the first `previousHash` is 64 zeros. */
  record: v.array(RecordEntry),
  /** Newest link of the chain over all incidents when the bundle was made. */
  ledger: v.object({ length: Count, hash: Sha256 }),
});
export type EvidenceBody = v.InferOutput<typeof EvidenceBody>;

/** RFC 7515 signature (EdDSA, RFC 8037), detached (appendix F): the payload is the RFC 8785 canonical JSON of `body`. */
export const EvidenceBundle = v.object({
  body: EvidenceBody,
  signature: v.object({ protected: v.string(), signature: v.string() }),
  /** Public key as a JWK; whether it is the gateway's is for the reader to check against `/api/keys`. */
  key: v.object({ kty: v.literal("OKP"), crv: v.literal("Ed25519"), x: v.string(), kid: v.optional(Text) }),
});
export type EvidenceBundle = v.InferOutput<typeof EvidenceBundle>;
