/** What the caller link needs of the video relay: permission for one session, and its end. */
import type { MediaGrant } from "#contract/caller.ts";
import type { MediaKind } from "#contract/video.ts";

export interface MediaAsk {
  stream: string;
  /** Person, or `caller-<id>`. */
  sub: string;
  media: MediaKind[];
  incident: string;
}

export interface MediaPort {
  /** @param ask.record also puts what comes on the incident. */
  publish(ask: MediaAsk & { record?: boolean }): Promise<MediaGrant>;
  view(ask: MediaAsk): Promise<MediaGrant>;
  /** Ends what is being sent on a stream, at once; its tokens of before are worth nothing from now on. */
  end(stream: string, why: string): void;
  /** The link is over: ends it, and its recording. */
  close(stream: string, incident: string, why: string): void;
}
