/** Which streams are recorded for which incidents; joins the relay's pieces to recordings, and says each gap on the incident's record. */
import type { DatabaseSync } from "node:sqlite";
import type { Logger } from "pino";
import { ulid } from "ulid";
import type { MediaKind, RecordingGap } from "#contract/video.ts";
import type { FromRelay, ToRelay } from "../relay/pipe.ts";
import type { Recordings } from "./recordings.ts";
import type { RecordFor } from "./service.ts";

/** A run that broke off has handed over its last piece by then: its file is closed, its last hash goes on the record. */
const HANDED_OVER_MS = 5_000;

type PieceMessage = Extract<FromRelay, { type: "piece" }>;

interface Order {
  id: string;
  stream: string;
  incident: string;
  media: MediaKind[];
  by: string;
  /** Its run in the relay, and the recording that it goes to. */
  run: number;
  /** Runs up to this one have broken off: what still comes of them does not mean that the picture is back. */
  brokenRun: number;
  recording: string | undefined;
  gap: { fromMs: number; why: string } | undefined;
}

export interface RecordOrdersOptions {
  db: DatabaseSync;
  recordings: Recordings;
  log: Logger;
  relay(message: ToRelay): void;
  /** For the incident's record. */
  fact(incident: string, by: string, text: string, data: unknown): void;
  handedOverMs?: number;
}

export class RecordOrders {
  readonly #options: RecordOrdersOptions;
  readonly #orders = new Map<string, Order>();

  constructor(options: RecordOrdersOptions) {
    this.#options = options;
    const rows = options.db.prepare("SELECT * FROM record_order").all() as unknown as {
      id: string;
      stream: string;
      incident: string;
      media: string;
      by: string;
      gap_from_ms: number | null;
      gap_why: string | null;
    }[];
    for (const { id, stream, incident, media, by, gap_from_ms, gap_why } of rows) {
      const gap = gap_from_ms === null ? undefined : { fromMs: gap_from_ms, why: gap_why ?? "" };
      const kinds = media.split(",") as MediaKind[];
      this.#orders.set(id, { id, stream, incident, media: kinds, by, run: 0, brokenRun: 0, recording: undefined, gap });
    }
  }

  /** What broke off when this gateway's predecessor ended: from then on there is a gap until the picture is back. */
  brokeOff(stream: string, incident: string, endedMs: number): void {
    const order = this.#find(stream, incident);
    if (order) this.#beginGap(order, endedMs, "the gateway was away");
  }

