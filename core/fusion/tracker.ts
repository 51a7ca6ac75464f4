/**
 * Sightings of several sensors into tracks: global nearest neighbour by likelihood ratio, inside a Mahalanobis gate (S. Blackman and
 * R. Popoli, Design and Analysis of Modern Tracking Systems, 1999, chapters 6 and 7). Same looks in, same tracks out.
 */
import { Fault } from "#contract/errors.ts";
import { Assignment } from "./assignment.ts";
import { wrap } from "./rotation.ts";
import { kindsOf, type LifeSettings, TrackLife } from "./track-life.ts";
import type { Seen } from "./track-mixture.ts";
import type { Look, LookOutcome, Sighting, Track, TrackCounts } from "./track-types.ts";

export interface TrackerSettings extends LifeSettings {
  readonly maxTracks: number;
  /** Further sightings of one look are dropped and counted. */
  readonly maxSightings: number;
  /** Looks so much older than the newest are still taken in; older ones are counted and dropped. */
  readonly lateS: number;
}

const usual: TrackerSettings = {
  maxTracks: 64,
  maxSightings: 64,
  lateS: 0.5,
  confirmHits: 4,
  confirmOf: 6,
  confirmScore: 12,
  coastLooks: 5,
  coastS: 2,
  unseenS: 30,
  lostSigmaM: 8,
};

/** Looks that detect less often say nothing by their silence. */
const TELLING = 0.5;
/** Below this likeness a sighting is of something else: a bang beside a person is not the person. */
const OTHER_KIND = 0.3;
/** Nothing is certain to be seen, nor free of false detections. */
const MOST_DETECTS = 0.98;
const LEAST_FALSE = 1e-3;

