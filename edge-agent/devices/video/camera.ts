/** A camera as the role has it: one main stream and perhaps a smaller one, of which what the link carries is given on. */
import type { Log } from "../../ports.ts";
import type { Camera, CameraCounters, CameraHealth, CameraSource, EncodedPicture } from "../../video-port.ts";
import { Feed, type FeedOptions } from "./feed.ts";
import type { EncoderChoice, RawFormat, VideoInput } from "./ffmpeg-args.ts";
import { encoderRate, initialChoice, type StreamChoice, streamChoice } from "./rate-choice.ts";
import type { RtspIngest } from "./rtsp-ingest.ts";

export interface FfmpegCameraOptions {
  name: string;
  label?: string | undefined;
  main: () => VideoInput;
  sub?: (() => VideoInput) | undefined;
  how: FeedOptions["how"];
  raw: RawFormat;
  encoder: EncoderChoice & { leastBitrateBps: number };
  frozenAfterS: number;
  /** Keeps the main stream open and gets it as MPEG-TS; an epoch is one opening. */
  onTs?: ((epoch: number, bytes: Buffer) => void) | undefined;
  ingest: RtspIngest;
  log: Log;
}

/** Rates are measured over so long. */
const WINDOW_MS = 2_000;

export class FfmpegCamera implements Camera {
  readonly name: string;
  readonly label: string | undefined;
  readonly #options: FfmpegCameraOptions;
  readonly #main: Feed;
  readonly #sub: Feed | undefined;
  readonly #lookers = new Set<(picture: EncodedPicture) => void>();
  readonly #listeners = new Set<(health: CameraHealth) => void>();
  readonly #counts = {
    pictures: 0,
    keyframes: 0,
    sourceSwitches: 0,
    rateChanges: 0,
    audioRefused: 0,
    foreignPackets: 0,
  };
  #recent: { atMs: number; bytes: number }[] = [];
  /** Bits per second of the main stream when it was last given on. */
  #mainBps = 0;
  /** Whose pictures are given on now, and whose are to be as soon as they can be decoded. */
  #source: CameraSource = "main";
  #choice: StreamChoice = initialChoice;
  #rateChangedMs = -Infinity;
  #closed = false;

  constructor(options: FfmpegCameraOptions) {
    this.#options = options;
    this.name = options.name;
    this.label = options.label;
    const shared = {
      raw: options.raw,
      encoder: options.encoder,
      frozenAfterS: options.frozenAfterS,
      ingest: options.ingest,
      log: options.log,
      onPicture: (picture: EncodedPicture) => this.#take(picture),
      onState: () => this.#say(),
      onForeign: (kind: "audio" | "packet") => {
        this.#counts[kind === "audio" ? "audioRefused" : "foreignPackets"]++;
      },
    };
    this.#main = new Feed({ ...shared, source: "main", how: options.how, input: options.main, onTs: options.onTs });
    const { sub } = options;
    this.#sub = sub && new Feed({ ...shared, source: "sub", how: "copy", input: sub, onTs: undefined });
    if (options.onTs) this.#main.start();
  }

  get counters(): Readonly<CameraCounters> {
    return { ...this.#counts, restarts: this.#main.restarts + (this.#sub?.restarts ?? 0) };
  }

  get health(): CameraHealth {
    const feed = this.#source === "sub" && this.#sub ? this.#sub : this.#main;
    const { phase, why, codec, widthPx, heightPx } = feed.state;
    const fromMs = performance.now() - WINDOW_MS;
    this.#recent = this.#recent.filter(({ atMs }) => atMs >= fromMs);
    const bytes = this.#recent.reduce((sum, each) => sum + each.bytes, 0);
    return {
      phase,
      ...(why !== undefined && { why }),
      ...(codec && { codec }),
      ...(widthPx && heightPx && { widthPx, heightPx }),
      framesPerS: this.#recent.length / (WINDOW_MS / 1000),
      bitrateBps: (bytes * 8) / (WINDOW_MS / 1000),
      source: this.#source,
    };
  }

  look(onPicture: (picture: EncodedPicture) => void): () => void {
    this.#lookers.add(onPicture);
    if (!this.#closed) this.#main.start();
    return () => {
      if (!this.#lookers.delete(onPicture) || this.#lookers.size > 0) return;
      this.allow(undefined);
      if (!this.#options.onTs) void this.#main.stop();
    };
  }

  onHealth(listener: (health: CameraHealth) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  allow(bitrateBps: number | undefined): void {
    if (this.#closed) return;
    const nowMs = performance.now();
    if (this.#sub) {
      if (this.#source === "main" && this.#main.state.phase === "up") this.#mainBps = this.health.bitrateBps;
      const before = this.#choice.want;
      this.#choice = streamChoice(this.#choice, { nowMs, allowedBps: bitrateBps, mainBps: this.#mainBps });
      if (this.#choice.want === before) return;
      this.#options.log.info({ camera: this.name, to: this.#choice.want, bitrateBps }, "the link decides the stream");
      if (this.#choice.want === "sub") this.#sub.start();
      else if (this.#source === "main") void this.#sub.stop();
      else this.#main.start();
      return;
    }
    if (!this.#main.encodes) return;
    const { encoder } = this.#options;
    const rate = encoderRate(
      { nowMs, changedMs: this.#rateChangedMs, nowBps: this.#main.bitrateBps, allowedBps: bitrateBps },
      { leastBps: encoder.leastBitrateBps, mostBps: encoder.bitrateBps },
    );
    if (rate === undefined) return;
    this.#rateChangedMs = nowMs;
    this.#counts.rateChanges++;
    this.#options.log.info({ camera: this.name, bitrateBps: rate }, "the encoder is told another bitrate");
    this.#main.setBitrate(rate);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#lookers.clear();
    await Promise.all([this.#main.stop(), this.#sub?.stop()]);
  }

  #take(picture: EncodedPicture): void {
    if (picture.source !== this.#source) {
      if (picture.source !== this.#choice.want || !picture.key) return;
      this.#source = picture.source;
      this.#counts.sourceSwitches++;
      this.#recent = [];
      if (picture.source === "main") void this.#sub?.stop();
      else if (!this.#options.onTs) void this.#main.stop();
      this.#say();
    }
    this.#counts.pictures++;
    if (picture.key) this.#counts.keyframes++;
    this.#recent.push({
      atMs: picture.arrivedAtMs,
      bytes: picture.payloads.reduce((sum, payload) => sum + payload.length, 0),
    });
    if (this.#recent.length > 1000) this.#recent.splice(0, 500);
    for (const looker of this.#lookers) looker(picture);
  }

  #say(): void {
    // A small stream that fails is worth less than a large one that stutters.
    if (this.#source === "sub" && this.#sub?.state.phase === "down" && this.#choice.want === "sub") {
      this.#choice = { ...initialChoice, triedMs: performance.now() };
      this.#main.start();
    }
    const { health } = this;
    for (const listener of this.#listeners) listener(health);
  }
}
