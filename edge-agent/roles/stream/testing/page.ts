/** The viewer's page of the tests: WHEP by hand, each presented picture's time code read off a canvas. */
import { withRoundTrip } from "#gateway/caller/page/round-trip.ts";
import { readTimeCode } from "#sim/camera/time-code.ts";

/** What the page notes of each picture that it presented. */
export interface Presented {
  /** Of the page's clock (ms since 1970). */
  atMs: number;
  /** Time code; 0 where it could not be read. */
  paintedMs: number;
  picture: number;
}

export interface ViewerStats {
  framesReceived: number;
  framesDecoded: number;
  framesDropped: number;
  framesPerSecond: number;
  freezeCount: number;
  totalFreezesDuration: number;
  packetsReceived: number;
  packetsLost: number;
  nackCount: number;
  pliCount: number;
  keyFramesDecoded: number;
  jitterBufferDelay: number;
  jitterBufferEmittedCount: number;
  decoder: string;
  /** Pictures that were given to the compositor; a page is called back for fewer where two fall between two of its own frames. */
  presentedFrames: number;
  /** Times that it was called back. */
  readFrames: number;
}

/** What tests call in the page. */
export interface Viewer {
  /** Resolves with the milliseconds from the call to the first picture on the screen. */
  join(stream: string, token: string): Promise<number>;
  leave(): Promise<void>;
  presented: Presented[];
  stats(): Promise<ViewerStats>;
  connection(): string;
}

const script = `
const __name = (f) => f;
const readTimeCode = ${readTimeCode.toString()};
const withRoundTrip = ${withRoundTrip.toString()};
const video = document.querySelector("video");
const canvas = document.createElement("canvas");
const context = canvas.getContext("2d", { willReadFrequently: true });
let peer, location_, token_, presentedFrames = 0, readFrames = 0;
const viewer = {
  presented: [],
  async join(stream, token) {
    await viewer.leave();
    viewer.presented.length = 0;
    const startMs = performance.now();
    token_ = token;
    peer = new RTCPeerConnection({ iceServers: [] });
    const { receiver } = peer.addTransceiver("video", { direction: "recvonly" });
    video.srcObject = new MediaStream([receiver.track]);
    const first = new Promise((resolve) => {
      const onPicture = (now, { width, height, presentedFrames: count }) => {
        presentedFrames = count;
        readFrames++;
        const atMs = performance.timeOrigin + performance.now();
        if (peer && video.srcObject) video.requestVideoFrameCallback(onPicture);
        const rows = Math.ceil(width * 24 / 640) + 2;
        if (canvas.width !== width) { canvas.width = width; canvas.height = rows; }
        context.drawImage(video, 0, 0, width, rows, 0, 0, width, rows);
        const { data } = context.getImageData(0, 0, width, rows);
        const code = readTimeCode(width, (x, y) => data[4 * (y * width + x) + 1]);
        viewer.presented.push({ atMs, paintedMs: code?.utcMs ?? 0, picture: code?.picture ?? -1 });
        if (viewer.presented.length > 40000) viewer.presented.splice(0, 20000);
        resolve(performance.now() - startMs);
      };
      video.requestVideoFrameCallback(onPicture);
    });
    await peer.setLocalDescription({ type: "offer", sdp: withRoundTrip((await peer.createOffer()).sdp) });
    const reply = await fetch("/video/whep/" + stream, {
      method: "POST", body: peer.localDescription.sdp,
      headers: { authorization: "Bearer " + token, "content-type": "application/sdp" },
    });
    if (reply.status !== 201) throw new Error(reply.status + " " + await reply.text());
    location_ = reply.headers.get("location");
    await peer.setRemoteDescription({ type: "answer", sdp: await reply.text() });
    return first;
  },
  async leave() {
    if (!peer) return;
    peer.close();
    peer = undefined;
    video.srcObject = null;
    await fetch(location_, { method: "DELETE", headers: { authorization: "Bearer " + token_ } }).catch(() => {});
  },
  connection: () => peer?.connectionState ?? "none",
  async stats() {
    const found = { presentedFrames, readFrames };
    for (const each of (await peer.getStats()).values())
      if (each.type === "inbound-rtp" && each.kind === "video") Object.assign(found, each, { decoder: each.decoderImplementation });
    return found;
  },
};
window.viewer = viewer;
`;

export const page = `<!doctype html><meta charset="utf-8"><title>viewer</title>
<style>body{margin:0;background:#000}video{width:640px;height:360px}</style>
<video muted autoplay playsinline></video><script type="module">${script}</script>`;
