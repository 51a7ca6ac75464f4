/** One stream in the relay: at most one publisher, many viewers, the newest packets, and what is said beside the picture. */
import type { MediaKind } from "#contract/video.ts";
import type { DataSaid } from "#contract/video-data.ts";
import type { Ingest } from "./ingest.ts";
import { clockRateOf, type Media } from "./media.ts";
import { PacketCache } from "./packet-cache.ts";
import { Participants } from "./participants.ts";
import type { Clock, Viewer } from "./viewer.ts";

/** Without a packet for so long the stream counts as not live. */
const SILENT_MS = 1_500;

/** Takes the packets of a stream beside its viewers: the recorder. */
export interface Tap {
  media(media: Media): void;
  /** The publisher is gone or another: numbers begin anew. */
  restart(why: string): void;
}

export interface StreamFigures {
  live: boolean;
  codec?: string;
  bitrateBps: number;
  lossRatio: number;
  viewers: number;
  watchedBy: string[];
  /** Who gets keyframes alone, because the path carries no more. */
  thinnedFor: string[];
  /** What the path of the slowest viewer takes, by its own estimate. */
  slowestViewerBps?: number;
}

export class Stream {
  readonly name: string;
  readonly viewers = new Map<string, Viewer>();
  readonly participants: Participants;
  readonly caches = { video: new PacketCache(), audio: new PacketCache() };
  readonly taps = new Set<Tap>();
  readonly #nowMs: () => number;
  #publisher: { session: string; sub: string; ingest: Ingest } | undefined;
  readonly #clocks = new Map<MediaKind, { clock: Clock; atMs: number; codec: Media["codec"] }>();
  #newest = new Map<MediaKind, Media>();
  #live = false;
  #measured = { atMs: 0, bytes: 0, lost: 0, expected: 0 };
  #figures = { bitrateBps: 0, lossRatio: 0 };

  constructor(name: string, nowMs: () => number) {
    this.name = name;
    this.#nowMs = nowMs;
    this.participants = new Participants(nowMs);
  }

  get publisher(): { session: string; sub: string; ingest: Ingest } | undefined {
    return this.#publisher;
  }

  get empty(): boolean {
    return !this.#publisher && this.viewers.size === 0 && this.taps.size === 0;
  }

  publish(session: string, sub: string, ingest: Ingest): void {
    this.#restart("the publisher began anew");
    this.#publisher = { session, sub, ingest };
    this.#measured = { atMs: this.#nowMs(), bytes: 0, lost: 0, expected: 0 };
  }

