/** Who wants which camera, why and until when; says so to its node, again and again with fresh tokens, and takes it back at the end. */
import type { DatabaseSync } from "node:sqlite";
import type { Logger } from "pino";
import { type VideoWant, videoWant } from "#contract/video.ts";
import type { HubBus } from "../context.ts";
import { envelopeOf } from "../hub.ts";
import { Rows } from "./rows.ts";
import type { Grant, WantReason } from "./service.ts";

/** A want is for so long and said again well before: a node that hears nothing any more stops by itself. */
const WANT_MS = 60_000;
const AGAIN_MS = 20_000;
const TICK_MS = 1_000;
/** It comes several times a second and is on disk each time: not for less. */
const PROLONG_MS = 5_000;
/** A node that says idle so soon after it was told had not heard it yet. */
const HEARD_MS = 500;
/** Who looks on holds the picture, not what is kept of it. */
const RECORDS = /^(incident|record):/;

interface Reason {
  by: string;
  untilMs: number;
  incident?: string;
}

interface Wanted {
  reasons: Map<string, Reason>;
  saidMs: number;
  /** Seconds of the node's own ring that an incident asked for and that no want has carried yet. */
  preRollS: number;
  /** Where the node was told to look, and for which incident. */
  aimed?: { incident: string; lat: number; lon: number } | undefined;
}

export interface WantsOptions {
  db: DatabaseSync;
  bus: HubBus;
  log: Logger;
  grant(stream: string, node: string, incident: string | undefined): Promise<Grant>;
  urlOf(path: string): string;
  /** Where an incident is, for cameras that can turn there; undefined while it is not known. */
  placeOf(incident: string): { lat: number; lon: number } | undefined;
  /** No longer wanted for that incident's recording, whoever else still wants the stream. */
  over(stream: string, incident: string): void;
}

export class Wants {
  readonly #options: WantsOptions;
  readonly #wanted = new Map<string, Wanted>();
  /** A token takes its time: of each stream one word after the other, or a node hears a want after its withdrawal. */
  readonly #turns = new Map<string, Promise<void>>();
  readonly rows: Rows;
  readonly #timer: NodeJS.Timeout;

