/**
 * The watchlists that a device holds, one signed file each, and the proof of those it no longer holds.
 * A revocation is written down before anything is deleted: a power cut between the two is finished at the next start.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { nsOfUtc, utcOfNs } from "#contract/units.ts";
import { DeletionReceipt, type Watchlist } from "#contract/watchlist.ts";
import { type AuthorityKey, openRevocation, openWatchlist } from "#contract/watchlist-jws.ts";
import { EMBEDDING } from "#core/faces/distance.ts";
import { Gallery } from "#core/faces/gallery.ts";
import { type Rule, ruleFor } from "#core/faces/threshold.ts";
import { admit, type Circumstances } from "#core/faces/watchlist-policy.ts";
import { embeddingFromText } from "./embedding-text.ts";

export interface LoadedList {
  readonly list: Pick<Watchlist, "id" | "authority" | "purpose" | "end">;
  /** Of the signed file. */
  readonly sha256: string;
  readonly gallery: Gallery;
  readonly rule: Rule;
}

export interface Loading {
  loaded: LoadedList[];
  readonly refused: { readonly id: string; readonly why: readonly string[] }[];
}

export interface WatchlistStore {
  /** Keeps a signed list that was delivered, and overwrites and deletes another version of it; refuses one that is not trusted or is revoked. */
  put(jws: string, nowNs: bigint): Promise<{ kind: "kept"; id: string } | { kind: "refused"; why: readonly string[] }>;
  /** Deletes what is revoked or expired, then loads every list that may be used. Those of the last call stay in use until then, and are then wiped. */
  load(now: Omit<Circumstances, "revoked">): Promise<Loading>;
  /** Deletes the list, in memory and on disk, for good: also a copy delivered later is refused. */
  revoke(
    jws: string,
    nowNs: bigint,
  ): Promise<{ kind: "deleted"; receipt: DeletionReceipt } | { kind: "refused"; why: readonly string[] }>;
  receipts(): { readonly receipt: DeletionReceipt; readonly sha256: string }[];
  /** What is loaded at this moment. */
  inForce(): readonly LoadedList[];
  /** Every list on the disk, with the hash of its signed file, and those that are revoked for good. */
  held(): { readonly lists: { readonly id: string; readonly sha256: string }[]; readonly revoked: string[] };
}

