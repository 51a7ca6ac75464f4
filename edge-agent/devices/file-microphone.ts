/** A microphone that plays a WAV or FLAC file, at the speed of sound or as fast as it goes. */
import { setImmediate as turn } from "node:timers/promises";
import type { ClockState } from "#contract/node.ts";
import type { AudioFrame, Microphone } from "../ports.ts";
import { readAudioFile } from "./audio-file.ts";
import { pause } from "./retry.ts";

export interface FileMicrophoneOptions {
  path: string;
  realTime: boolean;
  /** UTC of the first sample and how good it is, asked for once, when the first frame is; undefined: the file has no time. */
  start: () => { utcNs: bigint; clock: ClockState } | undefined;
}

const FRAME_S = 0.02;

export class FileMicrophone implements Microphone {
  readonly name: string;
  readonly counters = { lostSamples: 0, restarts: 0 };
  readonly #options: FileMicrophoneOptions;

  constructor(options: FileMicrophoneOptions) {
    this.#options = options;
    this.name = `file ${options.path}`;
  }

  async *frames(signal: AbortSignal): AsyncIterable<AudioFrame> {
    const { channels, sampleRateHz } = await readAudioFile(this.#options.path);
    const start = this.#options.start();
    const samples = channels[0]?.length ?? 0;
    const length = Math.round(FRAME_S * sampleRateHz);
    const beganMs = performance.now();
    for (let at = 0; at < samples && !signal.aborted; at += length) {
      const end = Math.min(samples, at + length);
      if (this.#options.realTime) {
        // A microphone hands a frame out when its last sample has been heard.
        const waitMs = (end / sampleRateHz) * 1000 - (performance.now() - beganMs);
        if (waitMs > 0) await pause(waitMs, signal);
      } else if (at % (length * 16) === 0) await turn();
      yield {
        channels: channels.map((all) => all.subarray(at, end)),
        sampleRateHz,
        tick: BigInt(at),
        utcNs: start && start.utcNs + BigInt(Math.round((at / sampleRateHz) * 1e9)),
        clock: start?.clock ?? { source: "none", synchronised: false, sigmaS: 0 },
      };
    }
  }
}
