/** Peer connections of the relay: what it negotiates, and the answer to an offer. */
import {
  RTCPeerConnection,
  RTCRtpCodecParameters,
  type RTCRtpTransceiver,
  useAbsSendTime,
  useNACK,
  usePLI,
  useREMB,
  useSdesMid,
  useTransportWideCC,
  useTWCC,
} from "werift";
import type { IceServer, MediaKind } from "#contract/video.ts";
import { Refusal } from "../http/refusal.ts";
import type { Codec } from "./media.ts";

export interface IceOptions {
  /** Addresses under which peers reach this machine beside those of its interfaces: a public one behind NAT, 127.0.0.1 for tests. */
  addresses: readonly string[];
  /** First and last UDP port; any where absent. */
  udpPorts?: readonly [number, number];
  /** Also listen on TCP (RFC 6544) for peers whose network lets no UDP through. */
  tcp: boolean;
  iceServers: readonly IceServer[];
}

/** What a session may carry. */
export interface Allowed {
  media: readonly MediaKind[];
  codecs: readonly ("H264" | "VP8")[];
}

/** A publisher is told of each packet's arrival (transport-wide congestion control); a viewer says what its path takes (REMB). */
const video = (role: Role, mimeType: string, parameters?: string) =>
  new RTCRtpCodecParameters({
    mimeType,
    clockRate: 90_000,
    rtcpFeedback: [useNACK(), usePLI(), role === "publisher" ? useTWCC() : useREMB()],
    ...(parameters !== undefined && { parameters }),
  });
const rtx = () => new RTCRtpCodecParameters({ mimeType: "video/rtx", clockRate: 90_000 });

type Role = "publisher" | "viewer";

function codecsOf(role: Role, { media, codecs }: Allowed) {
  const h264 = codecs.includes("H264") ? [video(role, "video/H264", "packetization-mode=1"), rtx()] : [];
  const vp8 = codecs.includes("VP8") ? [video(role, "video/VP8"), rtx()] : [];
  return {
    video: media.includes("video") ? [...h264, ...vp8] : [],
    audio: media.includes("audio")
      ? [new RTCRtpCodecParameters({ mimeType: "audio/opus", clockRate: 48_000, channels: 2 })]
      : [],
  };
}

export function makePeer(role: Role, allowed: Allowed, ice: IceOptions): RTCPeerConnection {
  // Towards viewers no header extension is sent: fewer bytes, and nothing to rewrite per viewer.
  const extensions = role === "publisher" ? [useSdesMid(), useAbsSendTime(), useTransportWideCC()] : [];
  return new RTCPeerConnection({
    codecs: codecsOf(role, allowed),
    headerExtensions: { video: extensions, audio: role === "publisher" ? [useSdesMid()] : [] },
    iceServers: ice.iceServers.map((server) => ({ ...server })),
    iceAdditionalHostAddresses: [...ice.addresses],
    iceUseTcp: ice.tcp,
    iceUseIpv6: false,
    bundlePolicy: "max-bundle",
    ...(ice.udpPorts && { icePortRange: [...ice.udpPorts] as [number, number] }),
  });
}

/** Answers an offer (RFC 9725, 4.2). @throws Refusal 400 when it is no offer, 406 when nothing of it is both known and allowed. */
export async function answerOffer(
  peer: RTCPeerConnection,
  role: "publisher" | "viewer",
  offer: string,
): Promise<string> {
  const actpass = /^a=setup:actpass\s*$/m.test(offer);
  try {
    await peer.setRemoteDescription({ type: "offer", sdp: offer });
  } catch (error) {
    throw new Refusal(400, `the offer cannot be read: ${(error as Error).message}`, { field: "body" });
  }
  const transceivers = peer.getTransceivers();
  const usable = transceivers.filter((each) => each.codecs.some(({ name }) => codecNameOf(name) !== undefined));
  if (usable.length === 0 && (role === "publisher" || transceivers.length > 0)) {
    throw new Refusal(406, "the offer has no media that is both known here and allowed by the token", {
      fix: "offer H264 (packetization-mode 1) or VP8, and Opus only where the token has audio",
    });
  }
  for (const transceiver of usable) transceiver.direction = role === "publisher" ? "recvonly" : "sendonly";
  askNobodyElse(peer);
  // A DTLS server answers at once; werift's client waits 100 ms before its first flight.
  if (actpass) for (const dtls of peer.dtlsTransports) dtls.role = "server";
  bearSecondAnswers(peer);
  await peer.setLocalDescription(await peer.createAnswer());
  return peer.localDescription?.sdp ?? "";
}

/** Where no STUN server is configured, werift asks Google's: who watches what is nobody's business, and a network without it costs five seconds. */
export function askNobodyElse(peer: RTCPeerConnection): void {
  const configured = peer.config.iceServers.some(({ urls }) => [urls].flat().some((url) => url.startsWith("stun:")));
  if (configured) return;
  for (const { connection } of peer.iceTransports) Object.assign(connection, { stunServer: undefined });
}

/** DTLS 1.2's hello_verify_request (RFC 6347, 4.3.2). */
const HELLO_VERIFY = 3;

/**
 * werift's DTLS client greets again after half a second, and ends the connection (0.25.2: `Flight3.exec` throws) over the second answer: always where the
 * other side is half a second away, often where it is busy.
 */
export function bearSecondAnswers(peer: RTCPeerConnection): void {
  for (const transport of peer.dtlsTransports) {
    let dtls = transport.dtls;
    Object.defineProperty(transport, "dtls", {
      get: () => dtls,
      set(made: NonNullable<typeof dtls>) {
        dtls = made;
        const handle = made.onHandleHandshakes;
        const wanted = (type: number) => type !== HELLO_VERIFY || made.dtls.flight === 1;
        made.onHandleHandshakes = (said) => handle(said.filter(({ msg_type }) => wanted(msg_type)));
      },
    });
  }
}

export function codecNameOf(name: string): Codec | undefined {
  const lower = name.toLowerCase();
  if (lower === "h264") return "H264";
  if (lower === "vp8") return "VP8";
  return lower === "opus" ? "opus" : undefined;
}

/** Payload types of a negotiated transceiver by codec, with those of their retransmissions. */
export function payloadTypesOf(transceiver: RTCRtpTransceiver): Map<Codec, { media: number; rtx?: number }> {
  const types = new Map<Codec, { media: number; rtx?: number }>();
  for (const codec of transceiver.codecs) {
    const name = codecNameOf(codec.name);
    if (!name || types.has(name)) continue;
    const again = transceiver.codecs.find(
      (other) => other.name.toLowerCase() === "rtx" && other.parameters === `apt=${codec.payloadType}`,
    );
    types.set(name, { media: codec.payloadType, ...(again && { rtx: again.payloadType }) });
  }
  return types;
}
