/** Listens: sound -> impulses -> what they were -> `shot/heard` with its time, how sure both are, and no more sound than asked for. */
import { ulid } from "ulid";
import * as v from "valibot";
import { Fault } from "#contract/errors.ts";
import { type ShotHeard, shotHeard } from "#contract/shot.ts";
import { Count, Finite, Probability, utcOfNs } from "#contract/units.ts";
import type { MicrophonePlace } from "#core/acoustics/bearing.ts";
import { type Candidate, CLIP_AFTER_S, CLIP_BEFORE_S, createEar, type Ear } from "#core/acoustics/ear.ts";
import { TickTimes } from "#core/clock/tick-times.ts";
import type { AudioFrame, Classifier, ClipStore, Microphone, RoleContext, Running, VoiceGate } from "../ports.ts";
import { answerClips } from "./answer-clips.ts";
import { BearingFinder } from "./bearing-finder.ts";
import { AdaptationConfig } from "./site-adaptation.ts";
import { TokenBucket } from "./token-bucket.ts";

export const ListenConfig = v.strictObject({
  /** Folder of the classifier's model; the newest that ships where it is not given. */
  model: v.optional(v.string()),
  /** An impulse is told to the network from this probability of a gunshot on: low, since the network knows more than one node. */
  publishAbove: v.optional(Probability, 0.05),
  /** Messages told at once, and each second after that; more is noise, and is counted. */
  burst: v.optional(v.pipe(Count, v.minValue(1)), 120),
  perSecond: v.optional(v.pipe(Finite, v.gtValue(0, "must be more than 0")), 4),
  /** Air at this node, for bearings and for the network. */
  airTempC: v.optional(v.pipe(Finite, v.minValue(-60), v.maxValue(60))),
  adaptation: v.optional(AdaptationConfig, {}),
  clips: v.optional(
    v.strictObject({
      keepHours: v.optional(v.pipe(Finite, v.minValue(0), v.maxValue(24 * 30)), 24),
      maxMegabytes: v.optional(v.pipe(Finite, v.minValue(1)), 64),
    }),
    {},
  ),
});
export type ListenConfig = v.InferOutput<typeof ListenConfig>;

export interface ListenContext extends RoleContext<ListenConfig> {
  microphone: Microphone;
  classifier: Classifier;
  clips: ClipStore | undefined;
  voiceGate: VoiceGate;
  /** Called with the id of each impulse that was told to the network, right after it was classified. */
  onTold?: (arrival: string) => void;
  micSensitivityDbFsAt94Spl: number | undefined;
  /** Where the microphones stand, metres from the node; two to four give a bearing. */
  places: readonly MicrophonePlace[] | undefined;
}

/** Impulses that wait for the classifier; the weakest is dropped. */
const MAX_WAITING = 48;
/** Sound before an impulse in its clip: enough to tell it from what was there before. */
const STORED_BEFORE_S = 0.5;
const KEEP_TIMES_S = 8;

interface Heard {
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
  bearing: { bearingDeg: number; sigmaDeg: number } | undefined;
}

/** Listens at once, whether there is a link or not; the promise resolves when `clip/want` is subscribed. */
export async function startListen(context: ListenContext): Promise<Running> {
  const answering = context.clips && answerClips({ ...context, clips: context.clips });
  const done = Promise.all([new Listener(context).run(), answering?.done]).then(() => undefined);
  // Fails now where the microphone cannot be used; later failures come with `done`.
  await Promise.race([answering?.ready, done.then(() => answering?.ready)]);
  return { done };
}

