/**
 * A camera in the simulated city: paints what it sees 30 times a second with a time code and the vehicle's state in the picture, encodes it
 * (ffmpeg, x264 without delay) and records it into an `RtspServer`, where it is found as a camera's RTSP stream, with a sub-stream where asked.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { paintText } from "./glyphs.ts";
import type { RtspServer } from "./rtsp-server.ts";
import { type Actor, type CameraPose, newPicture, type SceneRenderer } from "./scene.ts";
import { BLOCK_SHARE, paintTimeCode } from "./time-code.ts";

export interface SimCameraOptions {
  /** Its path on the server; the sub-stream's is `<name>-sub`. */
  name: string;
  server: RtspServer;
  scene: SceneRenderer;
  /** Asked for every picture. */
  pose: () => CameraPose;
  /** Who is in the scene at this time, asked for every picture. */
  actors?: (utcMs: number) => readonly Actor[];
  /** Lines burnt in at the bottom: the vehicle's state. Letters, digits and - + . , : / % ( ). */
  lines?: () => readonly string[];
  widthPx?: number;
  heightPx?: number;
  framesPerS?: number;
  bitrateBps?: number;
  /** Noise of the sensor, in steps of luma: what fills a real camera's bitrate. */
  grain?: number;
  /** Seconds between keyframes. Cameras as sold have 1 to 4. */
  keyframeS?: number;
  /** Half as wide and high, with this many bits per second. */
  subBitrateBps?: number;
  /** Default h264; hevc is what a newer camera sends. */
  codec?: "h264" | "hevc";
  /** Served by GStreamer's RTSP server in place of ours: another maker's camera. Without sub-stream, sound, and unplugging. */
  gstreamer?: boolean;
  /** A sound file (or ffmpeg lavfi graph, `lavfi:...`) that the camera's microphone hears, over and over. */
  soundFile?: string;
}

