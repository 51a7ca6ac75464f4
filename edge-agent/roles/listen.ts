/** Listens: sound -> impulses -> what they were -> `shot/heard` with its time, how sure both are, and no more sound than asked for. */
import { ulid } from "ulid";
import * as v from "valibot";
import type { Company } from "#contract/company.ts";
import { type Scores, type ShotHeard, shotHeard } from "#contract/shot.ts";
import { Count, Finite, Probability, utcOfNs } from "#contract/units.ts";
import type { MicrophonePlace } from "#core/acoustics/bearing.ts";
import { Crowd } from "#core/acoustics/crowd.ts";
import type { Classifier, ClipStore, Microphone, RoleContext, Running, Speaker, VoiceGate } from "../ports.ts";
import { answerClips } from "./answer-clips.ts";
import type { HeardBearing } from "./bearing-finder.ts";
import { type Heard, Hearing } from "./hearing.ts";
import { DEFAULT_MIN_SNR_DB, MicrophoneTest } from "./microphone-test.ts";
import { AdaptationConfig } from "./site-adaptation.ts";
import { SoundWatch } from "./sound-watch.ts";
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
  /** A chirp through the node's speaker proves the microphone; without it only a dead one is noticed. */
  selfTest: v.optional(
    v.strictObject({
      /** As `aplay -L` lists them. */
      speaker: v.string(),
      everyHours: v.optional(v.pipe(Finite, v.minValue(0.01), v.maxValue(24 * 30)), 24),
      minSnrDb: v.optional(
        v.pipe(Finite, v.minValue(14, "must be 14 at least: noise alone reaches 13")),
        DEFAULT_MIN_SNR_DB,
      ),
    }),
  ),
  clips: v.optional(
    v.strictObject({
      keepHours: v.optional(v.pipe(Finite, v.minValue(0), v.maxValue(24 * 30)), 24),
      maxMegabytes: v.optional(v.pipe(Finite, v.minValue(1)), 64),
    }),
    {},
  ),
});
export type ListenConfig = v.InferOutput<typeof ListenConfig>;

/** An impulse and what the classifier made of it. */
export type Scored = Pick<ShotHeard, "toa" | "scores" | keyof ReturnType<typeof bearingEntries>>;

export interface ListenContext extends RoleContext<ListenConfig> {
  microphone: Microphone;
  classifier: Classifier;
  clips: ClipStore | undefined;
  voiceGate: VoiceGate;
  /** For the microphone's self-test. */
  speaker?: Speaker | undefined;
  /** Called with what every classified impulse was, also of those that are not told to the network: a robot's own ears take them all. */
  onScored?: (scored: Scored) => void;
  /** Called with the id of each impulse that was told to the network, right after it was classified. */
  onTold?: (arrival: string) => void;
  micSensitivityDbFsAt94Spl: number | undefined;
  /** Where the microphones stand, metres from the node: three or four give a bearing, two or a line of them two, one of which is right. */
  places: readonly MicrophonePlace[] | undefined;
}

