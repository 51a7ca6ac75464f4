/**
 * Live video as the role `stream` sees it: a camera that gives encoded pictures, and an uplink that takes them. Pictures are never decoded here,
 * and there is no sound: no type of this file can carry any.
 * Real: `devices/video/camera.ts` (RTSP, V4L2 by ffmpeg) and `devices/video/whip-uplink.ts` (WebRTC to the gateway's relay).
 *
 * Instants `...AtMs` are monotonic milliseconds (`performance.now()`).
 */
import type { IceServer } from "#contract/video.ts";

export type PictureCodec = "H264" | "VP8";

/** One encoded picture as RTP payloads (RFC 6184, RFC 7741), in order. The payloads belong to whoever made them and are not altered. */
export interface EncodedPicture {
  codec: PictureCodec;
  payloads: readonly Buffer[];
  /** Of the source, 90 kHz, modulo 2^32. It jumps when the source was opened anew or changed. */
  timestamp: number;
  /** Can be decoded without what came before. */
  key: boolean;
  arrivedAtMs: number;
  /** Which of the camera's streams, and which opening of it: pictures of different epochs do not refer to each other. */
  source: CameraSource;
  epoch: number;
}

export type CameraSource = "main" | "sub";

/**
 * `idle`: nobody looks. `starting`: being opened. `up`: gives pictures. `down`: does not, `why` says it; it is tried again by itself.
 * A camera that refuses our password is `down` with the reason, and asked rarely, because cameras lock out who asks often.
 */
export type CameraPhase = "idle" | "starting" | "up" | "down";

export interface CameraHealth {
  phase: CameraPhase;
  why?: string;
  codec?: PictureCodec;
  widthPx?: number;
  heightPx?: number;
  /** Over the last two seconds. */
  framesPerS: number;
  bitrateBps: number;
  source: CameraSource;
}

/**
 * Since start. `audioRefused`: streams with sound that the camera offered and that were not taken; `foreignPackets`: what came on a channel that
 * is not the picture's, and was dropped.
 */
export type CameraCounters = Record<
  "restarts" | "pictures" | "keyframes" | "sourceSwitches" | "rateChanges" | "audioRefused" | "foreignPackets",
  number
>;

/** A piece of the recording that a node keeps of itself: MPEG-TS that begins with a keyframe, without sound. */
export interface TsSegment {
  bytes: Buffer;
  /** UTC of the arrival of its first picture, ms since 1970. */
  startUtcMs: number;
  durationS: number;
}

export interface Camera {
  readonly name: string;
  /** For people. */
  readonly label: string | undefined;
  readonly health: CameraHealth;
  readonly counters: Readonly<CameraCounters>;
  /** Gives pictures until the returned function is called; the camera is opened for the first looker and closed after the last. */
  look(onPicture: (picture: EncodedPicture) => void): () => void;
  onHealth(listener: (health: CameraHealth) => void): () => void;
  /** What may be sent: the encoder is told, or the sub-stream taken. Undefined: no bound. */
  allow(bitrateBps: number | undefined): void;
  close(): Promise<void>;
}

/** Angles of a mount's servos, degrees of the servo, and its lamp. */
export interface MountPose {
  panDeg: number;
  tiltDeg: number;
  lampOn: boolean;
}

/** `starting`: its board was not heard yet. `down`: it does not answer, `why` says it; it is tried again by itself. */
export interface MountHealth {
  phase: "starting" | "up" | "down";
  why?: string;
}

/** What a camera turns on. The last pose told holds: a board that comes late, or comes back, is told it again. */
export interface CameraMount {
  readonly health: MountHealth;
  readonly counters: Readonly<Record<string, number>>;
  /** Never waits, never throws. */
  hold(pose: MountPose): void;
  onHealth(listener: () => void): () => void;
  close(): Promise<void>;
}

/** The last seconds of a camera, encrypted on the node. */
export interface PreRoll {
  /** Seconds held now. */
  readonly heldS: number;
  readonly counters: Readonly<Record<string, number>>;
  /** What is held of the last `seconds`, as fragmented MP4, and when it begins; undefined where nothing is held. */
  cut(seconds: number): Promise<{ mp4: Buffer; startUtcMs: number; durationS: number } | undefined>;
  close(): Promise<void>;
}

/** Where an uplink goes, as the gateway asked for it. */
export interface UplinkTarget {
  stream: string;
  whipUrl: string;
  token: string;
  iceServers: readonly IceServer[];
  codec: PictureCodec;
}

export interface UplinkStats {
  sentBps: number;
  /** What the congestion control allows. */
  allowedBps: number;
  /** Of the last seconds, 0 to 1. */
  lossRatio: number;
  roundTripMs: number | undefined;
}

/** Since the connection was made. */
export type UplinkCounters = Record<
  | "packets"
  | "pictures"
  | "picturesDropped"
  | "keyframeRequests"
  | "replays"
  | "nacks"
  | "retransmitted"
  | "notHeldAnyMore"
  | "notSentAgain"
  | "feedbacks"
  | "rateReductions",
  number
>;

/** One WebRTC connection. It is never repaired: when it has ended a new one is made. */
export interface Uplink {
  readonly stats: UplinkStats;
  readonly counters: Readonly<UplinkCounters>;
  send(picture: EncodedPicture): void;
  /** Pictures from the last keyframe to the newest one sent, once more, for a receiver that begins. */
  replay(group: readonly EncodedPicture[]): void;
  /** The relay wants a picture that can be decoded alone. */
  onKeyframeWanted(listener: () => void): () => void;
  onAllowed(listener: (bitrateBps: number) => void): () => void;
  /** Shows the relay a newer token. */
  renew(token: string): Promise<{ ok: true } | UplinkRefusal>;
  /** Ends when the connection has ended, with why. Never rejects. */
  readonly ended: Promise<string>;
  close(why: string): Promise<void>;
}

/**
 * Why there is no connection. `token`: the relay does not take this token, so another attempt with it is useless; `busy`: somebody else publishes
 * the stream; `link`: no answer; `refused`: anything else that the relay says no to.
 */
export interface UplinkRefusal {
  ok: false;
  kind: "token" | "busy" | "link" | "refused";
  why: string;
  /** Seconds that the relay asks to wait. */
  retryAfterS?: number;
}

/** Makes the connection; resolves when media flows or it is known why not. Never rejects for what a network or a relay can do. */
export type ConnectUplink = (
  target: UplinkTarget,
  signal: AbortSignal,
) => Promise<{ ok: true; uplink: Uplink } | UplinkRefusal>;

/** Sends what happened before the call: a fragmented MP4. */
export type UploadPreRoll = (
  url: string,
  token: string,
  recording: { mp4: Buffer; startUtcMs: number; durationS: number },
  signal: AbortSignal,
) => Promise<{ ok: true } | UplinkRefusal>;
