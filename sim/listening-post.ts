/** One lamppost's ear in the simulated world: street noise without end, events where they arrive, a microphone, a clock. */
import { Absorption } from "./acoustics/air.ts";
import { type HeardTruth, hear } from "./acoustics/listen.ts";
import { digitise, drawMicrophone, type MicrophoneModel } from "./acoustics/microphone.ts";
import type { Propagation, Vec } from "./acoustics/propagation.ts";
import { Renderer, type Segment } from "./acoustics/render.ts";
import { StreetNoise } from "./acoustics/street-noise.ts";
import type { Lamppost } from "./lampposts.ts";
import { NodeClock, type NodeClockOptions } from "./node-clock.ts";
import type { Rng } from "./rng.ts";
import type { ScenarioEvent } from "./scenarios.ts";

export interface PostOptions {
  rateHz: number;
  /** Level of the street noise, dB SPL. */
  noiseDbSpl: number;
  vehiclesPerMinute: number;
  clock: NodeClockOptions;
  microphone?: MicrophoneModel;
  /** Further microphones of an array, metres east, north and up of the first. */
  arrayM?: readonly Vec[];
}

/** One microphone's sound. */
interface Ear {
  at: Vec;
  noise: StreetNoise;
  hiss: Rng;
  pending: Segment[];
}

export class ListeningPost {
  readonly id: string;
  readonly clock: NodeClock;
  readonly microphone: MicrophoneModel;
  readonly rateHz: number;
  /** Samples of events that came too late to be heard: a world that could not keep up. */
  lateSamples = 0;
  readonly #propagation: Propagation;
  readonly #renderer: Renderer;
  readonly #ears: Ear[];
  #tick = 0;

  constructor(lamppost: Lamppost, propagation: Propagation, rng: Rng, options: PostOptions) {
    this.id = lamppost.id;
    this.rateHz = options.rateHz;
    this.#propagation = propagation;
    this.clock = new NodeClock(rng.fork("clock"), options.clock);
    this.microphone = options.microphone ?? drawMicrophone(rng.fork("microphone"));
    this.#renderer = new Renderer({
      rateHz: options.rateHz,
      absorption: new Absorption(propagation.air),
      soundMps: propagation.soundMps,
      pickup: this.microphone,
    });
    const { eastM, northM, upM } = lamppost.at;
    this.#ears = [[0, 0, 0] as const, ...(options.arrayM ?? [])].map(([east, north, up], channel) => ({
      at: [eastM + east, northM + north, upM + up],
      noise: new StreetNoise(rng.fork(channel === 0 ? "noise" : `noise/${channel}`), {
        rateHz: options.rateHz,
        levelDbSpl: options.noiseDbSpl,
        vehiclesPerMinute: options.vehiclesPerMinute,
        // At a lamppost's height behind foam, half of the wind over the roofs.
        windMps: propagation.air.windMps / 2,
        highPassHz: this.microphone.highPassHz,
      }),
      hiss: rng.fork(channel === 0 ? "hiss" : `hiss/${channel}`),
      pending: [],
    }));
  }

  /** The next sample to be taken. */
  get tick(): number {
    return this.#tick;
  }

  /**
   * Mixes an event in.
   * @param startS world time of the event's start.
   * @param seed of the air's state between source and post, one for all microphones of an array.
   * @returns the truth of it at the first microphone, in world time.
   */
  hear(event: ScenarioEvent, startS: number, seed: Rng): HeardTruth[] {
    const indexOf = (afterS: number) => this.clock.tickAt(startS + afterS);
    const truths = this.#ears.map((ear) => {
      const rng = seed.fork("air");
      const { segments, truth } = hear(
        event.source,
        event.place,
        ear.at,
        this.#propagation,
        this.#renderer,
        rng,
        indexOf,
      );
      for (const segment of segments) {
        if (segment.start < this.#tick)
          this.lateSamples += Math.min(segment.samples.length, this.#tick - segment.start);
        ear.pending.push(segment);
      }
      return truth;
    });
    return truths[0]!.map((each) => ({ ...each, arrivalS: each.arrivalS + startS }));
  }

  /** The next samples of the first microphone, full scale 1, in an array of their own. */
  next(count: number): Float32Array {
    return this.nextChannels(count)[0]!;
  }

  /** The next samples of every microphone. */
  nextChannels(count: number): Float32Array[] {
    const channels = this.#ears.map((ear) => this.#samples(ear, count));
    this.#tick += count;
    return channels;
  }

  #samples(ear: Ear, count: number): Float32Array {
    const out = new Float32Array(count);
    ear.noise.addTo(out, 0, count);
    const end = this.#tick + count;
    for (const { start, samples } of ear.pending) {
      const from = Math.max(start, this.#tick);
      const to = Math.min(start + samples.length, end);
      for (let i = from; i < to; i++) out[i - this.#tick] = out[i - this.#tick]! + samples[i - start]!;
    }
    if (ear.pending.length > 0) ear.pending = ear.pending.filter(({ start, samples }) => start + samples.length > end);
    digitise(out, this.microphone, ear.hiss);
    return out;
  }
}
