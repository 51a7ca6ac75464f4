/**
 * When a fix calls people. The network says its first version as soon as the arrivals suffice; with the next second's arrivals many a
 * place of echoes falls apart. So a fix must stand for a moment, after the last node that joined it, before it opens an incident, unless
 * it is sure at once. What does not call anybody is kept beside the records.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Logger } from "pino";
import { type ShotFixed, shotFixed } from "#contract/shot.ts";
import { nsOfUtc } from "#contract/units.ts";
import { isRoundOf } from "#core/review/standing.ts";
import { type AlertPolicy, type Held, heldWith, ripeMs } from "./alert-policy.ts";
import type { Incidents } from "./incidents.ts";

/** Fixes that wait; more at once is an attack or a fault, and the oldest are given up, counted. */
const MOST_WAITING = 1000;
/** After a restart, fixes this old still wait for their moment. */
const REMEMBERED_MS = 60_000;
const AGAIN_MS = 1000;

interface Waiting extends Held {
  timer: NodeJS.Timeout | undefined;
}

export class Alerts {
  readonly counters = { unlikely: 0, fellApart: 0, givenUp: 0, repeats: 0, unstored: 0 };
  readonly #db: DatabaseSync;
  readonly #incidents: Incidents;
  readonly #policy: AlertPolicy;
  readonly #log: Logger;
  readonly #waiting = new Map<string, Waiting>();

  constructor(db: DatabaseSync, incidents: Incidents, policy: AlertPolicy, log: Logger) {
    this.#db = db;
    this.#incidents = incidents;
    this.#policy = policy;
    this.#log = log;
  }

