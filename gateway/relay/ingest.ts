/** The publisher's side of a stream: takes in what its token allows, drops and counts the rest, asks for keyframes, measures. */
import {
  type RTCDtlsTransport,
  type RTCPeerConnection,
  type RTCRtpTransceiver,
  RTP_EXTENSION_URI,
  RtcpSrPacket,
} from "werift";
import type { MediaKind, VideoClaims } from "#contract/video.ts";
import { ArrivalFeedback } from "./arrival-feedback.ts";
import { AskAgain } from "./ask-again.ts";
import type { LossRequests } from "./loss-requests.ts";
import { type Codec, type Media, startsKeyframe, unwrap } from "./media.ts";
import { codecNameOf } from "./peer.ts";

/** A keyframe costs ten times an ordinary picture: asked for at most so often, however many viewers ask. */
const KEYFRAME_EVERY_MS = 500;
/** Begin above this, so that packets from before the first one still have a number that is not negative. */
const INDEX_BASE = 0x10000;

export interface IngestHooks {
  media(media: Media): void;
  /** Sender report: an instant of the publisher's clock and its RTP timestamp. */
  clock(kind: MediaKind, ntp: bigint, timestamp: number): void;
  /** Already there: a number must not stand for two packets. */
  knows(kind: MediaKind, index: number): boolean;
  /** A packet of the video was asked for in vain. */
  lostForGood(): void;
  nowMs: () => number;
}

export class Ingest {
  readonly #claims: VideoClaims;
  readonly #hooks: IngestHooks;
  readonly counters = {
    packets: 0,
    bytes: 0,
    duplicates: 0,
    /** Not allowed by the token, by what it was. */
    droppedKind: 0,
    droppedCodec: 0,
    /** Last packets of a picture. */
    pictures: 0,
    keyframes: 0,
    keyframesAsked: 0,
  };
  /** Codec of the video as it comes now. */
  codec: Codec | undefined;
  #taken = 0;
  #seen = 0;
  #askedMs = Number.NEGATIVE_INFINITY;
  #asks: (() => void)[] = [];
  #last = new Map<MediaKind, number>();
  #lastMediaMs = 0;
  #statistics: (() => { lost: number; expected: number }) | undefined;
  #askAgain: AskAgain | undefined;

  constructor(claims: VideoClaims, hooks: IngestHooks) {
    this.#claims = claims;
    this.#hooks = hooks;
  }

  /** Milliseconds (of `nowMs`) of the newest packet; 0 before the first. */
  get lastMediaMs(): number {
    return this.#lastMediaMs;
  }

