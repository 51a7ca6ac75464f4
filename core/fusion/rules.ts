/** Abnormal events from tracks and named sounds by a rule set. An event tells why it fired; whether it matters, a person decides. */
import { percent } from "#contract/certainty.ts";
import { crowdsOf, running } from "./crowds.ts";
import { detectorsOf, type Rule, type RuleSet } from "./rule-set.ts";
import { RuleSubject } from "./rule-subject.ts";
import type { Track } from "./track-types.ts";

/** A sound that a classifier named; `track` where the tracker gave it one. */
export interface NamedSound {
  readonly timeS: number;
  readonly label: string;
  readonly probability: number;
  readonly azimuthRad?: number;
  readonly track?: number;
}

/** One condition: what was asked, what was found. */
export interface Reason {
  readonly what: string;
  readonly value: number;
  readonly threshold: number;
  readonly unit: string;
}

export interface AbnormalEvent {
  readonly rule: string;
  readonly kind: Rule["kind"];
  readonly revision: string;
  /** When it fired, and since when the conditions held. */
  readonly timeS: number;
  readonly sinceS: number;
  readonly tracks: readonly number[];
  /** Middle of its tracks with one sigma of it; left out where only a direction or nothing is known. */
  readonly xyM?: readonly [number, number];
  readonly sigmaM?: number;
  readonly azimuthRad?: number;
  readonly reasons: readonly Reason[];
  /** One sentence for a person. */
  readonly text: string;
}

export interface RuleStatus {
  readonly rule: string;
  readonly on: boolean;
  /** Why it is off: the detectors that are not there. */
  readonly why?: string;
  readonly fired: number;
}

type Of<K extends Rule["kind"]> = Extract<Rule, { kind: K }>;

/** Clearly outside: this times the radius. */
const LEFT = 1.25;
const MOST_SUBJECTS = 256;

class RuleState {
  readonly rule: Rule;
  readonly missing: readonly string[];
  fired = 0;
  readonly subjects = new Map<
    string,
    RuleSubject & { anchor?: readonly [number, number]; members?: ReadonlySet<number> }
  >();
  sounds: NamedSound[] = [];
  nextCrowd = 1;

  constructor(rule: Rule, there: ReadonlySet<string>) {
    this.rule = rule;
    this.missing = detectorsOf(rule).filter((detector) => !there.has(detector));
  }

  subject(key: string) {
    let subject = this.subjects.get(key);
    if (!subject) {
      subject = new RuleSubject();
      if (this.subjects.size >= MOST_SUBJECTS) this.subjects.delete(this.subjects.keys().next().value!);
      this.subjects.set(key, subject);
    }
    return subject;
  }

  /** Subjects that nothing was heard of for longer than they could matter. */
  forget(timeS: number): void {
    const keepS = this.rule.refractoryS + this.rule.clearS;
    for (const [key, subject] of this.subjects) if (timeS - subject.lastSeenS > keepS) this.subjects.delete(key);
  }
}

export class RuleBook {
  readonly #revision: string;
  readonly #states: readonly RuleState[];
  #timeS = Number.NEGATIVE_INFINITY;

  /** `detectors`: what is there: `person`, `fallen`, `sound:glass-break`, ... */
  constructor(rules: RuleSet, detectors: Iterable<string>) {
    const there = new Set(detectors);
    this.#revision = rules.revision;
    this.#states = rules.rules.map((rule) => new RuleState(rule, there));
  }

