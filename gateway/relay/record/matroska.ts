/** Writes Matroska (RFC 9559) as a live stream, for ffmpeg's input and as WebM: sizes unknown, one cluster per keyframe or second. */
import type { Frame } from "./frames.ts";

/** Nanoseconds in a tick of a cluster's and a block's time. */
const TICK_NS = 100_000;
const TICKS_PER_S = 1e9 / TICK_NS;
/** A block's time is 16 bits, signed, relative to its cluster. */
const CLUSTER_MAX_TICKS = TICKS_PER_S;
const UNKNOWN_SIZE = Buffer.from([0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
const OPUS_RATE_HZ = 48_000;
/** RFC 7845, 5.1: version 1, two channels, no pre-skip, 48 kHz, no gain, mapping 0. */
const OPUS_HEAD = Buffer.concat([Buffer.from("OpusHead"), Buffer.from([1, 2, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0])]);

const ID = {
  ebml: 0x1a45dfa3,
  docType: 0x4282,
  docTypeVersion: 0x4287,
  docTypeReadVersion: 0x4285,
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  muxingApp: 0x4d80,
  writingApp: 0x5741,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackUid: 0x73c5,
  trackType: 0x83,
  flagLacing: 0x9c,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  audio: 0xe1,
  samplingFrequency: 0xb5,
  channels: 0x9f,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
} as const;

export interface VideoTrack {
  codec: "H264" | "VP8";
  widthPx: number;
  heightPx: number;
  /** AVCDecoderConfigurationRecord, for H264. */
  configuration?: Uint8Array;
}

function idOf(id: number): Buffer {
  const hex = id.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
}

function sizeOf(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(size) | (1n << 56n));
  return bytes;
}

function element(id: number, content: Uint8Array | readonly Buffer[]): Buffer {
  const body = Array.isArray(content) ? Buffer.concat(content) : (content as Uint8Array);
  return Buffer.concat([idOf(id), sizeOf(body.length), body]);
}

function whole(id: number, value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return element(id, bytes);
}

function float(id: number, value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleBE(value);
  return element(id, bytes);
}

const text = (id: number, value: string) => element(id, Buffer.from(value));

export class MatroskaWriter {
  #clusterTicks: number | undefined;

  /** Everything that stands before the first frame. */
  head(type: "matroska" | "webm", video: VideoTrack | undefined, audio: boolean): Buffer {
    const tracks: Buffer[] = [];
    if (video) {
      tracks.push(
        element(ID.trackEntry, [
          whole(ID.trackNumber, 1),
          whole(ID.trackUid, 1),
          whole(ID.trackType, 1),
          whole(ID.flagLacing, 0),
          text(ID.codecId, video.codec === "H264" ? "V_MPEG4/ISO/AVC" : "V_VP8"),
          ...(video.configuration ? [element(ID.codecPrivate, video.configuration)] : []),
          element(ID.video, [whole(ID.pixelWidth, video.widthPx), whole(ID.pixelHeight, video.heightPx)]),
        ]),
      );
    }
    if (audio) {
      tracks.push(
        element(ID.trackEntry, [
          whole(ID.trackNumber, 2),
          whole(ID.trackUid, 2),
          whole(ID.trackType, 2),
          whole(ID.flagLacing, 0),
          text(ID.codecId, "A_OPUS"),
          element(ID.codecPrivate, OPUS_HEAD),
          element(ID.audio, [float(ID.samplingFrequency, OPUS_RATE_HZ), whole(ID.channels, 2)]),
        ]),
      );
    }
    return Buffer.concat([
      element(ID.ebml, [text(ID.docType, type), whole(ID.docTypeVersion, 4), whole(ID.docTypeReadVersion, 2)]),
      idOf(ID.segment),
      UNKNOWN_SIZE,
      element(ID.info, [
        whole(ID.timestampScale, TICK_NS),
        text(ID.muxingApp, "tocsin"),
        text(ID.writingApp, "tocsin"),
      ]),
      element(ID.tracks, tracks),
    ]);
  }

  /** The next frame stands in a cluster of its own. */
  beginCluster(): void {
    this.#clusterTicks = undefined;
  }

  /** @param timeS since the start of the run; not negative. */
  frame(frame: Frame, timeS: number): Buffer {
    const ticks = Math.round(timeS * TICKS_PER_S);
    const parts: Buffer[] = [];
    const since = this.#clusterTicks === undefined ? undefined : ticks - this.#clusterTicks;
    const starts = frame.kind === "video" && frame.keyframe;
    if (since === undefined || starts || since > CLUSTER_MAX_TICKS || since < -CLUSTER_MAX_TICKS) {
      this.#clusterTicks = ticks;
      parts.push(idOf(ID.cluster), UNKNOWN_SIZE, whole(ID.timestamp, ticks));
    }
    const head = Buffer.allocUnsafe(4);
    head[0] = 0x80 | (frame.kind === "video" ? 1 : 2);
    head.writeInt16BE(ticks - (this.#clusterTicks as number), 1);
    head[3] = frame.keyframe || frame.kind === "audio" ? 0x80 : 0;
    parts.push(idOf(ID.simpleBlock), sizeOf(head.length + frame.data.length), head, frame.data);
    return Buffer.concat(parts);
  }
}
