/**
 * What roles need of the world, named after things. Real adapters stand in `devices/`, simulated ones in `sim/`;
 * a fake and its real twin run the same suite.
 */
import type { Channel, MessageOf } from "#contract/channel.ts";
import type { CrowdWeights } from "#contract/company.ts";
import type { Position } from "#contract/geo.ts";
import type { ClockState, NodeState } from "#contract/node.ts";
import type { Scores } from "#contract/shot.ts";

/** A block of simultaneous samples of all channels. */
export interface AudioFrame {
  /** One array per microphone, equal lengths, full scale = 1. Valid until the next frame is asked for. */
  channels: readonly Float32Array[];
  sampleRateHz: number;
  /** Index of the first sample since the device was opened; a gap in it is an overrun. */
  tick: bigint;
  /** UTC of the first sample, nanoseconds since 1970; undefined while the node's time is not valid: then nothing is stamped. */
  utcNs: bigint | undefined;
  /** State of the clock that `utcNs` came from. */
  clock: ClockState;
}

export interface Microphone {
  readonly name: string;
  /** Frames until the signal aborts or the source ends; throws `Fault` where only another configuration helps. */
  frames(signal: AbortSignal): AsyncIterable<AudioFrame>;
  /** Samples lost so far, restarts so far. */
  readonly counters: { lostSamples: number; restarts: number };
  /** Why there is no sound, or what is wrong with it, and what to do; undefined while it is well. */
  readonly trouble?: string | undefined;
}

export interface Speaker {
  /** Mono, full scale = 1. Resolves when it has been played. */
  play(sound: Float32Array, sampleRateHz: number): Promise<void>;
}

export interface ModelIdentity {
  name: string;
  version: string;
  sha256: string;
}

/** Tells what made an impulse. */
export interface Classifier {
  readonly model: ModelIdentity;
  /** Probability of `gunshot` from which an impulse counts as one. */
  readonly threshold: number;
  /** How impulses before it count; without, each is judged alone. */
  readonly crowd?: CrowdWeights | undefined;
  /**
   * Calibrated probabilities for one candidate by its own sound.
   * @param clip mono samples at `sampleRateHz` with the onset at `onsetS` from the start.
   */
  classify(clip: Float32Array, sampleRateHz: number, onsetS: number): Promise<Scores>;
  /** By which version of a site's own correction the last scores were made, and the probability of a gunshot before it. */
  readonly siteHead?: { version: number; uncorrected: number } | undefined;
  close(): Promise<void>;
}

/** Tells whether a clip holds speech, and what may leave the node of it. */
export interface VoiceGate {
  /** @param clip mono samples, full scale = 1. `clip` of the answer is absent where nothing may leave. */
  pass(clip: Float32Array, sampleRateHz: number): VoiceVerdict;
}

export interface VoiceVerdict {
  speechProbability: number;
  action: "passed" | "filtered" | "withheld";
  clip: Float32Array | undefined;
}

/** At most 2 s of sound around one impulse, as a node keeps it. */
export interface StoredClip {
  /** Id of the `shot/heard` it belongs to. */
  arrival: string;
  /** UTC of the first sample, nanoseconds since 1970. */
  startUtcNs: bigint;
  sampleRateHz: number;
  /** Seconds from the first sample to the onset. */
  onsetS: number;
  pcm16: Int16Array;
}

/** Keeps clips encrypted and for a limited time. */
export interface ClipStore {
  /** How long a clip is kept, seconds. */
  readonly keepS: number;
  /** False where it could not be kept; reported by the store. */
  put(clip: StoredClip): Promise<boolean>;
  /** Undefined where there is none any more, or never was. */
  get(arrival: string): Promise<StoredClip | undefined>;
  readonly counters: Readonly<Record<string, number>>;
  close(): Promise<void>;
}

export interface Subscription {
  close(): Promise<void>;
}

/** Where a message came from, for handlers. */
export interface Delivery {
  site: string;
  node: string;
  retained: boolean;
}

/**
 * The message bus. What `publish` accepted arrives once, with its first time, even over a power cut:
 * the promise resolves when the message is safe on disk, not when it has arrived.
 */
export interface Bus {
  publish<C extends Channel>(channel: C, message: MessageOf<C>, options?: { to?: string }): Promise<void>;
  /** Resolves after SUBACK. Messages that are not of the channel's schema are counted and reported, never delivered. Repeats are dropped. */
  subscribe<C extends Channel>(
    channel: C,
    handler: (message: MessageOf<C>, from: Delivery) => void | Promise<void>,
    options?: { node?: string },
  ): Promise<Subscription>;
  readonly connected: boolean;
  /** `link` events: the broker came within or went out of reach. */
  onLink(listener: (connected: boolean) => void): () => void;
  readonly counters: { queued: number; dropped: number; refused: number; delivered: number; repeats: number };
  close(): Promise<void>;
}

/** Where messages for the technician go; pino's loggers fit. */
export interface Log {
  debug(facts: object, text: string): void;
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
}

/** What `main` hands every role, besides the devices of its own. A role exports `start<Role>(context): Promise<Running>` and `<Role>Config`, its schema. */
export interface RoleContext<Config> {
  site: string;
  node: string;
  /** Where this node stands, where it stands still. */
  position: Position | undefined;
  bus: Bus;
  log: Log;
  /** Stop. */
  signal: AbortSignal;
  /** This role's part of the node's configuration, checked by its schema. */
  config: Config;
  /** SHA-256 of the node's whole configuration without secrets. */
  configSha256: string;
  /** Folder for what this role keeps. */
  dataDir: string;
  /** UTC of this node, nanoseconds since 1970, and how good it is; undefined while it is not valid. */
  now(): { utcNs: bigint; clock: ClockState } | undefined;
  /** Puts numbers and facts into the next `node/state`. Counters of one role: `{ candidates: 12 }` is shown as `listen.candidates`. */
  report(part: {
    counters?: Record<string, number>;
    state?: Partial<Pick<NodeState, "clock" | "fault" | "adaptation" | "selfTest" | "positionDoubt">>;
  }): void;
}

/** A running role: ready when the promise resolved; `done` ends when it has stopped. */
export interface Running {
  done: Promise<void>;
}
