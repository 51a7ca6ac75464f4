/** Hash chain of a record: each entry's hash covers its facts and the hash before it (SHA-256 over RFC 8785 canonical JSON). */
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import type { TimelineEntry } from "#contract/ops-api.ts";

/** Stands before the first entry. */
export const GENESIS = "0".repeat(64);

export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The hash that an entry must carry. */
export function hashOfEntry(entry: Omit<TimelineEntry, "hash">): string {
  const { seq, at, kind, by, text, data, previousHash } = entry;
  return sha256Hex(canonicalize({ seq, at, kind, by, text, data, previousHash }) as string);
}

/** `seq` counts from 1 without gaps. @returns where the record stops being what was written, if anywhere. */
export function verifyChain(entries: readonly TimelineEntry[]): { ok: boolean; length: number; brokenAtSeq?: number } {
  let previousHash = GENESIS;
  for (const [index, entry] of entries.entries()) {
    if (entry.seq !== index + 1 || entry.previousHash !== previousHash || entry.hash !== hashOfEntry(entry)) {
      return { ok: false, length: entries.length, brokenAtSeq: index + 1 };
    }
    previousHash = entry.hash;
  }
  return { ok: true, length: entries.length };
}
