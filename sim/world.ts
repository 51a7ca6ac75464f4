/** The city as it sounds: a listening post per lamppost and the incidents that happen. Time is in seconds after the start. */

import type { HeardTruth } from "./acoustics/listen.ts";
import { Propagation, type Vec } from "./acoustics/propagation.ts";
import type { City } from "./city.ts";
import { ListeningPost } from "./listening-post.ts";
import { Rng } from "./rng.ts";
import type { Scenario } from "./scenarios.ts";

export interface WorldOptions {
  city: City;
  seed: number | string;
  /** 16000 by default. */
  rateHz?: number;
  /** One sigma of each node's clock, s; 100 microseconds (NTP by GNSS on a lamppost) by default. */
  clockSigmaS?: number;
  /** Nodes whose clock is bad and says so: one sigma, s. */
  badClocks?: Readonly<Record<string, number>>;
  /** Level of the street noise, dB SPL; drawn from 48 to 60 for each node by default. */
  noiseDbSpl?: number;
  vehiclesPerMinute?: number;
  /** Further microphones of each post's array, metres east, north and up of the first; none by default. */
  arrayM?: readonly Vec[];
}

export interface PostTruth {
  node: string;
  event: number;
  heard: HeardTruth[];
}

export class World {
  readonly city: City;
  readonly rateHz: number;
  /** Microphones at each post. */
  readonly channels: number;
  readonly posts: readonly ListeningPost[];
  readonly #rng: Rng;
  #incidents = 0;

  constructor(options: WorldOptions) {
    this.city = options.city;
    this.rateHz = options.rateHz ?? 16_000;
    this.channels = 1 + (options.arrayM?.length ?? 0);
    this.#rng = new Rng(`world/${options.seed}`);
    const propagation = new Propagation(options.city.buildings, options.city.air);
    this.posts = options.city.lampposts.map((lamppost) => {
      const rng = this.#rng.fork(lamppost.id);
      return new ListeningPost(lamppost, propagation, rng, {
        rateHz: this.rateHz,
        noiseDbSpl: options.noiseDbSpl ?? rng.uniform(48, 60),
        vehiclesPerMinute: options.vehiclesPerMinute ?? 3,
        ...(options.arrayM ? { arrayM: options.arrayM } : {}),
        clock: { rateHz: this.rateHz, sigmaS: options.badClocks?.[lamppost.id] ?? options.clockSigmaS ?? 100e-6 },
      });
    });
  }

  /** Lets a scenario begin at `startS`, in steps: each `next()` mixes one event in at one post, so that a server can breathe in between. */
  *play(scenario: Scenario, startS: number): Generator<PostTruth> {
    const rng = this.#rng.fork(`incident/${this.#incidents++}`);
    for (const [event, each] of scenario.events.entries()) {
      for (const post of this.posts) {
        const heard = post.hear(each, startS + each.atS, rng.fork(`${event}/${post.id}`));
        yield { node: post.id, event, heard };
      }
    }
  }
}

export interface WorldRecording {
  /** By node: samples, full scale 1, of the first microphone and of all, and the stated UTC offset of sample 0 and of the last from the world's start, s. */
  nodes: {
    id: string;
    samples: Float32Array;
    channels: Float32Array[];
    rateHz: number;
    firstS: number;
    lastS: number;
  }[];
  heard: PostTruth[];
}

/** The whole scenario at once, from the world's start. */
export function renderWorld(options: WorldOptions, scenario: Scenario, lengthS = scenario.lengthS): WorldRecording {
  const world = new World(options);
  const heard = [...world.play(scenario, 0)];
  const nodes = world.posts.map((post) => {
    const count = Math.round(lengthS * world.rateHz);
    const stated = (tick: number) => {
      const timeS = post.clock.timeOf(tick);
      return timeS + post.clock.errorS(timeS);
    };
    const channels = post.nextChannels(count);
    return {
      id: post.id,
      samples: channels[0]!,
      channels,
      rateHz: world.rateHz,
      firstS: stated(0),
      lastS: stated(count - 1),
    };
  });
  return { nodes, heard };
}