export class Tracker {
  readonly #settings: TrackerSettings;
  readonly #assignment: Assignment;
  #tracks: TrackLife[] = [];
  #nextId = 1;
  #newestS = Number.NEGATIVE_INFINITY;
  readonly #counts = {
    looks: 0,
    sightings: 0,
    lateLooks: 0,
    badSightings: 0,
    born: 0,
    confirmed: 0,
    died: 0,
    noRoom: 0,
  };
  readonly #seen: Seen = { fromX: 0, fromY: 0, azimuth: 0, azimuthSigma: 0, range: 0, rangeSigma: 0, lagS: 0 };

  /** Throws `Fault` "config" for limits that cannot be. */
  constructor(settings: Partial<TrackerSettings> = {}) {
    this.#settings = { ...usual, ...settings };
    const wrong = Object.entries(this.#settings).filter(([, value]) => !(value > 0) || !Number.isFinite(value));
    const faults = wrong.map(([name, value]) => `tracker.${name}: give a number above 0, not ${value}`);
    if (this.#settings.confirmOf > 30 || this.#settings.confirmHits > this.#settings.confirmOf)
      faults.push("tracker.confirmHits: at most confirmOf, and that at most 30");
    if (faults.length > 0) throw new Fault("config", faults);
    this.#assignment = new Assignment(this.#settings.maxTracks, this.#settings.maxSightings);
  }

  get counts(): TrackCounts {
    return { ...this.#counts };
  }

  /** Takes one look in. */
  look(look: Look): LookOutcome {
    if (!Number.isFinite(look.timeS) || look.timeS < this.#newestS - this.#settings.lateS) {
      this.#counts.lateLooks++;
      return { tracks: look.sightings.map(() => 0), late: true };
    }
    this.#counts.looks++;
    this.#newestS = Math.max(this.#newestS, look.timeS);
    for (const track of this.#tracks) track.carry(look.timeS);
    const taken = look.sightings.map((sighting) => isGood(sighting, look));
    const good = look.sightings.filter((_, i) => taken[i]).slice(0, this.#settings.maxSightings);
    this.#counts.sightings += look.sightings.length;
    this.#counts.badSightings += look.sightings.length - good.length;
    const ids = this.#assign(look, good);
    this.#end();
    let next = 0;
    return { tracks: taken.map((ok) => (ok ? (ids[next++] ?? 0) : 0)), late: false };
  }

  /** Confirmed and coasting tracks, carried forward to `timeS`; tentative ones too where asked. */
  tracks(timeS: number, withTentative = false): Track[] {
    return this.#tracks
      .filter((track) => track.confirmed || withTentative)
      .map((track) => track.toTrack(timeS, this.#settings));
  }

  #assign(look: Look, sightings: readonly Sighting[]): number[] {
    const tracks = this.#tracks;
    const { costs, columnOf } = this.#assignment;
    const detects = Math.min(MOST_DETECTS, Math.max(0.01, look.detects));
    const turn = Math.min(look.view.widthRad, 2 * Math.PI);
    const perLook = Math.max(look.falsePerLook, LEAST_FALSE);
    const falsePerRad = perLook / turn;
    const falsePerM2 = perLook / ((turn * look.view.maxRangeM ** 2) / 2);
    tracks.forEach((track, i) => {
      sightings.forEach((sighting, j) => {
        const seen = this.#asSeen(look, sighting, track.timeS);
        const falseDensity = Number.isNaN(seen.range) ? falsePerRad : falsePerM2;
        const ratio =
          (track.mixture.likelihood(seen) * likeness(track, sighting) * detects) / (falseDensity * (1 - detects));
        costs[i * sightings.length + j] = ratio > 0 ? -Math.log(ratio) : 1;
      });
    });
    this.#assignment.solve(tracks.length, sightings.length);
    const ids: number[] = sightings.map(() => 0);
    tracks.forEach((track, i) => {
      const j = columnOf[i]!;
      if (j >= 0) {
        const sighting = sightings[j]!;
        const score = Math.log(1 - detects) - costs[i * sightings.length + j]!;
        track.hit(look, sighting, this.#asSeen(look, sighting, track.timeS), score);
        ids[j] = track.id;
      } else if (detects >= TELLING && couldSee(look, track)) track.miss(Math.log(1 - detects));
    });
    sightings.forEach((sighting, j) => {
      if (ids[j] === 0) ids[j] = this.#birth(look, sighting);
    });
    return ids;
  }

  #birth(look: Look, sighting: Sighting): number {
    if (this.#tracks.length >= this.#settings.maxTracks && !this.#makeRoom()) {
      this.#counts.noRoom++;
      return 0;
    }
    const track = new TrackLife(this.#nextId++, look, sighting, this.#asSeen(look, sighting, look.timeS));
    track.carry(this.#newestS);
    this.#tracks.push(track);
    this.#counts.born++;
    return track.id;
  }

  /** The tentative track that was seen longest ago gives its place; confirmed ones keep theirs. */
  #makeRoom(): boolean {
    let oldest: TrackLife | undefined;
    for (const track of this.#tracks)
      if (!track.confirmed && track.seenS < this.#newestS && (!oldest || track.seenS < oldest.seenS)) oldest = track;
    if (!oldest) return false;
    this.#tracks = this.#tracks.filter((track) => track !== oldest);
    this.#counts.died++;
    return true;
  }

  #end(): void {
    const kept: TrackLife[] = [];
    for (const track of this.#tracks) {
      const before = track.confirmed;
      if (track.judge(this.#newestS, this.#settings)) kept.push(track);
      else this.#counts.died++;
      if (!before && track.confirmed) this.#counts.confirmed++;
    }
    this.#tracks = kept;
  }

  #asSeen(look: Look, sighting: Sighting, trackTimeS: number): Seen {
    const seen = this.#seen;
    seen.fromX = look.fromM[0];
    seen.fromY = look.fromM[1];
    seen.azimuth = sighting.azimuthRad;
    seen.azimuthSigma = sighting.azimuthSigmaRad;
    const ranged = sighting.rangeM !== undefined && sighting.rangeSigmaM !== undefined;
    seen.range = ranged ? sighting.rangeM! : Number.NaN;
    seen.rangeSigma = ranged ? sighting.rangeSigmaM! : Number.NaN;
    seen.lagS = trackTimeS - look.timeS;
    return seen;
  }
}

function isGood(sighting: Sighting, look: Look): boolean {
  const { azimuthRad, azimuthSigmaRad, rangeM, rangeSigmaM, kinds } = sighting;
  return (
    Number.isFinite(azimuthRad) &&
    azimuthSigmaRad > 0 &&
    look.fromM.every(Number.isFinite) &&
    (rangeM === undefined || (rangeM > 0 && Number.isFinite(rangeM) && rangeSigmaM !== undefined && rangeSigmaM > 0)) &&
    Object.values(kinds).every((p) => p >= 0 && p <= 1)
  );
}

/** How much likelier the two are of one kind than two things drawn at random; 0 where they are clearly of two kinds. */
function likeness(track: TrackLife, sighting: Sighting): number {
  const said = kindsOf(sighting);
  const alike =
    3 * (track.kinds.person * said.person + track.kinds.vehicle * said.vehicle + track.kinds.sound * said.sound);
  return alike < OTHER_KIND ? 0 : alike;
}

const mean = new Float64Array(4);
const covariance = new Float64Array(16);

function couldSee(look: Look, track: TrackLife): boolean {
  if (!look.sees.includes(track.kind)) return false;
  track.mixture.moments(mean, covariance);
  const [dx, dy] = [mean[0]! - look.fromM[0], mean[1]! - look.fromM[1]];
  return (
    Math.hypot(dx, dy) < look.view.maxRangeM &&
    Math.abs(wrap(Math.atan2(dy, dx) - look.view.azimuthRad)) < look.view.widthRad / 2
  );
}
