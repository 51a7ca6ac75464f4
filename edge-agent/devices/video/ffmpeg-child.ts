/** One ffmpeg of ours: started, listened to, ended for certain. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { type ChildEnd, endOf, inputVideoOf } from "./ffmpeg-words.ts";

const HELD_CHARACTERS = 16_384;

export interface FfmpegChild {
  readonly stdout: Readable;
  readonly stdin: Writable | undefined;
  readonly running: boolean;
  /** What it said about its input, once it did. */
  readonly input: { codec: string; widthPx?: number; heightPx?: number } | undefined;
  /** Resolves with the reason when it has ended; never rejects. */
  readonly ended: Promise<ChildEnd>;
  /** Ends it; resolves when it is gone. */
  kill(): Promise<void>;
}

/** @param options.input all that it reads from stdin; `takesInput` where more comes as it goes. */
export function startFfmpeg(
  args: readonly string[],
  { takesInput = false, input }: { takesInput?: boolean; input?: string | undefined } = {},
): FfmpegChild {
  const piped = takesInput || input !== undefined;
  const child: ChildProcess = spawn("ffmpeg", args, { stdio: [piped ? "pipe" : "ignore", "pipe", "pipe"] });
  let said = "";
  let begin = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    if (begin.length < HELD_CHARACTERS) begin += text;
    said = (said + text).slice(-HELD_CHARACTERS);
  });
  child.stdin?.on("error", () => undefined);
  if (input !== undefined) child.stdin?.end(input);
  const ended = new Promise<ChildEnd>((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) =>
      resolve({
        kind: "broken",
        why: error.code === "ENOENT" ? "ffmpeg is not installed: apt install ffmpeg" : error.message,
      }),
    );
    child.once("close", (code, signal) => resolve(endOf(said, signal ?? `status ${code}`)));
  });
  return {
    stdout: child.stdout!,
    stdin: child.stdin ?? undefined,
    get running() {
      return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
    },
    get input() {
      return inputVideoOf(begin);
    },
    ended,
    async kill() {
      // It holds nothing that would have to be finished, and a hung one ignores anything weaker.
      child.kill("SIGKILL");
      await ended;
    },
  };
}
