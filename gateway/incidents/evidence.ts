/** Makes the signed bundle of an incident. */
import canonicalize from "canonicalize";
import { FlattenedSign } from "jose";
import type { EvidenceBody, EvidenceBundle } from "#contract/evidence.ts";
import type { SigningKey } from "../keys.ts";
import { nowUtc } from "../now.ts";
import type { Clips } from "./clips.ts";
import type { HeardLog } from "./heard.ts";
import type { Incidents } from "./incidents.ts";

export interface EvidenceSources {
  site: string;
  incidents: Incidents;
  clips: Clips;
  heard: HeardLog;
  key: SigningKey;
}

/** @param user for whom; goes on the record first, so that the bundle holds its own making. */
export async function makeEvidence(
  { site, incidents, clips, heard, key }: EvidenceSources,
  incident: string,
  user: string,
): Promise<EvidenceBundle | undefined> {
  const madeAt = nowUtc();
  if (!incidents.fact(incident, "viewed", user, "took the evidence away", {}, madeAt)) return undefined;
  const state = incidents.state(incident);
  if (!state) return undefined;
  const shots = incidents.shots(incident);
  const arrivals = shots.flatMap((shot) => [...shot.arrivals, ...shot.rejected].map(({ id }) => id));
  const body: EvidenceBody = {
    v: 1,
    kind: "tocsin/evidence",
    site,
    madeAt,
    madeFor: user,
    incident: state,
    shots,
    heard: heard.of(arrivals),
    clips: clips.list(incident).map(({ arrival, node, start, sampleRateHz, onsetS }) => {
      const clip = clips.open(incident, arrival);
      const sound = clip && { pcmSha256: clip.sha256, pcm16: clip.pcm16.toString("base64") };
      return { arrival, node, start, sampleRateHz, onsetS, ...sound };
    }),
    record: incidents.record.entries(incident),
    ledger: incidents.record.head(),
  };
  // As a reader will have it: JSON has no undefined.
  const plain = JSON.parse(JSON.stringify(body)) as EvidenceBody;
  const payload = new TextEncoder().encode(canonicalize(plain));
  const { kid } = key.publicJwk;
  const signed = await new FlattenedSign(payload)
    .setProtectedHeader({ alg: "EdDSA", ...(kid !== undefined && { kid }) })
    .sign(key.privateKey);
  const { x = "" } = key.publicJwk;
  return {
    body: plain,
    signature: { protected: signed.protected ?? "", signature: signed.signature },
    key: { kty: "OKP", crv: "Ed25519", x, ...(kid !== undefined && { kid }) },
  };
}