  /** Fixes that were waiting when the gateway stopped. */
  resume(): void {
    const rows = this.#db
      .prepare("SELECT stored_ms, message FROM unlikely WHERE stored_ms > ? ORDER BY stored_ms")
      .all(Date.now() - REMEMBERED_MS) as { stored_ms: number; message: string }[];
    for (const { stored_ms, message } of rows) {
      const shot = JSON.parse(message) as ShotFixed;
      // What waited before its round called people has had its time.
      if (!this.#incidents.isPast(shot)) this.take(shot, stored_ms);
    }
  }

  /** Every version of every shot, however often it comes. On disk when it returns, or tried until it is. */
  take(shot: ShotFixed, heardMs = Date.now()): void {
    this.#orAgain(shot, () => this.#take(shot, heardMs));
  }

  #take(shot: ShotFixed, heardMs: number): void {
    const waiting = this.#waiting.get(shot.id);
    const standing = this.#incidents.standing(shot);
    // Solvers count their versions each for itself; two messages may pass each other on their way.
    const newest = waiting?.newest.node === shot.node ? waiting.newest.version : 0;
    const isOvertaken = () => newest > shot.version || this.#wasOvertaken(shot);
    const isRound = () => isRoundOf(shot, this.#incidents.roundsBeside(shot), this.#policy.minRoundProbability);
    if (standing === "known" || (standing === "open" && !shot.withdrawn && isRound() && !isOvertaken())) {
      this.#forget(shot.id);
      if (this.#incidents.isPast(shot) && this.#wasKept(shot)) this.counters.repeats++;
      else this.#ingest(shot);
      return;
    }
    if (newest === shot.version || isOvertaken()) return;
    this.#keep(shot);
    if (shot.withdrawn) {
      if (waiting && !waiting.newest.withdrawn) this.counters.fellApart++;
      const timer = setTimeout(() => this.#forget(shot.id), REMEMBERED_MS);
      this.#wait({ ...heldWith(waiting, shot, heardMs, this.#policy), timer });
      return;
    }
    // What was said while the link was down has stood since then.
    const saidMs = Math.min(heardMs, Number(nsOfUtc(shot.at) / 1_000_000n));
    const held = heldWith(waiting?.newest.withdrawn ? undefined : waiting, shot, saidMs, this.#policy);
    const dueMs = ripeMs(held, this.#policy);
    if (dueMs !== undefined && dueMs <= Date.now()) {
      this.#forget(shot.id);
      this.#ingest(shot);
      return;
    }
    if (dueMs === undefined) this.counters.unlikely++;
    const timer = dueMs === undefined ? undefined : setTimeout(() => this.#ripe(shot.id), dueMs - Date.now());
    this.#wait({ ...held, timer });
  }

  expire(beforeMs: number): void {
    this.#db.prepare("DELETE FROM unlikely WHERE stored_ms < ?").run(beforeMs);
    for (const [id, { sinceMs }] of this.#waiting) if (sinceMs < beforeMs) this.#forget(id);
  }

  close(): void {
    for (const id of [...this.#waiting.keys()]) this.#forget(id);
  }

  #ripe(id: string): void {
    const shot = this.#waiting.get(id)?.newest;
    this.#forget(id);
    if (shot) this.#orAgain(shot, () => this.#ingest(shot));
  }

  /** A fix that the disk does not take is tried every second until a newer version comes: nobody says it once more. */
  #orAgain(shot: ShotFixed, act: () => void): void {
    try {
      act();
    } catch (err) {
      this.#unstored(shot, err);
      const newer = this.#waiting.get(shot.id)?.newest;
      if (newer && newer.node === shot.node && newer.version > shot.version) return;
      const timer = setTimeout(() => {
        this.#forget(shot.id);
        this.#orAgain(shot, act);
      }, AGAIN_MS);
      this.#wait({ ...heldWith(undefined, shot, Date.now(), this.#policy), timer });
    }
  }

  #unstored(shot: ShotFixed, err: unknown): void {
    if (this.counters.unstored++ === 0)
      this.#log.error({ err, shot: shot.id }, "a fix cannot be stored; free or replace the disk");
  }

  #ingest(shot: ShotFixed): void {
    if (this.#incidents.ingest(shot) !== "taken") return;
    this.#log.info({ shot: shot.id, version: shot.version, incident: shot.incident }, "shot taken in");
    // Other rounds of the burst that were too unlikely by themselves.
    for (const { newest } of [...this.#waiting.values()])
      if (newest.incident === shot.incident && !newest.withdrawn) this.take({ ...newest });
  }

  /** What the disk does not take is known until the next start all the same: a withdrawal counts in any case. */
  #keep(shot: ShotFixed): void {
    try {
      this.#db
        .prepare("INSERT OR IGNORE INTO unlikely VALUES (?, ?, ?)")
        .run(shotFixed.key(shot), Date.now(), JSON.stringify(shot));
    } catch (err) {
      this.#unstored(shot, err);
    }
  }

  /** Was a newer version of it kept before? After a restart, or by a link that was down, the older one may come once more. */
  #wasOvertaken(shot: ShotFixed): boolean {
    const newer = this.#db.prepare(
      "SELECT 1 FROM unlikely WHERE key >= ? AND key < ? AND message ->> '$.node' = ? AND message ->> '$.version' > ?",
    );
    // Keys are the shot's name, a slash and the version; the sign behind the slash is the 0.
    return newer.get(`${shot.id}/`, `${shot.id}0`, shot.node, shot.version) !== undefined;
  }

  /** Was this very version put beside the records before its round called people? A link or a restart may bring it once more. */
  #wasKept(shot: ShotFixed): boolean {
    const row = this.#db.prepare("SELECT message FROM unlikely WHERE key = ?").get(shotFixed.key(shot));
    return row !== undefined && (JSON.parse(row.message as string) as ShotFixed).node === shot.node;
  }

  /** What was withdrawn waits too, for a minute and for nothing: an older version that comes late is known for one. */
  #wait(held: Waiting): void {
    this.#forget(held.newest.id);
    this.#waiting.set(held.newest.id, held);
    if (this.#waiting.size > MOST_WAITING) {
      this.#forget(this.#waiting.keys().next().value!);
      this.counters.givenUp++;
    }
  }

  #forget(id: string): void {
    clearTimeout(this.#waiting.get(id)?.timer);
    this.#waiting.delete(id);
  }
}
