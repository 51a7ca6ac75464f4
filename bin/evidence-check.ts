/** Everything of an evidence bundle that can be computed again without asking anyone. */
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { calculateJwkThumbprint, exportJWK, flattenedVerify, importJWK, importSPKI, type JWK } from "jose";
import type { EvidenceBundle, RecordEntry } from "#contract/evidence.ts";
import type { ShotFixed, ShotHeard } from "#contract/shot.ts";
import { nsOfUtc } from "#contract/units.ts";
import { recomputeRejected, recomputeShot } from "#core/localise/evidence.ts";
import { RELEASED_COUNT_WEIGHTS, roundsBetween } from "#core/localise/round-count.ts";
import { type Change, type Known, step } from "#core/review/lifecycle.ts";
import { roundsOf } from "#core/review/rounds.ts";
import { countingOf, leastOfRound } from "#core/review/standing.ts";

/** One figure or fact, as stored beside what it is found to be. */
export interface Finding {
  of: string;
  figure: string;
  stored: number | string;
  recomputed: number | string;
  same: boolean;
}

export type PublicKey = Awaited<ReturnType<typeof importJWK>>;

const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");

/**
 * @param raw the file's JSON before a schema has dropped anything of it.
 * @param keys the gateway's; undefined where nobody gave any: the bundle's own is taken then.
 */
export async function findingsOf(
  bundle: EvidenceBundle,
  raw: { body: unknown },
  keys: readonly PublicKey[] | undefined,
): Promise<Finding[]> {
  const { body } = bundle;
  const findings: Finding[] = [await seal(bundle, raw.body, keys)];
  const standing = body.shots.filter((shot) => shot.withdrawn === undefined);
  const unlikely = body.incident.unlikelyRounds ?? [];
  findings.push(...chain(body.record), ...clips(bundle));
  for (const shot of body.shots) findings.push(...figures(shot, body.heard));
  for (const round of [...body.incident.rounds, ...unlikely]) {
    const shot = body.shots.find((one) => one.id === round.shot);
    const of = `round ${round.shot}`;
    findings.push(fact(of, "its shot is in the bundle", "yes", shot ? "yes" : "no"));
    if (!shot) continue;
    for (const figure of ["lat", "lon", "probability", "time"] as const)
      findings.push(fact(of, figure, round[figure], shot[figure]));
  }
  findings.push(
    fact("incident", "rounds", body.incident.rounds.length, standing.length - unlikely.length),
    ...life(raw.body as EvidenceBundle["body"]),
  );
  return findings;
}

/** A share: two centimetres of a longitude. */
const LAST_DIGITS = 1e-9;
const CHANGES: readonly Change["kind"][] = ["shot", "placed", "reported", "taken", "verdict", "note"];

/** The incident as it stands, beside what its record's changes make of it, one after the other. */
function life({ incident, record, shots }: EvidenceBundle["body"]): Finding[] {
  const findings: Finding[] = [];
  let known: Known | undefined;
  let newest: string | undefined;
  for (const [index, { kind, data, at, hash }] of record.entries()) {
    const change = (data ?? {}) as Change;
    // Others write on the record too: the name of the entry says that this is one of the incident's own.
    if (!CHANGES.includes(change.kind) || !["opened", change.kind, "note"].includes(kind)) continue;
    try {
      const outcome = step(known, change, at);
      if (outcome.kind !== "applied") continue;
      known = outcome.known;
      if (outcome.changed) newest = hash;
    } catch (error) {
      // Nothing that a gateway wrote: a change without what changes.
      findings.push(
        fact(`record entry ${index + 1}`, "its change can be made", "yes", `no: ${(error as Error).message}`),
      );
    }
  }
  const told = (value: unknown) =>
    typeof value === "object" ? canonical(value) : typeof value === "number" ? value : String(value ?? "nothing");
  const [place, found] = [told(incident.place), told(known?.place)];
  findings.push(
    ...(["kind", "status", "firedAt", "alertedAt", "probability", "verdict"] as const).map((figure) =>
      fact("incident", `${figure}, by its record`, told(incident[figure]), told(known?.[figure])),
    ),
    fact("incident", "place, by its record", place, isAlike(incident.place, known?.place) ? place : found),
    fact("incident", "who has it, by its record", told(incident.takenBy?.by), told(known?.takenBy?.by)),
    ...(["rounds", "unlikelyRounds", "alternatives"] as const).map((figure) =>
      asRecorded("incident", `${figure}, by its record`, incident[figure], known?.[figure]),
    ),
    ...counted(incident, known),
    fact("incident", "its newest change is on the record", "yes", incident.hash === newest ? "yes" : "no"),
  );
  const recorded = new Map(known?.shots.map((shot) => [shot.id, shot]));
  const inBundle = new Map(shots.map((shot) => [shot.id, shot]));
  for (const id of new Set([...inBundle.keys(), ...recorded.keys()]))
    findings.push(asRecorded(`shot ${id}`, "the whole of it, by the record", inBundle.get(id), recorded.get(id)));
  return findings;
}