  /** A piece of a recording is not on disk. */
  failed(recording: string, atMs: number, why: string): void {
    for (const order of this.#orders.values()) if (order.recording === recording) this.#beginGap(order, atMs, why);
  }

  record({ stream, incident, media, by }: RecordFor): void {
    if (this.#find(stream, incident)) return;
    const order: Order = {
      id: ulid(),
      stream,
      incident,
      media,
      by,
      run: 0,
      brokenRun: 0,
      recording: undefined,
      gap: undefined,
    };
    this.#options.db
      .prepare("INSERT INTO record_order VALUES (?, ?, ?, ?, ?, NULL, NULL)")
      .run(order.id, stream, incident, media.join(","), by);
    this.#orders.set(order.id, order);
    this.#options.fact(incident, by, `recording of ${stream} asked for`, { stream, media, act: "start" });
    this.#ask(order);
  }

  unrecord(stream: string, incident: string, by: string): void {
    const order = this.#find(stream, incident);
    if (!order) return;
    this.#options.relay({ type: "unrecord", recording: order.id });
    this.#orders.delete(order.id);
    this.#options.db.prepare("DELETE FROM record_order WHERE id = ?").run(order.id);
    if (order.gap) this.#keepGap(order, undefined);
    // The relay's last piece is still on its way: the recording is ended when the relay says that all is handed over.
    if (order.recording !== undefined) this.#leaving.set(order.id, order.recording);
    this.#options.fact(incident, by, `recording of ${stream} ended`, { stream, act: "stop" });
  }

  readonly #leaving = new Map<string, string>();

  all(): { stream: string; incident: string }[] {
    return [...this.#orders.values()].map(({ stream, incident }) => ({ stream, incident }));
  }

  of(stream: string): string[] {
    return [...this.#orders.values()].filter((order) => order.stream === stream).map(({ incident }) => incident);
  }

  streamsOf(incident: string): string[] {
    return [...this.#orders.values()].filter((order) => order.incident === incident).map(({ stream }) => stream);
  }

  gaps(incident: string): RecordingGap[] {
    const rows = this.#options.db
      .prepare("SELECT * FROM gap WHERE incident = ? ORDER BY from_ms")
      .all(incident) as unknown as { stream: string; from_ms: number; to_ms: number | null; why: string }[];
    const open = [...this.#orders.values()].filter((order) => order.incident === incident && order.gap);
    return [
      ...rows.map(({ stream, from_ms, to_ms, why }) => ({
        stream,
        from: new Date(from_ms).toISOString(),
        ...(to_ms !== null && { to: new Date(to_ms).toISOString() }),
        why,
      })),
      ...open.map(({ stream, gap }) => ({
        stream,
        from: new Date(gap?.fromMs ?? 0).toISOString(),
        why: gap?.why ?? "",
      })),
    ];
  }

  relayReady(): void {
    for (const order of this.#orders.values()) {
      // It counts its runs anew.
      order.brokenRun = 0;
      this.#ask(order);
    }
  }

  relayLost(why: string): void {
    for (const [id, recording] of this.#leaving) {
      this.#leaving.delete(id);
      void this.#options.recordings.end(recording);
    }
    for (const order of this.#orders.values()) {
      if (order.recording === undefined) continue;
      const { recording } = order;
      order.recording = undefined;
      this.#options.recordings
        .end(recording)
        .then((endedMs) => this.#beginGap(order, endedMs, why))
        .catch((error: Error) =>
          this.#options.log.error({ stream: order.stream, error: error.message }, "gap not on the record"),
        );
    }
  }

  heard(message: FromRelay): void {
    if (message.type === "piece") this.#piece(message);
    else if (message.type === "gap") {
      const order = this.#orders.get(message.recording);
      if (!order) return;
      this.#beginGap(order, message.atMs, message.why);
      if (message.backMs !== undefined) {
        this.#endGap(order, message.backMs);
        return;
      }
      order.brokenRun = message.run ?? order.run;
      setTimeout(() => this.#closeBroken(order, order.run), this.#options.handedOverMs ?? HANDED_OVER_MS).unref();
    } else if (message.type === "recorded") {
      const recording = this.#leaving.get(message.recording);
      this.#leaving.delete(message.recording);
      if (recording !== undefined) void this.#options.recordings.end(recording);
    }
  }

  #closeBroken(order: Order, run: number): void {
    const { recording } = order;
    if (!order.gap || order.run !== run || recording === undefined || !this.#orders.has(order.id)) return;
    order.recording = undefined;
    void this.#options.recordings.end(recording);
  }

  #ask({ id, stream, media }: Order): void {
    this.#options.relay({ type: "record", recording: id, stream, media });
  }

  #piece(piece: PieceMessage): void {
    const order = this.#orders.get(piece.recording);
    if (!order) {
      const recording = this.#leaving.get(piece.recording);
      if (recording !== undefined && piece.piece === "media")
        this.#options.recordings.add(recording, piece.atMs, piece.durationS, piece.bytes);
      return;
    }
    if (piece.piece === "start") {
      if (order.recording !== undefined) void this.#options.recordings.end(order.recording);
      const { stream, incident } = order;
      order.run = piece.run;
      order.recording = this.#options.recordings.begin({
        stream,
        incident,
        codec: piece.codec,
        format: piece.format,
        startedMs: piece.atMs,
        preRoll: false,
        start: piece.bytes,
      });
      if (piece.run > order.brokenRun) this.#endGap(order, piece.atMs);
    } else if (order.recording !== undefined && order.run === piece.run) {
      if (!this.#options.recordings.add(order.recording, piece.atMs, piece.durationS, piece.bytes))
        this.#beginGap(order, piece.atMs, "the disk does not keep up");
      else if (piece.run > order.brokenRun) this.#endGap(order, piece.atMs);
    }
  }

  #beginGap(order: Order, fromMs: number, why: string): void {
    if (order.gap || !this.#orders.has(order.id)) return;
    order.gap = { fromMs: Math.round(fromMs), why };
    this.#options.db
      .prepare("UPDATE record_order SET gap_from_ms = ?, gap_why = ? WHERE id = ?")
      .run(order.gap.fromMs, why, order.id);
    const from = new Date(fromMs).toISOString();
    this.#options.fact(order.incident, "gateway", `no picture of ${order.stream}: ${why}`, {
      stream: order.stream,
      gap: { from, why },
    });
  }

  #endGap(order: Order, toMs: number): void {
    const { gap, stream } = order;
    if (!gap) return;
    this.#keepGap(order, Math.round(toMs));
    const seconds = Math.max(0, (toMs - gap.fromMs) / 1000);
    this.#options.fact(order.incident, "gateway", `the picture of ${stream} is back after ${seconds.toFixed(1)} s`, {
      stream,
      gap: { from: new Date(gap.fromMs).toISOString(), to: new Date(toMs).toISOString(), why: gap.why },
    });
  }

  #keepGap(order: Order, toMs: number | undefined): void {
    const { gap } = order;
    order.gap = undefined;
    if (!gap) return;
    this.#options.db
      .prepare("INSERT INTO gap VALUES (?, ?, ?, ?, ?)")
      .run(order.incident, order.stream, gap.fromMs, toMs ?? null, gap.why);
    this.#options.db.prepare("UPDATE record_order SET gap_from_ms = NULL, gap_why = NULL WHERE id = ?").run(order.id);
  }

  #find(stream: string, incident: string): Order | undefined {
    return [...this.#orders.values()].find((order) => order.stream === stream && order.incident === incident);
  }
}
