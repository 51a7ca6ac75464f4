/**
 * Learns from reviewers what this lamppost's surroundings sound like. Verdicts come by `incident/verdict`; with enough of them a head is
 * fitted, judged on incidents that it never saw, and used only if it is better and loses no confirmed shot. Every version stays; the
 * configuration can go back to any of them (`version: 3`) or to the classifier as it ships (`version: 0`).
 */
import * as v from "valibot";
import { incidentVerdict } from "#contract/incident.ts";
import type { NodeState } from "#contract/node.ts";
import type { Scores } from "#contract/shot.ts";
import { Count } from "#contract/units.ts";
import {
  compare,
  correctedProbability,
  correctedScores,
  type Example,
  enough,
  foldsOf,
  judge,
  type SiteHead,
} from "#core/acoustics/site-head.ts";
import type { Bus, Classifier, Log, Subscription } from "../ports.ts";

export const AdaptationConfig = v.strictObject({
  enabled: v.optional(v.boolean(), true),
  /** Verdicts after which a new head is tried. */
  everyVerdicts: v.optional(v.pipe(Count, v.minValue(1)), 20),
  /** Uses this version and fits no other; 0 is the classifier as it ships. */
  version: v.optional(Count),
});
export type AdaptationConfig = v.InferOutput<typeof AdaptationConfig>;

/** What adaptation needs of a classifier: its embedding too. */
export interface EmbeddingClassifier extends Classifier {
  embed(clip: Float32Array, sampleRateHz: number, onsetS: number): Promise<{ scores: Scores; embedding: Float32Array }>;
}

export type Fitter = (sets: readonly (readonly Example[])[]) => Promise<{ heads: SiteHead[]; backend: string }>;

interface KeptHead {
  version: number;
  head: SiteHead;
  comparison: ReturnType<typeof compare>;
  at: string;
  modelSha256: string;
  backend: string;
}

/** Where examples and heads are kept; `devices/adaptation-store.ts`. */
export interface ExampleStore {
  remember(arrival: string, modelSha256: string, probability: number, embedding: Float32Array): void;
  review(arrival: string, incident: string, gunshot: boolean | undefined): boolean;
  examples(modelSha256: string): Example[];
  /** How many of these there are. */
  verdicts(modelSha256: string): number;
  add(head: Omit<KeptHead, "version">): number;
  version(version: number): KeptHead | undefined;
  readonly inUse: number;
  /** The version fitted last; 0 before there is one. */
  readonly newest: number;
  use(version: number): void;
}

export interface AdaptationParts {
  classifier: EmbeddingClassifier;
  store: ExampleStore;
  fit: Fitter;
  config: AdaptationConfig;
  bus: Bus;
  node: string;
  log: Log;
  /** RFC 3339 UTC now. */
  nowUtc: () => string;
  report: (state: Pick<NodeState, "adaptation">) => void;
}

export class SiteAdaptation implements Classifier {
  readonly #parts: AdaptationParts;
  #head: SiteHead | undefined;
  /** Version of `#head`; 0 without one. */
  #inUse = 0;
  /** What `node/state` shows. */
  #shown: KeptHead | undefined;
  /** What was classified last, and the correction that it was scored with. */
  #last: { probability: number; embedding: Float32Array; version: number } | undefined;
  #sinceFit = 0;
  /** The disk took nothing last. */
  #refused = false;
  #fitting: Promise<void> | undefined;
  #subscription: Subscription | undefined;