/** With the weights that the bundle names, which must be a release's; older records say nothing of it. */
function counted({ roundsBetween: stored }: EvidenceBundle["body"]["incident"], known: Known | undefined): Finding[] {
  if (stored === undefined) return [];
  const standing = countingOf(roundsOf(known?.shots ?? []), known?.minRoundProbability);
  const least = leastOfRound(known?.minRoundProbability);
  const words = ({ low, high, likely, level }: NonNullable<typeof stored>) =>
    `${low} to ${high}, most likely ${likely}, at ${level}`;
  const again =
    standing.counting.length > 0 && roundsBetween(standing.counting, standing.unlikely, least, stored.weights);
  const isReleased = RELEASED_COUNT_WEIGHTS.some((weights) => canonical(weights) === canonical(stored.weights));
  return [
    fact("incident", "rounds fired, between", words(stored), again ? words(again) : "nothing"),
    fact("incident", "weights of the rounds fired", "a release's", isReleased ? "a release's" : "no release's"),
  ];
}

const canonical = (value: unknown): string =>
  value === undefined || value === null ? "nothing" : (canonicalize(value) as string);

/** For what is too long to be printed beside each other. */
function asRecorded(of: string, figure: string, stored: unknown, recomputed: unknown): Finding {
  const same = canonical(stored) === canonical(recomputed);
  return fact(
    of,
    figure,
    stored === undefined ? "nothing" : "told",
    recomputed === undefined ? "nothing" : same ? "told" : "another",
  );
}

/** Equal but for the last digits of sines and roots, which are not the same in every version of Node. */
function isAlike(a: unknown, b: unknown): boolean {
  if (typeof a === "number" && typeof b === "number")
    return Math.abs(a - b) <= LAST_DIGITS * Math.max(Math.abs(a), Math.abs(b));
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return a === b;
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])] as never[];
  return names.every((name) => isAlike(a[name], b[name]));
}

function fact(of: string, figure: string, stored: number | string, recomputed: number | string): Finding {
  return { of, figure, stored, recomputed, same: stored === recomputed };
}

async function seal(
  bundle: EvidenceBundle,
  rawBody: unknown,
  given: readonly PublicKey[] | undefined,
): Promise<Finding> {
  const payload = Buffer.from(canonicalize(rawBody) as string).toString("base64url");
  const verdicts: string[] = [];
  const keys = given ?? [await importJWK(bundle.key, "EdDSA")];
  for (const key of keys) {
    verdicts.push(
      await flattenedVerify({ ...bundle.signature, payload }, key, { algorithms: ["EdDSA"] }).then(
        () => "holds",
        (error: Error) => `broken: ${error.message}`,
      ),
    );
  }
  if (!verdicts.includes("holds") && given !== undefined) {
    const own = await calculateJwkThumbprint(bundle.key);
    const prints = await Promise.all(keys.map(async (key) => calculateJwkThumbprint(await exportJWK(key))));
    // Another key cannot tell whether anything was changed.
    if (!prints.includes(own)) verdicts[0] = `another key: ${prints.join(", ")} is given, ${own} is in the bundle`;
  }
  const by = given === undefined ? "the bundle's own key" : "the given key";
  return fact(
    "bundle",
    `signature by ${by}`,
    "holds",
    verdicts.includes("holds") ? "holds" : (verdicts[0] ?? "broken: no key given"),
  );
}

/** Public keys of a JWK, a JWK set (as `/api/keys` gives it) or a PEM file; rejects where it is none. */
export async function publicKeysOf(text: string): Promise<PublicKey[]> {
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
