/** The sounds behind an incident: asked for, checked, sealed on disk, and deleted on time. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { percent } from "#contract/certainty.ts";
import type { IncidentDetail } from "#contract/ops-api.ts";
import { type ClipCut, clipCut, type ShotFixed } from "#contract/shot.ts";
import { nowUtc } from "../now.ts";
import { sha256Hex } from "./chain.ts";
import type { Incidents } from "./incidents.ts";
import { atomically } from "./schema.ts";

/** No longer piece of sound than this ever leaves a node; the gateway turns away what does. */
const MAX_CLIP_S = 2;
/** A node that was away is asked again for so long; after that its ring of clips has moved on. */
const ASK_AGAIN_MS = 10 * 60_000;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

interface ClipRow {
  arrival: string;
  node: string;
  start: string;
  onset_s: number;
  sample_rate_hz: number;
  withheld: number;
  sha256: string | null;
  sealed: Uint8Array | null;
}

export interface Clip {
  node: string;
  pcm16: Buffer;
  sha256: string;
  sampleRateHz: number;
}

export type ClipOutcome = { kind: "stored" } | { kind: "repeat" } | { kind: "refused"; why: string };

/** Of each node without a used arrival, the rejected one that came nearest to fitting. */
function nearestRejected(shot: ShotFixed): ShotFixed["rejected"] {
  const nearest = new Map<string, ShotFixed["rejected"][number]>();
  for (const each of shot.rejected) {
    if (shot.nodesUsed.includes(each.node)) continue;
    const best = nearest.get(each.node);
    if (!best || Math.abs(each.residualS) < Math.abs(best.residualS)) nearest.set(each.node, each);
  }
  return [...nearest.values()];
}

export class Clips {
  readonly #db: DatabaseSync;
  readonly #incidents: Incidents;
  readonly #key: Buffer;

  /** @param key 32 bytes; sounds are sealed with AES-256-GCM under it. */
  constructor(db: DatabaseSync, incidents: Incidents, key: Buffer) {
    this.#db = db;
    this.#incidents = incidents;
    this.#key = key;
  }

