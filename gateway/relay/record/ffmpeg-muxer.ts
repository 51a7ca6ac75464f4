/** Fragmented MP4 by ffmpeg, which muxes and never transcodes. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Frame } from "./frames.ts";
import { MatroskaWriter } from "./matroska.ts";
import { Mp4Cutter } from "./mp4-pieces.ts";
import type { Muxer, MuxerOptions } from "./muxer.ts";

/** It writes what it has and ends; one that does not is ended. */
const END_MS = 3_000;

export class FfmpegMuxer implements Muxer {
  readonly #ffmpeg: ChildProcess;
  readonly #writer = new MatroskaWriter();
  readonly #ended: Promise<void>;
  #ending = false;

  constructor(command: string, { track, audio, fragmentS, piece, failed }: MuxerOptions) {
    const ffmpeg = spawn(
      command,
      [
        ..."-hide_banner -loglevel error -probesize 4096 -analyzeduration 0".split(" "),
        ..."-f matroska -i pipe:0 -map 0 -c copy".split(" "),
        // Where voice may come and does not (yet), the picture does not wait for it.
        ..."-max_interleave_delta 300000".split(" "),
        ..."-f mp4 -movflags +empty_moov+default_base_moof+frag_keyframe -flush_packets 1".split(" "),
        "-frag_duration",
        String(Math.round(fragmentS * 1e6)),
        "pipe:1",
      ],
      { stdio: ["pipe", "pipe", "pipe"] },
    );
    this.#ffmpeg = ffmpeg;
    const cutter = new Mp4Cutter();
    ffmpeg.stdout.on("data", (chunk: Buffer) => {
      try {
        for (const cut of cutter.push(chunk)) piece(cut);
      } catch (error) {
        failed((error as Error).message);
        ffmpeg.kill("SIGKILL");
      }
    });
    let said = "";
    ffmpeg.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-1_000);
    });
    // A muxer that has ended: its exit tells why.
    ffmpeg.stdin.on("error", () => {});
    this.#ended = new Promise((resolve) => {
      ffmpeg.once("error", (error) => {
        failed(`${command} cannot be run: ${error.message}`);
        resolve();
      });
      ffmpeg.once("close", (code, signal) => {
        if (!this.#ending || code !== 0) failed(`ffmpeg ended (${signal ?? code}): ${said.trim()}`);
        resolve();
      });
    });
    ffmpeg.stdin.write(this.#writer.head("matroska", track, audio));
  }

  get waitingBytes(): number {
    return this.#ffmpeg.stdin?.writableLength ?? 0;
  }

  write(frame: Frame, timeS: number): void {
    this.#ffmpeg.stdin?.write(this.#writer.frame(frame, timeS));
  }

  async end(): Promise<void> {
    this.#ending = true;
    this.#ffmpeg.stdin?.end();
    const hurry = setTimeout(() => this.#ffmpeg.kill("SIGKILL"), END_MS);
    await this.#ended.finally(() => clearTimeout(hurry));
  }
}
