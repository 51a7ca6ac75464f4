/** Frames in, impulses with their UTC and the sound around them out. */
import { Fault } from "#contract/errors.ts";
import type { MicrophonePlace } from "#core/acoustics/bearing.ts";
import { type Candidate, CLIP_AFTER_S, CLIP_BEFORE_S, createEar, type Ear } from "#core/acoustics/ear.ts";
import { OffsetFilter } from "#core/acoustics/offset.ts";
import { TickTimes } from "#core/clock/tick-times.ts";
import type { AudioFrame } from "../ports.ts";
import { BearingFinder, type HeardBearing } from "./bearing-finder.ts";
import { ChannelLife } from "./channel-life.ts";
import { type Lead, ShockPairs } from "./shock-pairs.ts";

/** Sound before an impulse in its clip: enough to tell it from what was there before. */
const STORED_BEFORE_S = 0.5;
const KEEP_TIMES_S = 8;

export interface MicrophoneArray {
  /** Where the microphones stand: three or four give a bearing, two or a line of them two, one of which is right. */
  places: readonly MicrophonePlace[] | undefined;
  airTempC: number | undefined;
}

/** An impulse with its time and the sound around it. */
export interface Heard {
  candidate: Candidate;
  /** For the classifier. */
  clip: Float32Array;
  clipOnsetS: number;
  /** To be kept. */
  stored: Float32Array;
  storedOnsetS: number;
  sampleRateHz: number;
  toaNs: bigint;
  clockSigmaS: number;
  bearing: HeardBearing | undefined;
  /** This is the muzzle blast of a shock wave heard before it. */
  shockWave: Lead | undefined;
}

/** The ear with its times: one sample rate, one number of channels. */
export class Hearing {
  readonly #onCandidate: (candidate: Candidate) => void;
  readonly #times: TickTimes;
  readonly #rate: number;
  readonly #first: bigint;
  readonly #channels: number;
  readonly #bearings: BearingFinder | undefined;
  readonly #shocks: ShockPairs;
  readonly #life: ChannelLife;
  readonly #offsets: OffsetFilter[];
  /** The frame's channels without their converters' offsets. */
  readonly #sounds: Float32Array[];
  #ear: Ear;
  /** Channel that the ear listens on. */
  #listened = 0;
  #foundBefore = 0;
  #faults: readonly string[] = [];
  #nextTick: bigint;

  /** @param frame the first; ticks count from it. `onUnstamped`: an impulse while the node had no time. */
  constructor(frame: AudioFrame, array: MicrophoneArray, onHeard: (heard: Heard) => void, onUnstamped: () => void) {
    this.#rate = frame.sampleRateHz;
    this.#first = frame.tick;
    this.#nextTick = frame.tick;
    this.#channels = frame.channels.length;
    this.#times = new TickTimes(frame.sampleRateHz, KEEP_TIMES_S);
    this.#shocks = new ShockPairs(frame.sampleRateHz);
    if (array.places && array.places.length >= 2) {
      this.#bearings = new BearingFinder(frame.sampleRateHz, array.places, array.airTempC);
    }
    this.#life = new ChannelLife(frame.sampleRateHz, frame.channels.length, array.places?.length ?? 1);
    this.#offsets = frame.channels.map(() => new OffsetFilter(frame.sampleRateHz));
    this.#sounds = [...frame.channels];
    this.#onCandidate = (candidate) => {
      const heard = this.#heardOf(candidate);
      this.#lookForFaults();
      if (heard) onHeard(heard);
      else onUnstamped();
    };
    this.#ear = createEar({ sampleRateHz: this.#rate, onCandidate: this.#onCandidate });
  }

  /** What is wrong with the microphones, one sentence each; a new list whenever that changes. */
  get faults(): readonly string[] {
    return this.#faults;
  }

  /** Index of the channel that is listened on. */
  get listened(): number {
    return this.#listened;
  }

  get counters() {
    return {
      impulses: this.#foundBefore + this.#ear.counters.found,
      deadMicrophones: this.#life.deadCount,
      microphoneSwitches: this.#life.switches,
      ...this.#bearings?.counters,
    };
  }

  take(frame: AudioFrame): void {
    if (frame.sampleRateHz !== this.#rate || frame.channels.length !== this.#channels) {
      throw new Fault(
        "failed",
        `the microphone changed from ${this.#rate} Hz x ${this.#channels} to ${frame.sampleRateHz} Hz x ${frame.channels.length}`,
      );
    }
    const lost = Number(frame.tick - this.#nextTick);
    if (lost < 0) throw new Fault("failed", `the microphone went back by ${-lost} samples`);
    if (lost > 0) {
      this.#ear.skip(lost);
      this.#bearings?.skip(lost);
      for (const offset of this.#offsets) offset.restart();
    }
    this.#times.add({ tick: frame.tick, utcNs: frame.utcNs, clock: frame.clock });
    if (this.#life.push(frame.channels)) this.#lookForFaults();
    if (this.#life.ear !== this.#listened) this.#listenOn(this.#life.ear, Number(frame.tick - this.#first));
    for (let i = 0; i < this.#channels; i++) this.#sounds[i] = this.#offsets[i]!.take(frame.channels[i]!);
    const samples = this.#sounds[this.#listened]!;
    this.#nextTick = frame.tick + BigInt(samples.length);
    this.#bearings?.push(this.#sounds);
    this.#ear.push(samples);
  }

  flush(): void {
    this.#ear.flush();
  }

  /** A fresh ear whose ticks go on from those of the last one: what it knew of the noise was another microphone's. */
  #listenOn(channel: number, tick: number): void {
    this.#ear.flush();
    this.#foundBefore += this.#ear.counters.found;
    this.#ear = createEar({ sampleRateHz: this.#rate, onCandidate: this.#onCandidate });
    this.#ear.skip(tick);
    this.#listened = channel;
  }

  #lookForFaults(): void {
    const faults = [...this.#life.faults(), ...(this.#bearings?.faults() ?? [])];
    if (faults.length !== this.#faults.length || faults.some((fault, i) => fault !== this.#faults[i]))
      this.#faults = faults;
  }

  #heardOf(candidate: Candidate): Heard | undefined {
    const whole = Math.floor(candidate.onsetTick);
    const cut = (beforeS: number): [Float32Array, number] => {
      const before = Math.round(beforeS * this.#rate);
      const samples = new Float32Array(before + Math.round(CLIP_AFTER_S * this.#rate));
      this.#ear.clip(whole - before, samples);
      return [samples, (candidate.onsetTick - whole + before) / this.#rate];
    };
    const [clip, clipOnsetS] = cut(CLIP_BEFORE_S);
    const [stored, storedOnsetS] = cut(STORED_BEFORE_S);
    // Also of impulses without a time, so that no shock wave is paired with another's blast.
    const bearing = this.#bearings?.at(candidate.onsetTick, (channel) => this.#life.isDead(channel));
    const shockWave = this.#shocks.take(candidate, stored, storedOnsetS * this.#rate, bearing);
    const instant = this.#times.at(this.#first + BigInt(whole), candidate.onsetTick - whole);
    if (!instant) return undefined;
    return {
      candidate,
      clip,
      clipOnsetS,
      stored,
      storedOnsetS,
      sampleRateHz: this.#rate,
      toaNs: instant.utcNs,
      clockSigmaS: instant.sigmaS,
      bearing,
      shockWave,
    };
  }
}
