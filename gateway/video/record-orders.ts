/** Which streams are recorded for which incidents; joins the relay's pieces to recordings, and says each gap on the incident's record. */
import type { Logger } from "pino";
import { ulid } from "ulid";
import type { MediaKind, RecordingGap } from "#contract/video.ts";
import type { FromRelay, ToRelay } from "../relay/pipe.ts";
import { Gaps, type GapsOptions } from "./gaps.ts";
import { formerNotKept, Leaving, type Recording } from "./leaving.ts";
import type { Recordings } from "./recordings.ts";
import { Rows } from "./rows.ts";
import type { RecordFor } from "./service.ts";

/** A run that broke off has handed over its last piece by then: its file is closed, its last hash goes on the record. */
const HANDED_OVER_MS = 5_000;
/** What the disk did not take is tried again, from a keyframe on, after so long, and twice as long each time that it does not take it again. */
const ANEW_MS = 5_000;
const ANEW_MOST_MS = 60_000;

type PieceMessage = Extract<FromRelay, { type: "piece" }>;

interface Order extends Recording {
  media: MediaKind[];
  by: string;
  /** Runs up to this one have broken off: what still comes of them does not mean that the picture is back. */
  brokenRun: number;
  /** Until the relay is asked for a new run, after the disk did not take the last one. */
  anew: NodeJS.Timeout | undefined;
  /** Runs asked for since a piece was kept. */
  tries: number;
}

export interface RecordOrdersOptions extends Omit<GapsOptions, "rows"> {
  recordings: Recordings;
  log: Logger;
  relay(message: ToRelay): void;
  handedOverMs?: number;
  anewMs?: number;
}

const fresh = { run: 0, brokenRun: 0, recording: undefined, gap: undefined, anew: undefined, tries: 0 };

export class RecordOrders {
  readonly #options: RecordOrdersOptions;
  readonly #orders = new Map<string, Order>();
  readonly rows: Rows;
  readonly #gaps: Gaps;
  readonly #leaving: Leaving;

