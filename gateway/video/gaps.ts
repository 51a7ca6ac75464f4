/** Times without picture in what is recorded: on the incident's record when they begin and when they end, and listed for its video. */
import type { DatabaseSync } from "node:sqlite";
import type { RecordingGap } from "#contract/video.ts";
import type { Rows } from "./rows.ts";

export interface OpenGap {
  fromMs: number;
  why: string;
}

/** What is recorded, for which incident. */
export interface Recorded {
  id: string;
  stream: string;
  incident: string;
}

export interface GapsOptions {
  db: DatabaseSync;
  rows: Rows;
  /** For the incident's record. */
  fact(incident: string, by: string, text: string, data: unknown): void;
}

export class Gaps {
  readonly #options: GapsOptions;

  constructor(options: GapsOptions) {
    this.#options = options;
  }

  begin({ id, stream, incident }: Recorded, atMs: number, why: string): OpenGap {
    const fromMs = Math.round(atMs);
    this.#options.rows.save("UPDATE record_order SET gap_from_ms = ?, gap_why = ? WHERE id = ?", fromMs, why, id);
    const from = new Date(fromMs).toISOString();
    this.#options.fact(incident, "gateway", `no picture of ${stream}: ${why}`, { stream, gap: { from, why } });
    return { fromMs, why };
  }

  /** The picture is back. */
  end(recorded: Recorded, gap: OpenGap, atMs: number): void {
    const toMs = Math.round(atMs);
    this.keep(recorded, gap, toMs);
    const { stream, incident } = recorded;
    const seconds = Math.max(0, (toMs - gap.fromMs) / 1000);
    this.#options.fact(incident, "gateway", `the picture of ${stream} is back after ${seconds.toFixed(1)} s`, {
      stream,
      gap: { from: new Date(gap.fromMs).toISOString(), to: new Date(toMs).toISOString(), why: gap.why },
    });
  }

  /** Told when it was over already: beside the gap that lasts, where one does. */
  past({ stream, incident }: Recorded, fromMs: number, toMs: number, why: string): void {
    const [from, to] = [Math.round(fromMs), Math.round(toMs)];
    this.#options.rows.save("INSERT INTO gap VALUES (?, ?, ?, ?, ?)", incident, stream, from, to, why);
    const gap = { from: new Date(from).toISOString(), to: new Date(to).toISOString(), why };
    const text = `no picture of ${stream} for ${((to - from) / 1000).toFixed(1)} s: ${why}`;
    this.#options.fact(incident, "gateway", text, { stream, gap });
  }

  /** @param toMs undefined where the picture never came back. */
  keep({ id, stream, incident }: Recorded, { fromMs, why }: OpenGap, toMs: number | undefined): void {
    this.#options.rows.save("INSERT INTO gap VALUES (?, ?, ?, ?, ?)", incident, stream, fromMs, toMs ?? null, why);
    this.#options.rows.save("UPDATE record_order SET gap_from_ms = NULL, gap_why = NULL WHERE id = ?", id);
  }

  /** Those that are over. */
  list(incident: string): RecordingGap[] {
    const rows = this.#options.db
      .prepare("SELECT * FROM gap WHERE incident = ? ORDER BY from_ms")
      .all(incident) as unknown as { stream: string; from_ms: number; to_ms: number | null; why: string }[];
    return rows.map(({ stream, from_ms, to_ms, why }) => ({
      stream,
      from: new Date(from_ms).toISOString(),
      ...(to_ms !== null && { to: new Date(to_ms).toISOString() }),
      why,
    }));
  }
}
