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
  publish(ask: MediaAsk): Promise<MediaGrant>;
  view(ask: MediaAsk): Promise<MediaGrant>;
  /** Ends what is being sent on a stream, at once; its tokens of before are worth nothing from now on. */
  end(stream: string, why: string): Promise<void>;
}
