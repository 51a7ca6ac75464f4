/** One viewer's session: what goes out to it, and what it says back (lost packets, a picture that cannot be decoded, its bandwidth). */
import {
  GenericNack,
  PictureLossIndication,
  ReceiverEstimatedMaxBitrate,
  type RTCPeerConnection,
  type RtcpPacket,
  RtcpPayloadSpecificFeedback,
  RtcpRrPacket,
  RtcpSenderInfo,
  RtcpSourceDescriptionPacket,
  RtcpSrPacket,
  RtcpTransportLayerFeedback,
  SourceDescriptionChunk,
  SourceDescriptionItem,
} from "werift";
import type { MediaKind, VideoClaims } from "#contract/video.ts";
import { Egress } from "./egress.ts";
import { delayReport, ReferenceTime } from "./extended-reports.ts";
import type { Media } from "./media.ts";
import type { PacketCache } from "./packet-cache.ts";
import { payloadTypesOf } from "./peer.ts";
import { SecureSender } from "./secure-sender.ts";
import { fullPace, stepPace, type ViewerPace } from "./viewer-pace.ts";

const SDES_CNAME = 1;
/** A picture that a viewer could not decode is made good from the cache at most so often; again before that, the publisher is asked. */
const REFRESH_EVERY_MS = 3_000;
/** What a viewer cannot decode because its own path loses so much is no reason for a keyframe to everybody. */
const OWN_LOSS = 0.1;
/** A report that is older says nothing of now. */
const REPORT_MS = 5_000;

/** An instant on the publisher's clock. */
export interface Clock {
  /** NTP, 64 bit: seconds since 1900 in the upper half (RFC 3550, 4). */
  ntp: bigint;
  timestamp: number;
}

export interface ViewerHooks {
  caches: Readonly<Record<MediaKind, PacketCache>>;
  askKeyframe(): void;
  nowMs: () => number;
}

export class Viewer {
  readonly claims: VideoClaims;
  readonly #hooks: ViewerHooks;
  readonly #egress = new Map<MediaKind, Egress>();
  #sender: SecureSender | undefined;
  #peer: RTCPeerConnection | undefined;
  readonly counters = {
    keyframesAsked: 0,
    keyframesFromCache: 0,
    keyframesDeclined: 0,
    thinned: 0,
    nacks: 0,
    /** Times that it asked how far away the relay is. */
    distancesAsked: 0,
    refusedKind: 0,
  };
  #pace: ViewerPace;
  #refreshedMs = Number.NEGATIVE_INFINITY;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #measured = { atMs: 0, octets: 0 };
  /** The viewer's estimate of what its path takes (REMB); undefined where it says none. */
  estimateBps: number | undefined;

  constructor(claims: VideoClaims, hooks: ViewerHooks) {
    this.claims = claims;
    this.#hooks = hooks;
    this.#pace = fullPace(hooks.nowMs());
  }

  /** Every picture, or keyframes alone because its path carries no more. */
  get pictures(): ViewerPace["pictures"] {
    return this.#pace.pictures;
  }

