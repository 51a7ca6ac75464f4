/**
 * Live video: what the gateway asks a node for, what the node says of its cameras, what a token of the relay grants, and what
 * consoles and callers say to the gateway about it. Media goes over WebRTC; its signalling is HTTP: WHIP (RFC 9725) and WHEP.
 *
 *   POST   /video/whip/<stream>   application/sdp offer, `Authorization: Bearer <token>`  -> 201, answer, `Location`, `ETag`
 *   POST   /video/whep/<stream>   the same for a viewer; the offer comes from the viewer (recvonly)
 *   PATCH  <Location>             application/trickle-ice-sdpfrag -> 204; with a newer token it prolongs the session, also with an empty body
 *   DELETE <Location>             -> 200
 *
 * A refusal is `{ error, field?, fix? }` with 400, 401 (no or bad token), 403 (token for something else), 404, 406 (no codec in common), 409
 * (somebody publishes this stream), 413, 415, 429 or 503. ICE is not restarted (422): make a new session.
 *
 *   GET    /api/video/streams                                   -> { streams: StreamView[] }
 *   POST   /api/video/watch             WatchAsk                -> WatchGrant      (puts the look on the incident's timeline)
 *   POST   /api/video/record            RecordAsk               -> StreamView
 *   POST   /api/video/snapshot?stream=<s>&incident=<i>          image/jpeg -> SnapshotView
 *   GET    /api/video/still/:stream                             -> image/jpeg of the newest keyframe (for thin links), 404 when none
 *   GET    /api/incidents/:id/video                             -> IncidentVideo
 *   GET    /api/video/recordings/:recording/video               -> video/mp4 (fragmented) or video/webm; playable while it grows
 *   GET    /api/video/snapshots/:snapshot                       -> image/jpeg
 *   POST   /video/preroll/<stream>  `Authorization: Bearer <publisher's token>`, video/mp4 (fragmented, no audio) -> 201
 */
import * as v from "valibot";
import { channel, type MessageOf } from "./channel.ts";
import { BearingDeg, Count, Finite, Id, LatDeg, LonDeg, Name, NonNegative, Probability, Text, UtcNs } from "./units.ts";

export const CameraName = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, "must be 1 to 32 of a-z 0-9 _ - and start with a letter or digit"),
);

/** `<node>.<camera>`: `lamp-3.front`, `drone-1.gimbal`; a caller's `caller-<id>.phone`, the operator's voice to them `operator-<id>.voice`. */
export const StreamName = v.pipe(
  v.string(),
  v.regex(
    /^[a-z0-9][a-z0-9_-]{0,47}\.[a-z0-9][a-z0-9_-]{0,31}$/,
    "must be <node>.<camera>, such as lamp-3.front (a-z 0-9 _ -)",
  ),
);
export type StreamName = v.InferOutput<typeof StreamName>;

export const VideoCodec = v.picklist(["H264", "VP8"]);
export const MediaKind = v.picklist(["video", "audio"]);
export type MediaKind = v.InferOutput<typeof MediaKind>;

/** As `RTCIceServer`. */
export const IceServer = v.object({
  urls: v.pipe(
    v.array(
      v.pipe(
        v.string(),
        v.maxLength(300),
        v.regex(/^(stun|stuns|turn|turns):/, "must begin with stun:, stuns:, turn: or turns:"),
      ),
    ),
    v.minLength(1),
    v.maxLength(8),
  ),
  username: v.optional(v.pipe(v.string(), v.maxLength(200))),
  credential: v.optional(v.pipe(v.string(), v.maxLength(200))),
});
export type IceServer = v.InferOutput<typeof IceServer>;

/**
 * Asks a node to send a camera until `until`. The newest want of a stream holds: one with a later `until` prolongs it (the node shows the new
 * token to the relay with a PATCH), one whose `until` has passed ends it. While it holds, the node comes back by itself after any failure. `to` the node.
 */