  /**
   * The arrivals of an incident that nobody was asked for yet, by node; they count as asked from now on. Of what a fix rejected, only the
   * nearest of each node that it could not use is asked for: no more sound leaves a node than a reviewer needs.
   */
  ask(incident: string, shots: readonly ShotFixed[]): Map<string, string[]> {
    const insert = this.#db.prepare(
      "INSERT OR IGNORE INTO clip (incident, arrival, node, asked_at) VALUES (?, ?, ?, ?)",
    );
    const at = nowUtc();
    return atomically(this.#db, () => {
      const wanted = new Map<string, string[]>();
      for (const { id, node } of shots.flatMap((shot) => [...shot.arrivals, ...nearestRejected(shot)])) {
        if (insert.run(incident, id, node, at).changes === 1) wanted.set(node, [...(wanted.get(node) ?? []), id]);
      }
      return wanted;
    });
  }

  /** What a node that comes back is asked for again: `[incident, arrivals]`. */
  missing(node: string): Map<string, string[]> {
    const since = new Date(Date.now() - ASK_AGAIN_MS).toISOString().slice(0, 23);
    const rows = this.#db
      .prepare(
        "SELECT incident, arrival FROM clip WHERE node = ? AND stored_ms IS NULL AND asked_at > ? ORDER BY rowid",
      )
      .all(node, since) as { incident: string; arrival: string }[];
    const missing = new Map<string, string[]>();
    for (const { incident, arrival } of rows) missing.set(incident, [...(missing.get(incident) ?? []), arrival]);
    return missing;
  }

  /** Checks a clip against what was asked and what it says of itself, seals it, and puts its hash on the record. */
  store(clip: ClipCut): ClipOutcome {
    const pcm = clip.pcm16 === undefined ? undefined : Buffer.from(clip.pcm16, "base64");
    const durationS = (pcm?.length ?? 0) / 2 / clip.sampleRateHz;
    if (durationS > MAX_CLIP_S)
      return { kind: "refused", why: `${durationS.toFixed(2)} s is longer than ${MAX_CLIP_S} s` };
    if (pcm && pcm.length % 2 !== 0) return { kind: "refused", why: "half a sample" };
    const sha256 = pcm && sha256Hex(pcm);
    if (sha256 !== clip.pcmSha256) return { kind: "refused", why: "pcmSha256 is not that of the samples" };
    return atomically(this.#db, (): ClipOutcome => {
      const asked = this.#db
        .prepare("SELECT node, stored_ms FROM clip WHERE incident = ? AND arrival = ?")
        .get(clip.incident, clip.arrival) as { node: string; stored_ms: number | null } | undefined;
      if (!asked) return { kind: "refused", why: `nobody asked for arrival ${clip.arrival}` };
      if (asked.node !== clip.node) return { kind: "refused", why: `arrival ${clip.arrival} is of '${asked.node}'` };
      if (asked.stored_ms !== null) return { kind: "repeat" };
      this.#db
        .prepare(
          `UPDATE clip SET start = ?, onset_s = ?, sample_rate_hz = ?, stored_ms = ?, withheld = ?, sha256 = ?, sealed = ?
           WHERE incident = ? AND arrival = ?`,
        )
        .run(
          clip.start,
          clip.onsetS,
          clip.sampleRateHz,
          Date.now(),
          pcm ? 0 : 1,
          sha256 ?? null,
          pcm ? this.#seal(pcm, clip.arrival) : null,
          clip.incident,
          clip.arrival,
        );
      const { pcm16: _, ...facts } = clip;
      const text = pcm
        ? `${durationS.toFixed(2)} s of sound from ${clip.node}`
        : `${clip.node} withheld its sound: speech (${percent(clip.voice.speechProbability)})`;
      this.#incidents.factWithin(clip.incident, "clip", clip.node, text, { ...facts, key: clipCut.key(clip) });
      return { kind: "stored" };
    });
  }

  list(incident: string): IncidentDetail["clips"] {
    const rows = this.#db
      .prepare(
        "SELECT * FROM clip WHERE incident = ? AND stored_ms IS NOT NULL AND (withheld = 1 OR sealed IS NOT NULL)",
      )
      .all(incident) as unknown as ClipRow[];
    return rows.map((row) => ({
      arrival: row.arrival,
      node: row.node,
      start: row.start,
      onsetS: row.onset_s,
      sampleRateHz: row.sample_rate_hz,
      withheld: row.withheld === 1,
    }));
  }

  /** @throws when what is on disk is not what was sealed. */
  open(incident: string, arrival: string): Clip | undefined {
    const row = this.#db
      .prepare("SELECT * FROM clip WHERE incident = ? AND arrival = ? AND sealed IS NOT NULL")
      .get(incident, arrival) as ClipRow | undefined;
    if (!row?.sealed) return undefined;
    const pcm16 = this.#unseal(Buffer.from(row.sealed), arrival);
    const sha256 = sha256Hex(pcm16);
    if (sha256 !== row.sha256) throw new Error(`clip ${arrival} is not the one on the record`);
    return { node: row.node, pcm16, sha256, sampleRateHz: row.sample_rate_hz };
  }

  /** Deletes the sounds stored before `beforeMs`; that they were here, and their hashes, stay on the record. */
  expire(beforeMs: number): number {
    return atomically(this.#db, () => {
      const rows = this.#db
        .prepare("SELECT incident, arrival FROM clip WHERE stored_ms < ? AND sealed IS NOT NULL")
        .all(beforeMs) as { incident: string; arrival: string }[];
      for (const { incident, arrival } of rows) {
        this.#db.prepare("UPDATE clip SET sealed = NULL WHERE incident = ? AND arrival = ?").run(incident, arrival);
        const text = `sound of ${arrival} deleted: its time is over`;
        this.#incidents.factWithin(incident, "clip", "gateway", text, { arrival, deleted: true });
      }
      return rows.length;
    });
  }

  #seal(pcm: Buffer, arrival: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(Buffer.from(arrival));
    const body = Buffer.concat([cipher.update(pcm), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]);
  }

  #unseal(sealed: Buffer, arrival: string): Buffer {
    const decipher = createDecipheriv("aes-256-gcm", this.#key, sealed.subarray(0, NONCE_BYTES));
    decipher.setAAD(Buffer.from(arrival));
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  }
}