class Listener {
  readonly #context: ListenContext;
  readonly #bucket: TokenBucket;
  readonly #counters = {
    frames: 0,
    impulses: 0,
    lostSamples: 0,
    restarts: 0,
    unstamped: 0,
    overrun: 0,
    published: 0,
    belowThreshold: 0,
    rateLimited: 0,
    clipsNotKept: 0,
  };
  #waiting: Heard[] = [];
  #working: Promise<void> | undefined;
  #failure: unknown;

  constructor(context: ListenContext) {
    this.#context = context;
    this.#bucket = new TokenBucket(context.config.burst, context.config.perSecond);
  }

  async run(): Promise<void> {
    const { microphone, signal, report } = this.#context;
    let hearing: Hearing | undefined;
    let lastReportTick = 0n;
    for await (const frame of microphone.frames(signal)) {
      hearing ??= new Hearing(
        frame,
        this.#context,
        (heard) => this.#enqueue(heard),
        () => void this.#counters.unstamped++,
      );
      hearing.take(frame);
      if (this.#failure) throw this.#failure;
      this.#counters.frames += 1;
      if (frame.tick - lastReportTick >= BigInt(frame.sampleRateHz)) {
        lastReportTick = frame.tick;
        Object.assign(this.#counters, microphone.counters, { impulses: hearing.impulses });
        report({ counters: this.#counters, state: { clock: frame.clock } });
      }
    }
    hearing?.flush();
    await this.#working;
    if (this.#failure) throw this.#failure;
    Object.assign(this.#counters, microphone.counters, { impulses: hearing?.impulses ?? 0 });
    report({ counters: this.#counters });
    if (!signal.aborted)
      this.#context.log.info({ microphone: microphone.name }, "the sound source has ended; clips are still answered");
  }

  #enqueue(heard: Heard): void {
    this.#waiting.push(heard);
    if (this.#waiting.length > MAX_WAITING) {
      let weakest = 0;
      for (let i = 1; i < this.#waiting.length; i++) {
        if (this.#waiting[i]!.candidate.snrDb < this.#waiting[weakest]!.candidate.snrDb) weakest = i;
      }
      this.#waiting.splice(weakest, 1);
      this.#counters.overrun += 1;
    }
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    try {
      for (let heard = this.#waiting.shift(); heard; heard = this.#waiting.shift()) await this.#tell(heard);
    } catch (error) {
      this.#failure ??= error;
    }
  }

  async #tell(heard: Heard): Promise<void> {
    const { bus, classifier, clips, config } = this.#context;
    const scores = await classifier.classify(heard.clip, heard.sampleRateHz, heard.clipOnsetS);
    if (scores.gunshot < config.publishAbove) {
      this.#counters.belowThreshold += 1;
      return;
    }
    if (!this.#bucket.take(Number(heard.toaNs / 1_000_000n) / 1000)) {
      this.#counters.rateLimited += 1;
      return;
    }
    const message = messageOf(heard, scores, this.#context);
    this.#context.onTold?.(message.id);
    if (clips) {
      const startUtcNs = heard.toaNs - BigInt(Math.round(heard.storedOnsetS * 1e9));
      const pcm16 = Int16Array.from(heard.stored, (x) => Math.max(-32768, Math.min(32767, Math.round(x * 32768))));
      const clip = {
        arrival: message.id,
        startUtcNs,
        sampleRateHz: heard.sampleRateHz,
        onsetS: heard.storedOnsetS,
        pcm16,
      };
      if (await clips.put(clip))
        message.clipUntil = utcOfNs(heard.toaNs + BigInt(Math.round(clips.keepS)) * 1_000_000_000n);
      else this.#counters.clipsNotKept += 1;
    }
    await bus.publish(shotHeard, message);
    this.#counters.published += 1;
    this.#context.log.debug({ id: message.id, toa: message.toa, probability: message.probability }, "heard");
  }
}

/** The ear with its times: one sample rate, one number of channels. */
class Hearing {
  readonly #ear: Ear;
  readonly #times: TickTimes;
  readonly #rate: number;
  readonly #first: bigint;
  readonly #channels: number;
  readonly #bearings: BearingFinder | undefined;
  #nextTick: bigint;

  constructor(frame: AudioFrame, context: ListenContext, onHeard: (heard: Heard) => void, onUnstamped: () => void) {
    this.#rate = frame.sampleRateHz;
    this.#first = frame.tick;
    this.#nextTick = frame.tick;
    this.#channels = frame.channels.length;
    this.#times = new TickTimes(frame.sampleRateHz, KEEP_TIMES_S);
    if (context.places && context.places.length >= 2) {
      this.#bearings = new BearingFinder(frame.sampleRateHz, context.places, context.config.airTempC);
    }
    this.#ear = createEar({
      sampleRateHz: frame.sampleRateHz,
      onCandidate: (candidate) => {
        const heard = this.#heardOf(candidate);
        if (heard) onHeard(heard);
        else onUnstamped();
      },
    });
  }

  get impulses(): number {
    return this.#ear.counters.found;
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
    }
    this.#times.add({ tick: frame.tick, utcNs: frame.utcNs, clock: frame.clock });
    const samples = frame.channels[0]!;
    this.#nextTick = frame.tick + BigInt(samples.length);
    this.#bearings?.push(frame.channels);
    this.#ear.push(samples);
  }

  flush(): void {
    this.#ear.flush();
  }

  #heardOf(candidate: Candidate): Heard | undefined {
    const whole = Math.floor(candidate.onsetTick);
    const instant = this.#times.at(this.#first + BigInt(whole), candidate.onsetTick - whole);
    if (!instant) return undefined;
    const cut = (beforeS: number): [Float32Array, number] => {
      const before = Math.round(beforeS * this.#rate);
      const samples = new Float32Array(before + Math.round(CLIP_AFTER_S * this.#rate));
      this.#ear.clip(whole - before, samples);
      return [samples, (candidate.onsetTick - whole + before) / this.#rate];
    };
    const [clip, clipOnsetS] = cut(CLIP_BEFORE_S);
    const [stored, storedOnsetS] = cut(STORED_BEFORE_S);
    return {
      candidate,
      clip,
      clipOnsetS,
      stored,
      storedOnsetS,
      sampleRateHz: this.#rate,
      toaNs: instant.utcNs,
      clockSigmaS: instant.sigmaS,
      bearing: this.#bearings?.at(candidate.onsetTick),
    };
  }
}

function messageOf(heard: Heard, scores: ShotHeard["scores"], context: ListenContext): ShotHeard {
  const { node, position, config, classifier, micSensitivityDbFsAt94Spl, configSha256 } = context;
  const { candidate, bearing } = heard;
  const now = context.now();
  return {
    v: 1,
    id: ulid(),
    node,
    at: utcOfNs(now && now.utcNs > heard.toaNs ? now.utcNs : heard.toaNs),
    model: classifier.model,
    configSha256,
    ...position,
    toa: utcOfNs(heard.toaNs),
    toaSigmaS: Math.hypot(candidate.onsetSigmaS, heard.clockSigmaS),
    onsetSigmaS: candidate.onsetSigmaS,
    clockSigmaS: heard.clockSigmaS,
    probability: scores.gunshot,
    scores,
    snrDb: candidate.snrDb,
    peakDbFs: candidate.peakDbFs,
    ...(micSensitivityDbFsAt94Spl === undefined
      ? {}
      : { peakDbSpl: candidate.peakDbFs - micSensitivityDbFsAt94Spl + 94 }),
    ...(config.airTempC === undefined ? {} : { airTempC: config.airTempC }),
    ...(bearing ? { bearingDeg: bearing.bearingDeg, bearingSigmaDeg: bearing.sigmaDeg } : {}),
    echoProbability: candidate.echoProbability,
  };
}