  constructor(options: RecordOrdersOptions) {
    this.#options = options;
    this.rows = new Rows(options.db, options.log);
    this.#gaps = new Gaps({ ...options, rows: this.rows });
    this.#leaving = new Leaving({ recordings: options.recordings, gaps: this.#gaps, log: options.log });
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
      this.#orders.set(id, { ...fresh, former: new Map(), id, stream, incident, media: kinds, by, gap });
    }
  }

  /** What broke off when this gateway's predecessor ended: from then on there is a gap until the picture is back. */
  brokeOff(stream: string, incident: string, endedMs: number): void {
    const order = this.#find(stream, incident);
    if (order) this.#beginGap(order, endedMs, "the gateway was away");
  }

  /** A piece of a recording is on disk: the picture is back, where it was away. */
  kept(recording: string, atMs: number): void {
    for (const order of this.#orders.values()) {
      if (order.recording !== recording || order.run <= order.brokenRun) continue;
      order.tries = 0;
      this.#endGap(order, atMs);
    }
  }

  /** A piece of a recording is not on disk. */
  failed(recording: string, atMs: number, why: string): void {
    for (const order of this.#orders.values()) {
      if (order.recording === recording) this.#notKept(order, atMs, why);
      else formerNotKept(this.#gaps, order, recording, atMs, why);
    }
    this.#leaving.failed(recording, atMs, why);
  }

  record({ stream, incident, media, by }: RecordFor): void {
    if (this.#find(stream, incident)) return;
    const order: Order = { ...fresh, former: new Map(), id: ulid(), stream, incident, media, by };
    const values = [order.id, stream, incident, media.join(","), by];
    this.rows.save("INSERT INTO record_order VALUES (?, ?, ?, ?, ?, NULL, NULL)", ...values);
    this.#orders.set(order.id, order);
    this.#options.fact(incident, by, `recording of ${stream} asked for`, { stream, media, act: "start" });
    this.#ask(order);
  }

  unrecord(stream: string, incident: string, by: string): void {
    const order = this.#find(stream, incident);
    if (!order) return;
    this.#options.relay({ type: "unrecord", recording: order.id });
    this.#orders.delete(order.id);
    clearTimeout(order.anew);
    this.rows.save("DELETE FROM record_order WHERE id = ?", order.id);
    if (order.gap) this.#gaps.keep(order, order.gap, undefined);
    // The relay's last piece is still on its way: the recording is ended when the relay says that all is handed over.
    this.#leaving.add(order);
    this.#options.fact(incident, by, `recording of ${stream} ended`, { stream, act: "stop" });
  }

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
    const open = [...this.#orders.values()].flatMap(({ stream, incident: of, gap }) =>
      of === incident && gap ? [{ stream, from: new Date(gap.fromMs).toISOString(), why: gap.why }] : [],
    );
    return [...this.#gaps.list(incident), ...open];
  }

  close(): void {
    this.rows.close();
  }

  relayReady(): void {
    for (const order of this.#orders.values()) {
      // It counts its runs anew.
      order.run = order.brokenRun = 0;
      this.#ask(order);
    }
  }

  relayLost(why: string): void {
    for (const order of this.#leaving.all()) this.#leaving.left(order);
    for (const order of this.#orders.values()) {
      if (order.recording === undefined) continue;
      const { recording } = order;
      order.recording = undefined;
      this.#options.recordings
        .end(recording)
        .then((endedMs) => {
          if (this.#orders.has(order.id)) this.#beginGap(order, endedMs, why);
          else this.#leaving.lastNotKept(order, endedMs, why);
        })
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
        if (order.recording !== undefined) this.#endGap(order, message.backMs);
        return;
      }
      order.brokenRun = message.run ?? order.run;
      const { run } = order;
      setTimeout(() => this.#closeBroken(order, run), this.#options.handedOverMs ?? HANDED_OVER_MS).unref();
    } else if (message.type === "recorded") {
      const order = this.#leaving.get(message.recording);
      if (order) this.#leaving.left(order);
    }
  }

  #closeBroken(order: Order, run: number): void {
    if (!order.gap || order.run !== run || !this.#orders.has(order.id)) return;
    this.#close(order, order.gap.fromMs);
  }

  /** @param untilMs up to when the file's pictures count. */
  #close(order: Order, untilMs: number): void {
    const { recording, former } = order;
    order.recording = undefined;
    if (recording === undefined) return;
    const closed = this.#options.recordings.end(recording).finally(() => former.delete(recording));
    former.set(recording, { untilMs, closed });
  }

  #ask({ id, stream, media }: Order): void {
    this.#options.relay({ type: "record", recording: id, stream, media });
  }

  #piece(piece: PieceMessage): void {
    const order = this.#orders.get(piece.recording);
    if (!order) {
      const last = this.#leaving.get(piece.recording);
      if (last?.recording === undefined || piece.piece !== "media") return;
      const why =
        last.run === piece.run
          ? this.#options.recordings.add(last.recording, piece.atMs, piece.durationS, piece.bytes)
          : "a new run had just begun";
      if (why !== undefined) this.#leaving.lastNotKept(last, piece.atMs, why);
      return;
    }
    if (piece.piece === "start") {
      this.#close(order, order.gap?.fromMs ?? piece.atMs);
      order.run = piece.run;
      this.#begin(order, piece);
    } else if (order.recording !== undefined && order.run === piece.run) {
      const why = this.#options.recordings.add(order.recording, piece.atMs, piece.durationS, piece.bytes);
      if (why !== undefined) this.#notKept(order, piece.atMs, why);
    }
  }

  #begin(order: Order, { codec, format, atMs, bytes }: PieceMessage): void {
    const { stream, incident } = order;
    const made = { stream, incident, codec, format, startedMs: atMs, preRoll: false, start: bytes };
    order.recording = undefined;
    try {
      order.recording = this.#options.recordings.begin(made);
      clearTimeout(order.anew);
      order.anew = undefined;
    } catch (error) {
      // A full disk must not end the process, and with it everybody's picture.
      const { code, message } = error as NodeJS.ErrnoException;
      this.#notKept(order, atMs, `the recording cannot begin: ${code === "ENOSPC" ? "the disk is full" : message}`);
    }
  }

  /** The gap is told, this run's file ends, and another is begun after a while: what follows a hole does not play. */
  #notKept(order: Order, atMs: number, why: string): void {
    order.brokenRun = Math.max(order.brokenRun, order.run);
    this.#close(order, order.gap?.fromMs ?? atMs);
    this.#beginGap(order, atMs, why);
    this.#anewLater(order);
  }

  /** A run costs a keyframe of everybody's: none is asked for while it is known that the disk takes nothing. */
  #anewLater(order: Order): void {
    const pauseMs = Math.min((this.#options.anewMs ?? ANEW_MS) * 2 ** order.tries, ANEW_MOST_MS);
    order.anew ??= setTimeout(() => {
      order.anew = undefined;
      if (this.#options.recordings.full() !== undefined) return this.#anewLater(order);
      order.tries++;
      this.#options.relay({ type: "anew", recording: order.id, run: order.run });
    }, pauseMs).unref();
  }

  #beginGap(order: Order, fromMs: number, why: string): void {
    if (order.gap || !this.#orders.has(order.id)) return;
    order.gap = this.#gaps.begin(order, fromMs, why);
  }

  #endGap(order: Order, toMs: number): void {
    const { gap } = order;
    order.gap = undefined;
    if (gap) this.#gaps.end(order, gap, toMs);
  }

  #find(stream: string, incident: string): Order | undefined {
    return [...this.#orders.values()].find((order) => order.stream === stream && order.incident === incident);
  }
}
