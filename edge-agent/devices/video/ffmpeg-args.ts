/**
 * What our ffmpeg children are called with. Every one of them: the first video stream alone, no sound, no subtitles, no data.
 * Options are those of ffmpeg 5.1 (Debian 12) and later.
 */
import type { PictureCodec } from "../../video-port.ts";

export interface RtspInput {
  kind: "rtsp";
  /** With the account in it. */
  url: string;
  transport: "tcp" | "udp";
}

export interface V4l2Input {
  kind: "v4l2";
  device: string;
  inputFormat: string | undefined;
  widthPx: number;
  heightPx: number;
  framesPerS: number;
}

export interface SimInput {
  kind: "sim";
  pattern: string;
  widthPx: number;
  heightPx: number;
  framesPerS: number;
}

export type VideoInput = RtspInput | V4l2Input | SimInput;

export interface EncoderChoice {
  codec: PictureCodec;
  /** ffmpeg's name; undefined: the software encoder of the codec. */
  name: string | undefined;
  /** Of a VA-API encoder. */
  renderDevice?: string | undefined;
  bitrateBps: number;
  keyframeS: number;
}

export interface RawFormat {
  widthPx: number;
  heightPx: number;
  framesPerS: number;
}

/** Payload of 1,200 bytes at most with its RTP header: fits every path's MTU with SRTP, UDP and a TURN header around it. */
const PACKET_BYTES = 1_200;
/** A camera that does not answer for so long is gone. */
const SOCKET_TIMEOUT_US = 3_000_000;

const quiet = ["-hide_banner", "-nostats", "-nostdin", "-loglevel", "info"];
const pictureOnly = ["-map", "0:v:0", "-an", "-sn", "-dn"];

const probing = [
  ["probesize", "500000"],
  ["analyzeduration", "300000"],
  ["fflags", "nobuffer"],
] as const;

/** The camera is not even asked for its sound. */
const rtspOptions = ({ transport }: RtspInput) =>
  [
    ["rtsp_transport", transport],
    ["allowed_media_types", "video"],
    ["timeout", String(SOCKET_TIMEOUT_US)],
    ...probing,
  ] as const;

