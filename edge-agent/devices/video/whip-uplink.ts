/**
 * Pictures to the gateway's relay over WebRTC (werift): WHIP to make the session, RTP with NACK and RTX, keyframe requests, congestion control by
 * transport-wide feedback. The offer has one video section and nothing else, so that no sound could go even if there were some.
 */
import { randomBytes } from "node:crypto";
import {
  MediaStreamTrack,
  PictureLossIndication,
  ReceiverEstimatedMaxBitrate,
  type RTCPeerConnection,
  type RTCRtpSender,
  RtcpRrPacket,
  RtcpTransportLayerFeedback,
  RtpHeader,
  RtpPacket,
  TransportWideCC,
} from "werift";
import type { ConnectUplink, EncodedPicture, Uplink, UplinkCounters, UplinkStats } from "../../video-port.ts";
import { CongestionControl } from "./congestion.ts";
import type { GatewayHttp } from "./gateway-http.ts";
import { type OutgoingPacket, OutgoingStream } from "./outgoing.ts";
import { Pacer } from "./pacer.ts";
import { SentAgain } from "./sent-again.ts";
import { SentPackets } from "./transport-feedback.ts";
import { askNobodyElse, bearSecondAnswers, makePeer } from "./uplink-peer.ts";
import { openWhip, type WhipSession } from "./whip.ts";

export interface WhipUplinkOptions {
  http: GatewayHttp;
  /** Addresses beside those of the machine's interfaces that the relay may reach the node at; loopback for a gateway on the same machine. */
  addresses: readonly string[];
}

const CONNECT_MS = 10_000;
/** The relay tells of what arrived ten times a second while pictures flow: silence for so long means that it, or the way to it, is gone. */
const SILENCE_MS = 2_000;
/** After so long it is asked by HTTP whether the session stands: one that is only held up gets more time, one that began anew ends at once. */
const ASK_AFTER_MS = 500;
const STANDS_MS = 5_000;
/** A relay without that feedback still sends a receiver report every second or so. */
const SPARSE_SILENCE_MS = 4_000;
const CHECK_MS = 100;
const START_BPS = 8_000_000;
const LEAST_BPS = 100_000;
const MOST_BPS = 20_000_000;
const WINDOW_MS = 1_000;

export function whipUplinks({ http, addresses }: WhipUplinkOptions): ConnectUplink {
  return async (target, signal) => {
    const peer = makePeer(target, addresses);
    const track = new MediaStreamTrack({ kind: "video" });
    const { sender } = peer.addTransceiver(track, { direction: "sendonly" });
    try {
      const connected = new Promise<string | undefined>((resolve) => {
        peer.connectionStateChange.subscribe((state) => {
          if (state === "connected") resolve(undefined);
          else if (state === "failed" || state === "closed") resolve(`the connection ${state} before it stood`);
        });
        setTimeout(
          () => resolve("no way for media to the relay: is UDP let through, or a TURN server there?"),
          CONNECT_MS,
        );
        signal.addEventListener("abort", () => resolve("stopped"), { once: true });
      });
      askNobodyElse(peer);
      bearSecondAnswers(peer);
      await peer.setLocalDescription(await peer.createOffer());
      const offer = peer.localDescription?.sdp ?? "";
      const session = await openWhip(http, target.whipUrl, target.token, offer, signal);
      if (!session.ok) {
        await peer.close();
        return session;
      }
      await peer.setRemoteDescription({ type: "answer", sdp: session.answer });
      const why = await connected;
      if (why === undefined && !signal.aborted) return { ok: true, uplink: new WhipUplink(peer, sender, session) };
      await Promise.all([session.end(), peer.close()]);
      return { ok: false, kind: "link", why: why ?? "stopped" };
    } catch (error) {
      await peer.close();
      return { ok: false, kind: "refused", why: `the connection could not be made: ${(error as Error).message}` };
    }
  };
}

