/**
 * A camera in the simulated city: paints what it sees 30 times a second with a time code and the vehicle's state in the picture, encodes it
 * (ffmpeg, x264 without delay) and records it into an `RtspServer`, where it is found as a camera's RTSP stream, with a sub-stream where asked.
 */
import { type ChildProcess, spawn } from "node:child_process";
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
  /** Seconds between keyframes. Cameras as sold have 1 to 4. */
  keyframeS?: number;
  /** Half as wide and high, with this many bits per second. */
  subBitrateBps?: number;
  /** Default h264; hevc is what a newer camera sends. */
  codec?: "h264" | "hevc";
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
  const encoder = spawn("ffmpeg", encoderArgs(options), { stdio: ["pipe", "ignore", "pipe"] });
  let said = "";
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
    const lines = options.lines?.() ?? [name];
    for (const [i, line] of lines.entries())
      paintText(luma, widthPx, heightPx, line, 4, heightPx - (lines.length - i) * 9 * dotPx, dotPx);
    const clock = new Date(utcMs).toISOString().slice(11, 23);
    paintText(luma, widthPx, heightPx, clock, 4, Math.round(2 * widthPx * BLOCK_SHARE) + 4, dotPx);
    paintTimeCode(luma, widthPx, { utcMs, picture: counters.painted & 0xfff });
    counters.painted++;
    encoder.stdin.write(Buffer.from(picture.bytes));
  };
  let timer: NodeJS.Timeout = setTimeout(paint, 0);
  return {
    name,
    url: server.urlOf(name),
    subUrl: subBitrateBps === undefined ? undefined : server.urlOf(`${name}-sub`),
    counters,
    async ready() {
      const until = performance.now() + 30_000;
      while (!server.has(name) || (subBitrateBps !== undefined && !server.has(`${name}-sub`))) {
        if (encoder.exitCode !== null || performance.now() > until)
          throw new Error(`the camera ${name} did not start: ${said || "no picture within 30 s"}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async close() {
      clearTimeout(timer);
      await ended(encoder);
    },
  };
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