export const videoWant = channel(
  "video/want",
  {
    camera: CameraName,
    stream: StreamName,
    /** Where to POST the offer. Relative ones (`/video/whip/...`) are meant below the gateway's HTTP address in the node's configuration. */
    whipUrl: v.pipe(v.string(), v.maxLength(500)),
    token: v.pipe(v.string(), v.maxLength(4000)),
    iceServers: v.pipe(v.array(IceServer), v.maxLength(8)),
    until: UtcNs,
    incident: v.optional(Id),
    /**
     * Where the incident is, for a camera that can turn there: it looks there for as long as the want says so. `heightM` is above the ground
     * there, 0 where it is absent. An aim and no claim: the incident's own place bears its bound.
     */
    lookAt: v.optional(v.object({ lat: LatDeg, lon: LonDeg, heightM: v.optional(Finite) })),
    /** Who or what asked: a person, `incident`, `technician`. */
    by: Name,
    /** Seconds before the want that the incident asks for out of the node's own ring; sent once to `preRollUrl`. */
    preRollS: v.optional(v.pipe(NonNegative, v.maxValue(120))),
    preRollUrl: v.optional(v.pipe(v.string(), v.maxLength(500))),
    /** Upper bound that the encoder keeps, beside what the congestion control allows. */
    maxBitrateBps: v.optional(Count),
  },
  {
    rights: { publish: ["gateway"], subscribe: ["node", "drone", "robot"] },
    addressed: "to",
    delivery: { priority: 8 },
  },
);
export type VideoWant = MessageOf<typeof videoWant>;

/** `idle`: nobody wants it; `failed`: it is wanted and not to be had now (`why`), and the node tries again by itself. */
export const VideoPhase = v.picklist(["idle", "connecting", "live", "failed"]);
export type VideoPhase = v.InferOutput<typeof VideoPhase>;

/**
 * Where a camera on a mount was told to look; servos do not answer whether they got there. `rest`: no want names a place; `aimed`: at the place of
 * the want; `out-of-reach`: at rest, since the mount does not turn that far; `down`: the mount's board does not answer (`why`), and is tried again.
 */
export const CameraAim = v.object({
  phase: v.picklist(["rest", "aimed", "out-of-reach", "down"]),
  why: v.optional(Text),
  /** With `aimed`: clockwise from true north, and above level. */
  azimuthDeg: v.optional(BearingDeg),
  elevationDeg: v.optional(v.pipe(Finite, v.minValue(-90), v.maxValue(90))),
  /** The camera's lamp; absent where it has none. */
  lampOn: v.optional(v.boolean()),
});
export type CameraAim = v.InferOutput<typeof CameraAim>;

export const CameraState = v.object({
  camera: CameraName,
  stream: StreamName,
  /** For people: "front, towards the market". */
  label: v.optional(v.pipe(v.string(), v.maxLength(80))),
  phase: VideoPhase,
  /** Is the camera itself there and giving pictures, as far as known. */
  cameraOk: v.optional(v.boolean()),
  /** For people; set with `failed`, or where a camera needs somebody. */
  why: v.optional(Text),
  codec: v.optional(VideoCodec),
  widthPx: v.optional(Count),
  heightPx: v.optional(Count),
  framesPerS: v.optional(NonNegative),
  /** Which of the camera's own streams is sent. */
  source: v.optional(v.picklist(["main", "sub"])),
  /** Sent now, and allowed by the congestion control. */
  bitrateBps: v.optional(NonNegative),
  allowedBps: v.optional(NonNegative),
  lossRatio: v.optional(Probability),
  roundTripMs: v.optional(NonNegative),
  /** Seconds held in the encrypted ring on the node; absent where it keeps none. */
  preRollHeldS: v.optional(NonNegative),
  /** Absent where the camera stands on no mount. */
  aim: v.optional(CameraAim),
  /** Counters since the agent's start: reconnects, keyframes asked, packets dropped, audio packets dropped ... */
  counters: v.optional(v.record(v.string(), Finite)),
});
export type CameraState = v.InferOutput<typeof CameraState>;

/** All cameras of a node: at each change, and every 5 s while one of them is wanted. Retained. `from` the node. */
export const videoState = channel(
  "video/state",
  { cameras: v.pipe(v.array(CameraState), v.maxLength(16)) },
  {
    retained: true,
    rights: { publish: ["node", "drone", "robot"], subscribe: ["gateway", "dispatch", "pilot", "flows"] },
    delivery: { keep: "newest", priority: 4 },
  },
);
export type VideoState = MessageOf<typeof videoState>;