/** Impulses that wait for the classifier; the weakest is dropped. */
const MAX_WAITING = 48;

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
  readonly #crowd: Crowd;
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
    this.#crowd = new Crowd(context.classifier.crowd);
  }

  async run(): Promise<void> {
    const { microphone, report, signal } = this.#context;
    const test = this.#selfTest();
    const watch = new SoundWatch(microphone, (fault) => {
      test.noteSound(fault);
      if (fault !== undefined) report({ counters: Object.assign(this.#counters, microphone.counters) });
    });
    try {
      await this.#listen(test, watch);
    } finally {
      watch.stop();
    }
    if (!signal.aborted)
      this.#context.log.info({ microphone: microphone.name }, "the sound source has ended; clips are still answered");
  }

  async #listen(test: MicrophoneTest, watch: SoundWatch): Promise<void> {
    const { microphone, signal, report } = this.#context;
    let hearing: Hearing | undefined;
    let lastReportTick = 0n;
    for await (const frame of microphone.frames(signal)) {
      watch.heard();
      hearing ??= new Hearing(
        frame,
        { places: this.#context.places, airTempC: this.#context.config.airTempC },
        (heard) => this.#enqueue(heard),
        () => void this.#counters.unstamped++,
      );
      hearing.take(frame);
      test.push(frame, hearing.listened, hearing.faults);
      if (this.#failure) throw this.#failure;
      this.#counters.frames += 1;
      if (frame.tick - lastReportTick >= BigInt(frame.sampleRateHz)) {
        lastReportTick = frame.tick;
        Object.assign(this.#counters, microphone.counters, hearing.counters);
        report({ counters: this.#counters, state: { clock: frame.clock } });
      }
    }
    hearing?.flush();
    await this.#working;
    if (this.#failure) throw this.#failure;
    Object.assign(this.#counters, microphone.counters, hearing?.counters);
    report({ counters: this.#counters });
  }

  #selfTest(): MicrophoneTest {
    const { config, log, now, places, report, speaker } = this.#context;
    const { everyHours = 24, minSnrDb = DEFAULT_MIN_SNR_DB } = config.selfTest ?? {};
    const onResult = ({ passed, detail }: { passed: boolean; detail: string }) => {
      if (passed) log.info({ detail }, "the microphones are well");
      else log.error({ detail }, "a microphone is not well");
      const at = utcOfNs(now()?.utcNs ?? BigInt(Date.now()) * 1_000_000n);
      report({ state: { selfTest: { at, passed, detail } } });
    };
    const microphones = places?.length ?? 1;
    return new MicrophoneTest({ speaker, everyS: everyHours * 3600, minSnrDb, microphones, onResult });
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
    const { bearing, candidate, sampleRateHz } = heard;
    const alone = await classifier.classify(heard.clip, sampleRateHz, heard.clipOnsetS);
    const { siteHead } = classifier;
    const judged = { ...this.#crowd.judge(candidate.onsetTick / sampleRateHz, candidate.peakDbFs, alone), siteHead };
    const { scores } = judged;
    this.#context.onScored?.({
      toa: utcOfNs(heard.toaNs),
      scores,
      ...bearingEntries(bearing),
    });
    if (scores.gunshot < config.publishAbove) {
      this.#counters.belowThreshold += 1;
      return;
    }
    if (!this.#bucket.take(Number(heard.toaNs / 1_000_000n) / 1000)) {
      this.#counters.rateLimited += 1;
      return;
    }
    const message = messageOf(heard, judged, this.#context);
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

function bearingEntries(
  bearing: HeardBearing | undefined,
): Pick<ShotHeard, "bearingDeg" | "bearingsDeg" | "bearingSigmaDeg"> {
  if (!bearing) return {};
  const { sigmaDeg: bearingSigmaDeg } = bearing;
  return bearing.kind === "bearing"
    ? { bearingDeg: bearing.bearingDeg, bearingSigmaDeg }
    : { bearingsDeg: [...bearing.bearingsDeg], bearingSigmaDeg };
}

function messageOf(
  heard: Heard,
  { scores, company, siteHead }: { scores: Scores; company?: Company; siteHead: Classifier["siteHead"] },
  context: ListenContext,
): ShotHeard {
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
    ...(company && { company }),
    ...(siteHead && { siteHead }),
    snrDb: candidate.snrDb,
    peakDbFs: candidate.peakDbFs,
    ...(micSensitivityDbFsAt94Spl === undefined
      ? {}
      : { peakDbSpl: candidate.peakDbFs - micSensitivityDbFsAt94Spl + 94 }),
    ...(config.airTempC === undefined ? {} : { airTempC: config.airTempC }),
    ...bearingEntries(bearing),
    ...(heard.shockWave ? { shockWave: heard.shockWave } : {}),
    echoProbability: candidate.echoProbability,
  };
}
