/**
 * One camera and what the gateway wants of it: connected while it is wanted, again and again with a new connection each time, never unasked.
 */

import type * as v from "valibot";
import { nsOfUtc } from "#contract/units.ts";
import type { VideoPhase, VideoWant } from "#contract/video.ts";
import type { Log } from "../../ports.ts";
import type {
  Camera,
  ConnectUplink,
  EncodedPicture,
  PreRoll,
  Uplink,
  UplinkCounters,
  UplinkRefusal,
  UploadPreRoll,
} from "../../video-port.ts";
import { BeforeSender } from "./before-sender.ts";
import { GroupOfPictures } from "./group-of-pictures.ts";

export interface SessionOptions {
  camera: Camera;
  preRoll: PreRoll | undefined;
  connect: ConnectUplink;
  upload: UploadPreRoll;
  log: Log;
  /** UTC, nanoseconds since 1970, where the node knows it. */
  utcNs: () => bigint | undefined;
  onChange: () => void;
}

export type Phase = v.InferOutput<typeof VideoPhase>;

/** Milliseconds between attempts; a relay that says how long to wait is obeyed. */
const WAITS_MS = [250, 500, 1_000];
/** What the gateway no longer takes is tried seldom: a newer want brings a newer token, and begins at once. */
const REFUSED_WAIT_MS = 10_000;
/** A keyframe request is answered by a repeated group at most so often. */
const REPLAY_EVERY_MS = 500;

interface Wanted {
  want: VideoWant;
  /** Monotonic. */
  untilMs: number;
}

const noCounters: UplinkCounters = {
  packets: 0,
  pictures: 0,
  picturesDropped: 0,
  keyframeRequests: 0,
  replays: 0,
  nacks: 0,
  retransmitted: 0,
  notHeldAnyMore: 0,
  notSentAgain: 0,
  feedbacks: 0,
  rateReductions: 0,
};

export class StreamSession {
  readonly camera: Camera;
  readonly preRoll: PreRoll | undefined;
  readonly #options: SessionOptions;
  readonly #group = new GroupOfPictures();
  readonly #stop = new AbortController();
  readonly #before: BeforeSender | undefined;
  #wanted: Wanted | undefined;
  #uplink: Uplink | undefined;
  #running: Promise<void> | undefined;
  #wake: () => void = () => undefined;
  #phase: Phase = "idle";
  #why: string | undefined;
  /** Ends of connections that are over, not waited for before the next: a relay that is gone answers none. */
  readonly #ending = new Set<Promise<void>>();
  #past: UplinkCounters = { ...noCounters };
  #replayedAtMs = -Infinity;
  readonly #counts = { connects: 0, failures: 0 };

