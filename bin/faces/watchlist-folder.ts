/** A watchlist folder (list.yaml, pictures by person), its signed file, and the keys. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { exportJWK, generateKeyPair } from "jose";
import * as v from "valibot";
import { parse as parseYaml } from "yaml";
import { faultsOf } from "#contract/channel.ts";
import { Fault } from "#contract/errors.ts";
import type { FaceListAsk } from "#contract/face-api.ts";
import { Id, nsOfUtc } from "#contract/units.ts";
import { Revocation, type Watchlist, WatchlistTerms } from "#contract/watchlist.ts";
import { AuthorityKey, publicPart, sign } from "#contract/watchlist-jws.ts";
import { CHIP_PX } from "#core/faces/align.ts";
import { embeddingToText } from "#edge-agent/devices/faces/embedding-text.ts";
import { embedderSha256 } from "#edge-agent/devices/faces/face-models.ts";
import { jpegOf } from "#edge-agent/devices/faces/probe-seal.ts";
import { say } from "../command.ts";
import { jsonOf, save, textOf } from "../named-file.ts";
import { enrolPerson, picturesIn, withFaceFinder } from "./enrol.ts";

const SIGNED = "watchlist.jws";
const SIGN = "make one with tocsin watchlist sign";
const TRUST = "use the .pub file of tocsin watchlist key";
const KEY = "make one with tocsin watchlist key";

export const signedFileOf = (path: string) =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, SIGNED) : path;

/** The signed list of a folder, or the signed file itself. */
export const signedText = (path: string) => textOf(signedFileOf(path), SIGN);

export async function makeKey(authority: string, out: string): Promise<{ file: string; trust: string; kid: string }> {
  for (const file of [out, `${out}.pub`])
    if (existsSync(file)) throw new Fault("usage", `${file}: is there already; a key is never overwritten`);
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = createHash("sha256")
    .update(jwk.x ?? "")
    .digest("hex")
    .slice(0, 16);
  const key = v.parse(AuthorityKey, { ...jwk, kid, authority });
  await save(out, `${JSON.stringify(key)}\n`, 0o600);
  await save(`${out}.pub`, `${JSON.stringify({ keys: [publicPart(key)] }, null, 2)}\n`);
  return { file: out, trust: `${out}.pub`, kid };
}

export async function readKey(file: string): Promise<AuthorityKey> {
  const parsed = v.safeParse(v.intersect([AuthorityKey, v.looseObject({ d: v.string() })]), await jsonOf(file, KEY));
  if (!parsed.success) throw new Fault("input", `${file}: no private Ed25519 key; ${KEY}`);
  return parsed.output;
}

/** A JWK set, as `key` writes it beside the private key; several can be put together in one file. */
export async function readTrusted(file: string): Promise<AuthorityKey[]> {
  const parsed = v.safeParse(
    v.object({ keys: v.pipe(v.array(AuthorityKey), v.minLength(1)) }),
    await jsonOf(file, TRUST),
  );
  if (!parsed.success)
    throw new Fault("input", `${file}: no set of trusted keys: ${faultsOf(parsed.issues).join("; ")}; ${TRUST}`);
  return parsed.output.keys;
}

export async function signFolder(folder: string, key: AuthorityKey) {
  const terms = await termsOf(join(folder, "list.yaml"));
  if (terms.authority !== key.authority)
    throw new Fault("input", `list.yaml: authority is "${terms.authority}", but the key is that of "${key.authority}"`);
  if (nsOfUtc(terms.end) <= nsOfUtc(terms.start)) throw new Fault("input", "list.yaml: end must be after start");
  const names = readdirSync(folder, { withFileTypes: true }).flatMap((each) =>
    each.isDirectory() && each.name !== REVIEW ? [each.name] : [],
  );
  const people: Watchlist["people"] = [];
  const faults: string[] = [];
  await withFaceFinder(async (finder) => {
    for (const person of names.sort()) {
      if (!v.is(Id, person)) {
        faults.push(`folder ${person}: a person's name must be 1 to 64 of A-Z a-z 0-9 . _ : -`);
        continue;
      }
      const { embedding, spread, pictures, chip } = await enrolPerson(
        finder,
        person,
        picturesIn([join(folder, person)]),
      );
      for (const each of pictures) if (each.refused) say(`${each.file}: not used: ${each.refused.join("; ")}`);
      if (embedding === undefined) faults.push(`${person}: no picture that can be used`);
      else {
        const used = pictures.filter((each) => each.refused === undefined).length;
        const picture = chip && (await reviewPicture(folder, person, chip));
        const text = embeddingToText(embedding);
        people.push({ person, pictures: used, embedding: text, spread, ...(picture && { pictureSha256: picture }) });
        embedding.fill(0);
      }
    }
  });
  if (people.length === 0 && faults.length === 0) faults.push(`${folder}: holds no folder of pictures`);
  if (faults.length > 0) throw new Fault("input", faults);
  const list: Watchlist = { v: 1, kind: "watchlist", ...terms, embedderSha256, people };
  const file = join(folder, SIGNED);
  await save(file, await sign(list, key), 0o600);
  return { file, list: list.id, people: people.length, kid: key.kid, start: list.start, end: list.end };
}

const REVIEW = "review";

/** What reviewers compare with: the upright face as JPEG, beside the signed list, which names its hash. It never goes to a device. */
async function reviewPicture(folder: string, person: string, chip: Uint8Array): Promise<string> {
  const bytes = Buffer.from(await jpegOf(chip, CHIP_PX, CHIP_PX), "base64");
  const at = join(folder, REVIEW);
  await mkdir(at, { recursive: true, mode: 0o700 });
  await save(join(at, `${person}.jpg`), bytes, 0o600);
  return createHash("sha256").update(bytes).digest("hex");
}

/** The signed list with the pictures that it names, as the gateway takes it (`FaceListAsk`). */
export async function enrolmentOf(folder: string): Promise<FaceListAsk> {
  const jws = (await signedText(folder)).trim();
  const at = join(folder, REVIEW);
  const files = existsSync(at) ? readdirSync(at).filter((name) => name.endsWith(".jpg")) : [];
  const pictures: Record<string, string> = {};
  for (const name of files) pictures[name.slice(0, -4)] = (await readFile(join(at, name))).toString("base64");
  return { jws, pictures };
}

export async function revocationFile(list: string, key: AuthorityKey, why: string, out: string) {
  const at = `${new Date().toISOString().slice(0, 19)}Z`;
  const parsed = v.safeParse(Revocation, { v: 1, kind: "revocation", list, authority: key.authority, why, at });
  if (!parsed.success) throw new Fault("usage", faultsOf(parsed.issues));
  await save(out, await sign(parsed.output, key));
  return { list, at, why };
}

async function termsOf(file: string): Promise<WatchlistTerms> {
  let yaml: unknown;
  try {
    yaml = parseYaml(await textOf(file, "name a watchlist's folder (tocsin watchlist --help)"));
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new Fault("input", `${file}: is not YAML: ${(cause as Error).message.split("\n")[0]!.replace(/:$/, "")}`, {
      cause,
    });
  }
  const parsed = v.safeParse(WatchlistTerms, yaml);
  if (!parsed.success)
    throw new Fault(
      "input",
      faultsOf(parsed.issues).map((line) => `${file}: ${line}`),
    );
  return parsed.output;
}
