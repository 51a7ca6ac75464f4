/** Policy of face matching at the gateway; without it nobody's list is delivered and no match is taken. */
import * as v from "valibot";
import { FacePolicy } from "#contract/watchlist.ts";

const Days = v.pipe(v.number(), v.gtValue(0, "must be more than 0"), v.maxValue(3650));

export const FacesConfig = v.strictObject({
  /** JWK set of the authorities whose lists are taken: `keys` of the .pub files of `tocsin watchlist key`. */
  keys: v.pipe(
    v.array(
      v.looseObject({
        kty: v.literal("OKP"),
        crv: v.literal("Ed25519"),
        x: v.string(),
        kid: v.pipe(v.string(), v.minLength(1)),
        authority: v.pipe(v.string(), v.minLength(1)),
      }),
    ),
    v.minLength(1, "name at least one authority's key"),
  ),
  falseAlertRate: v.optional(FacePolicy.entries.falseAlertRate, 0.05),
  confidence: v.optional(FacePolicy.entries.confidence, 0.95),
  longestDays: v.optional(FacePolicy.entries.longestDays, 30),
  /** Days after which the picture of a match is deleted; one that nobody judged by then has expired. */
  probeDays: v.optional(Days, 30),
  /** Hours for which a rejected face is told apart from the listed person; then what tells it apart is deleted. */
  suppressHours: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(720)), 12),
});
export type FacesConfig = v.InferOutput<typeof FacesConfig>;