  constructor(options: SessionOptions) {
    this.#options = options;
    this.camera = options.camera;
    this.preRoll = options.preRoll;
    const { upload, log } = options;
    this.#before =
      options.preRoll && new BeforeSender({ preRoll: options.preRoll, upload, log, signal: this.#stop.signal });
    options.camera.onHealth(() => options.onChange());
    // A camera that is open anyway is looked at, so that whoever comes gets a whole picture at once.
    if (options.preRoll) this.#look();
  }

  get phase(): Phase {
    if (this.#phase !== "live") return this.#phase;
    return this.camera.health.phase === "up" ? "live" : this.camera.health.phase === "down" ? "failed" : "connecting";
  }

  get why(): string | undefined {
    const { phase, why } = this.camera.health;
    if (this.#wanted || phase === "down") return phase === "down" ? why : this.#why;
    return undefined;
  }

  get wanted(): VideoWant | undefined {
    return this.#wanted?.want;
  }

  get stats() {
    return this.#uplink?.stats;
  }

  get counters(): Record<string, number> {
    const now = this.#uplink?.counters ?? noCounters;
    const uplink = Object.fromEntries(
      Object.entries(this.#past).map(([name, past]) => [name, past + now[name as keyof UplinkCounters]]),
    );
    return {
      ...this.camera.counters,
      ...uplink,
      ...this.#counts,
      ...this.preRoll?.counters,
      ...this.#before?.counters,
    };
  }

  want(want: VideoWant): void {
    const untilMs = performance.now() + this.#remainingMs(want);
    this.#before?.send(want, () => this.#wanted?.want.token);
    if (untilMs <= performance.now()) {
      this.#wanted = undefined;
      this.#wake();
      return;
    }
    const before = this.#wanted?.want;
    this.#wanted = { want, untilMs };
    if (before && before.stream === want.stream && before.token !== want.token && this.#uplink) this.#renew(want);
    this.#wake();
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async close(): Promise<void> {
    this.#wanted = undefined;
    this.#stop.abort();
    this.#wake();
    await this.#running;
    await Promise.all(this.#ending);
  }

  /** A node that does not know the time believes the span that the want itself states. */
  #remainingMs({ at, until }: VideoWant): number {
    const end = nsOfUtc(until);
    const span = Number(end - nsOfUtc(at)) / 1e6;
    const now = this.#options.utcNs();
    return now === undefined ? span : Math.min(span, Number(end - now) / 1e6);
  }

  #holds(): Wanted | undefined {
    return this.#wanted && this.#wanted.untilMs > performance.now() && !this.#stop.signal.aborted
      ? this.#wanted
      : undefined;
  }

  async #run(): Promise<void> {
    const stopLooking = this.preRoll ? undefined : this.#look();
    try {
      for (let failures = 0; ; ) {
        const wanted = this.#holds();
        if (!wanted) break;
        const { codec } = this.camera.health;
        if (codec === undefined) {
          this.#say("connecting");
          await this.#pause(200);
          continue;
        }
        if (this.#phase !== "failed") this.#say("connecting");
        const { stream, whipUrl, token, iceServers } = wanted.want;
        const made = await this.#options.connect({ stream, whipUrl, token, iceServers, codec }, this.#stop.signal);
        if (!made.ok) {
          if (!this.#holds()) break;
          this.#counts.failures++;
          this.#say("failed", made.why);
          this.#options.log.warn({ stream, why: made.why }, "no uplink");
          await this.#wait(made, failures++, token);
          continue;
        }
        failures = 0;
        this.#counts.connects++;
        const why = await this.#live(made.uplink, wanted.want, codec);
        if (this.#holds()) this.#options.log.warn({ stream, why }, "the uplink ended; a new one is made");
      }
    } finally {
      stopLooking?.();
      this.#wanted = undefined;
      this.#say("idle");
    }
  }

  /** One connection, from its first picture to its end. */
  async #live(uplink: Uplink, want: VideoWant, codec: EncodedPicture["codec"]): Promise<string> {
    const { log } = this.#options;
    this.#uplink = uplink;
    uplink.replay(this.#group.pictures);
    const off = [
      uplink.onKeyframeWanted(() => this.#replay()),
      uplink.onAllowed((bitrateBps) => {
        const most = this.#wanted?.want.maxBitrateBps ?? Infinity;
        this.camera.allow(Math.min(bitrateBps, most));
      }),
    ];
    log.info({ stream: want.stream, codec }, "live");
    this.#say("live");
    if (this.#wanted && this.#wanted.want.token !== want.token) this.#renew(this.#wanted.want);
    let ended: string | undefined;
    void uplink.ended.then((why) => {
      ended = why;
      this.#wake();
    });
    while (ended === undefined) {
      const wanted = this.#holds();
      if (!wanted || wanted.want.stream !== want.stream) ended = "no longer wanted";
      else if (this.camera.health.codec !== undefined && this.camera.health.codec !== codec) ended = "another codec";
      else await this.#pause(Math.min(1_000, wanted.untilMs - performance.now()));
    }
    for (const each of off) each();
    this.#uplink = undefined;
    for (const [name, count] of Object.entries(uplink.counters)) this.#past[name as keyof UplinkCounters] += count;
    const ending = uplink.close(ended).finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
    this.#why = ended;
    return ended;
  }

  #look(): () => void {
    return this.camera.look((picture) => {
      this.#group.push(picture);
      this.#uplink?.send(picture);
    });
  }

  /** What the camera would have to be asked for, and cannot be, stands here already. */
  #replay(): void {
    const nowMs = performance.now();
    if (nowMs - this.#replayedAtMs < REPLAY_EVERY_MS) return;
    this.#replayedAtMs = nowMs;
    this.#uplink?.replay(this.#group.pictures);
  }

  #renew(want: VideoWant): void {
    const { log } = this.#options;
    const uplink = this.#uplink;
    uplink?.renew(want.token).then((answer) => {
      if (answer.ok || this.#uplink !== uplink) return;
      log.warn({ stream: want.stream, why: answer.why }, "the session was not prolonged; a new one is made");
      if (answer.kind !== "link") void uplink.close("the session was not prolonged");
    });
  }

  async #wait({ kind, retryAfterS }: UplinkRefusal, failures: number, token: string): Promise<void> {
    const waitMs =
      kind === "token"
        ? REFUSED_WAIT_MS
        : retryAfterS !== undefined
          ? retryAfterS * 1000
          : WAITS_MS[Math.min(failures, WAITS_MS.length - 1)]!;
    const untilMs = performance.now() + waitMs;
    // A newer token, or an end, is not waited through.
    while (performance.now() < untilMs && this.#holds()?.want.token === token)
      await this.#pause(untilMs - performance.now());
  }

  #say(phase: Phase, why?: string): void {
    if (phase === this.#phase && why === this.#why) return;
    this.#phase = phase;
    this.#why = why;
    this.#options.onChange();
  }

  /** Until something changes, or so long. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, ms));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
