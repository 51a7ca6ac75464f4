/** A microphone in another process: time-stamped PCM over TCP (`contract/pcm-stream.ts`). A lost connection is made again. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Fault } from "#contract/errors.ts";
import { PCM_PROTOCOL, PcmDecoder, type PcmHello, pcmLine } from "#contract/pcm-stream.ts";
import type { AudioFrame, Log, Microphone } from "../ports.ts";
import { backoffMs, pause } from "./retry.ts";

export interface PcmStreamOptions {
  host: string;
  port: number;
  /** Which of the source's microphones. */
  microphone: string;
  log: Log;
}

/** Longest wait for the source's first line. */
const HELLO_MS = 5000;

export class PcmStreamMicrophone implements Microphone {
  readonly name: string;
  readonly counters = { lostSamples: 0, restarts: 0 };
  /** Why no sound comes. */
  trouble: string | undefined;
  readonly #options: PcmStreamOptions;
  /** Added to the source's ticks, so that ours never go back when the source starts over. */
  #offset = 0n;
  #next: { tick: bigint; utcNs: bigint | undefined } | undefined;

  constructor(options: PcmStreamOptions) {
    this.#options = options;
    this.name = `pcm-stream ${options.microphone} at ${options.host}:${options.port}`;
  }

  async *frames(signal: AbortSignal): AsyncIterable<AudioFrame> {
    const { log } = this.#options;
    let waits = backoffMs(100, 5000);
    let told = "";
    while (!signal.aborted) {
      let why = "the source closed the connection";
      try {
        for await (const frame of this.#connection(signal)) {
          if (frame === "end") return;
          if (told !== "") log.info({ microphone: this.name }, "sound again");
          told = "";
          this.trouble = undefined;
          waits = backoffMs(100, 5000);
          yield frame;
        }
      } catch (error) {
        if (error instanceof Fault && error.message.includes("refused"))
          throw new Fault("config", `${this.name}: ${error.message}`, { cause: error });
        why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      }
      if (signal.aborted) return;
      if (why !== told) log.warn({ microphone: this.name, why }, "no sound; connecting again");
      told = why;
      this.trouble = `no sound: ${why}; look at the sound source at ${this.#options.host}:${this.#options.port}`;
      this.counters.restarts += 1;
      await pause(waits.next().value, signal);
    }
  }

  async *#connection(signal: AbortSignal): AsyncGenerator<AudioFrame | "end"> {
    const { host, port, microphone } = this.#options;
    const socket = connect({ host, port });
    const stop = () => socket.destroy();
    signal.addEventListener("abort", stop, { once: true });
    const impatience = setTimeout(() => socket.destroy(new Error(`no answer within ${HELLO_MS} ms`)), HELLO_MS);
    try {
      await once(socket, "connect");
      socket.setNoDelay(true);
      socket.write(pcmLine({ protocol: PCM_PROTOCOL, node: microphone }));
      let hello: PcmHello | undefined;
      const decoder = new PcmDecoder();
      for await (const chunk of socket as Socket & AsyncIterable<Buffer>) {
        for (const event of decoder.push(chunk)) {
          if (event.kind === "end") {
            yield "end";
            return;
          }
          if (event.kind === "hello") {
            hello = event.hello;
            clearTimeout(impatience);
            continue;
          }
          yield this.#continued({ ...event.frame, sampleRateHz: hello!.sampleRateHz });
        }
      }
    } finally {
      clearTimeout(impatience);
      signal.removeEventListener("abort", stop);
      socket.destroy();
    }
  }

  #continued(frame: AudioFrame): AudioFrame {
    const samples = frame.channels[0]?.length ?? 0;
    const next = this.#next;
    if (next && frame.tick + this.#offset < next.tick) {
      // The source started over. The gap is what its clock says, or a second where it does not.
      const gapS = frame.utcNs !== undefined && next.utcNs !== undefined ? Number(frame.utcNs - next.utcNs) / 1e9 : 1;
      this.#offset = next.tick - frame.tick + BigInt(Math.max(1, Math.round(gapS * frame.sampleRateHz)));
    }
    const tick = frame.tick + this.#offset;
    if (next) this.counters.lostSamples += Number(tick - next.tick);
    const lengthNs = BigInt(Math.round((samples / frame.sampleRateHz) * 1e9));
    this.#next = {
      tick: tick + BigInt(samples),
      utcNs: frame.utcNs === undefined ? undefined : frame.utcNs + lengthNs,
    };
    return { ...frame, tick };
  }
}