/**
 * Claims of a token: a JWT (RFC 7519) signed by the gateway with Ed25519, `iss` "tocsin-gateway", `aud` "tocsin-relay", minutes long. The relay
 * holds the public key alone and ends a session when its token ends, unless a PATCH has shown a newer one of the same `act`, `stream` and `sub`.
 */
export const VideoClaims = v.object({
  iss: v.literal("tocsin-gateway"),
  aud: v.literal("tocsin-relay"),
  act: v.picklist(["publish", "view"]),
  stream: StreamName,
  /** Node, logged-in person, or `caller-<id>`. */
  sub: Name,
  /** Kinds a publisher may send, or a viewer may get; all else is dropped and counted. */
  media: v.pipe(v.array(MediaKind), v.minLength(1), v.maxLength(2)),
  /** Video codecs a publisher may send. Audio is Opus. */
  codecs: v.optional(v.array(VideoCodec), ["H264", "VP8"]),
  /** Data channel: none, listen, or speak (point, chat). */
  data: v.optional(v.picklist(["none", "read", "write"]), "none"),
  /** Name that others see beside what this person points at or writes; `sub` where absent. */
  name: v.optional(v.pipe(v.string(), v.maxLength(80))),
  incident: v.optional(Id),
  jti: Id,
  iat: Count,
  exp: Count,
});
export type VideoClaims = v.InferOutput<typeof VideoClaims>;

export const WatchAsk = v.object({
  stream: StreamName,
  /** The incident that the look is for; without one it is put on every open incident that the stream is wanted for, or on none. */
  incident: v.optional(Id),
  /** Of a session that is to be prolonged: no new look is recorded within three minutes of the last look or renewal. */
  renew: v.optional(v.boolean(), false),
});
export type WatchAsk = v.InferOutput<typeof WatchAsk>;

/** Ask again before `expires` (say at two thirds) with `renew` and show the new token to the session with an empty PATCH. */
export interface WatchGrant {
  stream: string;
  whepUrl: string;
  token: string;
  /** RFC 3339. */
  expires: string;
  iceServers: IceServer[];
  view: StreamView;
}

export const RecordAsk = v.object({
  stream: StreamName,
  incident: Id,
  act: v.picklist(["start", "stop"]),
});
export type RecordAsk = v.InferOutput<typeof RecordAsk>;

/** A stream as consoles see it. */
export interface StreamView {
  stream: string;
  node: string;
  camera: string;
  label?: string;
  /** The node's word; `unknown` when the node is lost, `live` follows the relay. */
  phase: VideoPhase | "unknown";
  /** Media of it comes into the relay. */
  live: boolean;
  why?: string;
  codec?: string;
  widthPx?: number;
  heightPx?: number;
  framesPerS?: number;
  /** Measured by the relay over the last second or two. */
  bitrateBps?: number;
  lossRatio?: number;
  viewers: number;
  /** Who watches, by name. */
  watchedBy: string[];
  /** Who of them is sent keyframes alone, because the path carries no more. */
  thinnedFor?: string[];
  /** Incidents it is recorded for. */
  recordingFor: string[];
  /** RFC 3339: until when it is wanted now. */
  wantedUntil?: string;
}

/**
 * One unbroken run of a stream recorded for an incident: a file that plays. Its segments have their SHA-256 on the incident's chain; after a
 * break, or when the camera's format changes, the next run is a recording of its own, and the break is a gap.
 */
export interface RecordingView {
  recording: string;
  stream: string;
  incident: string;
  /** RFC 3339. */
  startedAt: string;
  endedAt?: string;
  codec: string;
  /** MP4 for H264; VP8 stands in WebM, since few players know it in MP4. */
  format: "mp4" | "webm";
  segments: { seq: number; startedAt: string; durationS: number; bytes: number; sha256: string; deleted?: true }[];
  preRoll?: true;
}

/** A time without picture while a stream was to be recorded; open while `to` is absent. */
export interface RecordingGap {
  stream: string;
  from: string;
  to?: string;
  why: string;
}

export interface SnapshotView {
  snapshot: string;
  stream: string;
  incident: string;
  at: string;
  by: string;
  sha256: string;
}

export interface IncidentVideo {
  incident: string;
  streams: StreamView[];
  recordings: RecordingView[];
  gaps: RecordingGap[];
  snapshots: SnapshotView[];
}
