/**
 * One kind of media on its way to one viewer: the publisher's numbering is shifted into the viewer's own, which goes on without a
 * break when the publisher comes back under new numbers. A newcomer gets the pictures since the last keyframe first, at a measured pace.
 */
import type { Codec, Media } from "./media.ts";
import { clockRateOf } from "./media.ts";
import type { PacketCache } from "./packet-cache.ts";
import type { SecureSender } from "./secure-sender.ts";
import { keyframeEveryMs } from "./viewer-pace.ts";

/** Catching up: packets in a step, and the milliseconds between steps. About 19 Mbit/s, which a Wi-Fi's or a phone's queue takes. */
const STEP_PACKETS = 10;
const STEP_MS = 5;
/** Packets that may wait while a viewer catches up; beyond that it starts anew at the next keyframe. */
const WAITING_MAX = 8_000;
/** Retransmissions a viewer may cause: refilled at this rate, up to a burst. */
const AGAIN_PER_S = 400;
const AGAIN_BURST = 400;
/** Timestamp ticks between the pictures of a catch-up: close together, so that a player shows the newest and waits for none. */
const SQUEEZED_TICKS = 90;

export interface EgressOptions {
  kind: Media["kind"];
  ssrc: number;
  rtxSsrc: number;
  /** Payload types by codec, and of their retransmissions, as negotiated. */
  payloadTypes: ReadonlyMap<Codec, { media: number; rtx?: number }>;
  sender: SecureSender;
  nowMs: () => number;
}

/** Keyframes alone: the one that is being sent, and when the next may. */
interface Thin {
  timestamp: number | undefined;
  bytes: number;
  nextAtMs: number;
  estimateBps: number | undefined;
}

export class Egress {
  readonly options: EgressOptions;
  readonly counters = { packets: 0, octets: 0, again: 0, againRefused: 0, codecRefused: 0, restarts: 0, heldBack: 0 };
  /** What the viewer says it lost lately, 0 to 1. */
  lossRatio = 0;
  #started = false;
  #indexOffset = 0;
  #timestampOffset = 0;
  /** First one under the present offset: what stands before it belongs to an earlier run, and its nonces are used up. */
  #firstIndex = 0;
  #lastIndex: number;
  #lastTimestamp: number;
  #lastAtMs = 0;
  #waiting: Media[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Timestamps of a catch-up by the publisher's index, for retransmissions. */
  #squeezed = new Map<number, number>();
  #thin: Thin | undefined;
  #rtxIndex: number;
  #again = AGAIN_BURST;
  #againAtMs: number;

  constructor(options: EgressOptions) {
    this.options = options;
    // Below 2^15, so that a receiver that misses the first packets does not guess a wrong roll-over counter.
    this.#lastIndex = Math.floor(Math.random() * 0x7000);
    this.#rtxIndex = Math.floor(Math.random() * 0x7000);
    this.#lastTimestamp = Math.floor(Math.random() * 0xffffffff);
    this.#againAtMs = options.nowMs();
  }

  get started(): boolean {
    return this.#started;
  }

