/** Sound from a card through `arecord`, a child process: supervised, overruns counted, time kept true over them. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { Fault } from "#contract/errors.ts";
import type { AudioFrame, Log, Microphone } from "../ports.ts";
import type { PulseClock } from "../pulse-port.ts";
import { CaptureClock } from "./capture-clock.ts";
import { CountedClock } from "./counted-clock.ts";
import type { NodeTime } from "./node-time.ts";
import { backoffMs, pause } from "./retry.ts";

export interface AlsaOptions {
  device: string;
  sampleRateHz: number;
  channels: number;
  format: "s16" | "s32";
  ppsChannel?: number | undefined;
  latencyS: number;
  latencySigmaS: number;
  /** Pulses that a microcontroller captures beside the card's word clock, instead of a pulse on a channel. */
  counted?: { pulses: PulseClock; wordClock: "continuous" | "with-capture" } | undefined;
  time: NodeTime;
  log: Log;
  /** `arecord` where it is not named; a test puts a script of its own here. */
  program?: string;
  env?: NodeJS.ProcessEnv;
  /** A card that gives nothing for this long is restarted. */
  silentMs?: number;
  /** A card that never gave anything within this is no card. */
  giveUpMs?: number;
}

const fullScale = { s16: 32768, s32: 2 ** 31 } as const;

export class AlsaMicrophone implements Microphone {
  readonly name: string;
  readonly counters = { lostSamples: 0, restarts: 0, overruns: 0, clockJumps: 0, pulses: 0, strayPulses: 0 };
  readonly #options: AlsaOptions;
  readonly #clock: CaptureClock | CountedClock;
  readonly #bytesPerSample: number;
  readonly #frameBytes: number;
  /** Next sample. */
  #tick = 0n;
  #heard = false;
  #lastWords = "";
  /** Milliseconds of overrun that arecord has told of and no block has been shifted by. */
  #overrunMs = 0;

  constructor(options: AlsaOptions) {
    this.#options = options;
    this.name = `alsa ${options.device}`;
    this.#bytesPerSample = options.format === "s16" ? 2 : 4;
    this.#frameBytes = options.channels * this.#bytesPerSample;
    this.#clock = options.counted
      ? new CountedClock({ ...options, ...options.counted })
      : new CaptureClock({ ...options, pps: options.ppsChannel !== undefined });
  }