  constructor(parts: AdaptationParts) {
    this.#parts = parts;
    const { config, store } = parts;
    this.#kept(() => {
      this.#use(config.version ?? (config.enabled ? store.inUse : 0));
      // Also of a node that went back to the classifier as it ships.
      this.#shown = store.version(this.#inUse || store.newest);
      if (this.#shown || store.verdicts(this.model.sha256) > 0) this.#tell();
    });
  }

  get model() {
    return this.#parts.classifier.model;
  }

  get threshold() {
    return this.#parts.classifier.threshold;
  }

  get crowd() {
    return this.#parts.classifier.crowd;
  }

  get siteHead() {
    return this.#last?.version ? { version: this.#last.version, uncorrected: this.#last.probability } : undefined;
  }

  async classify(clip: Float32Array, sampleRateHz: number, onsetS: number): Promise<Scores> {
    const { scores, embedding } = await this.#parts.classifier.embed(clip, sampleRateHz, onsetS);
    this.#last = { probability: scores.gunshot, embedding, version: this.#inUse };
    return this.#head ? correctedScores(this.#head, embedding, scores) : scores;
  }

  /** What was classified last was told to the network under this id: a verdict on it may come. */
  remember(arrival: string): void {
    const last = this.#last;
    if (!last || !this.#parts.config.enabled) return;
    this.#kept(() => this.#parts.store.remember(arrival, this.model.sha256, last.probability, last.embedding));
  }

  /** Learning is never worth a shot: what the disk refuses to take or to give is logged, once until it does so again. */
  #kept<T>(work: () => T): T | undefined {
    try {
      const result = work();
      this.#refused = false;
      return result;
    } catch (error) {
      if (!this.#refused)
        this.#parts.log.error({ why: (error as Error).message }, "nothing is learned: free or replace the disk");
      this.#refused = true;
      return undefined;
    }
  }

  /** Resolves after SUBACK. */
  async start(): Promise<void> {
    const { bus, config, node } = this.#parts;
    if (!config.enabled) return;
    this.#subscription = await bus.subscribe(incidentVerdict, ({ incident, status, arrivals }) => {
      const gunshot = status === "confirmed" ? true : status === "dismissed" ? false : undefined;
      const before = this.#sinceFit;
      for (const arrival of arrivals) {
        if (arrival.node !== node) continue;
        if (this.#kept(() => this.#parts.store.review(arrival.id, incident, gunshot))) this.#sinceFit += 1;
      }
      if (this.#sinceFit > before) this.#kept(() => this.#tell());
      if (this.#sinceFit >= config.everyVerdicts && config.version === undefined) this.refit();
    });
  }

  /** Fits and judges a head now; a second call while one is being fitted is the same. */
  refit(): Promise<void> {
    this.#fitting ??= this.#refit()
      .catch((error: Error) =>
        this.#parts.log.warn({ why: error.message }, "the site's head was not fitted; the old one stays"),
      )
      .finally(() => {
        this.#fitting = undefined;
      });
    return this.#fitting;
  }

  async close(): Promise<void> {
    await this.#subscription?.close();
    await this.#fitting;
    await this.#parts.classifier.close();
  }

  async #refit(): Promise<void> {
    const { store, fit, log } = this.#parts;
    this.#sinceFit = 0;
    const examples = store.examples(this.model.sha256);
    const { ok, why } = enough(examples);
    if (!ok) return log.debug({ why }, "too few verdicts for a head of this site's own");
    const folds = foldsOf(examples);
    const { heads, backend } = await fit([examples, ...folds.map((fold) => fold.fit)]);
    const [head, ...perFold] = heads as [SiteHead, ...SiteHead[]];
    const judged = folds.flatMap((fold, i) => fold.judge.map((each) => ({ each, p: probabilityOf(perFold[i], each) })));
    const order = judged.map(({ each }) => each);
    // What the new head must beat is what is in use now.
    const now = judge(
      order,
      order.map((each) => probabilityOf(this.#head, each)),
      this.threshold,
    );
    const then = judge(
      order,
      judged.map(({ p }) => p),
      this.threshold,
    );
    const comparison = compare(now, then);
    const kept = { head, comparison, at: this.#parts.nowUtc(), modelSha256: this.model.sha256, backend };
    const version = store.add(kept);
    log.info(
      { version, backend, verdicts: examples.length, why: comparison.why },
      comparison.better ? "a new head is in use" : "the new head is not used",
    );
    if (comparison.better) {
      store.use(version);
      this.#use(version);
    }
    this.#shown = { ...kept, version };
    this.#tell();
  }

  #use(version: number): void {
    const { store, log } = this.#parts;
    const kept = version > 0 ? store.version(version) : undefined;
    const fits = kept?.modelSha256 === this.model.sha256;
    if (version > 0 && !fits)
      log.warn(
        { version },
        kept
          ? "this site's head was fitted for another model; the classifier is used as it ships"
          : "there is no such head; the classifier is used as it ships",
      );
    this.#head = fits ? kept?.head : undefined;
    this.#inUse = fits ? version : 0;
  }

  #tell(): void {
    const { nowUtc, report, store } = this.#parts;
    const { version = 0, at = nowUtc(), comparison = this.#asItShips() } = this.#shown ?? {};
    const unused = this.#shown && this.#whyUnused(this.#shown);
    report({
      adaptation: {
        version,
        inUse: this.#inUse,
        why: unused ? `${unused}; ${comparison.why}` : comparison.why,
        verdicts: store.verdicts(this.model.sha256),
        baselineLoss: comparison.baseline.loss,
        adaptedLoss: comparison.adapted.loss,
        active: version > 0 && version === this.#inUse,
        threshold: this.threshold,
        at,
      },
    });
  }

  /** Of a head that was found better and yet is not used. */
  #whyUnused({ version, modelSha256, comparison }: KeptHead): string | undefined {
    const { config } = this.#parts;
    if (version === this.#inUse || !comparison.better) return undefined;
    if (modelSha256 !== this.model.sha256) return "fitted for another model";
    if (config.version !== undefined) return `the configuration asks for ${config.version}`;
    return config.enabled ? undefined : "adaptation is switched off";
  }

  /** Before a head is fitted: the classifier's own loss, and what is missing. */
  #asItShips(): Pick<ReturnType<typeof compare>, "baseline" | "adapted" | "why"> {
    const examples = this.#parts.store.examples(this.model.sha256);
    const probabilities = examples.map(({ probability }) => probability);
    const judged = judge(examples, probabilities, this.threshold);
    const { ok, why } = enough(examples);
    return { baseline: judged, adapted: judged, why: ok ? "verdicts enough for a first correction" : why };
  }
}

const probabilityOf = (head: SiteHead | undefined, { embedding, probability }: Example) =>
  head ? correctedProbability(head, embedding, probability) : probability;
