/** One look at one stream, shared by every tile that shows it: joins by WHEP, measures, falls back to stills, comes back by itself. */
import { effect, signal, untracked } from "@preact/signals";
import type { WatchGrant } from "#contract/video.ts";
import type { DataSaid } from "#contract/video-data.ts";
import { Session } from "#gateway/caller/page/session.ts";
import { ask, json } from "../api.ts";
import { endedSession } from "../state/actions.ts";
import { streams } from "../state/field.ts";
import {
  fallen,
  figuresBetween,
  type LinkFigures,
  type Reading,
  readingOf,
  stepThin,
  type Thin,
  wide,
} from "./figures.ts";
import { keepPicture } from "./keep-picture.ts";
import { Talk } from "./talk.ts";

const TICK_MS = 500;
const STILL_EVERY_MS = 2000;
/** While live is being joined a still is fetched after this. */
const STILL_AFTER_MS = 3000;
/** A session that gives nothing while the relay has the picture is begun anew after this. */
const STUCK_MS = 4000;
/** The relay has the picture again, and this session so long nothing of it: it went with the relay's process. */
const LEFT_BEHIND_MS = 1000;
/** A tile that goes and comes within this time keeps its session. */
const LINGER_MS = 1500;
const STILL_WIDTH_PX = 640;

export class Watch {
  readonly stream: string;
  incident: string | undefined;
  readonly media = signal<MediaStream | undefined>(undefined);
  readonly phase = signal<"off" | "connecting" | "live" | "retrying">("off");
  readonly refused = signal<string | undefined>(undefined);
  readonly figures = signal<LinkFigures | undefined>(undefined);
  /** This computer's milliseconds of the newest picture on screen. */
  readonly lastFrameMs = signal<number | undefined>(undefined);
  /** The newest picture is a still: also while live is still being joined. */
  readonly fromStill = signal(false);
  /** Stills because the link is thin, or because the person chose them. */
  readonly thin = signal<Thin>(wide);
  readonly chosen = signal<"auto" | "stills">("auto");
  readonly talk = new Talk();
  /** The last picture, kept for when there is none; drawn from the tile's own video. */
  readonly kept = document.createElement("canvas");
  video: HTMLVideoElement | undefined;
  readonly #session: Session;
  #looked = false;
  #uses = 0;
  #linger: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #reading: Reading | undefined;
  #ticks = 0;
  #beganMs = 0;
  #askedMs = 0;
  #stillMs = 0;
  #framesSeen = -1;
  /** Since when the relay has the picture. */
  #liveSinceMs: number | undefined;
  #stopEffect: (() => void) | undefined;