  /** Events that begin now. A time that goes back is ignored; sounds are those since the last call. */
  step(timeS: number, tracks: readonly Track[], sounds: readonly NamedSound[]): AbnormalEvent[] {
    if (!(timeS >= this.#timeS)) return [];
    this.#timeS = timeS;
    const events: AbnormalEvent[] = [];
    for (const state of this.#states) {
      if (state.missing.length > 0) continue;
      const found = stepRule(state, timeS, tracks, sounds);
      state.fired += found.length;
      for (const event of found)
        events.push({ rule: state.rule.id, kind: state.rule.kind, revision: this.#revision, timeS, ...event });
      state.forget(timeS);
    }
    return events;
  }

  status(): RuleStatus[] {
    return this.#states.map(({ rule, missing, fired }) => ({
      rule: rule.id,
      on: missing.length === 0,
      fired,
      ...(missing.length > 0 ? { why: `off: no detector for ${missing.join(", ")}` } : {}),
    }));
  }
}

type Found = Omit<AbnormalEvent, "rule" | "kind" | "revision" | "timeS">;

function stepRule(state: RuleState, timeS: number, tracks: readonly Track[], sounds: readonly NamedSound[]): Found[] {
  const { rule } = state;
  switch (rule.kind) {
    case "loitering":
      return people(tracks, rule).flatMap((track) => loitering(state, rule, timeS, track));
    case "fallen-person":
      return people(tracks, rule).flatMap((track) => fallen(state, rule, timeS, track));
    case "running-crowd":
      return runningCrowd(state, rule, timeS, people(tracks, rule));
    case "sound-heard":
      return soundHeard(state, rule, timeS, sounds);
  }
}

const people = (tracks: readonly Track[], rule: Rule) =>
  tracks.filter((track) => track.phase !== "tentative" && track.kinds.person >= rule.minProbability);

function loitering(state: RuleState, rule: Of<"loitering">, timeS: number, track: Track): Found[] {
  // A direction without range may be a stroller far away; a place worse than the radius proves nothing.
  if (track.bearingOnly || sigmaOf(track) > rule.radiusM) return [];
  const subject = state.subject(String(track.id));
  subject.anchor ??= track.xyM;
  const away = apart(subject.anchor, track.xyM);
  if (away > rule.radiusM * LEFT) {
    subject.anchor = track.xyM;
    subject.leave();
    subject.step(timeS, false, rule);
    return [];
  }
  // Time counts while it is seen, not while its place is only expected.
  if (!subject.step(timeS, track.phase === "confirmed" || timeS - track.seenS < rule.clearS, rule)) return [];
  const stayedS = timeS - subject.sinceS;
  return [
    {
      sinceS: subject.sinceS,
      tracks: [track.id],
      xyM: track.xyM,
      sigmaM: sigmaOf(track),
      reasons: [
        { what: "time in one place", value: stayedS, threshold: rule.forS, unit: "s" },
        { what: "distance from where it began", value: away, threshold: rule.radiusM * LEFT, unit: "m" },
        personReason(track, rule),
      ],
      text: `Somebody has stayed within ${rule.radiusM} m for ${Math.round(stayedS)} s.`,
    },
  ];
}

function fallen(state: RuleState, rule: Of<"fallen-person">, timeS: number, track: Track): Found[] {
  const lying = track.marks.fallen;
  if (lying === undefined) return [];
  const speed = Math.hypot(...track.velocityMps);
  // Of a direction alone no speed is known: the mark decides.
  const still = track.bearingOnly || speed < rule.speedMps;
  const subject = state.subject(String(track.id));
  if (!subject.step(timeS, lying >= rule.fallen && still, rule)) return [];
  return [
    {
      sinceS: subject.sinceS,
      tracks: [track.id],
      ...placeOf([track]),
      reasons: [
        { what: "probability of lying", value: lying, threshold: rule.fallen, unit: "1" },
        ...(track.bearingOnly ? [] : [{ what: "speed", value: speed, threshold: rule.speedMps, unit: "m/s" }]),
        { what: "time", value: timeS - subject.sinceS, threshold: rule.forS, unit: "s" },
        personReason(track, rule),
      ],
      text: `Somebody seems to lie on the ground, for ${Math.round(timeS - subject.sinceS)} s, hardly moving.`,
    },
  ];
}

function runningCrowd(state: RuleState, rule: Of<"running-crowd">, timeS: number, tracks: readonly Track[]): Found[] {
  const placed = tracks.filter((track) => !track.bearingOnly);
  const found: Found[] = [];
  const met = new Set<RuleSubject>();
  for (const crowd of crowdsOf(placed, rule.withinM)) {
    const runners = crowd.filter((track) => running(track, rule.speedMps));
    if (crowd.length < rule.people || runners.length < rule.share * crowd.length) continue;
    const ids = new Set(crowd.map((track) => track.id));
    // The same crowd is one that shares people with it.
    const known = [...state.subjects.values()].find(
      (subject) => !met.has(subject) && [...ids].some((id) => subject.members?.has(id)),
    );
    const subject = known ?? state.subject(`crowd-${state.nextCrowd++}`);
    subject.members = ids;
    met.add(subject);
    if (!subject.step(timeS, true, rule)) continue;
    const share = runners.length / crowd.length;
    const mean = runners.reduce((sum, track) => sum + Math.hypot(...track.velocityMps), 0) / runners.length;
    found.push({
      sinceS: subject.sinceS,
      tracks: crowd.map((track) => track.id),
      ...placeOf(crowd),
      reasons: [
        { what: "people together", value: crowd.length, threshold: rule.people, unit: "1" },
        { what: "share who run", value: share, threshold: rule.share, unit: "1" },
        { what: "mean speed of those", value: mean, threshold: rule.speedMps, unit: "m/s" },
        { what: "time", value: timeS - subject.sinceS, threshold: rule.forS, unit: "s" },
      ],
      text: `${runners.length} of ${crowd.length} people together are running at ${mean.toFixed(1)} m/s.`,
    });
  }
  for (const subject of state.subjects.values()) if (!met.has(subject)) subject.step(timeS, false, rule);
  return found;
}

function soundHeard(state: RuleState, rule: Of<"sound-heard">, timeS: number, sounds: readonly NamedSound[]): Found[] {
  const fresh = sounds.filter((sound) => sound.label === rule.label && sound.probability >= rule.minProbability);
  state.sounds = [...state.sounds, ...fresh]
    .filter((sound) => timeS - sound.timeS <= rule.withinS)
    .slice(-MOST_SUBJECTS);
  const subject = state.subject("sound");
  // What was heard once must not hold by its own echo in the window: only a fresh sound can fire.
  const holds = fresh.length > 0 && state.sounds.length >= rule.times;
  if (!subject.step(timeS, holds, { ...rule, forS: 0 })) return [];
  const best = state.sounds.reduce((a, b) => (b.probability > a.probability ? b : a));
  return [
    {
      sinceS: state.sounds[0]!.timeS,
      tracks: [...new Set(state.sounds.flatMap((sound) => (sound.track ? [sound.track] : [])))],
      ...(best.azimuthRad === undefined ? {} : { azimuthRad: best.azimuthRad }),
      reasons: [
        { what: `probability of ${rule.label}`, value: best.probability, threshold: rule.minProbability, unit: "1" },
        { what: `times within ${rule.withinS} s`, value: state.sounds.length, threshold: rule.times, unit: "1" },
      ],
      text: `${rule.label} heard${state.sounds.length > 1 ? ` ${state.sounds.length} times` : ""}, ${percent(best.probability)} sure.`,
    },
  ];
}

const personReason = (track: Track, rule: Rule): Reason => ({
  what: "probability of a person",
  value: track.kinds.person,
  threshold: rule.minProbability,
  unit: "1",
});

const apart = (a: readonly [number, number], b: readonly [number, number]) => Math.hypot(a[0] - b[0], a[1] - b[1]);

/** One sigma along the worst axis. */
function sigmaOf({ covariance: p }: Track): number {
  const half = (p[0]! + p[5]!) / 2;
  return Math.sqrt(half + Math.hypot((p[0]! - p[5]!) / 2, p[1]!));
}

function placeOf(tracks: readonly Track[]): { xyM?: [number, number]; sigmaM?: number } {
  if (tracks.some((track) => track.bearingOnly)) return {};
  const n = tracks.length;
  const x = tracks.reduce((sum, track) => sum + track.xyM[0], 0) / n;
  const y = tracks.reduce((sum, track) => sum + track.xyM[1], 0) / n;
  return { xyM: [x, y], sigmaM: Math.max(...tracks.map((track) => sigmaOf(track) + apart(track.xyM, [x, y]))) };
}
