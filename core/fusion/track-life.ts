/** One track: its mixture, what kind of thing it is, and whether it is believed (M of N). */
import { type Seen, TrackMixture } from "./track-mixture.ts";
import type { Look, Sighting, ThingKind, Track, TrackPhase } from "./track-types.ts";

export interface LifeSettings {
  /** Confirmed at `confirmHits` sightings in the last `confirmOf` looks that could have seen it. */
  readonly confirmHits: number;
  readonly confirmOf: number;
  /** And only when it is this much likelier (natural logarithm) that they are of one thing than that they are false detections. */
  readonly confirmScore: number;
  /** A confirmed track that was not seen in so many such looks in a row, for so long, ends. */
  readonly coastLooks: number;
  readonly coastS: number;
  /** Out of everybody's view it ends after this long, or when its place is known worse than this. */
  readonly unseenS: number;
  readonly lostSigmaM: number;
}

/** Density of the white acceleration, m2/s3: people turn and stop, vehicles brake, sound sources mostly stay. */
const RESTLESS: Record<ThingKind, number> = { person: 1, vehicle: 2, sound: 0.1 };
const SPEED_SIGMA: Record<ThingKind, number> = { person: 1.2, vehicle: 6, sound: 0.5 };
const KINDS: readonly ThingKind[] = ["person", "vehicle", "sound"];
/** No detector is believed more than this, and no kind ever ruled out. */
const DETECTOR_TRUST = 0.9;
const MARK_MEMORY = 0.3;
const mean = new Float64Array(4);
const scratch = new Float64Array(16);

/** Probabilities of the three kinds that a sighting says: what it leaves open is shared by the kinds it does not name. */
export function kindsOf(sighting: Sighting): Record<ThingKind, number> {
  const named = KINDS.filter((kind) => sighting.kinds[kind] !== undefined);
  const said = named.reduce((sum, kind) => sum + sighting.kinds[kind]!, 0);
  const rest = named.length === KINDS.length ? 0 : Math.max(0, 1 - said) / (KINDS.length - named.length);
  const scale = said > 1 || named.length === KINDS.length ? 1 / (said || 1) : 1;
  return Object.fromEntries(KINDS.map((kind) => [kind, (sighting.kinds[kind] ?? rest / scale) * scale])) as Record<
    ThingKind,
    number
  >;
}

export class TrackLife {
  readonly id: number;
  readonly mixture = new TrackMixture();
  readonly kinds: Record<ThingKind, number>;
  readonly sensors = new Set<string>();
  readonly marks: Record<string, number> = {};
  readonly bornS: number;
  timeS: number;
  seenS: number;
  sightings = 1;
  confirmed = false;
  lastKey: string | undefined;
  /** Hits and misses of the last looks, newest in bit 0. */
  #bits = 1;
  #looks = 1;
  #missedInARow = 0;
  #score = 0;
  #fromX: number;
  #fromY: number;

  constructor(id: number, look: Look, sighting: Sighting, seen: Seen) {
    this.id = id;
    this.bornS = this.timeS = this.seenS = look.timeS;
    this.kinds = kindsOf(sighting);
    this.#fromX = seen.fromX;
    this.#fromY = seen.fromY;
    const speed = Math.sqrt(KINDS.reduce((sum, kind) => sum + this.kinds[kind] * SPEED_SIGMA[kind] ** 2, 0));
    this.mixture.begin(seen, speed, Math.min(1, look.view.maxRangeM / 4), look.view.maxRangeM);
    this.#note(look, sighting);
  }

  get kind(): ThingKind {
    return KINDS.reduce((best, kind) => (this.kinds[kind] > this.kinds[best] ? kind : best));
  }

