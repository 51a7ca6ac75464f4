/** WebM for VP8: ffmpeg 5 and most players know no VP8 in MP4. A live stream of clusters is what our writer makes anyway. */
import type { Frame } from "./frames.ts";
import { MatroskaWriter } from "./matroska.ts";
import type { Muxer, MuxerOptions } from "./muxer.ts";

export class WebmMuxer implements Muxer {
  readonly waitingBytes = 0;
  readonly #options: MuxerOptions;
  readonly #writer = new MatroskaWriter();
  #parts: Buffer[] = [];
  #startS = 0;
  #lastS = 0;

  constructor(options: MuxerOptions) {
    this.#options = options;
    const bytes = this.#writer.head("webm", options.track, options.audio);
    options.piece({ kind: "start", bytes, startS: 0, durationS: 0 });
  }

  write(frame: Frame, timeS: number): void {
    if (this.#parts.length > 0 && timeS - this.#startS >= this.#options.fragmentS) this.#hand(timeS);
    if (this.#parts.length === 0) {
      this.#startS = timeS;
      this.#writer.beginCluster();
    }
    this.#lastS = Math.max(this.#lastS, timeS);
    this.#parts.push(this.#writer.frame(frame, timeS));
  }

  async end(): Promise<void> {
    if (this.#parts.length > 0) this.#hand(this.#lastS);
  }

  #hand(untilS: number): void {
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#options.piece({ kind: "media", bytes, startS: this.#startS, durationS: untilS - this.#startS });
  }
}
