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
import type { Media } from "./media.ts";
import type { PacketCache } from "./packet-cache.ts";
import { payloadTypesOf } from "./peer.ts";
import { SecureSender } from "./secure-sender.ts";

const SDES_CNAME = 1;

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
  readonly counters = { keyframesAsked: 0, nacks: 0, refusedKind: 0 };
  /** The viewer's estimate of what its path takes (REMB); undefined where it says none. */
  estimateBps: number | undefined;

  constructor(claims: VideoClaims, hooks: ViewerHooks) {
    this.claims = claims;
    this.#hooks = hooks;
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
  figures(): { packets: number; octets: number; again: number; lossRatio: number; direct: boolean } {
    let [packets, octets, again] = [0, 0, 0];
    for (const { counters } of this.#egress.values()) {
      packets += counters.packets;
      octets += counters.octets;
      again += counters.again;
    }
    const lossRatio = this.#egress.get("video")?.lossRatio ?? 0;
    return { packets, octets, again, lossRatio, direct: this.#sender?.direct ?? false };
  }

  close(): void {
    for (const egress of this.#egress.values()) egress.close();
  }

  #feedback(packet: RtcpPacket): void {
    if (packet instanceof RtcpRrPacket || packet instanceof RtcpSrPacket) {
      for (const report of packet.reports) {
        const egress = this.#of(report.ssrc);
        if (egress) egress.lossRatio = report.fractionLost / 256;
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
      else if (packet.feedback instanceof PictureLossIndication) this.#askKeyframe();
    }
  }

  #of(ssrc: number): Egress | undefined {
    for (const egress of this.#egress.values()) if (egress.options.ssrc === ssrc) return egress;
    return undefined;
  }

  #askKeyframe(): void {
    this.counters.keyframesAsked++;
    this.#hooks.askKeyframe();
  }
}
