/** One lamppost's ear in the simulated world: street noise without end, events where they arrive, a microphone, a clock. */
import { Absorption } from "./acoustics/air.ts";
import { type HeardTruth, hear } from "./acoustics/listen.ts";
import { digitise, drawMicrophone, type MicrophoneModel } from "./acoustics/microphone.ts";
import type { Propagation, Vec } from "./acoustics/propagation.ts";
import { Renderer, type Segment } from "./acoustics/render.ts";
import { StreetNoise } from "./acoustics/street-noise.ts";
import type { Lamppost } from "./city.ts";
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
}

export class ListeningPost {
  readonly id: string;
  readonly clock: NodeClock;
  readonly microphone: MicrophoneModel;
  readonly rateHz: number;
  /** Samples of events that came too late to be heard: a world that could not keep up. */
  lateSamples = 0;
  readonly #at: Vec;
  readonly #propagation: Propagation;
  readonly #renderer: Renderer;
  readonly #noise: StreetNoise;
  readonly #rng: Rng;
  #pending: Segment[] = [];
  #tick = 0;

  constructor(lamppost: Lamppost, propagation: Propagation, rng: Rng, options: PostOptions) {
    this.id = lamppost.id;
    this.rateHz = options.rateHz;
    this.#at = [lamppost.at.eastM, lamppost.at.northM, lamppost.at.upM];
    this.#propagation = propagation;
    this.#rng = rng.fork("hiss");
    this.clock = new NodeClock(rng.fork("clock"), options.clock);
    this.microphone = options.microphone ?? drawMicrophone(rng.fork("microphone"));
    this.#renderer = new Renderer({
      rateHz: options.rateHz,
      absorption: new Absorption(propagation.air),
      soundMps: propagation.soundMps,
      pickup: this.microphone,
    });
    this.#noise = new StreetNoise(rng.fork("noise"), {
      rateHz: options.rateHz,
      levelDbSpl: options.noiseDbSpl,
      vehiclesPerMinute: options.vehiclesPerMinute,
      // At a lamppost's height behind foam, half of the wind over the roofs.
      windMps: propagation.air.windMps / 2,
      highPassHz: this.microphone.highPassHz,
    });
  }

  /** The next sample to be taken. */
  get tick(): number {
    return this.#tick;
  }

  /**
   * Mixes an event in.
   * @param startS world time of the event's start.
   * @returns the truth of it here, in world time.
   */
  hear(event: ScenarioEvent, startS: number, rng: Rng): HeardTruth[] {
    const { segments, truth } = hear(event.source, event.place, this.#at, this.#propagation, this.#renderer, rng, (s) =>
      this.clock.tickAt(startS + s),
    );
    for (const segment of segments) {
      if (segment.start < this.#tick) this.lateSamples += Math.min(segment.samples.length, this.#tick - segment.start);
      this.#pending.push(segment);
    }
    return truth.map((each) => ({ ...each, arrivalS: each.arrivalS + startS }));
  }

  /** The next samples, full scale 1, in an array of their own. */
  next(count: number): Float32Array {
    const out = new Float32Array(count);
    this.#noise.addTo(out, 0, count);
    const end = this.#tick + count;
    for (const { start, samples } of this.#pending) {
      const from = Math.max(start, this.#tick);
      const to = Math.min(start + samples.length, end);
      for (let i = from; i < to; i++) out[i - this.#tick] = out[i - this.#tick]! + samples[i - start]!;
    }
    if (this.#pending.length > 0)
      this.#pending = this.#pending.filter(({ start, samples }) => start + samples.length > end);
    digitise(out, this.microphone, this.#rng);
    this.#tick = end;
    return out;
  }
}
