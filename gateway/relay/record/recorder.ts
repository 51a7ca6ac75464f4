/**
 * Records a stream: whole pictures go to a muxer (H264 to ffmpeg for fragmented MP4, VP8 into WebM), nothing is transcoded, and each
 * fragment is handed on as soon as it is finished. A run stands alone: it ends when the publisher, the codec or the size changes.
 */
import { parseAvcDecoderConfig } from "werift/nonstandard";
import type { MediaKind } from "#contract/video.ts";
import type { Media } from "../media.ts";
import { clockRateOf } from "../media.ts";
import type { Tap } from "../stream.ts";
import { FfmpegMuxer } from "./ffmpeg-muxer.ts";
import { type Frame, FrameAssembler } from "./frames.ts";
import type { VideoTrack } from "./matroska.ts";
import type { Muxer, MuxerOptions } from "./muxer.ts";
import { WebmMuxer } from "./webm-muxer.ts";

/** After so long without a picture, voice is recorded by itself. */
const VOICE_ALONE_MS = 1_500;
/** Bytes that may wait for ffmpeg; above it pictures are left out up to the next keyframe. */
const WAITING_MAX_BYTES = 8_000_000;
/** A picture that comes later than this after the one before is a gap that people should know of. */
const GAP_S = 2;
/** Nothing for so long, and the gap is told while it lasts; where nothing has ever come, after a connection's time. */
const SILENT_MS = 3_000;
const NEVER_CAME_MS = 10_000;
/** A keyframe to begin with is asked for at most so often: where none is of use, everybody else would get them all. */
const ASK_EVERY_MS = 5_000;

export interface RecorderPiece {
  run: number;
  piece: "start" | "media";
  format: "mp4" | "webm";
  codec: string;
  atMs: number;
  durationS: number;
  bytes: Uint8Array;
}

export interface RecorderOptions {
  media: readonly MediaKind[];
  ffmpeg: string;
  /** Seconds of media in a fragment at most: what a power cut may cost. */
  fragmentS: number;
  piece(piece: RecorderPiece): void;
  /** @param to what it broke off, or, where the run goes on, when the picture was back. */
  gap(atMs: number, why: string, to: { run: number } | { backMs: number }): void;
  askKeyframe(): void;
  log(text: string): void;
  nowMs: () => number;
}

interface Run {
  muxer: Muxer;
  track: VideoTrack | undefined;
  startMs: number;
  /** First timestamp of each kind, and the seconds into the run at which it stands. */
  origins: Map<MediaKind, { timestamp: number; atS: number }>;
  lastS: number;
}