  constructor(options: WantsOptions) {
    this.#options = options;
    this.rows = new Rows(options.db, options.log);
    const rows = options.db.prepare("SELECT * FROM want WHERE until_ms > ?").all(Date.now()) as unknown as {
      stream: string;
      key: string;
      by: string;
      until_ms: number;
      incident: string | null;
    }[];
    for (const { stream, key, by, until_ms, incident } of rows) {
      this.#of(stream).reasons.set(key, { by, untilMs: until_ms, ...(incident !== null && { incident }) });
    }
    this.rows.save("DELETE FROM want WHERE until_ms <= ?", Date.now());
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  want(stream: string, { key, by, forS, incident, preRollS = 0 }: WantReason): void {
    const wanted = this.#of(stream);
    const untilMs = Math.round(Date.now() + forS * 1000);
    const before = wanted.reasons.get(key);
    const reason: Reason = {
      by,
      untilMs: Math.max(untilMs, before?.untilMs ?? 0),
      ...(incident !== undefined && { incident }),
    };
    wanted.reasons.set(key, reason);
    const values = [stream, key, by, reason.untilMs, incident ?? null];
    this.rows.save("INSERT OR REPLACE INTO want VALUES (?, ?, ?, ?, ?)", ...values);
    wanted.preRollS = Math.max(wanted.preRollS, preRollS);
    if (wanted.saidMs === 0 || preRollS > 0) this.#say(stream, wanted, incident);
  }

  /** A reason that still holds does so for longer. @returns false for one that was taken back, or is over: it stays so. */
  prolong(stream: string, key: string, forS: number): boolean {
    const reason = this.#wanted.get(stream)?.reasons.get(key);
    const untilMs = Math.round(Date.now() + forS * 1000);
    if (!reason) return false;
    if (untilMs < reason.untilMs + PROLONG_MS) return true;
    reason.untilMs = untilMs;
    this.rows.save("UPDATE want SET until_ms = ? WHERE stream = ? AND key = ?", untilMs, stream, key);
    return true;
  }

  unwant(stream: string, key: string): void {
    const wanted = this.#wanted.get(stream);
    this.rows.save("DELETE FROM want WHERE stream = ? AND key = ?", stream, key);
    const reason = wanted?.reasons.get(key);
    if (!wanted || !reason) return;
    wanted.reasons.delete(key);
    this.#ended(stream, [[key, reason]]);
    if (wanted.reasons.size === 0) this.#over(stream);
    else if (this.#looksPast(stream, wanted)) this.#say(stream, wanted);
  }

  /** An incident's place is known, or better known: cameras that look there are told at once. */
  placed(incident: string): void {
    const place = this.#options.placeOf(incident);
    for (const stream of place ? this.streamsOf(incident) : []) {
      const wanted = this.#of(stream);
      const { aimed } = wanted;
      if (aimed && aimed.incident !== incident) continue;
      if (place?.lat !== aimed?.lat || place?.lon !== aimed?.lon) this.#say(stream, wanted, incident);
    }
  }

  /** Incidents that a stream is wanted for. */
  incidentsOf(stream: string): string[] {
    const reasons = [...(this.#wanted.get(stream)?.reasons.values() ?? [])];
    return [...new Set(reasons.flatMap(({ incident }) => (incident === undefined ? [] : [incident])))];
  }

  /** Incidents that a stream is recorded for. */
  recordedFor(stream: string): string[] {
    const reasons = [...(this.#wanted.get(stream)?.reasons ?? [])];
    return [...new Set(reasons.flatMap(([key, { incident }]) => (RECORDS.test(key) ? (incident ?? []) : [])))];
  }

  streamsOf(incident: string): string[] {
    return [...this.#wanted.keys()].filter((stream) => this.incidentsOf(stream).includes(incident));
  }

  untilMs(stream: string): number | undefined {
    const all = [...(this.#wanted.get(stream)?.reasons.values() ?? [])].map(({ untilMs }) => untilMs);
    return all.length === 0 ? undefined : Math.max(...all);
  }

  /** Said again to a node that is back, or to all after the relay was away. */
  again(node?: string): void {
    for (const [stream, wanted] of this.#wanted) {
      if (node === undefined || nodeOf(stream) === node) this.#say(stream, wanted);
    }
  }

  /** A node that sends nothing of what is wanted has begun anew: it is not left to wait for the next round. */
  idle(stream: string): void {
    const wanted = this.#wanted.get(stream);
    if (wanted && Date.now() - wanted.saidMs > HEARD_MS) this.#say(stream, wanted);
  }

  close(): void {
    clearInterval(this.#timer);
    this.rows.close();
  }

  #of(stream: string): Wanted {
    let wanted = this.#wanted.get(stream);
    if (!wanted) this.#wanted.set(stream, (wanted = { reasons: new Map(), saidMs: 0, preRollS: 0 }));
    return wanted;
  }

  #tick(): void {
    const nowMs = Date.now();
    for (const [stream, wanted] of this.#wanted) {
      const ended: [string, Reason][] = [];
      for (const [key, reason] of wanted.reasons) {
        if (reason.untilMs > nowMs) continue;
        ended.push([key, reason]);
        wanted.reasons.delete(key);
        this.rows.save("DELETE FROM want WHERE stream = ? AND key = ?", stream, key);
      }
      this.#ended(stream, ended);
      if (wanted.reasons.size === 0) this.#over(stream);
      else if (nowMs - wanted.saidMs >= AGAIN_MS || this.#looksPast(stream, wanted)) this.#say(stream, wanted);
    }
  }

  /** It was told to look at an incident that it is no longer wanted for. */
  #looksPast(stream: string, { aimed }: Wanted): boolean {
    return aimed !== undefined && !this.incidentsOf(stream).includes(aimed.incident);
  }

  #ended(stream: string, reasons: readonly (readonly [string, Reason])[]): void {
    const still = this.recordedFor(stream);
    const over = reasons.flatMap(([key, { incident }]) => (RECORDS.test(key) ? (incident ?? []) : []));
    for (const incident of new Set(over)) if (!still.includes(incident)) this.#options.over(stream, incident);
  }

  #over(stream: string): void {
    this.#wanted.delete(stream);
    this.#publish(stream, { untilMs: Date.now(), by: "gateway", incident: undefined, preRollS: 0 });
  }

  /** @param newest incident that what was before is asked for. */
  #say(stream: string, wanted: Wanted, newest?: string): void {
    wanted.saidMs = Date.now();
    const reasons = [...wanted.reasons.values()].sort((a, b) => b.untilMs - a.untilMs);
    const [reason] = reasons;
    if (!reason) return;
    const untilMs = Math.min(reason.untilMs, Date.now() + WANT_MS);
    const incident = newest ?? reasons.find((each) => each.incident !== undefined)?.incident;
    const { preRollS } = wanted;
    wanted.preRollS = 0;
    const place = incident === undefined ? undefined : this.#options.placeOf(incident);
    wanted.aimed = incident !== undefined && place ? { incident, lat: place.lat, lon: place.lon } : undefined;
    this.#publish(stream, { untilMs, by: reason.by, incident, preRollS, aimed: wanted.aimed });
  }

  #publish(
    stream: string,
    said: { untilMs: number; by: string; incident: string | undefined; preRollS: number; aimed?: Wanted["aimed"] },
  ): void {
    const { bus, log, grant, urlOf } = this.#options;
    const node = nodeOf(stream);
    const publish = async () => {
      const { token, url, iceServers } = await grant(stream, node, said.incident);
      const envelope = envelopeOf();
      const message: VideoWant = {
        ...envelope,
        camera: stream.slice(node.length + 1),
        stream,
        whipUrl: urlOf(url),
        token,
        iceServers,
        until: said.untilMs <= Date.now() ? envelope.at : `${new Date(said.untilMs).toISOString().slice(0, -1)}000000Z`,
        by: said.by,
        ...(said.incident !== undefined && { incident: said.incident }),
        ...(said.aimed && { lookAt: { lat: said.aimed.lat, lon: said.aimed.lon } }),
        ...(said.preRollS > 0 && { preRollS: said.preRollS, preRollUrl: urlOf(`/video/preroll/${stream}`) }),
      };
      await bus.publish(videoWant, message, { to: node });
    };
    const turn = (this.#turns.get(stream) ?? Promise.resolve())
      .then(publish)
      .catch((error: Error) => log.error({ stream, error: error.message }, "want not said"))
      .finally(() => {
        if (this.#turns.get(stream) === turn) this.#turns.delete(stream);
      });
    this.#turns.set(stream, turn);
  }
}

export function nodeOf(stream: string): string {
  return stream.slice(0, stream.indexOf("."));
}
