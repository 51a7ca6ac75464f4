/** Everything of an evidence bundle that can be computed again without asking anyone. */
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { calculateJwkThumbprint, exportJWK, flattenedVerify, importJWK, importSPKI, type JWK } from "jose";
import type { EvidenceBundle, RecordEntry } from "#contract/evidence.ts";
import type { ShotFixed, ShotHeard } from "#contract/shot.ts";
import { nsOfUtc } from "#contract/units.ts";
import { recomputeRejected, recomputeShot } from "#core/localise/evidence.ts";
import { type Change, type Known, step } from "#core/review/lifecycle.ts";

/** One figure or fact, as stored beside what it is found to be. */
export interface Finding {
  of: string;
  figure: string;
  stored: number | string;
  recomputed: number | string;
  same: boolean;
}

const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");

/** @param raw the file's JSON before a schema has dropped anything of it. */
export async function findingsOf(
  bundle: EvidenceBundle,
  raw: { body: unknown },
  keyText: string | undefined,
): Promise<Finding[]> {
  const { body } = bundle;
  const findings: Finding[] = [await seal(bundle, raw.body, keyText)];
  const standing = body.shots.filter((shot) => shot.withdrawn === undefined);
  findings.push(...chain(body.record), ...clips(bundle));
  for (const shot of body.shots) findings.push(...figures(shot, body.heard));
  for (const round of body.incident.rounds) {
    const shot = body.shots.find((one) => one.id === round.shot);
    const of = `round ${round.shot}`;
    findings.push(fact(of, "its shot is in the bundle", "yes", shot ? "yes" : "no"));
    if (!shot) continue;
    for (const figure of ["lat", "lon", "probability", "time"] as const)
      findings.push(fact(of, figure, round[figure], shot[figure]));
  }
  findings.push(fact("incident", "rounds", body.incident.rounds.length, standing.length), ...life(body));
  return findings;
}

const CHANGES: readonly Change["kind"][] = ["shot", "placed", "reported", "taken", "verdict", "note"];

/** The incident as it stands, beside what its record's changes make of it, one after the other. */
function life({ incident, record }: EvidenceBundle["body"]): Finding[] {
  let known: Known | undefined;
  for (const { kind, data, at } of record) {
    const change = (data ?? {}) as Change;
    // Others write on the record too: the name of the entry says that this is one of the incident's own.
    if (!CHANGES.includes(change.kind) || !["opened", change.kind, "note"].includes(kind)) continue;
    const outcome = step(known, change, at);
    if (outcome.kind === "applied") known = outcome.known;
  }
  const told = (value: unknown) => (typeof value === "number" ? value : String(value ?? "nothing"));
  return [
    ...(["kind", "status", "firedAt", "alertedAt", "probability"] as const).map((figure) =>
      fact("incident", `${figure}, by its record`, told(incident[figure]), told(known?.[figure])),
    ),
    fact("incident", "who has it, by its record", told(incident.takenBy?.by), told(known?.takenBy?.by)),
    fact(
      "incident",
      "its newest change is on the record",
      "yes",
      record.some(({ hash }) => hash === incident.hash) ? "yes" : "no",
    ),
  ];
}

function fact(of: string, figure: string, stored: number | string, recomputed: number | string): Finding {
  return { of, figure, stored, recomputed, same: stored === recomputed };
}

async function seal(bundle: EvidenceBundle, rawBody: unknown, keyText: string | undefined): Promise<Finding> {
  const payload = Buffer.from(canonicalize(rawBody) as string).toString("base64url");
  const verdicts: string[] = [];
  const keys = keyText === undefined ? [await importJWK(bundle.key, "EdDSA")] : await keysOf(keyText);
  for (const key of keys) {
    verdicts.push(
      await flattenedVerify({ ...bundle.signature, payload }, key, { algorithms: ["EdDSA"] }).then(
        () => "holds",
        (error: Error) => `broken: ${error.message}`,
      ),
    );
  }
  if (!verdicts.includes("holds") && keyText !== undefined) {
    const own = await calculateJwkThumbprint(bundle.key);
    const given = await Promise.all(keys.map(async (key) => calculateJwkThumbprint(await exportJWK(key))));
    // Another key cannot tell whether anything was changed.
    if (!given.includes(own)) verdicts[0] = `another key: ${given.join(", ")} is given, ${own} is in the bundle`;
  }
  const by = keyText === undefined ? "the bundle's own key" : "the given key";
  return fact(
    "bundle",
    `signature by ${by}`,
    "holds",
    verdicts.includes("holds") ? "holds" : (verdicts[0] ?? "broken: no key given"),
  );
}

/** Public keys of a JWK, a JWK set (as `/api/keys` gives it) or a PEM file. */
async function keysOf(text: string) {
  if (text.includes("-----BEGIN")) return [await importSPKI(text, "EdDSA", { extractable: true })];
  const json = JSON.parse(text) as JWK | { keys: JWK[] };
  const keys = "keys" in json && Array.isArray(json.keys) ? json.keys : [json as JWK];
  return Promise.all(keys.map(({ kty, crv, x }) => importJWK({ kty, crv, x } as JWK, "EdDSA")));
}

/** Each entry's hash from its facts and the hash before it. */
function chain(record: readonly RecordEntry[]): Finding[] {
  const findings: Finding[] = [];
  let before = "0".repeat(64);
  for (const [index, entry] of record.entries()) {
    const { hash, ...facts } = entry;
    const of = `record entry ${index + 1}`;
    if (entry.seq !== index + 1) findings.push(fact(of, "seq", entry.seq, index + 1));
    if (entry.previousHash !== before) findings.push(fact(of, "previousHash", entry.previousHash, before));
    const { seq, at, kind, by, text, data, previousHash } = facts;
    findings.push(
      fact(of, "hash", hash, sha256(canonicalize({ seq, at, kind, by, text, data, previousHash }) as string)),
    );
    before = hash;
  }
  return findings;
}

function clips({ body }: EvidenceBundle): Finding[] {
  return body.clips.flatMap((clip) =>
    clip.pcm16 === undefined || clip.pcmSha256 === undefined
      ? []
      : [fact(`clip of ${clip.arrival}`, "pcmSha256", clip.pcmSha256, sha256(Buffer.from(clip.pcm16, "base64")))],
  );
}

function figures(shot: ShotFixed, heard: readonly ShotHeard[]): Finding[] {
  const of = `shot ${shot.id}`;
  const findings: Finding[] = [];
  const { checks, why } = recomputeShot(shot);
  if (why !== undefined) findings.push(fact(of, "can be computed again", "yes", `no: ${why}`));
  for (const { figure, stored, recomputed, same } of [...checks, ...recomputeRejected(shot, heard)])
    findings.push({ of, figure, stored, recomputed, same });
  const said = new Map(heard.map((message) => [message.id, message]));
  for (const used of shot.arrivals) {
    const message = said.get(used.id);
    if (!message) continue;
    const name = `${of}, arrival ${used.id}`;
    findings.push(fact(name, "node", used.node, message.node));
    findings.push(fact(name, "toa (ns)", nsOfUtc(used.toa).toString(), nsOfUtc(message.toa).toString()));
    findings.push(fact(name, "toaSigmaS", used.toaSigmaS, message.toaSigmaS));
  }
  const nodes = [...new Set(shot.arrivals.map((one) => one.node))].sort().join(" ");
  findings.push(fact(of, "nodesUsed", [...new Set(shot.nodesUsed)].sort().join(" "), nodes));
  return findings;
}