export class Recorder implements Tap {
  readonly #options: RecorderOptions;
  #assemblers: Record<MediaKind, FrameAssembler>;
  #run: Run | undefined;
  #runs = 0;
  #endings = new Set<Promise<void>>();
  #sps: Buffer | undefined;
  #pps: Buffer | undefined;
  #choked = false;
  #told = false;
  #voiceSinceMs: number | undefined;
  #newestMs: number;
  #tickedMs: number;
  #askedMs = Number.NEGATIVE_INFINITY;
  /** The gap that is now has been told. */
  #silent = false;
  readonly counters = { frames: 0, framesLeftOut: 0, droppedKind: 0, faults: 0 };

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#assemblers = this.#fresh();
    this.#newestMs = this.#tickedMs = options.nowMs();
  }

  /** To be called about once a second: a picture that stopped is told while there is none, not when it is back. */
  tick(): void {
    const nowMs = this.#options.nowMs();
    // This process stood still: nobody could be heard.
    if (nowMs - this.#tickedMs > SILENT_MS) this.#newestMs += nowMs - this.#tickedMs;
    this.#tickedMs = nowMs;
    if (this.#silent || nowMs - this.#newestMs <= (this.#runs > 0 ? SILENT_MS : NEVER_CAME_MS)) return;
    this.#silent = true;
    this.#options.gap(this.#newestMs, this.#runs > 0 ? "none comes" : "none has come yet", { run: this.#runs });
    this.#end();
  }

  media(media: Media): void {
    // What may not be kept never reaches the muxer, whoever let it through before.
    if (!this.#options.media.includes(media.kind)) {
      this.counters.droppedKind++;
      return;
    }
    this.#assemblers[media.kind].add(media);
  }

  restart(why: string): void {
    if (this.#run) {
      // A publisher that died was silent long before its place was taken.
      this.#options.gap(this.#newestMs, why, { run: this.#runs });
      this.#silent = true;
    }
    this.#end();
    this.#assemblers = this.#fresh();
    this.#sps = undefined;
    this.#pps = undefined;
    this.#voiceSinceMs = undefined;
  }

  /** What that run handed over was not kept: where it is still the present one, the next keyframe begins another. */
  anew(run: number): void {
    if (run !== this.#runs) return;
    this.#end();
    this.#ask();
  }

  async close(): Promise<void> {
    this.#end();
    await Promise.all(this.#endings);
  }

  #fresh(): Record<MediaKind, FrameAssembler> {
    const take = (frame: Frame) => this.#frame(frame);
    return { video: new FrameAssembler("video", take), audio: new FrameAssembler("audio", take) };
  }

  #frame(frame: Frame): void {
    if (frame.kind === "video" && frame.keyframe && !this.#ready(frame)) return;
    if (frame.kind === "audio" && !this.#run && this.#voiceAlone()) this.#begin(undefined);
    const run = this.#run;
    if (!run) {
      this.#ask();
      return;
    }
    this.#newestMs = this.#options.nowMs();
    if (frame.kind === "video" && this.#choked) {
      if (!frame.keyframe) {
        this.counters.framesLeftOut++;
        return;
      }
      this.#choked = false;
    }
    const timeS = this.#timeOf(run, frame);
    if (timeS === undefined) return;
    if (frame.kind === "video") {
      if (timeS - run.lastS > GAP_S)
        this.#options.gap(run.startMs + run.lastS * 1000, `no picture for ${(timeS - run.lastS).toFixed(1)} s`, {
          backMs: run.startMs + timeS * 1000,
        });
      run.lastS = timeS;
    }
    if (run.muxer.waitingBytes > WAITING_MAX_BYTES) {
      this.#choked = true;
      this.counters.framesLeftOut++;
      return;
    }
    this.counters.frames++;
    run.muxer.write(frame, timeS);
  }

  /** Pictures come and none to begin with. */
  #ask(): void {
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#askedMs < ASK_EVERY_MS) return;
    this.#askedMs = nowMs;
    this.#options.askKeyframe();
  }

  /** Voice waits a moment for the picture that may belong to it. */
  #voiceAlone(): boolean {
    const nowMs = this.#options.nowMs();
    this.#voiceSinceMs ??= nowMs;
    return nowMs - this.#voiceSinceMs >= VOICE_ALONE_MS;
  }

  /** Makes sure that a run is there that this keyframe fits into. */
  #ready(frame: Frame): boolean {
    this.#sps = frame.sps ?? this.#sps;
    this.#pps = frame.pps ?? this.#pps;
    const track = trackOf(frame, this.#sps, this.#pps);
    if (!track) {
      if (!this.#told) this.#options.log("keyframes without parameter sets cannot be recorded");
      this.#told = true;
      return false;
    }
    const same =
      this.#run?.track &&
      this.#run.track.codec === track.codec &&
      this.#run.track.widthPx === track.widthPx &&
      this.#run.track.heightPx === track.heightPx &&
      Buffer.compare(this.#run.track.configuration ?? Buffer.alloc(0), track.configuration ?? Buffer.alloc(0)) === 0;
    if (same) return true;
    this.#end();
    this.#begin(track);
    return true;
  }

  /** Seconds into the run; undefined for what lies before its start. */
  #timeOf(run: Run, frame: Frame): number | undefined {
    let origin = run.origins.get(frame.kind);
    if (!origin) {
      const atS = run.origins.size === 0 ? 0 : (this.#options.nowMs() - run.startMs) / 1000;
      origin = { timestamp: frame.timestamp, atS };
      run.origins.set(frame.kind, origin);
    }
    const timeS = origin.atS + (frame.timestamp - origin.timestamp) / clockRateOf(frame.codec);
    return timeS < 0 ? undefined : timeS;
  }

  /** @param track absent for voice alone. */
  #begin(track: VideoTrack | undefined): void {
    const { ffmpeg, fragmentS, media, piece } = this.#options;
    const number = ++this.#runs;
    const startMs = this.#options.nowMs();
    const audio = media.includes("audio");
    const format = track?.codec === "H264" ? "mp4" : "webm";
    const codec = [track?.codec, audio && "opus"].filter(Boolean).join("+");
    const options: MuxerOptions = {
      track,
      audio,
      fragmentS,
      piece: ({ kind, bytes, startS, durationS }) => {
        const atMs = startMs + startS * 1000;
        piece({
          run: number,
          piece: kind,
          format,
          codec,
          atMs,
          durationS,
          bytes,
        });
      },
      failed: (why) => this.#failed(number, why),
    };
    const muxer = format === "mp4" ? new FfmpegMuxer(ffmpeg, options) : new WebmMuxer(options);
    this.#run = { muxer, track, startMs, origins: new Map(), lastS: 0 };
    this.#choked = false;
    this.#silent = false;
  }

  #end(): void {
    const run = this.#run;
    this.#run = undefined;
    if (!run) return;
    const ending = run.muxer.end().finally(() => this.#endings.delete(ending));
    this.#endings.add(ending);
  }

  /** The next keyframe begins a new run. */
  #failed(number: number, why: string): void {
    this.counters.faults++;
    this.#options.log(why);
    if (!this.#run || number !== this.#runs) return;
    this.#options.gap(this.#options.nowMs(), "the recorder failed and begins anew", { run: number });
    this.#run = undefined;
  }
}

/** What the container must know of the video; undefined where the keyframe does not tell. */
function trackOf(frame: Frame, sps: Buffer | undefined, pps: Buffer | undefined): VideoTrack | undefined {
  if (frame.codec === "VP8") {
    // RFC 6386, 9.1: start code, then 14 bits of width and of height.
    if (frame.data.length < 10 || frame.data.readUIntBE(3, 3) !== 0x9d012a) return undefined;
    const [widthPx, heightPx] = [frame.data.readUInt16LE(6) & 0x3fff, frame.data.readUInt16LE(8) & 0x3fff];
    return { codec: "VP8", widthPx, heightPx };
  }
  if (!sps || !pps) return undefined;
  const startCode = Buffer.from([0, 0, 0, 1]);
  const config = parseAvcDecoderConfig(Buffer.concat([startCode, sps, startCode, pps]));
  if (!config) return undefined;
  const { codedSize, avcc } = config;
  return { codec: "H264", widthPx: codedSize.width, heightPx: codedSize.height, configuration: avcc };
}