  /** Once a second. @returns whether it is sent more or less from now on. */
  tick(): boolean {
    const video = this.#egress.get("video");
    if (!video) return false;
    const nowMs = this.#hooks.nowMs();
    const { octets } = video.counters;
    const { atMs, octets: before } = this.#measured;
    this.#measured = { atMs: nowMs, octets };
    if (atMs === 0) return false;
    const sentBps = ((octets - before) * 8000) / Math.max(1, nowMs - atMs);
    const lossRatio = nowMs - this.#reportedMs < REPORT_MS ? video.lossRatio : 0;
    const { estimateBps } = this;
    const { pictures } = this.#pace;
    this.#pace = stepPace(this.#pace, { lossRatio, estimateBps, sentBps }, nowMs);
    const thin = this.#pace.pictures === "keyframes";
    video.setThin(thin, this.#hooks.caches.video, estimateBps);
    if (this.#pace.pictures === pictures) return false;
    if (thin) this.counters.thinned++;
    return true;
  }

  /** Called once the peer is connected: not one packet leaves before. */
  connected(peer: RTCPeerConnection): void {
    const [dtls] = peer.dtlsTransports;
    if (!dtls) return;
    this.#peer = peer;
    const sender = new SecureSender(dtls);
    this.#sender = sender;
    for (const transceiver of peer.getTransceivers()) {
      const payloadTypes = payloadTypesOf(transceiver);
      const kind = transceiver.kind as MediaKind;
      if (payloadTypes.size === 0 || this.#egress.has(kind)) continue;
      const { ssrc, rtxSsrc } = transceiver.sender;
      const { nowMs } = this.#hooks;
      const egress = new Egress({ kind, ssrc, rtxSsrc, payloadTypes, sender, nowMs });
      this.#egress.set(kind, egress);
    }
    // Not by way of werift's senders: its router gives feedback to whoever bears the sender's SSRC.
    dtls.onRtcp.subscribe((packet) => this.#feedback(packet));
    const video = this.#egress.get("video");
    if (video && !video.join(this.#hooks.caches.video)) this.#askKeyframe();
  }

  forward(media: Media): void {
    // The second wall: a token without this kind gets none of it, whatever was negotiated.
    if (!this.claims.media.includes(media.kind)) {
      this.counters.refusedKind++;
      return;
    }
    this.#egress.get(media.kind)?.forward(media, this.#hooks.caches[media.kind]);
  }

  /** The publisher is another, or begins anew. */
  restart(): void {
    for (const egress of this.#egress.values()) egress.restart();
  }

  /** Sender reports (RFC 3550, 6.4.1): where each kind stands on one clock, so that voice and picture stay together. */
  report(clocks: ReadonlyMap<MediaKind, Clock>): void {
    const [dtls] = this.#peer?.dtlsTransports ?? [];
    if (dtls?.state !== "connected") return;
    for (const [kind, egress] of this.#egress) {
      const clock = clocks.get(kind);
      if (!clock || !egress.started) continue;
      const { ssrc } = egress.options;
      const senderInfo = new RtcpSenderInfo({
        ntpTimestamp: clock.ntp,
        rtpTimestamp: egress.timestampOf(clock.timestamp),
        packetCount: egress.counters.packets >>> 0,
        octetCount: egress.counters.octets >>> 0,
      });
      const description = new RtcpSourceDescriptionPacket({
        chunks: [
          new SourceDescriptionChunk({
            source: ssrc,
            items: [new SourceDescriptionItem({ type: SDES_CNAME, text: this.#peer?.cname ?? "tocsin" })],
          }),
        ],
      });
      dtls.sendRtcp([new RtcpSrPacket({ ssrc, senderInfo }), description]).catch(() => {});
    }
  }

  /** Counters of all kinds together. */
  figures() {
    let [packets, octets, again, heldBack] = [0, 0, 0, 0];
    for (const { counters } of this.#egress.values()) {
      packets += counters.packets;
      octets += counters.octets;
      again += counters.again;
      heldBack += counters.heldBack;
    }
    const lossRatio = this.#egress.get("video")?.lossRatio ?? 0;
    return { packets, octets, again, heldBack, lossRatio, direct: this.#sender?.direct ?? false };
  }

  close(): void {
    for (const egress of this.#egress.values()) egress.close();
  }

  #feedback(packet: RtcpPacket | ReferenceTime): void {
    if (packet instanceof ReferenceTime) this.#tellDistance(packet);
    else if (packet instanceof RtcpRrPacket || packet instanceof RtcpSrPacket) {
      for (const report of packet.reports) {
        const egress = this.#of(report.ssrc);
        if (!egress) continue;
        egress.lossRatio = report.fractionLost / 256;
        if (egress.options.kind === "video") this.#reportedMs = this.#hooks.nowMs();
      }
    } else if (packet instanceof RtcpTransportLayerFeedback) {
      if (!(packet.feedback instanceof GenericNack)) return;
      const { mediaSourceSsrc, lost } = packet.feedback;
      const egress = this.#of(mediaSourceSsrc);
      if (!egress) return;
      this.counters.nacks++;
      egress.again(lost, this.#hooks.caches[egress.options.kind]);
    } else if (packet instanceof RtcpPayloadSpecificFeedback) {
      if (packet.feedback instanceof ReceiverEstimatedMaxBitrate) this.estimateBps = Number(packet.feedback.bitrate);
      else if (packet.feedback instanceof PictureLossIndication) this.#pictureLost();
    }
  }

  #tellDistance(reference: ReferenceTime): void {
    const ssrc = this.#egress.get("video")?.options.ssrc;
    if (ssrc === undefined) return;
    this.counters.distancesAsked++;
    const packet = { serialize: () => delayReport(ssrc, reference) } as unknown as RtcpSrPacket;
    this.#peer?.dtlsTransports[0]?.sendRtcp([packet]).catch(() => {});
  }

  #of(ssrc: number): Egress | undefined {
    for (const egress of this.#egress.values()) if (egress.options.ssrc === ssrc) return egress;
    return undefined;
  }

  /** The publisher's answer goes to everybody: it is asked only where the cache cannot help. */
  #pictureLost(): void {
    const nowMs = this.#hooks.nowMs();
    const video = this.#egress.get("video");
    if (video && nowMs - this.#refreshedMs >= REFRESH_EVERY_MS && video.refresh(this.#hooks.caches.video)) {
      this.#refreshedMs = nowMs;
      this.counters.keyframesFromCache++;
    } else if (this.pictures === "keyframes" || (video?.lossRatio ?? 0) > OWN_LOSS) this.counters.keyframesDeclined++;
    else this.#askKeyframe();
  }

  #askKeyframe(): void {
    this.counters.keyframesAsked++;
    this.#hooks.askKeyframe();
  }
}
