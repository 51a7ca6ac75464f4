/** werift clients that publish to the relay and watch, over real WHIP and WHEP. */
import {
  MediaStreamTrack,
  type RTCDataChannel,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtpHeader,
  RtpPacket,
  useNACK,
  usePLI,
  useREMB,
  useTransportWideCC,
  useTWCC,
} from "werift";
import type { IceServer } from "#contract/video.ts";
import { DATA_LABEL, type DataSaid } from "#contract/video-data.ts";
import { askNobodyElse, bearSecondAnswers } from "./peer.ts";

const codec = (mimeType: string, parameters?: string) =>
  new RTCRtpCodecParameters({
    mimeType,
    clockRate: mimeType.startsWith("audio") ? 48_000 : 90_000,
    ...(mimeType.startsWith("audio") && { channels: 2 }),
    rtcpFeedback: mimeType.startsWith("audio") ? [] : [useNACK(), usePLI(), useREMB(), useTWCC(), { type: "rrtr" }],
    ...(parameters !== undefined && { parameters }),
  });
const videoCodecs = {
  VP8: () => [codec("video/VP8"), new RTCRtpCodecParameters({ mimeType: "video/rtx", clockRate: 90_000 })],
  H264: () => [
    codec("video/H264", "packetization-mode=1;profile-level-id=42e01f"),
    new RTCRtpCodecParameters({ mimeType: "video/rtx", clockRate: 90_000 }),
  ],
};

const clients = new Set<RTCPeerConnection>();

/** Ends every client that a test made, also one that failed half-way. */
export async function closeClients(): Promise<void> {
  for (const transport of [...clients].flatMap(({ dtlsTransports }) => dtlsTransports)) {
    // werift begins a handshake, and goes on with one, that nobody answers any more: for half a minute, and the process with it.
    Object.assign(transport, { start: async () => undefined });
    const handshake = transport.dtls?.dtls;
    if (handshake) Object.defineProperty(handshake, "flight", { get: () => Number.MAX_SAFE_INTEGER, set: () => {} });
  }
  await Promise.all([...clients].map((peer) => peer.close()));
  clients.clear();
}

function makeClient(
  video: readonly ("VP8" | "H264")[],
  audio: boolean,
  turn: readonly IceServer[] = [],
): RTCPeerConnection {
  const peer = new RTCPeerConnection({
    headerExtensions: { video: [useTransportWideCC()], audio: [] },
    codecs: { video: video.flatMap((name) => videoCodecs[name]()), audio: audio ? [codec("audio/opus")] : [] },
    iceAdditionalHostAddresses: ["127.0.0.1"],
    iceUseIpv6: false,
    bundlePolicy: "max-bundle",
    iceServers: turn.map((server) => ({ ...server })),
    ...(turn.length > 0 && { iceTransportPolicy: "relay" as const }),
  });
  clients.add(peer);
  return peer;
}

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
}