class WhipUplink implements Uplink {
  readonly ended: Promise<string>;
  readonly #peer: RTCPeerConnection;
  readonly #sender: RTCRtpSender;
  readonly #session: WhipSession;
  readonly #counters: Omit<UplinkCounters, keyof SentAgain["counters"] | "rateReductions"> = {
    packets: 0,
    pictures: 0,
    picturesDropped: 0,
    keyframeRequests: 0,
    replays: 0,
    nacks: 0,
    feedbacks: 0,
  };
  readonly #stream = new OutgoingStream(randomBytes(2).readUInt16BE(), randomBytes(4).readUInt32BE());
  readonly #sent = new SentPackets();
  readonly #congestion = new CongestionControl({ startBps: START_BPS, leastBps: LEAST_BPS, mostBps: MOST_BPS });
  readonly #pacer: Pacer;
  readonly #sentAgain: SentAgain;
  readonly #keyframeListeners = new Set<() => void>();
  readonly #allowedListeners = new Set<(bitrateBps: number) => void>();
  readonly #end: (why: string) => void;
  readonly #timer: NodeJS.Timeout;
  #window: { atMs: number; bytes: number; lost: number; packets: number }[] = [];
  #heardAtMs = performance.now();
  #sentAtMs = -Infinity;
  #checkedAtMs = performance.now();
  #roundTripMs: number | undefined;
  #lossRatio = 0;
  #asking = false;
  #askedAtMs = -Infinity;
  #standsUntilMs = -Infinity;
  #waitsForKey = true;
  #closed = false;

  constructor(peer: RTCPeerConnection, sender: RTCRtpSender, session: WhipSession) {
    this.#peer = peer;
    this.#sender = sender;
    this.#session = session;
    this.#sentAgain = new SentAgain(sender);
    this.#pacer = new Pacer((packet) => this.#emit(packet));
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise;
    this.#end = resolve;
    peer.connectionStateChange.subscribe((state) => {
      if (state === "failed" || state === "closed" || state === "disconnected") resolve(`the connection is ${state}`);
    });
    sender.onRtcp.subscribe((packet) => this.#heard(packet));
    sender.onGenericNack.subscribe(({ lost }) => this.#asksAgain(lost));
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
    void promise.then(() => clearInterval(this.#timer));
  }

  get counters(): Readonly<UplinkCounters> {
    const { overuses, lossReductions, queueReductions } = this.#congestion.counters;
    return {
      ...this.#counters,
      ...this.#sentAgain.counters,
      rateReductions: overuses + lossReductions + queueReductions,
    };
  }

  get stats(): UplinkStats {
    const nowMs = performance.now();
    this.#window = this.#window.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS);
    const bytes = this.#window.reduce((sum, each) => sum + each.bytes, 0);
    return {
      sentBps: (bytes * 8000) / WINDOW_MS,
      allowedBps: this.#congestion.allowedBps,
      lossRatio: this.#lossRatio,
      roundTripMs: this.#roundTripMs,
    };
  }

  send(picture: EncodedPicture): void {
    if (this.#closed) return;
    if (this.#waitsForKey && !picture.key) {
      this.#counters.picturesDropped++;
      return;
    }
    if (this.#pacer.full) {
      // The link has been too slow for seconds: what waits is old, the picture begins anew.
      this.#pacer.clear();
      this.#waitsForKey = true;
      this.#counters.picturesDropped++;
      return;
    }
    this.#waitsForKey = false;
    this.#counters.pictures++;
    this.#pacer.push(this.#stream.packets(picture));
  }

  replay(group: readonly EncodedPicture[]): void {
    if (this.#closed || group[0]?.key !== true) return;
    this.#waitsForKey = false;
    this.#counters.replays++;
    this.#pacer.push(this.#stream.replay(group));
  }

  onKeyframeWanted(listener: () => void): () => void {
    this.#keyframeListeners.add(listener);
    return () => this.#keyframeListeners.delete(listener);
  }

  onAllowed(listener: (bitrateBps: number) => void): () => void {
    this.#allowedListeners.add(listener);
    return () => this.#allowedListeners.delete(listener);
  }

  renew(token: string) {
    return this.#session.renew(token, AbortSignal.timeout(CONNECT_MS));
  }

  async close(why: string): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#end(why);
    this.#pacer.clear();
    await Promise.all([this.#session.end(), this.#peer.close()]);
  }

  #emit(packet: OutgoingPacket): void {
    if (this.#closed) return;
    const { payload, ...header } = packet;
    this.#sentAgain.sent(packet);
    const nowMs = performance.now();
    this.#sender.sendRtp(new RtpPacket(new RtpHeader(header), payload)).catch(() => undefined);
    // Numbered within the call above, before it waits for anything.
    const number = this.#sender.dtlsTransport.transportSequenceNumber;
    const bytes = payload.length + 12;
    this.#sent.add(number, { bytes, sentAtMs: nowMs });
    this.#window.push({ atMs: nowMs, bytes, lost: 0, packets: 1 });
    this.#sentAtMs = nowMs;
    this.#counters.packets++;
  }

  #heard(packet: unknown): void {
    const nowMs = performance.now();
    this.#heardAtMs = nowMs;
    const { rtt } = this.#sender as unknown as { rtt: number | undefined };
    if (packet instanceof RtcpRrPacket && rtt !== undefined) {
      this.#roundTripMs = rtt * 1000;
      this.#congestion.roundTrip(this.#roundTripMs, nowMs);
    }
    if (packet instanceof RtcpTransportLayerFeedback && packet.feedback instanceof TransportWideCC) {
      this.#counters.feedbacks++;
      this.#congestion.feedback(this.#sent.match(packet.feedback), nowMs);
    }
    const feedback = (packet as { feedback?: unknown }).feedback;
    if (feedback instanceof ReceiverEstimatedMaxBitrate) this.#congestion.cap(Number(feedback.bitrate));
    if (feedback instanceof PictureLossIndication) {
      this.#counters.keyframeRequests++;
      for (const listener of this.#keyframeListeners) listener();
    }
  }

  #asksAgain(lost: readonly number[]): void {
    this.#counters.nacks += lost.length;
    const nowMs = performance.now();
    const newlyLost = this.#sentAgain.asked(lost, nowMs, this.#roundTripMs ?? 0);
    if (newlyLost > 0) this.#window.push({ atMs: nowMs, bytes: 0, lost: newlyLost, packets: 0 });
  }

  #ask(): void {
    const nowMs = performance.now();
    if (this.#asking || this.#closed || nowMs - this.#askedAtMs < ASK_AFTER_MS) return;
    this.#asking = true;
    this.#askedAtMs = nowMs;
    void this.#session.stands(AbortSignal.timeout(SILENCE_MS)).then((stands) => {
      this.#asking = false;
      // Counted from the last word: where only media cannot pass, a new connection is the way.
      if (stands) this.#standsUntilMs = this.#heardAtMs + STANDS_MS;
      else if (stands === false) this.#end("the relay has no such session any more");
    });
  }

  #check(): void {
    const nowMs = performance.now();
    const lateMs = nowMs - this.#checkedAtMs - CHECK_MS;
    this.#checkedAtMs = nowMs;
    // While this process stood still it could not hear anybody.
    if (lateMs > 2 * CHECK_MS) this.#heardAtMs += lateMs;
    const silenceMs = this.#counters.feedbacks > 0 ? SILENCE_MS : SPARSE_SILENCE_MS;
    const sending = nowMs - this.#sentAtMs < silenceMs;
    const silentMs = nowMs - this.#heardAtMs;
    if (!sending) this.#heardAtMs = Math.max(this.#heardAtMs, nowMs - silenceMs + CHECK_MS);
    else if (silentMs > silenceMs && nowMs > this.#standsUntilMs) this.#end("the relay has fallen silent");
    else if (silentMs > ASK_AFTER_MS) this.#ask();
    const packets = this.#window.reduce((sum, each) => sum + each.packets, 0);
    const lost = this.#window.reduce((sum, each) => sum + each.lost, 0);
    this.#lossRatio = packets < 20 ? 0 : Math.min(1, lost / packets);
    this.#congestion.loss(this.#lossRatio, nowMs);
    for (const listener of this.#allowedListeners) listener(this.#congestion.allowedBps);
  }
}