  unpublish(session: string, why: string): void {
    if (this.#publisher?.session !== session) return;
    this.#publisher = undefined;
    this.#restart(why);
    this.#setLive(false);
  }

  take(session: string, media: Media): void {
    if (this.#publisher?.session !== session) return;
    this.caches[media.kind].add(media);
    this.#newest.set(media.kind, media);
    for (const viewer of this.viewers.values()) viewer.forward(media);
    for (const tap of this.taps) tap.media(media);
    if (!this.#live) this.#setLive(true);
  }

  clock(session: string, kind: MediaKind, ntp: bigint, timestamp: number): void {
    const codec = this.#newest.get(kind)?.codec;
    if (this.#publisher?.session !== session || !codec) return;
    this.#clocks.set(kind, { clock: { ntp, timestamp }, atMs: this.#nowMs(), codec });
  }

  addViewer(session: string, viewer: Viewer): void {
    this.viewers.set(session, viewer);
    this.announce();
  }

  removeViewer(session: string): void {
    this.viewers.get(session)?.close();
    if (this.viewers.delete(session)) this.announce();
  }

  askKeyframe(): void {
    this.#publisher?.ingest.askKeyframe();
  }

  /** The publisher was asked in vain for a packet: viewers that wait for it are not left to find out one by one. */
  lostForGood(session: string): void {
    if (this.#publisher?.session === session && !this.caches.video.unbroken) this.askKeyframe();
  }

  state(): DataSaid {
    return { type: "stream", live: this.#live, viewers: this.viewers.size, at: Math.round(this.#nowMs()) };
  }

  announce(): void {
    this.participants.tell(this.state());
  }

  /** Once a second: sender reports, figures, and whether anything comes in at all. @returns true where `live` changed. */
  tick(): boolean {
    const nowMs = this.#nowMs();
    const ingest = this.#publisher?.ingest;
    const before = this.#live;
    if (ingest && this.#live && nowMs - ingest.lastMediaMs > SILENT_MS) this.#setLive(false);
    const clocks = this.#clocksAt(nowMs);
    for (const [session, viewer] of this.viewers) {
      viewer.report(clocks);
      if (viewer.tick())
        this.participants.tell({ type: "pace", pictures: viewer.pictures, at: Math.round(nowMs) }, session);
    }
    if (ingest) {
      const { lost, expected } = ingest.loss();
      const { bytes } = ingest.counters;
      const elapsedS = Math.max(0.001, (nowMs - this.#measured.atMs) / 1000);
      this.#figures = {
        bitrateBps: Math.round(((bytes - this.#measured.bytes) * 8) / elapsedS),
        lossRatio: ratio(lost - this.#measured.lost, expected - this.#measured.expected),
      };
      this.#measured = { atMs: nowMs, bytes, lost, expected };
    } else this.#figures = { bitrateBps: 0, lossRatio: 0 };
    return before !== this.#live;
  }

  figures(): StreamFigures {
    const codec = this.#publisher?.ingest.codec;
    const slowest = [...this.viewers.values()].flatMap(({ estimateBps }) => estimateBps ?? []);
    return {
      live: this.#live,
      ...(codec && { codec }),
      ...this.#figures,
      viewers: this.viewers.size,
      ...(slowest.length > 0 && { slowestViewerBps: Math.min(...slowest) }),
      watchedBy: [...new Set([...this.viewers.values()].map(({ claims }) => claims.sub))],
      thinnedFor: [
        ...new Set(
          [...this.viewers.values()].flatMap(({ pictures, claims }) => (pictures === "keyframes" ? [claims.sub] : [])),
        ),
      ],
    };
  }

  #restart(why: string): void {
    this.caches.video.reset();
    this.caches.audio.reset();
    this.#clocks.clear();
    this.#newest.clear();
    for (const viewer of this.viewers.values()) viewer.restart();
    for (const tap of this.taps) tap.restart(why);
  }

  #setLive(live: boolean): void {
    if (this.#live === live) return;
    this.#live = live;
    this.announce();
  }

  /** The publisher's last report carried on to this moment; where it sends none, its newest packet counts as sent this moment. */
  #clocksAt(nowMs: number): Map<MediaKind, Clock> {
    const clocks = new Map<MediaKind, Clock>();
    const reported = [...this.#newest.keys()].every((kind) => this.#clocks.has(kind));
    for (const [kind, media] of this.#newest) {
      const known = reported ? this.#clocks.get(kind) : undefined;
      if (!known) {
        clocks.set(kind, { ntp: ntpOf(nowMs), timestamp: media.timestamp });
        continue;
      }
      const elapsedMs = nowMs - known.atMs;
      const ticks = Math.round((elapsedMs / 1000) * clockRateOf(known.codec));
      const ntp = known.clock.ntp + (BigInt(Math.round(elapsedMs * 1000)) << 32n) / 1_000_000n;
      clocks.set(kind, { ntp, timestamp: (known.clock.timestamp + ticks) >>> 0 });
    }
    return clocks;
  }
}

/** Seconds from 1900 to 1970 (RFC 3550, 4). */
const NTP_OFFSET_S = 2_208_988_800n;

export function ntpOf(unixMs: number): bigint {
  const us = BigInt(Math.round(unixMs * 1000));
  return ((us / 1_000_000n + NTP_OFFSET_S) << 32n) + ((us % 1_000_000n) << 32n) / 1_000_000n;
}

function ratio(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(1, Math.max(0, part / whole));
}