  /** To a later time; earlier ones leave it as it is. */
  carry(timeS: number): void {
    const dt = timeS - this.timeS;
    if (dt <= 0) return;
    this.mixture.predict(dt, this.#restless());
    this.timeS = timeS;
  }

  /** `score`: logarithm of how much likelier the sighting is of this track than false. */
  hit(look: Look, sighting: Sighting, seen: Seen, score: number): void {
    this.#score += score;
    this.mixture.update(seen);
    this.seenS = Math.max(this.seenS, look.timeS);
    this.sightings++;
    this.#missedInARow = 0;
    this.#fromX = seen.fromX;
    this.#fromY = seen.fromY;
    const said = kindsOf(sighting);
    let sum = 0;
    for (const kind of KINDS) {
      this.kinds[kind] = Math.max(1e-3, this.kinds[kind] * ((1 - DETECTOR_TRUST) / 3 + DETECTOR_TRUST * said[kind]));
      sum += this.kinds[kind];
    }
    for (const kind of KINDS) this.kinds[kind] /= sum;
    this.#note(look, sighting);
    this.#record(1);
  }

  /** `score`: logarithm of the probability that a thing in view is missed. */
  miss(score: number): void {
    this.#score += score;
    this.#missedInARow++;
    this.#record(0);
  }

  /** Confirms where it may; false where the track has ended. */
  judge(timeS: number, settings: LifeSettings): boolean {
    const window = (1 << settings.confirmOf) - 1;
    const hits = bitsOf(this.#bits & window);
    if (!this.confirmed && hits >= settings.confirmHits && this.#score >= settings.confirmScore) this.confirmed = true;
    const unseen = timeS - this.seenS;
    if (unseen > settings.unseenS) return false;
    if (!this.confirmed) {
      // It can no longer reach M within the N looks since its birth.
      const possible = hits + Math.max(0, settings.confirmOf - this.#looks);
      return possible >= settings.confirmHits && unseen <= settings.coastS;
    }
    if (this.#missedInARow >= settings.coastLooks && unseen > settings.coastS) return false;
    if (unseen <= settings.coastS) return true;
    this.mixture.moments(mean, scratch);
    return this.bearingOnly() || Math.sqrt(Math.max(scratch[0]!, scratch[5]!)) < settings.lostSigmaM;
  }

  bearingOnly(): boolean {
    const [low, high] = this.range();
    return high - low > (high + low) / 3;
  }

  range(): [number, number] {
    const { mixture } = this;
    return [mixture.rangeWithin(this.#fromX, this.#fromY, 0.025), mixture.rangeWithin(this.#fromX, this.#fromY, 0.975)];
  }

  /** As it is expected at `timeS`, without changing it. */
  toTrack(timeS: number, settings: LifeSettings): Track {
    const ahead = new TrackMixture();
    ahead.copyFrom(this.mixture);
    if (timeS > this.timeS) ahead.predict(timeS - this.timeS, this.#restless());
    const covariance = new Float64Array(16);
    ahead.moments(mean, covariance);
    const rangeM = this.range();
    const phase: TrackPhase = !this.confirmed
      ? "tentative"
      : this.#missedInARow > 0 || timeS - this.seenS > settings.coastS
        ? "coasting"
        : "confirmed";
    return {
      id: this.id,
      phase,
      timeS: Math.max(timeS, this.timeS),
      xyM: [mean[0]!, mean[1]!],
      velocityMps: [mean[2]!, mean[3]!],
      covariance,
      rangeM,
      bearingOnly: rangeM[1] - rangeM[0] > (rangeM[1] + rangeM[0]) / 3,
      kind: this.kind,
      kinds: { ...this.kinds },
      marks: { ...this.marks },
      bornS: this.bornS,
      seenS: this.seenS,
      sightings: this.sightings,
      sensors: [...this.sensors],
      ...(this.lastKey === undefined ? {} : { lastKey: this.lastKey }),
    };
  }

  #restless(): number {
    return KINDS.reduce((sum, kind) => sum + this.kinds[kind] * RESTLESS[kind], 0);
  }

  #note(look: Look, sighting: Sighting): void {
    this.sensors.add(look.sensor);
    if (sighting.key !== undefined) this.lastKey = sighting.key;
    for (const [mark, value] of Object.entries(sighting.marks ?? {}))
      if (Number.isFinite(value))
        this.marks[mark] = (this.marks[mark] ?? value) * (1 - MARK_MEMORY) + value * MARK_MEMORY;
  }

  #record(bit: number): void {
    this.#bits = (this.#bits << 1) | bit;
    this.#looks++;
  }
}

function bitsOf(value: number): number {
  let count = 0;
  for (let rest = value; rest; rest &= rest - 1) count++;
  return count;
}
