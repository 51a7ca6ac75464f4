/** The watchlists that this district's devices may hold: checked as a device checks them, sealed on disk, deleted when they are over. */
import type { DatabaseSync } from "node:sqlite";
import type { FaceListAsk, FaceListView } from "#contract/face-api.ts";
import { nsOfUtc } from "#contract/units.ts";
import type { FacePolicy, Watchlist, WatchlistTerms } from "#contract/watchlist.ts";
import { type AuthorityKey, openRevocation, openWatchlist } from "#contract/watchlist-jws.ts";
import { measuredError } from "#core/faces/measured-error.ts";
import { admit, NO_PLACE } from "#core/faces/watchlist-policy.ts";
import { sha256Hex } from "../incidents/chain.ts";
import { atomically } from "../incidents/schema.ts";
import { nowUtc } from "../now.ts";
import type { FaceAuditChain } from "./audit.ts";
import type { Seal } from "./schema.ts";

interface Row {
  id: string;
  sha256: string;
  terms: string;
  people: number;
  enrolled_by: string;
  enrolled_at: string;
  end_ms: number;
  sealed: Uint8Array | null;
  revocation: string | null;
  revoked: string | null;
}

export type Outcome = { kind: "done" } | { kind: "refused"; why: readonly string[] };
const refused = (...why: string[]): Outcome => ({ kind: "refused", why });

export class FaceLists {
  readonly #db: DatabaseSync;
  readonly #seal: Seal;
  readonly #audit: FaceAuditChain;
  readonly #keys: readonly AuthorityKey[];
  readonly #policy: FacePolicy;

  constructor(db: DatabaseSync, seal: Seal, audit: FaceAuditChain, keys: readonly AuthorityKey[], policy: FacePolicy) {
    this.#db = db;
    this.#seal = seal;
    this.#audit = audit;
    this.#keys = keys;
    this.#policy = policy;
  }

