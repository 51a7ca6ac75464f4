/**
 * Still pictures at a low rate from a camera, by ffmpeg (RTSP, V4L2, a file that plays like a camera). Raw pictures come through a pipe
 * into one buffer; every piece on its way is overwritten, so that a picture leaves nothing behind in this process.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { StillCamera, StillPicture } from "../../perception-port.ts";
import type { Log } from "../../ports.ts";
import { inputArgs, inputList, type RtspInput } from "../video/ffmpeg-args.ts";
import { withoutAccount } from "../video/ffmpeg-words.ts";
import { withAccount } from "../video/rtsp-account.ts";

export type StillSource =
  | {
      readonly kind: "rtsp";
      /** Without an account. */
      readonly url: string;
      readonly username?: string | undefined;
      readonly passwordFile?: string | undefined;
    }
  | { readonly kind: "v4l2"; readonly device: string }
  /** A video or picture file, again and again at its own speed. */
  | { readonly kind: "file"; readonly path: string };

export interface StillCameraOptions {
  readonly name: string;
  readonly source: StillSource;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly everyS: number;
  readonly log: Log;
  /** UTC of this node, nanoseconds since 1970. */
  readonly nowNs: () => bigint;
  /** Where pictures lie, zeroed at first: a test looks whether they are overwritten. */
  readonly buffer?: (bytes: number) => Buffer;
}

/** Without a picture for so long (and four times its period) a camera is opened again. */
const SILENT_MS = 15_000;
const RETRY_MS = [500, 1000, 2000, 5000, 10_000];

export function openStillCamera(options: StillCameraOptions): StillCamera {
  const counters = { pictures: 0, dropped: 0, restarts: 0 };
  return { name: options.name, counters, pictures: (signal) => picturesOf(options, counters, signal) };
}

async function* picturesOf(
  options: StillCameraOptions,
  counters: StillCamera["counters"],
  signal: AbortSignal,
): AsyncIterable<StillPicture> {
  const { widthPx, heightPx, everyS, log, name, buffer = Buffer.alloc } = options;
  let failures = 0;
  const tryLater = async (pictures: number, why: string) => {
    counters.restarts++;
    const waitMs = RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]!;
    log.warn({ camera: name, pictures, why }, "the camera gives no pictures; it is opened again");
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  };
  while (!signal.aborted) {
    let opened: Grab;
    try {
      opened = openGrab(options, signal);
    } catch (error) {
      await tryLater(0, (error as Error).message);
      continue;
    }
    const frame = buffer(widthPx * heightPx * 3);
    let got = 0;
    try {
      for (;;) {
        const at = await opened.next(frame, Math.max(SILENT_MS, 4000 * everyS));
        if (at === undefined) break;
        counters.dropped += opened.takeDropped();
        counters.pictures++;
        got++;
        failures = 0;
        yield { at, widthPx, heightPx, rgb: frame };
      }
    } finally {
      frame.fill(0);
      await opened.close();
    }
    if (signal.aborted) return;
    await tryLater(got, opened.why());
  }
}

interface Grab {
  /** Fills `into` with the newest picture; gives the instant of its exposure (that of its last byte), or undefined at the end. */
  next(into: Buffer, withinMs: number): Promise<bigint | undefined>;
  takeDropped(): number;
  why(): string;
  close(): Promise<void>;
}

function openGrab(options: StillCameraOptions, signal: AbortSignal): Grab {
  const { widthPx, heightPx, everyS, nowNs, buffer = Buffer.alloc } = options;
  const { args, list } = inputOf(options);
  const child: ChildProcess = spawn("ffmpeg", argumentsOf(args, widthPx, heightPx, everyS), {
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin?.on("error", () => undefined).end(list);
  const size = widthPx * heightPx * 3;
  const filling = buffer(size);
  const ready = buffer(size);
  let filled = 0;
  let readyAt: bigint | undefined;
  let dropped = 0;
  let said = "";
  let wake: (() => void) | undefined;
  let ended = false;
  const end = () => {
    ended = true;
    wake?.();
  };
  child.once("error", (error: NodeJS.ErrnoException) => {
    said = error.code === "ENOENT" ? "ffmpeg is not installed: apt install ffmpeg" : error.message;
    end();
  });
  const gone = once(child, "close").then(end, end);
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-500);
  });
  child.stdout?.on("data", (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; ) {
      const part = Math.min(size - filled, chunk.length - at);
      chunk.copy(filling, filled, at, at + part);
      filled += part;
      at += part;
      if (filled < size) continue;
      filled = 0;
      if (readyAt !== undefined) dropped++;
      filling.copy(ready);
      filling.fill(0);
      readyAt = nowNs();
      wake?.();
    }
    chunk.fill(0);
  });
  const abort = () => child.kill("SIGKILL");
  signal.addEventListener("abort", abort, { once: true });

  return {
    async next(into, withinMs) {
      // A picture that waited while the last one was looked at is the newest there is: at most one period old.
      const deadline = performance.now() + withinMs;
      while (readyAt === undefined && !ended && performance.now() < deadline) {
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
          timer = setTimeout(resolve, deadline - performance.now());
        });
        clearTimeout(timer);
        wake = undefined;
      }
      if (readyAt === undefined || signal.aborted) return undefined;
      ready.copy(into);
      ready.fill(0);
      const at = readyAt;
      readyAt = undefined;
      return at;
    },
    takeDropped() {
      const count = dropped;
      dropped = 0;
      return count;
    },
    why: () => withoutAccount(said.trim().split("\n").at(-1) ?? "") || (ended ? "it ended" : "it was silent"),
    async close() {
      signal.removeEventListener("abort", abort);
      child.kill("SIGKILL");
      await gone;
      filling.fill(0);
      ready.fill(0);
    },
  };
}

/** What ffmpeg is called with, and what it reads from its stdin: an account stands in no list of processes. */
function inputOf({ name, source }: StillCameraOptions): { args: string[]; list?: string | undefined } {
  switch (source.kind) {
    case "rtsp": {
      const url = withAccount(source.url, { ...source, name });
      const input: RtspInput = { kind: "rtsp", url, transport: "tcp" };
      return { args: inputArgs(input), list: inputList(input) };
    }
    case "v4l2":
      return { args: ["-f", "v4l2", "-i", source.device] };
    case "file":
      return { args: fileInput(source.path) };
  }
}

function argumentsOf(input: readonly string[], widthPx: number, heightPx: number, everyS: number): string[] {
  const fit = `scale=${widthPx}:${heightPx}:force_original_aspect_ratio=decrease,pad=${widthPx}:${heightPx}:(ow-iw)/2:(oh-ih)/2`;
  return [
    "-hide_banner",
    "-loglevel",
    "error",
    "-nostdin",
    ...input,
    "-an",
    "-vf",
    `fps=${1 / everyS},${fit}`,
    "-pix_fmt",
    "rgb24",
    "-f",
    "rawvideo",
    "pipe:1",
  ];
}

function fileInput(path: string): string[] {
  const isPicture = /\.(jpe?g|png|webp|bmp)$/i.test(path);
  return isPicture ? ["-re", "-loop", "1", "-i", path] : ["-re", "-stream_loop", "-1", "-i", path];
}