export interface SimCamera {
  readonly name: string;
  readonly url: string;
  readonly subUrl: string | undefined;
  readonly counters: { painted: number; skipped: number };
  /** Resolves when players find the stream. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

export function startSimCamera(options: SimCameraOptions): SimCamera {
  const { name, server, scene, widthPx = 640, heightPx = 360, framesPerS = 30, subBitrateBps } = options;
  const counters = { painted: 0, skipped: 0 };
  const [program, args] = options.gstreamer ? [PYTHON, gstreamerArgs(options)] : ["ffmpeg", encoderArgs(options)];
  const encoder = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  let address = options.gstreamer ? "" : server.urlOf(name);
  encoder.stdout.setEncoding("utf8").on("data", (text: string) => {
    address += text.trim();
  });
  encoder.once("error", (error) => {
    said = error.message;
  });
  encoder.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2000);
  });
  encoder.stdin.on("error", () => undefined);
  const picture = newPicture(widthPx, heightPx);
  const luma = picture.bytes.subarray(0, widthPx * heightPx);
  const dotPx = Math.max(1, Math.round(widthPx / 320));
  const startMs = performance.now();
  let due = 0;
  let background: { bytes: Uint8Array; key: string } | undefined;
  const paint = () => {
    timer = setTimeout(paint, Math.max(0, startMs + (++due * 1000) / framesPerS - performance.now()));
    const lateBy = Math.floor(((performance.now() - startMs) / 1000) * framesPerS) - due;
    if (lateBy > 3) {
      // A machine that was held up goes on with the present.
      counters.skipped += lateBy;
      due += lateBy;
    }
    if (encoder.stdin.writableLength > 3 * picture.bytes.length) {
      counters.skipped++;
      return;
    }
    const utcMs = Date.now();
    const pose = options.pose();
    const actors = options.actors?.(utcMs) ?? [];
    // A lamppost does not move: its view is painted once as long as nobody walks in it.
    const key = actors.length === 0 ? Object.values(pose).join() : "";
    if (key !== "" && background?.key === key) picture.bytes.set(background.bytes);
    else {
      scene.paint(picture, pose, actors);
      background = key === "" ? undefined : { bytes: picture.bytes.slice(), key };
    }
    if (grain) addGrain(luma, grain);
    const lines = options.lines?.() ?? [name];
    for (const [i, line] of lines.entries())
      paintText(luma, widthPx, heightPx, line, 4, heightPx - (lines.length - i) * 9 * dotPx, dotPx);
    const clock = new Date(utcMs).toISOString().slice(11, 23);
    paintText(luma, widthPx, heightPx, clock, 4, Math.round(2 * widthPx * BLOCK_SHARE) + 4, dotPx);
    paintTimeCode(luma, widthPx, { utcMs, picture: counters.painted & 0xfff });
    counters.painted++;
    encoder.stdin.write(Buffer.from(picture.bytes));
  };
  const grain = options.grain ? grainOf(options.grain) : undefined;
  let timer: NodeJS.Timeout = setTimeout(paint, 0);
  return {
    name,
    get url() {
      return address;
    },
    subUrl: subBitrateBps === undefined ? undefined : server.urlOf(`${name}-sub`),
    counters,
    async ready() {
      const until = performance.now() + 60_000;
      const isThere = () => (options.gstreamer ? address !== "" : server.has(name));
      while (!isThere() || (subBitrateBps !== undefined && !server.has(`${name}-sub`))) {
        if (encoder.exitCode !== null || performance.now() > until)
          throw new Error(`the camera ${name} did not start: ${said || "no picture within 60 s"}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async close() {
      clearTimeout(timer);
      await ended(encoder);
    },
  };
}

const GRAIN_LENGTH = 65_521;

function grainOf(steps: number): Int8Array {
  return Int8Array.from({ length: GRAIN_LENGTH }, () => Math.round((Math.random() + Math.random() - 1) * steps));
}

/** Another piece of the noise each time. */
function addGrain(luma: Uint8Array, grain: Int8Array): void {
  let at = Math.floor(Math.random() * GRAIN_LENGTH);
  for (let i = 0; i < luma.length; i++) {
    luma[i] = Math.min(235, Math.max(16, luma[i]! + grain[at]!));
    if (++at === GRAIN_LENGTH) at = 0;
  }
}

/** Debian's, which has the bindings. */
const PYTHON = "/usr/bin/python3";

function gstreamerArgs({ widthPx = 640, heightPx = 360, framesPerS = 30, bitrateBps = 1_500_000 }: SimCameraOptions) {
  const numbers = [widthPx, heightPx, framesPerS, Math.round(bitrateBps / 1000)];
  return [join(import.meta.dirname, "gst-camera.py"), ...numbers.map(String)];
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

function encoderArgs({
  name,
  server,
  widthPx = 640,
  heightPx = 360,
  framesPerS = 30,
  bitrateBps = 1_500_000,
  keyframeS = 1,
  subBitrateBps,
  codec = "h264",
  soundFile,
}: SimCameraOptions): string[] {
  const sound = soundFile?.startsWith("lavfi:")
    ? ["-f", "lavfi", "-i", soundFile.slice("lavfi:".length)]
    : soundFile
      ? ["-stream_loop", "-1", "-re", "-i", soundFile]
      : [];
  const output = (path: string, rate: number, scale: readonly string[]) => [
    ...["-map", "0:v:0", ...scale, "-fps_mode:v", "passthrough", "-c:v", codec === "h264" ? "libx264" : "libx265"],
    ...["-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-threads", "1"],
    ...(codec === "h264" ? ["-profile:v", "baseline"] : ["-x265-params", "log-level=error:repeat-headers=1"]),
    ...["-g", String(Math.round(framesPerS * keyframeS)), "-keyint_min", "1", "-sc_threshold", "0"],
    ...["-b:v", String(rate), "-maxrate", String(rate), "-bufsize", String(Math.round(rate / 2))],
    ...(soundFile ? ["-map", "1:a:0", "-c:a", "aac", "-b:a", "64k"] : []),
    ...["-f", "rtsp", "-rtsp_transport", "tcp", "-pkt_size", "1200", "-muxdelay", "0", server.publishUrlOf(path)],
  ];
  return [
    ...["-hide_banner", "-loglevel", "error", "-nostdin", "-fflags", "nobuffer"],
    ...["-probesize", "32", "-analyzeduration", "0", "-use_wallclock_as_timestamps", "1"],
    ...["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", `${widthPx}x${heightPx}`, "-framerate", String(framesPerS)],
    ...["-i", "pipe:0", ...sound],
    ...output(name, bitrateBps, []),
    ...(subBitrateBps === undefined
      ? []
      : output(`${name}-sub`, subBitrateBps, ["-vf", `scale=${widthPx / 2}:${heightPx / 2}`])),
  ];
}
