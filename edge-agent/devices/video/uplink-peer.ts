/** The node's peer connection: one video section to send, nothing else. */
import {
  RTCPeerConnection,
  RTCRtpCodecParameters,
  useAbsSendTime,
  useNACK,
  usePLI,
  useREMB,
  useSdesMid,
  useTransportWideCC,
  useTWCC,
} from "werift";
import type { UplinkTarget } from "../../video-port.ts";

/** @param addresses beside those of the machine's interfaces. */
export function makePeer({ codec, iceServers }: UplinkTarget, addresses: readonly string[]): RTCPeerConnection {
  return new RTCPeerConnection({
    codecs: {
      video: [
        new RTCRtpCodecParameters({
          mimeType: `video/${codec}`,
          clockRate: 90_000,
          rtcpFeedback: [useNACK(), usePLI(), useREMB(), useTWCC()],
          ...(codec === "H264" && {
            parameters: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
          }),
        }),
        new RTCRtpCodecParameters({ mimeType: "video/rtx", clockRate: 90_000 }),
      ],
      audio: [],
    },
    headerExtensions: { video: [useSdesMid(), useAbsSendTime(), useTransportWideCC()] },
    iceServers: iceServers.flatMap(({ urls, username, credential }) =>
      urls.map((url) => ({ urls: url, ...(username && { username }), ...(credential && { credential }) })),
    ),
    iceAdditionalHostAddresses: [...addresses],
    iceUseIpv6: false,
    iceStunGatherTimeout: 2,
    bundlePolicy: "max-bundle",
  });
}

/** Where no STUN server is configured, werift asks Google's: which camera sends is nobody's business, and a network without it costs seconds. */
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