export async function send(
  method: string,
  url: string,
  token: string | undefined,
  body?: string,
  headers = {},
): Promise<Reply> {
  const answer = await fetch(url, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/sdp" }),
      ...headers,
    },
    ...(body !== undefined && { body }),
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

export interface Client {
  peer: RTCPeerConnection;
  location: string;
  etag: string;
  channel: RTCDataChannel | undefined;
  said: DataSaid[];
  connected: Promise<void>;
  close(): Promise<void>;
}

/** @throws with the status in its message when the relay refuses. */
async function join(
  peer: RTCPeerConnection,
  base: string,
  path: string,
  token: string,
  data: boolean,
): Promise<Client> {
  const said: DataSaid[] = [];
  const channel = data ? peer.createDataChannel(DATA_LABEL) : undefined;
  channel?.onMessage.subscribe((text) => said.push(JSON.parse(String(text)) as DataSaid));
  askNobodyElse(peer);
  bearSecondAnswers(peer);
  await peer.setLocalDescription(await peer.createOffer());
  const reply = await send("POST", base + path, token, peer.localDescription?.sdp ?? "");
  if (reply.status !== 201) {
    await peer.close();
    throw new Error(`${reply.status}: ${reply.text}`);
  }
  const connected = new Promise<void>((resolve, reject) => {
    peer.connectionStateChange.subscribe((state) => {
      if (state === "connected") resolve();
      if (state === "failed" || state === "closed") reject(new Error(`connection ${state}`));
    });
  });
  connected.catch(() => {});
  await peer.setRemoteDescription({ type: "answer", sdp: reply.text });
  return {
    peer,
    location: base + (reply.headers.get("location") ?? ""),
    etag: reply.headers.get("etag") ?? "",
    channel,
    said,
    connected,
    close: () => peer.close(),
  };
}

export interface Published extends Client {
  /** Keyframes that the relay asked for. */
  asked(): number;
  /** A picture of `packets` packets of `bytes` each; a keyframe where asked. Carries the sender's time in ms. */
  picture(keyframe: boolean, packets?: number, bytes?: number): void;
  voice(): void;
  /** Another payload under the number of the last packet. */
  repeat(payload: Buffer): Promise<number>;
  /** A packet of a real encoder. */
  write(packet: RtpPacket): void;
  /** Raw packet into its encrypted transport, whatever was negotiated. */
  raw(payloadType: number, ssrc: number, payload: Buffer): Promise<number>;
}

export async function publish(
  base: string,
  stream: string,
  token: string,
  options: { codec?: "VP8" | "H264"; audio?: boolean; data?: boolean } = {},
): Promise<Published> {
  const { codec: name = "VP8", audio = false } = options;
  const peer = makeClient([name], audio);
  const video = new MediaStreamTrack({ kind: "video" });
  const voice = new MediaStreamTrack({ kind: "audio" });
  peer.addTransceiver(video, { direction: "sendonly" });
  if (audio) peer.addTransceiver(voice, { direction: "sendonly" });
  const client = await join(peer, base, `/video/whip/${stream}`, token, options.data ?? false);
  const sender = peer.getSenders().find(({ kind }) => kind === "video");
  let asked = 0;
  sender?.onPictureLossIndication.subscribe(() => asked++);
  let sequence = 1_000;
  let timestamp = 5_000;
  return {
    ...client,
    asked: () => asked,
    picture: (keyframe, packets = 1, bytes = 200) => {
      timestamp += 3_000;
      for (let at = 0; at < packets; at++) {
        const header = new RtpHeader({
          sequenceNumber: sequence++ & 0xffff,
          timestamp,
          marker: at === packets - 1,
          payloadType: 96,
        });
        video.writeRtp(new RtpPacket(header, fakePayload(name, keyframe, at === 0, bytes)));
      }
    },
    voice: () => {
      const header = new RtpHeader({
        sequenceNumber: sequence++ & 0xffff,
        timestamp: (timestamp += 960),
        payloadType: 96,
      });
      voice.writeRtp(new RtpPacket(header, Buffer.alloc(80, 0xaa)));
    },
    repeat: (payload) => {
      const header = new RtpHeader({
        sequenceNumber: sequence - 1,
        timestamp,
        marker: true,
        payloadType: 96,
        ssrc: sender?.ssrc ?? 0,
      });
      return peer.dtlsTransports[0]?.sendRtp(payload, header) ?? Promise.resolve(0);
    },
    write: (packet) => video.writeRtp(packet),
    raw: (payloadType, ssrc, payload) => {
      const header = new RtpHeader({ sequenceNumber: sequence++ & 0xffff, timestamp, payloadType, ssrc });
      const dtls = peer.dtlsTransports[0];
      if (!dtls) throw new Error("no transport");
      return dtls.sendRtp(payload, header);
    },
  };
}

/** Looks like the codec from outside: a decoder would find nothing in it. The sender's time stands at byte 8. */
export function fakePayload(name: "VP8" | "H264", keyframe: boolean, first: boolean, bytes: number): Buffer {
  const payload = Buffer.alloc(bytes, 0x55);
  if (name === "VP8") {
    payload[0] = first ? 0x10 : 0x00;
    payload[1] = keyframe ? 0x00 : 0x01;
  } else {
    payload[0] = 0x7c;
    payload[1] = (first ? 0x80 : 0) | (keyframe ? 5 : 1);
  }
  payload.writeDoubleBE(performance.timeOrigin + performance.now(), 8);
  return payload;
}

export interface Watching extends Client {
  packets: { kind: "video" | "audio"; header: RtpHeader; payload: Buffer; atMs: number }[];
  /** Packets of any kind in its transport, before anything is sorted. */
  raw(): number;
  askKeyframe(): void;
}

export async function watch(
  base: string,
  stream: string,
  token: string,
  options: {
    audio?: boolean;
    data?: boolean;
    video?: readonly ("VP8" | "H264")[];
    /** Only by way of these. */
    turn?: readonly IceServer[];
  } = {},
): Promise<Watching> {
  const peer = makeClient(options.video ?? ["VP8", "H264"], true, options.turn);
  peer.addTransceiver("video", { direction: "recvonly" });
  if (options.audio) peer.addTransceiver("audio", { direction: "recvonly" });
  const packets: Watching["packets"] = [];
  let raw = 0;
  let ssrc = 0;
  peer.onTrack.subscribe((track) => {
    const kind = track.kind as "video" | "audio";
    track.onReceiveRtp.subscribe(({ header, payload }) => {
      if (kind === "video") ssrc = header.ssrc;
      packets.push({ kind, header, payload, atMs: performance.timeOrigin + performance.now() });
    });
  });
  const client = await join(peer, base, `/video/whep/${stream}`, token, options.data ?? false);
  for (const dtls of peer.dtlsTransports) dtls.onRtp.subscribe(() => raw++);
  const receiver = peer.getReceivers().find(({ kind }) => kind === "video");
  return { ...client, packets, raw: () => raw, askKeyframe: () => void receiver?.sendRtcpPLI(ssrc) };
}
