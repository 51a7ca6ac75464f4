/** Puts whole pictures and voice of one run into a file format, and hands the file on in pieces. */
import type { Frame } from "./frames.ts";
import type { VideoTrack } from "./matroska.ts";

export interface Piece {
  /** `start` stands before all else; each `media` may be added behind it in turn. */
  kind: "start" | "media";
  bytes: Buffer;
  /** Seconds since the start of the run. */
  startS: number;
  durationS: number;
}

export interface MuxerOptions {
  /** Absent for voice alone. */
  track: VideoTrack | undefined;
  audio: boolean;
  /** Seconds of media in a piece at most. */
  fragmentS: number;
  piece(piece: Piece): void;
  /** It cannot go on; nothing comes after that. */
  failed(why: string): void;
}

export interface Muxer {
  /** Bytes that wait to be taken. */
  readonly waitingBytes: number;
  write(frame: Frame, timeS: number): void;
  /** Resolves when the last piece is handed on. */
  end(): Promise<void>;
}
