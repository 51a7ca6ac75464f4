/** What other parts of the gateway (caller link, patrol) get from the video part: `context.video`. */
import type { IceServer, MediaKind, StreamView } from "#contract/video.ts";

export interface GrantAsk {
  act: "publish" | "view";
  stream: string;
  /** Node, person or `caller-<id>`. */
  sub: string;
  media: MediaKind[];
  codecs?: ("H264" | "VP8")[];
  data?: "none" | "read" | "write";
  /** Shown to others beside what they point at or write. */
  name?: string;
  incident?: string;
  /** Seconds; two minutes where absent. A session is prolonged by showing a newer token. */
  lifeS?: number;
}

export interface Grant {
  token: string;
  /** RFC 3339. */
  expires: string;
  /** Path below the gateway's address: `/video/whip/<stream>` or `/video/whep/<stream>`. */
  url: string;
  /** With credentials for TURN that end with the token. */
  iceServers: IceServer[];
}

export interface WantReason {
  /** Who wants it, as one of many: a want ends when nobody wants the stream any more. */
  key: string;
  by: string;
  /** Seconds from now. */
  forS: number;
  incident?: string;
  preRollS?: number;
}

export interface RecordFor {
  stream: string;
  incident: string;
  media: MediaKind[];
  by: string;
}

export interface VideoService {
  grant(ask: GrantAsk): Promise<Grant>;
  /** Asks the node of the stream to send it. */
  want(stream: string, reason: WantReason): void;
  unwant(stream: string, key: string): void;
  /** Records whatever comes of a stream onto an incident until `unrecord`, also over restarts. */
  record(ask: RecordFor): void;
  unrecord(stream: string, incident: string, by: string): void;
  /** Ends sessions in the relay at once. */
  end(which: { stream?: string; sub?: string; act?: "publish" | "view" }, why: string): void;
  streams(): StreamView[];
  stream(name: string): StreamView | undefined;
  /** Called when a stream's publisher or a viewer came or went, or media began or stopped to flow. */
  onChange(listener: (view: StreamView) => void): void;
}
