/** What the gateway and the relay's process say to each other over the pipe between them. */
import type { JWK } from "jose";
import type { IceServer } from "#contract/video.ts";
import type { IceOptions } from "./peer.ts";
import type { Limits, RelayEvent } from "./relay.ts";
import type { StreamFigures } from "./stream.ts";

export interface RelayStart {
  type: "start";
  /** Tokens are checked with it. */
  publicJwk: JWK;
  ice: IceOptions;
  /** Told to clients in `Link` headers; without credentials, since those are made per person. */
  iceServers: IceServer[];
  limits: Limits;
  ffmpeg: string;
  /** Media a fragment of a recording holds at most. */
  fragmentS: number;
}

/** Records a stream from now until `unrecord`: pieces of fragmented MP4 come back as they are finished. */
export interface RecordOrder {
  type: "record";
  recording: string;
  stream: string;
  /** Kinds that may be recorded. */
  media: ("video" | "audio")[];
}

export type ToRelay =
  | RelayStart
  | { type: "ping"; n: number }
  | { type: "stop" }
  /** Ends sessions at once: a want that is over, a person who logged out. */
  | { type: "end"; stream?: string; sub?: string; act?: "publish" | "view"; why: string }
  | RecordOrder
  | { type: "unrecord"; recording: string }
  /** What that run handed over was not kept: where it is still the present one, the next keyframe begins another. */
  | { type: "anew"; recording: string; run: number }
  /** The newest keyframe, for a still picture. */
  | { type: "still"; id: number; stream: string };

export interface RelayFigures {
  streams: Record<string, StreamFigures>;
  counters: Record<string, number>;
}

export type FromRelay =
  | { type: "ready"; port: number }
  | { type: "pong"; n: number }
  | { type: "fault"; text: string }
  | { type: "log"; level: "info" | "warn" | "error"; facts: Record<string, unknown>; text: string }
  | { type: "event"; event: RelayEvent }
  | ({ type: "figures" } & RelayFigures)
  /** `start`: of a run that stands alone (ftyp and moov, or all before the first cluster); `media`: a fragment of it. */
  | {
      type: "piece";
      recording: string;
      run: number;
      piece: "start" | "media";
      format: "mp4" | "webm";
      codec: string;
      /** Milliseconds since 1970 of its first picture. */
      atMs: number;
      durationS: number;
      bytes: Uint8Array;
    }
  /** `run` broke off; or the picture was back at `backMs` in the same run. */
  | { type: "gap"; recording: string; atMs: number; why: string; run?: number; backMs?: number }
  | { type: "recorded"; recording: string }
  | { type: "still"; id: number; codec?: string; frame?: Uint8Array };