const hasAccount = (url: string) => /^rtsps?:\/\/[^/?#]*@/.test(url);

/**
 * For ffmpeg's stdin: an address with a password would stand in the list of processes for everybody to read, so it is handed over as a list of one
 * (ffconcat, with options since ffmpeg 5.0).
 */
export function inputList(input: VideoInput): string | undefined {
  if (input.kind !== "rtsp" || !hasAccount(input.url)) return undefined;
  const url = input.url.replace(/[\r\n]/g, "").replaceAll("'", "'\\''");
  const options = rtspOptions(input).map(([name, value]) => `option ${name} ${value}`);
  return ["ffconcat version 1.0", `file '${url}'`, ...options, ""].join("\n");
}

const LISTED_PROTOCOLS = "pipe,rtsp,rtsps,rtp,srtp,udp,tcp,tls";

export function inputArgs(input: VideoInput): string[] {
  switch (input.kind) {
    case "rtsp":
      return hasAccount(input.url)
        ? [
            ...[...probing.flatMap(([name, value]) => [`-${name}`, value]), "-flags", "low_delay"],
            ...["-protocol_whitelist", LISTED_PROTOCOLS, "-f", "concat", "-safe", "0", "-i", "pipe:0"],
          ]
        : [
            ...rtspOptions(input).flatMap(([name, value]) => [`-${name}`, value]),
            "-flags",
            "low_delay",
            "-i",
            input.url,
          ];
    case "v4l2":
      return [
        ...["-f", "v4l2", "-fflags", "nobuffer", "-thread_queue_size", "8"],
        ...(input.inputFormat ? ["-input_format", input.inputFormat] : []),
        ...["-video_size", `${input.widthPx}x${input.heightPx}`, "-framerate", String(input.framesPerS)],
        ...["-i", input.device],
      ];
    case "sim":
      return [
        ...["-re", "-f", "lavfi"],
        ...["-i", `${input.pattern}=size=${input.widthPx}x${input.heightPx}:rate=${input.framesPerS}`],
      ];
  }
}

/** The camera's own pictures to the ingest, and with `ts` also as MPEG-TS on stdout. */
export function copyArgs(input: VideoInput, ingestUrl: string, ts: { offsetS: number } | undefined): string[] {
  return [
    ...quiet,
    ...inputArgs(input),
    // Parameter sets that the camera told in its SDP alone stand before every keyframe.
    ...[...pictureOnly, "-c:v", "copy", "-bsf:v", "dump_extra=freq=keyframe"],
    ...ingestArgs(ingestUrl),
    ...(ts ? [...pictureOnly, "-c:v", "copy", "-bsf:v", "dump_extra=freq=keyframe", ...tsArgs(ts.offsetS)] : []),
  ];
}

/** Any camera to raw pictures (YUV 4:2:0) of one size on stdout. */
export function captureArgs(input: VideoInput, { widthPx, heightPx, framesPerS }: RawFormat): string[] {
  return [
    ...quiet,
    ...inputArgs(input),
    ...pictureOnly,
    ...["-vf", `scale=${widthPx}:${heightPx}:flags=fast_bilinear,format=yuv420p`],
    ...(input.kind === "rtsp" ? ["-fps_mode", "passthrough"] : ["-r", String(framesPerS)]),
    ...["-f", "rawvideo", "-flush_packets", "1", "pipe:1"],
  ];
}

/** Raw pictures on stdin to the ingest, and with `ts` also as MPEG-TS on stdout; encoded once. */
export function encodeArgs(
  format: RawFormat,
  { codec, name, renderDevice = "/dev/dri/renderD128", bitrateBps, keyframeS }: EncoderChoice,
  ingestUrl: string,
  ts: { offsetS: number } | undefined,
): string[] {
  const encoder = name ?? (codec === "H264" ? "libx264" : "libvpx");
  // Its pictures lie in the memory of the graphics processor.
  const onGpu = encoder.endsWith("_vaapi");
  const raw = `${format.widthPx}x${format.heightPx}`;
  const extra = codec === "H264" ? ["-bsf:v", "dump_extra=freq=keyframe"] : [];
  const encoded = [
    ...(onGpu ? ["-vf", "format=nv12,hwupload"] : ["-pix_fmt", "yuv420p"]),
    ...["-fps_mode", "passthrough", "-c:v", encoder, ...promptly(encoder)],
    ...["-g", String(Math.max(1, Math.round(format.framesPerS * keyframeS)))],
    ...["-b:v", String(bitrateBps), "-maxrate", String(bitrateBps), "-bufsize", String(Math.round(bitrateBps / 2))],
  ];
  return [
    ...["-hide_banner", "-nostats", "-loglevel", "info", ...(onGpu ? ["-vaapi_device", renderDevice] : [])],
    ...["-fflags", "nobuffer", "-probesize", "32", "-analyzeduration", "0", "-use_wallclock_as_timestamps", "1"],
    ...["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", raw, "-framerate", String(format.framesPerS), "-i", "pipe:0"],
    ...[...pictureOnly, ...encoded],
    ...(ts && codec === "H264"
      ? [
          ...["-flags:v", "+global_header", "-f", "tee"],
          `[f=rtsp:rtsp_transport=tcp:pkt_size=${PACKET_BYTES}:bsfs/v=dump_extra=freq=keyframe]${ingestUrl}` +
            `|[f=mpegts:mpegts_flags=+resend_headers+pat_pmt_at_frames:flush_packets=1:output_ts_offset=${ts.offsetS}:bsfs/v=dump_extra=freq=keyframe]pipe:1`,
        ]
      : [...extra, ...ingestArgs(ingestUrl)]),
  ];
}

/** No picture waits for a later one. */
function promptly(encoder: string): string[] {
  if (encoder === "libx264") return ["-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline"];
  if (encoder === "libvpx")
    return ["-deadline", "realtime", "-cpu-used", "8", "-lag-in-frames", "0", "-error-resilient", "1"];
  if (encoder.endsWith("_nvenc")) return ["-tune", "ull", "-zerolatency", "1", "-delay", "0", "-bf", "0"];
  if (encoder.endsWith("_qsv")) return ["-async_depth", "1", "-bf", "0"];
  return ["-bf", "0"];
}

function ingestArgs(url: string): string[] {
  return ["-f", "rtsp", "-rtsp_transport", "tcp", "-pkt_size", String(PACKET_BYTES), "-muxdelay", "0", url];
}

/** @param offsetS keeps the time line of one node going over restarts of its children. */
function tsArgs(offsetS: number): string[] {
  return [
    ...["-f", "mpegts", "-mpegts_flags", "+resend_headers+pat_pmt_at_frames", "-muxdelay", "0", "-muxpreload", "0"],
    ...["-flush_packets", "1", "-output_ts_offset", String(offsetS), "pipe:1"],
  ];
}