  /** Takes a signed list, with the pictures that reviewers compare with. */
  async enrol({ jws, pictures }: FaceListAsk, by: string): Promise<Outcome & { id?: string }> {
    const opened = await openWatchlist(jws, this.#keys);
    if (opened.kind === "refused") return opened;
    const list = opened.content;
    const held = this.#row(list.id);
    if (held && termsOf(held).authority !== list.authority)
      return refused(
        `id: list ${list.id} is that of "${termsOf(held).authority}", "${list.authority}" cannot replace it; sign this one with another id`,
      );
    const nowNs = BigInt(Date.now()) * 1_000_000n;
    const others = this.#rows().filter(
      (row) => row.id !== list.id && stateOf(row) !== "revoked" && stateOf(row) !== "expired",
    );
    const admission = admit(list, {
      nowNs,
      here: undefined,
      policy: this.#policy,
      measured: measuredError,
      revoked: new Set(this.revokedIds()),
      otherPeople: others.reduce((sum, { people }) => sum + people, 0),
    });
    // A list may be brought before it begins; where it holds is the device's to know.
    const notYet = /^not yet in force/;
    const why =
      admission.kind === "refused" ? admission.why.filter((each) => each !== NO_PLACE && !notYet.test(each)) : [];
    for (const [person, text] of Object.entries(pictures)) {
      const named = list.people.find((each) => each.person === person);
      if (!named) why.push(`pictures.${person}: nobody on the list is called so`);
      else if (named.pictureSha256 !== sha256Hex(Buffer.from(text, "base64")))
        why.push(`pictures.${person}: is not the picture that the signature names`);
    }
    if (why.length > 0) return { kind: "refused", why };
    const { people, embedderSha256: _, v: __, kind: ___, ...terms } = list;
    const sha256 = sha256Hex(jws.trim());
    atomically(this.#db, () => {
      this.#db.prepare("DELETE FROM picture WHERE list = ?").run(list.id);
      this.#db
        .prepare("INSERT OR REPLACE INTO list VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)")
        .run(
          list.id,
          sha256,
          JSON.stringify(terms),
          people.length,
          by,
          nowUtc(),
          msOf(list.end),
          this.#seal.close(Buffer.from(jws.trim()), `list ${list.id}`),
        );
      const insert = this.#db.prepare("INSERT INTO picture VALUES (?, ?, ?)");
      for (const [person, text] of Object.entries(pictures))
        insert.run(list.id, person, this.#seal.close(Buffer.from(text, "base64"), `picture ${list.id} ${person}`));
      const text = `${by} enrolled list ${list.id} of ${list.authority}: ${people.length} people, ${list.purpose}`;
      this.#audit.append("enrolled", by, text, {
        list: list.id,
        sha256,
        ...terms,
        people: people.map(({ person }) => person),
      });
    });
    return { kind: "done", id: list.id };
  }

  /** Takes the authority's signed revocation; also of a list that was never here, so that it never comes. */
  async revoke(id: string, jws: string, by: string): Promise<Outcome> {
    const opened = await openRevocation(jws, this.#keys);
    if (opened.kind === "refused") return opened;
    const revocation = opened.content;
    if (revocation.list !== id) return refused(`it revokes list ${revocation.list}, not ${id}`);
    const row = this.#row(id);
    if (row && termsOf(row).authority !== revocation.authority)
      return refused(`the list is that of "${termsOf(row).authority}", not of "${revocation.authority}"`);
    if (row?.revocation) return { kind: "done" };
    const revoked = JSON.stringify({ at: nowUtc(), why: revocation.why, by });
    atomically(this.#db, () => {
      if (row)
        this.#db
          .prepare("UPDATE list SET sealed = NULL, revocation = ?, revoked = ? WHERE id = ?")
          .run(jws.trim(), revoked, id);
      else {
        const { authority, why, at } = revocation;
        const terms = { id, authority, legalBasis: "never here", purpose: why, area: [], start: at, end: at };
        this.#db
          .prepare("INSERT INTO list VALUES (?, '', ?, 0, ?, ?, ?, NULL, ?, ?)")
          .run(id, JSON.stringify(terms), by, nowUtc(), msOf(at), jws.trim(), revoked);
      }
      this.#db.prepare("DELETE FROM picture WHERE list = ?").run(id);
      this.#audit.append("revoked", by, `${by} brought the revocation of list ${id}: ${revocation.why}`, {
        list: id,
        revocation,
      });
    });
    return { kind: "done" };
  }

  /** Deletes embeddings and pictures of lists that have run out. @returns their ids. */
  expire(nowMs = Date.now()): string[] {
    const over = this.#rows().filter(({ sealed, end_ms }) => sealed !== null && end_ms <= nowMs);
    for (const { id } of over)
      atomically(this.#db, () => {
        this.#db.prepare("UPDATE list SET sealed = NULL WHERE id = ?").run(id);
        this.#db.prepare("DELETE FROM picture WHERE list = ?").run(id);
        this.#audit.append(
          "deleted",
          "gateway",
          `list ${id} has run out: its embeddings and pictures are deleted here`,
          { list: id },
        );
      });
    return over.map(({ id }) => id);
  }

  /** The signed lists that devices should hold. */
  wanted(nowMs = Date.now()): { id: string; sha256: string; jws: string }[] {
    return this.#rows().flatMap((row) =>
      row.sealed && !row.revocation && row.end_ms > nowMs
        ? [{ id: row.id, sha256: row.sha256, jws: this.#seal.open(row.sealed, `list ${row.id}`).toString() }]
        : [],
    );
  }

  revocations(): { id: string; jws: string }[] {
    return this.#rows().flatMap(({ id, revocation }) => (revocation ? [{ id, jws: revocation }] : []));
  }

  revokedIds(): string[] {
    return this.revocations().map(({ id }) => id);
  }

  /** The terms and the size of a list that is, or was, here. */
  about(
    id: string,
  ): { terms: WatchlistTerms; people: number; sha256: string; state: FaceListView["state"] } | undefined {
    const row = this.#row(id);
    return row && { terms: termsOf(row), people: row.people, sha256: row.sha256, state: stateOf(row) };
  }

  picture(list: string, person: string): Buffer | undefined {
    const row = this.#db.prepare("SELECT sealed FROM picture WHERE list = ? AND person = ?").get(list, person) as
      | { sealed: Uint8Array }
      | undefined;
    return row && this.#seal.open(row.sealed, `picture ${list} ${person}`);
  }

  views(devices: (id: string) => FaceListView["devices"]): FaceListView[] {
    return this.#rows().map((row) => {
      const { authority, legalBasis, purpose, start, end } = termsOf(row);
      const pictures = this.#db.prepare("SELECT count(*) AS n FROM picture WHERE list = ?").get(row.id) as {
        n: number;
      };
      return {
        id: row.id,
        sha256: row.sha256,
        authority,
        legalBasis,
        purpose,
        start,
        end,
        people: row.people,
        pictures: pictures.n,
        state: stateOf(row),
        enrolledBy: row.enrolled_by,
        enrolledAt: row.enrolled_at,
        ...(row.revoked && { revoked: JSON.parse(row.revoked) as NonNullable<FaceListView["revoked"]> }),
        devices: devices(row.id),
      };
    });
  }

  #rows(): Row[] {
    return this.#db.prepare("SELECT * FROM list ORDER BY id").all() as unknown as Row[];
  }

  #row(id: string): Row | undefined {
    return this.#db.prepare("SELECT * FROM list WHERE id = ?").get(id) as Row | undefined;
  }
}

const msOf = (utc: string) => Number(nsOfUtc(utc) / 1_000_000n);
const termsOf = (row: Row) => JSON.parse(row.terms) as Omit<Watchlist, "people" | "v" | "kind" | "embedderSha256">;

function stateOf(row: Row): FaceListView["state"] {
  if (row.revocation) return "revoked";
  if (row.end_ms <= Date.now()) return "expired";
  return msOf(termsOf(row).start) > Date.now() ? "notYet" : "inForce";
}
