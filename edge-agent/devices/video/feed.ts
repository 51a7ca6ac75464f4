/**
 * One stream of a camera, kept alive: opened, watched, opened again. It is down with a reason while it cannot be had; waits double up to a
 * second, and from half a minute to five where the camera refuses our account, because cameras lock out who asks often.
 */

import type { Log } from "../../ports.ts";
import type { CameraSource, EncodedPicture, PictureCodec } from "../../video-port.ts";
import { backoffMs, pause } from "../retry.ts";
import { copyOnce } from "./feed-copy.ts";
import { encodeOnce } from "./feed-encode.ts";
import type { EncoderChoice, RawFormat, VideoInput } from "./ffmpeg-args.ts";
import type { ChildEnd } from "./ffmpeg-words.ts";
import type { RtspIngest } from "./rtsp-ingest.ts";

export interface FeedOptions {
  source: CameraSource;
  input: () => VideoInput;
  /** `copy`: the camera's own pictures; `encode`: made anew; `auto`: copy where it can be done. */
  how: "copy" | "encode" | "auto";
  raw: RawFormat;
  encoder: EncoderChoice;
  frozenAfterS: number;
  ingest: RtspIngest;
  log: Log;
  onPicture: (picture: EncodedPicture) => void;
  /** MPEG-TS as it comes, of one opening; only where somebody wants it. */
  onTs: ((epoch: number, bytes: Buffer) => void) | undefined;
  onState: (state: FeedState) => void;
  onForeign: (kind: "audio" | "packet") => void;
}

export interface FeedState {
  phase: "idle" | "starting" | "up" | "down";
  why?: string;
  codec?: PictureCodec;
  widthPx?: number;
  heightPx?: number;
}

/** How one opening ended. `transcode`: its pictures cannot be sent on as they are. */
export type RunEnd = ChildEnd | { kind: "transcode"; why: string };

/** What one opening is given. */
export interface FeedRun extends FeedOptions {
  signal: AbortSignal;
  nextEpoch: () => number;
  /** Bits per second that an encoder may make now; asked at its start, and told of changes. */
  bitrateBps: () => number;
  onBitrate: (listener: (bitrateBps: number) => void) => () => void;
  onUp: (facts: Omit<FeedState, "phase" | "why">) => void;
}

/** The first picture may take so long: a camera that wakes up, a wait for its keyframe. */
export const FIRST_PICTURE_MS = 10_000;
const FIRST_WAIT_MS = 250;
const LAST_WAIT_MS = 1_000;
const REFUSED_FIRST_MS = 30_000;
const REFUSED_LAST_MS = 300_000;

/** Of the whole process: pictures of different openings never have the same. */
let epochs = 0;

export class Feed {
  readonly #options: FeedOptions;
  readonly #rateListeners = new Set<(bitrateBps: number) => void>();
  #how: FeedOptions["how"];
  #stop: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  #state: FeedState = { phase: "idle" };
  #bitrateBps: number;
  restarts = 0;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#how = options.how;
    this.#bitrateBps = options.encoder.bitrateBps;
  }

  get state(): FeedState {
    return this.#state;
  }

  get encodes(): boolean {
    return this.#how === "encode";
  }

  get bitrateBps(): number {
    return this.#bitrateBps;
  }

  start(): void {
    if (this.#stop) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.#running = this.#running.then(() => this.#keepAlive(stop.signal));
  }

  async stop(): Promise<void> {
    this.#stop?.abort();
    this.#stop = undefined;
    await this.#running;
  }

  /** Of an encoder: another bitrate, without a gap. */
  setBitrate(bitrateBps: number): void {
    this.#bitrateBps = bitrateBps;
    for (const listener of this.#rateListeners) listener(bitrateBps);
  }

  #say(state: FeedState): void {
    this.#state = state;
    this.#options.onState(state);
  }

  async #keepAlive(signal: AbortSignal): Promise<void> {
    const { log, source } = this.#options;
    let waits = backoffMs(FIRST_WAIT_MS, LAST_WAIT_MS);
    let refusals = backoffMs(REFUSED_FIRST_MS, REFUSED_LAST_MS);
    while (!signal.aborted) {
      if (this.#state.phase !== "down") this.#say({ phase: "starting" });
      let wasUp = false;
      const end = await this.#once(signal, () => {
        wasUp = true;
      });
      if (signal.aborted) break;
      this.restarts++;
      if (end.kind === "transcode") {
        log.warn({ source, why: end.why }, "the camera's pictures are made anew");
        this.#how = "encode";
        continue;
      }
      if (wasUp) {
        waits = backoffMs(FIRST_WAIT_MS, LAST_WAIT_MS);
        refusals = backoffMs(REFUSED_FIRST_MS, REFUSED_LAST_MS);
      }
      if (this.#state.why !== end.why) log.warn({ source, why: end.why }, "camera down");
      this.#say({ phase: "down", why: end.why });
      await pause((end.kind === "refused" ? refusals : waits).next().value, signal);
    }
    this.#say({ phase: "idle" });
  }

  async #once(signal: AbortSignal, onUp: () => void): Promise<RunEnd> {
    const run: FeedRun = {
      ...this.#options,
      signal,
      nextEpoch: () => ++epochs,
      bitrateBps: () => this.#bitrateBps,
      onBitrate: (listener) => {
        this.#rateListeners.add(listener);
        return () => this.#rateListeners.delete(listener);
      },
      onUp: (facts) => {
        onUp();
        this.#say({ phase: "up", ...facts });
      },
    };
    try {
      return await (this.#how === "encode" ? encodeOnce(run) : copyOnce(run, this.#how === "auto"));
    } catch (error) {
      return { kind: "broken", why: (error as Error).message };
    }
  }
}