  /** Timestamp that the viewer knows an instant of the publisher's clock by. */
  timestampOf(timestamp: number): number {
    return (timestamp + this.#timestampOffset) >>> 0;
  }

  forward(media: Media, cache: PacketCache): void {
    if (!this.options.payloadTypes.has(media.codec)) {
      this.counters.codecRefused++;
      return;
    }
    if (this.#thin) {
      this.#forwardThin(media, this.#thin);
      return;
    }
    if (!this.#started) {
      // The group in the cache ends with this very packet.
      if (media.kind === "video") {
        this.#join(cache);
        return;
      }
      this.#start(media);
    }
    if (this.#waiting.length > 0) {
      if (this.#waiting.length < WAITING_MAX) this.#waiting.push(media);
      else this.restart();
      return;
    }
    this.#emit(media);
  }

  /** Begins with what is in the cache, without waiting for the next packet. */
  join(cache: PacketCache): boolean {
    return !this.#started && this.#join(cache);
  }

  /** Once more what a newcomer gets, for a viewer that lost the thread. False where the cache has a hole, or nothing. */
  refresh(cache: PacketCache): boolean {
    if (this.#thin || this.#waiting.length > 0 || !cache.unbroken) return false;
    this.restart();
    return this.#join(cache);
  }

  /** Keyframes alone from now on, as many as `estimateBps` carries; or all of it again. */
  setThin(thin: boolean, cache: PacketCache, estimateBps: number | undefined): void {
    if (this.#thin && thin) this.#thin.estimateBps = estimateBps;
    if ((this.#thin !== undefined) === thin) return;
    this.restart();
    this.#thin = thin ? { timestamp: undefined, bytes: 0, nextAtMs: 0, estimateBps } : undefined;
    if (!thin) this.#join(cache);
  }

  /** The publisher is another, or begins anew: the next keyframe goes on under the viewer's numbering. */
  restart(): void {
    if (this.#started) this.counters.restarts++;
    this.#started = false;
    if (this.#thin) this.#thin.timestamp = undefined;
    this.#stopTimer();
    this.#waiting = [];
    this.#squeezed.clear();
  }

  /** @param sequences as the viewer knows them (RFC 4585, 6.2.1). */
  again(sequences: readonly number[], cache: PacketCache): void {
    if (!this.#started) return;
    this.#refill();
    for (const sequence of sequences) {
      const index = this.#lastIndex - ((this.#lastIndex - sequence) & 0xffff);
      const media = cache.at(index - this.#indexOffset);
      if (!media || index < this.#firstIndex || this.#again < 1) {
        this.counters.againRefused++;
        continue;
      }
      this.#again--;
      this.counters.again++;
      this.#resend(media, index);
    }
  }

  close(): void {
    this.#stopTimer();
    this.#waiting = [];
  }

  /** Numbers and times go on without a gap over what is left out: nothing of it is asked for again. */
  #forwardThin(media: Media, thin: Thin): void {
    if (media.keyframe && media.timestamp !== thin.timestamp && this.options.nowMs() >= thin.nextAtMs) {
      this.#start(media);
      thin.timestamp = media.timestamp;
      thin.bytes = 0;
    }
    if (media.timestamp !== thin.timestamp || !this.#started) {
      this.counters.heldBack++;
      return;
    }
    this.#emit(media);
    thin.bytes += media.payload.length;
    thin.nextAtMs = this.options.nowMs() + keyframeEveryMs(thin.bytes, thin.estimateBps);
  }

  #start(media: Media): void {
    const elapsedMs = this.#lastAtMs === 0 ? 0 : this.options.nowMs() - this.#lastAtMs;
    const ticks = Math.max(1, Math.round((elapsedMs / 1000) * clockRateOf(media.codec)));
    this.#indexOffset = this.#lastIndex + 1 - media.index;
    this.#timestampOffset = (this.#lastTimestamp + ticks - media.timestamp) | 0;
    this.#firstIndex = this.#lastIndex + 1;
    this.#started = true;
  }

  #join(cache: PacketCache): boolean {
    const group = cache.group();
    const first = group[0];
    const last = group.at(-1);
    if (!first || !last || !this.options.payloadTypes.has(first.codec)) return false;
    this.#start(first);
    // The newest picture keeps its place in time, those before it stand just before it.
    const pictures = [...new Set(group.map(({ timestamp }) => timestamp))];
    const end = pictures.indexOf(last.timestamp);
    const squeezed = new Map(pictures.map((t, at) => [t, (last.timestamp - (end - at) * SQUEEZED_TICKS) >>> 0]));
    this.#timestampOffset = (this.#timestampOffset + first.timestamp - (squeezed.get(first.timestamp) as number)) | 0;
    for (const media of group) this.#squeezed.set(media.index, squeezed.get(media.timestamp) as number);
    this.#waiting = [...group];
    this.#step();
    return true;
  }

  #step(): void {
    for (const media of this.#waiting.splice(0, STEP_PACKETS)) this.#emit(media);
    this.#timer = undefined;
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#step(), STEP_MS);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #emit(media: Media): void {
    const { ssrc, payloadTypes, sender } = this.options;
    const index = media.index + this.#indexOffset;
    if (index < this.#firstIndex) return;
    const source = this.#squeezed.size === 0 ? media.timestamp : (this.#squeezed.get(media.index) ?? media.timestamp);
    const timestamp = (source + this.#timestampOffset) >>> 0;
    if (index > this.#lastIndex) {
      this.#lastIndex = index;
      this.#lastTimestamp = timestamp;
      this.#lastAtMs = this.options.nowMs();
    }
    this.counters.packets++;
    this.counters.octets += media.payload.length;
    const payloadType = (payloadTypes.get(media.codec) as { media: number }).media;
    sender.send({ payloadType, marker: media.marker, index, timestamp, ssrc, payload: media.payload });
  }

  /** RFC 4588: in the retransmission stream where one is negotiated, else as it was. */
  #resend(media: Media, index: number): void {
    const { ssrc, rtxSsrc, payloadTypes, sender } = this.options;
    const types = payloadTypes.get(media.codec);
    if (!types) return;
    const timestamp = ((this.#squeezed.get(media.index) ?? media.timestamp) + this.#timestampOffset) >>> 0;
    const { marker, payload } = media;
    // Without a stream of its own it would be the same packet under the same nonce: the receiver drops it only if it has it.
    if (types.rtx === undefined) {
      sender.send({ payloadType: types.media, marker, index, timestamp, ssrc, payload });
      return;
    }
    const prefix = Buffer.allocUnsafe(2);
    prefix.writeUInt16BE(index & 0xffff, 0);
    this.#rtxIndex++;
    const again = { payloadType: types.rtx, marker, index: this.#rtxIndex, timestamp, ssrc: rtxSsrc, prefix, payload };
    sender.send(again);
  }

  #refill(): void {
    const nowMs = this.options.nowMs();
    this.#again = Math.min(AGAIN_BURST, this.#again + ((nowMs - this.#againAtMs) / 1000) * AGAIN_PER_S);
    this.#againAtMs = nowMs;
    // A catch-up is over for good after some seconds: no retransmission reaches back so far.
    if (this.#squeezed.size > 0 && this.#waiting.length === 0) {
      const oldest = this.#lastIndex - this.#indexOffset - 2_000;
      for (const at of this.#squeezed.keys()) if (at < oldest) this.#squeezed.delete(at);
    }
  }
}
