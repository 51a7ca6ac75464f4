/** A viewer without a screen: asks for a stream as a console does, and says when the first whole picture was there. */
import { RTCPeerConnection, RTCRtpCodecParameters } from "werift";
import type { WatchGrant } from "#contract/video.ts";
import type { OpsClient } from "./ops-client.ts";

const rtcpFeedback = [{ type: "nack" }, { type: "nack", parameter: "pli" }];

/** Milliseconds from the asking to the last packet of the first keyframe. Rejects where none came within `limitMs`. */
export async function firstFrame(ops: OpsClient, stream: string, incident: string, limitMs: number): Promise<number> {
  const askedMs = performance.now();
  const grant = await ops.post<WatchGrant>("/video/watch", { stream, incident });
  const codec = (mimeType: string, parameters?: string) =>
    new RTCRtpCodecParameters({ mimeType, clockRate: 90_000, rtcpFeedback, ...(parameters && { parameters }) });
  const peer = new RTCPeerConnection({
    codecs: {
      video: [
        codec("video/H264", "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1"),
        codec("video/VP8"),
      ],
      audio: [],
    },
    iceAdditionalHostAddresses: ["127.0.0.1"],
    iceUseIpv6: false,
    bundlePolicy: "max-bundle",
  });
  try {
    peer.addTransceiver("video", { direction: "recvonly" });
    const whole = new Promise<number>((resolve, reject) => {
      setTimeout(() => reject(new Error(`no picture of ${stream} within ${limitMs} ms`)), limitMs).unref();
      peer.onTrack.subscribe((track) => {
        let keyframe = false;
        track.onReceiveRtp.subscribe(({ header, payload }) => {
          keyframe ||= track.codec?.mimeType === "video/VP8" ? startsVp8Key(payload) : startsH264Key(payload);
          if (keyframe && header.marker) resolve(performance.now() - askedMs);
        });
      });
    });
    await peer.setLocalDescription(await peer.createOffer());
    const answer = await fetch(new URL(grant.whepUrl, ops.url), {
      method: "POST",
      headers: { authorization: `Bearer ${grant.token}`, "content-type": "application/sdp" },
      body: peer.localDescription!.sdp,
    });
    const sdp = await answer.text();
    if (answer.status !== 201) throw new Error(`${stream}: ${answer.status} ${sdp}`);
    await peer.setRemoteDescription({ type: "answer", sdp });
    return Math.round(await whole);
  } finally {
    await peer.close();
  }
}

/** RFC 6184: a slice of a keyframe alone (5), at the start of a fragment (28), or its parameter sets (7) alone or in an aggregate (24). */
function startsH264Key(payload: Buffer): boolean {
  const kind = payload[0]! & 0x1f;
  if (kind === 24) return (payload[3]! & 0x1f) === 7 || (payload[3]! & 0x1f) === 5;
  if (kind === 28) return (payload[1]! & 0x80) !== 0 && (payload[1]! & 0x1f) === 5;
  return kind === 5;
}

/** RFC 7741: the first partition's start, with the frame header's key bit at 0. */
function startsVp8Key(payload: Buffer): boolean {
  if ((payload[0]! & 0x17) !== 0x10) return false;
  let at = 1;
  if ((payload[0]! & 0x80) !== 0) {
    const flags = payload[at++]!;
    if ((flags & 0x80) !== 0) at += (payload[at]! & 0x80) !== 0 ? 2 : 1;
    if ((flags & 0x40) !== 0) at++;
    if ((flags & 0x30) !== 0) at++;
  }
  return (payload[at]! & 1) === 0;
}
