/** Sound from a card through `arecord`, a child process: supervised, overruns counted, time kept true over them. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { Fault } from "#contract/errors.ts";
import type { AudioFrame, Log, Microphone } from "../ports.ts";
import type { PulseClock } from "../pulse-port.ts";
import { ArecordWords, adviceOn, arecordArguments, type CardOptions, rateFault } from "./arecord.ts";
import { CaptureClock } from "./capture-clock.ts";
import { CountedClock } from "./counted-clock.ts";
import type { NodeTime } from "./node-time.ts";
import { backoffMs, pause } from "./retry.ts";
import { SoundRate } from "./sound-rate.ts";

export interface AlsaOptions extends CardOptions {
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
}

const fullScale = { s16: 32768, s32: 2 ** 31 } as const;
const NOT_INSTALLED = "is not installed (Debian: apt install alsa-utils)";

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
  #words = new ArecordWords();
  /** Why no sound comes. */
  #silence: string | undefined;
  readonly #rate: SoundRate;

  constructor(options: AlsaOptions) {
    this.#options = options;
    this.name = `alsa ${options.device}`;
    this.#bytesPerSample = options.format === "s16" ? 2 : 4;
    this.#frameBytes = options.channels * this.#bytesPerSample;
    this.#rate = new SoundRate(options);
    this.#clock = options.counted
      ? new CountedClock({ ...options, ...options.counted })
      : new CaptureClock({ ...options, pps: options.ppsChannel !== undefined });
  }

  get trouble(): string | undefined {
    return this.#silence ?? this.#rate.trouble;
  }

  /** A card that is not there, or is taken away, is waited for: it is plugged in while the node runs. */
  async *frames(signal: AbortSignal): AsyncIterable<AudioFrame> {
    const { log } = this.#options;
    let waits = backoffMs(200, 10_000);
    let told = "";
    while (!signal.aborted) {
      const before = this.#tick;
      const why = yield* this.#capture(signal);
      if (signal.aborted) return;
      if (this.#words.otherRateHz !== undefined)
        throw new Fault("config", rateFault(this.#options, this.#words.otherRateHz));
      if (this.#tick > before) {
        waits = backoffMs(200, 10_000);
        told = "";
      }
      this.counters.restarts += 1;
      this.#silence = `no sound: ${why}; ${adviceOn(why, this.#options)}`;
      if (why !== told) log.warn({ microphone: this.name, why: this.#silence }, "starting arecord again");
      told = why;
      await pause(waits.next().value, signal);
    }
  }

  /** One life of arecord. Returns why it ended. */
  async *#capture(signal: AbortSignal): AsyncGenerator<AudioFrame, string> {
    const { program = "arecord", silentMs = 5000 } = this.#options;
    // A long buffer rides out a busy processor; short periods keep the blocks, and so the times, fresh.
    const args = [...arecordArguments(this.#options), "--buffer-time=1000000", "--period-time=20000"];
    const env = { ...(this.#options.env ?? process.env), LC_ALL: "C" };
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env });
    let failure = "";
    child.once("error", (error: NodeJS.ErrnoException) => {
      failure = error.code === "ENOENT" ? NOT_INSTALLED : error.message;
    });
    this.#words = new ArecordWords();
    this.#rate.restart();
    child.stderr.on("data", (chunk: Buffer) => {
      const before = this.#words.overruns;
      this.#words.hear(chunk.toString());
      this.counters.overruns += this.#words.overruns - before;
      if (this.#words.otherRateHz !== undefined) child.kill("SIGKILL");
    });
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    const stop = () => child.kill();
    signal.addEventListener("abort", stop, { once: true });
    const watchdog = setTimeout(() => {
      failure = `arecord gave nothing for ${silentMs} ms`;
      child.kill("SIGKILL");
    }, silentMs);
    try {
      yield* this.#read(child, () => watchdog.refresh());
      await ended;
      if (failure === NOT_INSTALLED) throw new Fault("config", `${program} ${NOT_INSTALLED}`);
      return failure || this.#words.last || `arecord ended with ${child.exitCode ?? child.signalCode}`;
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
      else if (this.#words.overrunMs > 0) this.#skipOverrun();
      first = false;
      this.#heard = true;
      if (this.#silence !== undefined) this.#options.log.info({ microphone: this.name }, "sound again");
      this.#silence = undefined;
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
    this.#rate.arrived(this.#tick, arrivedNs);
    Object.assign(this.counters, this.#clock.counters);
    return { channels: sound, sampleRateHz, tick, ...this.#clock.at(tick) };
  }

  /** arecord was started again: what the card heard meanwhile is lost, and ticks go on from where the clock says we are. */
  #catchUp(arrivedNs: bigint, samples: number): void {
    const now = this.#clock.tickAt(arrivedNs);
    const start = now === undefined ? this.#tick + BigInt(this.#options.sampleRateHz) : now - BigInt(samples);
    this.#skip(start - this.#tick);
    this.#words.overrunMs = 0;
  }

  /** After an overrun the card goes on without the samples it had no room for: at least as many as arecord tells. */
  #skipOverrun(): void {
    this.#skip(BigInt(Math.max(1, Math.round((this.#words.overrunMs / 1000) * this.#options.sampleRateHz))));
    this.#words.overrunMs = 0;
  }

  /** @param samples so many, as far as is known; where the host's clock was stepped back meanwhile, fewer than none. */
  #skip(samples: bigint): void {
    if (samples > 0n) {
      this.#tick += samples;
      this.counters.lostSamples += Number(samples);
    }
    this.#clock.lost();
  }
}
