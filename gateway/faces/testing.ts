/** What tests of faces share: an authority, its lists, a gateway with face matching, and people who call its API. */
import { createHash } from "node:crypto";
import { exportJWK, generateKeyPair } from "jose";
import { utcOfNs } from "#contract/units.ts";
import type { Revocation, Watchlist } from "#contract/watchlist.ts";
import { type AuthorityKey, publicPart } from "#contract/watchlist-jws.ts";
import { measuredError } from "#core/faces/measured-error.ts";
import { hashSecret } from "../credentials.ts";
import { type Gateway, startGateway } from "../main.ts";
import { makeConfig, makeFolder, makeLog, PASSWORD } from "../testing.ts";

export const inDays = (days: number) => utcOfNs(BigInt(Date.now() + days * 86_400_000) * 1_000_000n);

export async function makeAuthority(kid: string, authority: string): Promise<AuthorityKey> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return { ...(await exportJWK(privateKey)), kid, authority } as AuthorityKey;
}

export const embeddingText = (value: number) => {
  const bytes = Buffer.alloc(512);
  for (let i = 0; i < 128; i++) bytes.writeFloatLE(value, 4 * i);
  return bytes.toString("base64");
};

/** A picture's bytes: what they show does not matter to the gateway. */
export const pictureOf = (person: string) => Buffer.from(`what ${person} looks like`).toString("base64");
const sha256 = (base64: string) => createHash("sha256").update(Buffer.from(base64, "base64")).digest("hex");

export function makeList(authority: string, over: Partial<Watchlist> = {}): Watchlist {
  return {
    v: 1,
    kind: "watchlist",
    id: "missing",
    authority,
    legalBasis: "Section 1",
    purpose: "a missing person",
    area: [
      { lat: 40, lon: -81 },
      { lat: 41, lon: -81 },
      { lat: 41, lon: -79 },
      { lat: 40, lon: -79 },
    ],
    start: inDays(-1),
    end: inDays(10),
    embedderSha256: measuredError.embedderSha256,
    people: [
      {
        person: "p1",
        pictures: 2,
        embedding: embeddingText(0.1),
        spread: 0.04,
        pictureSha256: sha256(pictureOf("p1")),
      },
    ],
    ...over,
  };
}

export const revocationOf = (authority: string, list = "missing"): Revocation => ({
  v: 1,
  kind: "revocation",
  list,
  authority,
  why: "found",
  at: inDays(0),
});

interface Answer {
  status: number;
  /** JSON, or the bytes of a picture. */
  body: never;
  bytes: Buffer;
}

/** One unit, told by a flow, in the middle of the place where matches come from. */
const BACKUP = "backup: { units: [{ name: car-1, contact: { kind: flow }, position: { lat: 40.44, lon: -79.99 } }] }";

export interface Office {
  gateway: Gateway;
  folder: string;
  call(user: string, path: string, body?: unknown): Promise<Answer>;
  stop(): Promise<void>;
  /** Stops it and starts it again on the same disk. */
  restart(): Promise<void>;
  lines: string[];
}

/** A gateway with users ann (dispatch), bob (reviewer), eve (admin), pam (pilot), and devices n01 to n03. */
export async function openOffice(keys: readonly AuthorityKey[], faces: object = {}): Promise<Office> {
  const { folder, remove } = makeFolder();
  const { log, lines } = makeLog();
  const admin = `  - { name: eve, roles: [admin], passwordHash: "${await hashSecret(PASSWORD, 10)}" }`;
  const policy = JSON.stringify({ keys: keys.map(publicPart), ...faces });
  const config = await makeConfig(
    folder,
    [admin, "video: { enabled: false }", "flows: { enabled: false }", BACKUP, `faces: ${policy}`].join("\n"),
  );
  let cookies = new Map<string, string>();
  const office: Office = {
    gateway: await startGateway(config, log),
    folder,
    lines,
    async call(user, path, body) {
      const base = `http://127.0.0.1:${office.gateway.ports.http}`;
      const json = { "content-type": "application/json" };
      if (!cookies.has(user)) {
        const login = { method: "POST", headers: json, body: JSON.stringify({ user, password: PASSWORD }) };
        const answer = await fetch(`${base}/api/session`, login);
        cookies.set(user, (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "");
      }
      const answer = await fetch(base + path, {
        headers: { cookie: cookies.get(user)!, ...(body !== undefined && json) },
        ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
      });
      const bytes = Buffer.from(await answer.arrayBuffer());
      const isJson = answer.headers.get("content-type")?.includes("json") ?? false;
      return { status: answer.status, bytes, body: (isJson ? JSON.parse(bytes.toString()) : undefined) as never };
    },
    async stop() {
      await office.gateway.close();
      remove();
    },
    async restart() {
      await office.gateway.close();
      cookies = new Map();
      office.gateway = await startGateway(config, log);
    },
  };
  return office;
}