  attach(peer: RTCPeerConnection): void {
    const [dtls] = peer.dtlsTransports;
    dtls?.onRtp.subscribe(() => this.#seen++);
    for (const transceiver of peer.getTransceivers()) {
      const kind = transceiver.kind as MediaKind;
      const tracks = transceiver.receiver.tracks;
      for (const track of tracks) {
        track.onReceiveRtp.subscribe((packet) => this.#take(transceiver, packet));
        track.onReceiveRtcp.subscribe((packet) => {
          if (packet instanceof RtcpSrPacket) {
            const { ntpTimestamp, rtpTimestamp } = packet.senderInfo;
            this.#hooks.clock(kind, ntpTimestamp, rtpTimestamp);
          }
        });
      }
      if (transceiver.kind === "video" && tracks[0]?.ssrc !== undefined) {
        const { ssrc } = tracks[0];
        this.#asks.push(() => void transceiver.receiver.sendRtcpPLI(ssrc));
        this.#statistics = () => statisticsOf(transceiver, ssrc);
        if (dtls) {
          tellArrivals(transceiver, ssrc, dtls);
          this.#askAgain = new AskAgain(transceiver.receiver, ssrc, dtls, () => this.#hooks.lostForGood());
        }
      }
    }
  }

  /** @returns false where it was asked for a moment ago. */
  askKeyframe(): boolean {
    const nowMs = this.#hooks.nowMs();
    if (nowMs - this.#askedMs < KEYFRAME_EVERY_MS) return false;
    this.#askedMs = nowMs;
    this.counters.keyframesAsked++;
    for (const ask of this.#asks) ask();
    return true;
  }

  /** Packets that came well encrypted and were of nothing negotiated: dropped. */
  get unknownPackets(): number {
    return Math.max(0, this.#seen - this.#taken);
  }

  /** Of the video: packets that were missing, asked for (each try), came after all, and did not. */
  get repairs(): LossRequests["counters"] {
    return this.#askAgain?.requests.counters ?? { lost: 0, asked: 0, recovered: 0, givenUp: 0 };
  }

  /** Packets that never came since the start, and that should have. */
  loss(): { lost: number; expected: number } {
    return this.#statistics?.() ?? { lost: 0, expected: 0 };
  }

  #take(
    transceiver: RTCRtpTransceiver,
    {
      header,
      payload,
    }: { header: { payloadType: number; sequenceNumber: number; timestamp: number; marker: boolean }; payload: Buffer },
  ): void {
    this.#taken++;
    const kind = transceiver.kind as MediaKind;
    // The second wall: the answer refused it already, a publisher may send it all the same.
    if (!this.#claims.media.includes(kind)) {
      this.counters.droppedKind++;
      return;
    }
    const negotiated = transceiver.codecs.find((each) => each.payloadType === header.payloadType);
    const codec = negotiated && codecNameOf(negotiated.name);
    if (
      !codec ||
      (codec !== "opus" && !this.#claims.codecs.includes(codec)) ||
      (codec === "opus") !== (kind === "audio")
    ) {
      this.counters.droppedCodec++;
      return;
    }
    // Padding for bandwidth probes has no media in it, but its number counts.
    const last = this.#last.get(kind);
    const index = last === undefined ? INDEX_BASE + header.sequenceNumber : unwrap(header.sequenceNumber, last);
    if (last === undefined || index > last) this.#last.set(kind, index);
    if (this.#hooks.knows(kind, index)) {
      this.counters.duplicates++;
      return;
    }
    this.counters.packets++;
    this.counters.bytes += payload.length;
    this.#lastMediaMs = this.#hooks.nowMs();
    const keyframe = kind === "video" && startsKeyframe(codec, payload);
    if (keyframe) this.counters.keyframes++;
    if (kind === "video" && header.marker) this.counters.pictures++;
    if (kind === "video") this.codec = codec;
    this.#hooks.media({ kind, codec, index, timestamp: header.timestamp, marker: header.marker, keyframe, payload });
  }
}

/** When packets arrived, for the publisher's congestion control, in place of werift's own. */
function tellArrivals(transceiver: RTCRtpTransceiver, ssrc: number, dtls: RTCDtlsTransport): void {
  const { receiver } = transceiver;
  Object.assign(receiver, { setupTWCC: () => undefined });
  const feedback = new ArrivalFeedback(ssrc, (message) => {
    const packet = { serialize: () => message } as unknown as RtcpSrPacket;
    dtls.sendRtcp([packet]).catch(() => {});
  });
  for (const track of receiver.tracks) {
    track.onReceiveRtp.subscribe((_, extensions) => {
      const number = extensions?.[RTP_EXTENSION_URI.transportWideCC];
      if (typeof number === "number") feedback.arrived(number);
    });
  }
}

/** werift keeps them per SSRC for its receiver reports. */
function statisticsOf(transceiver: RTCRtpTransceiver, ssrc: number): { lost: number; expected: number } {
  const all = (
    transceiver.receiver as unknown as {
      remoteStreams: Record<number, { packets_lost: number; packets_expected: number }>;
    }
  ).remoteStreams;
  const one = all[ssrc];
  return one ? { lost: one.packets_lost, expected: one.packets_expected } : { lost: 0, expected: 0 };
}