  async *frames(signal: AbortSignal): AsyncIterable<AudioFrame> {
    const { log, giveUpMs = 30_000 } = this.#options;
    const beganMs = performance.now();
    let waits = backoffMs(200, 10_000);
    while (!signal.aborted) {
      const before = this.#tick;
      const why = yield* this.#capture(signal);
      if (signal.aborted) return;
      if (this.#tick > before) waits = backoffMs(200, 10_000);
      if (!this.#heard && performance.now() - beganMs > giveUpMs) {
        throw new Fault(
          "config",
          `microphone.device ${this.#options.device}: ${why}; 'arecord -L' lists what there is`,
        );
      }
      this.counters.restarts += 1;
      log.warn({ microphone: this.name, why }, "no sound; starting arecord again");
      await pause(waits.next().value, signal);
    }
  }

  /** One life of arecord. Returns why it ended. */
  async *#capture(signal: AbortSignal): AsyncGenerator<AudioFrame, string> {
    const { program = "arecord", device, format, sampleRateHz, channels, silentMs = 5000 } = this.#options;
    const alsaFormat = format === "s16" ? "S16_LE" : "S32_LE";
    const args = [
      "-q",
      "-D",
      device,
      "-t",
      "raw",
      "-f",
      alsaFormat,
      "-r",
      String(sampleRateHz),
      "-c",
      String(channels),
    ];
    // A long buffer rides out a busy processor; short periods keep the blocks, and so the times, fresh.
    args.push("--buffer-time=1000000", "--period-time=20000");
    const env = { ...(this.#options.env ?? process.env), LC_ALL: "C" };
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env });
    let failure = "";
    child.once("error", (error: NodeJS.ErrnoException) => {
      failure =
        error.code === "ENOENT" ? `${program} is not installed (Debian: apt install alsa-utils)` : error.message;
    });
    child.stderr.on("data", (chunk: Buffer) => this.#hearWords(chunk.toString()));
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    const stop = () => child.kill();
    signal.addEventListener("abort", stop, { once: true });
    const watchdog = setTimeout(() => {
      failure = `no sound for ${silentMs} ms`;
      child.kill("SIGKILL");
    }, silentMs);
    try {
      yield* this.#read(child, () => watchdog.refresh());
      await ended;
      return failure || this.#lastWords || `arecord ended with ${child.exitCode ?? child.signalCode}`;
    } finally {
      clearTimeout(watchdog);
      signal.removeEventListener("abort", stop);
      child.kill("SIGKILL");
    }
  }

  async *#read(child: ChildProcessByStdio<null, Readable, Readable>, alive: () => void): AsyncGenerator<AudioFrame> {
    let rest = Buffer.alloc(0);
    let first = this.#heard;
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      const arrivedNs = process.hrtime.bigint();
      alive();
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const samples = Math.floor(bytes.length / this.#frameBytes);
      rest = Buffer.from(bytes.subarray(samples * this.#frameBytes));
      if (samples === 0) continue;
      if (first) this.#catchUp(arrivedNs, samples);
      else if (this.#overrunMs > 0) this.#skipOverrun();
      first = false;
      this.#heard = true;
      yield this.#frame(bytes, samples, arrivedNs);
    }
  }

  #frame(bytes: Buffer, samples: number, arrivedNs: bigint): AudioFrame {
    const { channels, ppsChannel, sampleRateHz, format } = this.#options;
    const sound: Float32Array[] = [];
    for (let c = 0; c < channels; c++) {
      const values = new Float32Array(samples);
      let at = c * this.#bytesPerSample;
      for (let i = 0; i < samples; i++, at += this.#frameBytes) {
        values[i] = (format === "s16" ? bytes.readInt16LE(at) : bytes.readInt32LE(at)) / fullScale[format];
      }
      if (c !== ppsChannel) sound.push(values);
      else if (this.#clock instanceof CaptureClock) this.#clock.pulses(values, this.#tick, arrivedNs);
    }
    const tick = this.#tick;
    this.#tick += BigInt(samples);
    this.#clock.arrived(this.#tick, arrivedNs);
    Object.assign(this.counters, this.#clock.counters);
    return { channels: sound, sampleRateHz, tick, ...this.#clock.at(tick) };
  }

  /** arecord was started again: what the card heard meanwhile is lost, and ticks go on from where the clock says we are. */
  #catchUp(arrivedNs: bigint, samples: number): void {
    const now = this.#clock.tickAt(arrivedNs);
    const start = now === undefined ? this.#tick + BigInt(this.#options.sampleRateHz) : now - BigInt(samples);
    this.#skip(start - this.#tick);
    this.#overrunMs = 0;
  }

  /** After an overrun the card goes on without the samples it had no room for: at least as many as arecord tells. */
  #skipOverrun(): void {
    this.#skip(BigInt(Math.max(1, Math.round((this.#overrunMs / 1000) * this.#options.sampleRateHz))));
    this.#overrunMs = 0;
  }

  #skip(samples: bigint): void {
    if (samples <= 0n) return;
    this.#tick += samples;
    this.counters.lostSamples += Number(samples);
    this.#clock.lost();
  }

  #hearWords(text: string): void {
    for (const line of text.split("\n")) {
      const overrun = /overrun!*\s*\(at least ([\d.]+) ms long\)/.exec(line);
      if (overrun) {
        this.counters.overruns += 1;
        this.#overrunMs += Number(overrun[1]);
      } else if (line.trim() !== "") this.#lastWords = line.trim().slice(0, 300);
    }
  }
}