/** `folder` is made if it is not there; only its owner reads it. */
export function openWatchlistStore(folder: string, node: string, trusted: readonly AuthorityKey[]): WatchlistStore {
  const [lists, revocations] = [join(folder, "lists"), join(folder, "revoked")];
  const receiptsFile = join(folder, "receipts.jsonl");
  for (const each of [lists, revocations]) mkdirSync(each, { recursive: true, mode: 0o700 });
  let inUse: LoadedList[] = [];

  const fileOf = (id: string) => join(lists, `${id}.jws`);
  const newOf = (id: string) => `${fileOf(id)}.new`;
  const oldOf = (id: string) => `${fileOf(id)}.old`;
  const idsIn = (path: string) =>
    readdirSync(path).flatMap((name) => (name.endsWith(".jws") ? [name.slice(0, -4)] : []));
  const receipts = () =>
    existsSync(receiptsFile)
      ? readFileSync(receiptsFile, "utf8")
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => ({ receipt: v.parse(DeletionReceipt, JSON.parse(line)), sha256: sha256(line) }))
      : [];

  const forget = (id: string) => {
    for (const each of inUse) if (each.list.id === id) each.gallery.wipe();
    inUse = inUse.filter((each) => each.list.id !== id);
  };

  const erase = (file: string, id: string, because: DeletionReceipt["because"], nowNs: bigint): DeletionReceipt => {
    const fileSha256 = existsSync(file) ? sha256(readFileSync(file)) : undefined;
    if (fileSha256 !== undefined) overwriteAndDelete(file);
    const last = existsSync(receiptsFile) ? readFileSync(receiptsFile, "utf8").trimEnd().split("\n").at(-1) : undefined;
    const receipt: DeletionReceipt = {
      v: 1,
      list: id,
      ...(fileSha256 === undefined ? {} : { fileSha256 }),
      because,
      at: utcOfNs(nowNs),
      node,
      ...(last === undefined ? {} : { previousSha256: sha256(last) }),
    };
    durably(receiptsFile, `${JSON.stringify(receipt)}\n`, "a");
    return receipt;
  };

  const remove = (id: string, because: DeletionReceipt["because"], nowNs: bigint): DeletionReceipt => {
    forget(id);
    if (existsSync(newOf(id))) overwriteAndDelete(newOf(id));
    if (existsSync(oldOf(id))) erase(oldOf(id), id, because, nowNs);
    return erase(fileOf(id), id, because, nowNs);
  };

  // A power cut in `put` leaves a list that nobody asks for any more, or the old one under another name.
  for (const name of readdirSync(lists)) {
    if (name.endsWith(".jws.new")) overwriteAndDelete(join(lists, name));
    const id = name.endsWith(".jws.old") ? name.slice(0, -".jws.old".length) : undefined;
    if (id !== undefined && !existsSync(fileOf(id))) renameSync(oldOf(id), fileOf(id));
  }

  const loadInto = async (result: Loading, now: Omit<Circumstances, "revoked">): Promise<void> => {
    const revoked = new Set(idsIn(revocations));
    for (const name of readdirSync(lists))
      if (name.endsWith(".jws.old")) erase(join(lists, name), name.slice(0, -".jws.old".length), "replaced", now.nowNs);
    let people = 0;
    for (const id of idsIn(lists).sort()) {
      if (revoked.has(id)) {
        remove(id, "revoked", now.nowNs);
        result.refused.push({ id, why: ["revoked"] });
        continue;
      }
      const jws = readFileSync(fileOf(id), "utf8").trim();
      const opened = await openWatchlist(jws, trusted);
      if (opened.kind === "refused") {
        result.refused.push({ id, why: opened.why });
        continue;
      }
      const list = opened.content;
      const admission =
        list.id === id
          ? admit(list, { ...now, revoked, otherPeople: people })
          : { kind: "refused" as const, why: [`its file is named ${id}, but it is ${list.id}`] };
      if (admission.kind === "refused") {
        result.refused.push({ id, why: admission.why });
        if (list.id === id && now.timeSure !== false && now.nowNs >= nsOfUtc(list.end))
          remove(id, "expired", now.nowNs);
        continue;
      }
      people += list.people.length;
      result.loaded.push({ list, sha256: sha256(jws), gallery: galleryOf(list), rule: admission.rule });
    }
    // One face is compared with all of them: the threshold is that of all.
    const rule = ruleFor(people, now.measured, now.policy);
    if (rule.kind === "rule") result.loaded = result.loaded.map((each) => ({ ...each, rule }));
  };

  return {
    receipts,
    inForce: () => inUse,
    held: () => ({
      lists: idsIn(lists).map((id) => ({ id, sha256: sha256(readFileSync(fileOf(id), "utf8").trim()) })),
      revoked: idsIn(revocations),
    }),
    async put(jws, nowNs) {
      const opened = await openWatchlist(jws, trusted);
      if (opened.kind === "refused") return opened;
      const { id, authority } = opened.content;
      if (idsIn(revocations).includes(id)) return { kind: "refused", why: ["revoked"] };
      const held = existsSync(fileOf(id)) ? readFileSync(fileOf(id), "utf8").trim() : undefined;
      if (held === jws.trim()) return { kind: "kept", id };
      const before = held === undefined ? undefined : await openWatchlist(held, trusted);
      if (before?.kind === "opened" && before.content.authority !== authority)
        return {
          kind: "refused",
          why: [`id: list ${id} is that of "${before.content.authority}", not of "${authority}"`],
        };
      if (existsSync(oldOf(id))) erase(oldOf(id), id, "replaced", nowNs);
      durably(newOf(id), jws.trim(), "w");
      if (held !== undefined) renameSync(fileOf(id), oldOf(id));
      renameSync(newOf(id), fileOf(id));
      if (held !== undefined) erase(oldOf(id), id, "replaced", nowNs);
      return { kind: "kept", id };
    },
    async load(now) {
      const loading: Loading = { loaded: [], refused: [] };
      try {
        await loadInto(loading, now);
      } catch (error) {
        // What could not be looked at again may be over: nothing is in force.
        for (const { gallery } of loading.loaded) gallery.wipe();
        for (const { list } of [...inUse]) forget(list.id);
        throw error;
      }
      const before = inUse;
      inUse = [...loading.loaded];
      for (const { gallery } of before) gallery.wipe();
      return loading;
    },
    async revoke(jws, nowNs) {
      const opened = await openRevocation(jws, trusted);
      if (opened.kind === "refused") return opened;
      const { list: id, authority } = opened.content;
      if (existsSync(fileOf(id))) {
        const held = await openWatchlist(readFileSync(fileOf(id), "utf8"), trusted);
        if (held.kind === "opened" && held.content.authority !== authority)
          return { kind: "refused", why: [`the list is that of "${held.content.authority}", not of "${authority}"`] };
      }
      durably(join(revocations, `${id}.jws`), jws.trim(), "w");
      return { kind: "deleted", receipt: remove(id, "revoked", nowNs) };
    },
  };
}

function galleryOf(list: Watchlist): Gallery {
  const vectors = new Float32Array(list.people.length * EMBEDDING);
  for (const [i, { embedding }] of list.people.entries())
    embeddingFromText(embedding, vectors.subarray(i * EMBEDDING, (i + 1) * EMBEDDING));
  return new Gallery(
    list.people.map((each) => each.person),
    vectors,
    Float32Array.from(list.people, (each) => each.spread),
  );
}

const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");

function durably(file: string, text: string, flag: "a" | "w"): void {
  const handle = openSync(file, flag, 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Zeros first: a file system that writes in place keeps nothing of it. */
function overwriteAndDelete(file: string): void {
  const handle = openSync(file, "r+");
  try {
    const zeros = Buffer.alloc(64 * 1024);
    const { size } = fstatSync(handle);
    for (let at = 0; at < size; at += zeros.length) writeSync(handle, zeros, 0, Math.min(zeros.length, size - at), at);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  rmSync(file);
}