  constructor(stream: string) {
    this.stream = stream;
    this.kept.width = this.kept.height = 0;
    this.#session = new Session({
      grant: () => this.#grant(),
      prepare: (connection) => this.#prepare(connection),
      state: (state) => {
        this.phase.value = state;
        if (state === "live") this.#beganMs = Date.now();
        else this.talk.maySay.value = false;
      },
    });
  }

  get hasVoice(): boolean {
    return this.stream.startsWith("caller-");
  }

  get stills(): boolean {
    return this.chosen.value === "stills" || this.thin.value.stills;
  }

  /** A tile shows it. Returns what ends that. */
  use(incident: string | undefined): () => void {
    this.#uses += 1;
    clearTimeout(this.#linger);
    if (incident !== this.incident) {
      this.incident = incident;
      this.#looked = false;
      if (this.#timer !== undefined) this.#end();
    }
    if (this.#timer === undefined) this.#begin();
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#uses -= 1;
      if (this.#uses === 0) this.#linger = setTimeout(() => this.#end(), LINGER_MS);
    };
  }

  #begin(): void {
    this.thin.value = wide;
    this.refused.value = undefined;
    this.#timer = setInterval(() => void this.#tick(), TICK_MS);
    let live: boolean | undefined;
    this.#stopEffect = effect(() => {
      const stills = this.stills;
      if (live === !stills) return;
      live = !stills;
      untracked(() => this.#turn(stills));
    });
  }

  #turn(stills: boolean): void {
    this.figures.value = undefined;
    this.#reading = undefined;
    if (!stills) {
      this.#join();
      return;
    }
    this.#session.stop();
    this.media.value = undefined;
    this.phase.value = "live";
  }

  #join(): void {
    this.#beganMs = this.#askedMs = Date.now();
    this.#reading = undefined;
    this.#framesSeen = -1;
    this.#session.start();
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stopEffect?.();
    this.#session.stop();
    this.media.value = undefined;
    this.figures.value = undefined;
    this.#looked = false;
  }

  async #grant() {
    const { stream, incident } = this;
    const answer = await json<WatchGrant>("POST", "/api/video/watch", {
      stream,
      ...(incident !== undefined && { incident }),
      renew: this.#looked,
    });
    endedSession(answer);
    this.refused.value = answer.ok || answer.status === 0 ? undefined : answer.error;
    if (!answer.ok) return answer;
    this.#looked = true;
    const { whepUrl, token, expires, iceServers } = answer.value;
    return { ok: true as const, value: { url: whepUrl, token, expires, iceServers, media: [] } };
  }

  #prepare(connection: RTCPeerConnection): void {
    connection.addTransceiver("video", { direction: "recvonly" });
    if (this.hasVoice) connection.addTransceiver("audio", { direction: "recvonly" });
    const media = new MediaStream();
    connection.ontrack = ({ track }) => {
      media.addTrack(track);
      this.media.value = media;
    };
    this.talk.open(connection, (said) => this.#heard(said));
  }

  #heard(said: DataSaid): void {
    if (said.type === "pace") {
      // Keyframes now and then are less than stills, which say how old they are.
      if (said.pictures === "keyframes" && !this.stills) this.thin.value = fallen(this.thin.peek(), Date.now());
    } else if (said.type === "end" && this.#timer !== undefined && !this.stills) this.#join();
  }

  async #tick(): Promise<void> {
    this.#ticks += 1;
    const nowMs = Date.now();
    const view = streams.peek().get(this.stream);
    const second = this.#ticks % 2 === 0;
    this.#liveSinceMs = view?.live === true ? (this.#liveSinceMs ?? nowMs) : undefined;
    if (this.stills) {
      if (second) this.thin.value = stepThin(this.thin.value, { sends: view?.live === true }, nowMs);
      if (nowMs - this.#stillMs >= STILL_EVERY_MS) void this.#fetchStill();
      return;
    }
    const stats = await this.#session.connection?.getStats().catch(() => undefined);
    const reading = stats && readingOf(stats, performance.now());
    if (reading !== undefined && reading.framesDecoded > this.#framesSeen) {
      if (reading.framesDecoded > 0) {
        this.lastFrameMs.value = nowMs;
        this.fromStill.value = false;
        if (second) this.#keep();
      }
      this.#framesSeen = reading.framesDecoded;
    }
    const connected = this.phase.value === "live";
    const before = this.#reading;
    if (second && reading !== undefined) {
      if (before !== undefined) this.figures.value = figuresBetween(before, reading);
      this.#reading = reading;
    }
    if (!second) return;
    const settled = nowMs - this.#beganMs > 3000;
    this.thin.value = stepThin(
      this.thin.value,
      {
        figures: settled && before !== undefined ? this.figures.value : undefined,
        sends: view?.live === true,
      },
      nowMs,
    );
    // Where no connection comes about, a still every now and then is better than nothing.
    if (
      !connected &&
      view?.live === true &&
      nowMs - this.#askedMs > STILL_AFTER_MS &&
      nowMs - this.#stillMs > STILL_EVERY_MS
    )
      void this.#fetchStill();
    const lastMs = Math.max(this.lastFrameMs.value ?? 0, this.#beganMs);
    const sinceMs = this.#liveSinceMs;
    if (!connected || sinceMs === undefined || this.stills) return;
    const leftBehind = lastMs < sinceMs && nowMs - sinceMs > LEFT_BEHIND_MS;
    if (leftBehind || nowMs - lastMs > STUCK_MS) this.#join();
  }

  #keep(): void {
    const { video } = this;
    if (video === undefined || video.videoWidth === 0) return;
    this.#drawKept(video, video.videoWidth, video.videoHeight);
  }

  #drawKept(source: CanvasImageSource, widthPx: number, heightPx: number): void {
    const scale = Math.min(1, STILL_WIDTH_PX / widthPx);
    this.kept.width = Math.round(widthPx * scale);
    this.kept.height = Math.round(heightPx * scale);
    this.kept.getContext("2d")?.drawImage(source, 0, 0, this.kept.width, this.kept.height);
  }

  async #fetchStill(): Promise<void> {
    this.#stillMs = Date.now();
    const answer = await ask("GET", `/api/video/still/${encodeURIComponent(this.stream)}`);
    if (endedSession(answer)) return;
    if (!answer.ok) {
      this.refused.value = answer.status === 403 ? answer.error : undefined;
      return;
    }
    const bitmap = await createImageBitmap(await answer.value.blob()).catch(() => undefined);
    if (bitmap === undefined) return;
    this.#drawKept(bitmap, bitmap.width, bitmap.height);
    bitmap.close();
    this.refused.value = undefined;
    this.fromStill.value = true;
    this.lastFrameMs.value = Date.now();
  }

  /** Puts the picture on the incident's timeline; resolves to what became of it. */
  snapshot(incident: string): Promise<{ text: string; failed: boolean }> {
    const { video } = this;
    const live = !this.stills && video !== undefined && video.videoWidth > 0;
    const canvas = live ? document.createElement("canvas") : this.kept;
    if (live) {
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      canvas.getContext("2d")?.drawImage(video, 0, 0);
    }
    return keepPicture(canvas, this.stream, incident);
  }
}
