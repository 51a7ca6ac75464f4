/** What the robot's eyes and ears detect, on its clock and in its odometry frame: tracks of it, and events when a rule speaks. */
import { ulid } from "ulid";
import type { RobotEvent, RobotTrack, Track } from "#contract/robot.ts";
import { utcOfNs } from "#contract/units.ts";
import type { PoseEstimate } from "#core/fusion/pose-types.ts";
import type { RuleSet } from "#core/fusion/rule-set.ts";
import { type AbnormalEvent, type NamedSound, RuleBook } from "#core/fusion/rules.ts";
import { trackInMap } from "#core/fusion/track-frames.ts";
import type { Look, Sighting, ThingKind, Track as Tracked } from "#core/fusion/track-types.ts";
import { Tracker } from "#core/fusion/tracker.ts";
import type { Frame } from "#core/localise/geo.ts";
import { ellipseOf } from "#core/localise/uncertainty.ts";
import type { Observation, ObservationLook } from "../../perception-port.ts";
import type { Beam } from "../../robot-port.ts";
import type { OdometryAt } from "./whereabouts.ts";

const RAD = Math.PI / 180;
/** Of a detector that says nothing of itself. */
const DETECTS = 0.85;
const FALSE_A_LOOK = 0.02;
/** Half the cone of an ultrasonic range; it and a sighting must agree within so many sigmas. */
const CONE_RAD = 12 * RAD;
const AGREES_SIGMAS = 3;
const RANGE_SIGMA_M = 0.1;
const MOST_TRACKS = 64;
const MOST_SOUNDS = 32;

export class Sightings {
  readonly counters = { looks: 0, early: 0, sounds: 0, soundsDropped: 0, events: 0 };
  #rules: RuleBook | undefined;
  readonly #ruleSet: RuleSet | "none";
  #detectors = "";
  readonly #tracker = new Tracker({ maxTracks: MOST_TRACKS });
  readonly #frame: Frame;
  #sounds: NamedSound[] = [];
  /** Tracks are numbered from 1 at every start; the name of this start keeps them apart. */
  readonly #run = ulid().slice(-8);

  constructor(frame: Frame, rules: RuleSet | "none") {
    this.#frame = frame;
    this.#ruleSet = rules;
    this.detect([]);
  }

  get rules(): RuleBook | undefined {
    return this.#rules;
  }

  /** What detectors are there now: rules that need another are off. A detector that comes later switches its rules on. */
  detect(detectors: readonly string[]): void {
    const names = [...new Set(detectors)].sort();
    const text = JSON.stringify(names);
    if (this.#ruleSet === "none" || text === this.#detectors) return;
    this.#detectors = text;
    this.#rules = new RuleBook(this.#ruleSet, names);
  }

  /** @param ranges the newest beams: one that agrees with a sighting measures it better than a camera. */
  take(look: ObservationLook, timeS: number, from: OdometryAt | undefined, ranges: readonly Beam[]): void {
    this.counters.looks += 1;
    if (!from) {
      this.counters.early += 1;
      return;
    }
    const observed = look.observations.filter(({ kind }) => kind !== "face");
    const sees = look.sees.filter((kind): kind is ThingKind => kind !== "face");
    const taken: Look = {
      timeS,
      sensor: look.sensor,
      fromM: [from.xM, from.yM],
      view: { azimuthRad: from.yawRad, widthRad: look.view.widthDeg * RAD, maxRangeM: look.view.maxRangeM },
      detects: sees.includes("sound") ? 0.05 : DETECTS,
      falsePerLook: FALSE_A_LOOK,
      sees,
      sightings: observed.map((each) => sightingOf(each, from.yawRad, ranges)),
    };
    const { tracks } = this.#tracker.look(taken);
    for (const [i, each] of observed.entries())
      if (each.kind === "sound") this.#heard(each, timeS, from.yawRad, tracks[i]);
  }

  /** Metres to the nearest person that is surely there; undefined without one. */
  nearestPersonM(timeS: number, at: OdometryAt | undefined): number | undefined {
    if (!at) return undefined;
    const people = this.#tracker.tracks(timeS).filter(({ kind, bearingOnly }) => kind === "person" && !bearingOnly);
    if (people.length === 0) return undefined;
    return Math.min(...people.map(({ xyM }) => Math.hypot(xyM[0] - at.xM, xyM[1] - at.yM)));
  }

  /** People around, for a report in words. */
  people(timeS: number): { people: number; lying: number } {
    const people = this.#tracker.tracks(timeS).filter(({ kind }) => kind === "person");
    return { people: people.length, lying: people.filter(({ marks }) => (marks.fallen ?? 0) > 0.6).length };
  }

  /** Events that begin now. */
  events(node: string, timeS: number, pose: PoseEstimate, utcNs: (timeS: number) => bigint): RobotEvent[] {
    if (!this.#rules) return [];
    const sounds = this.#sounds;
    this.#sounds = [];
    return this.#rules.step(timeS, this.#tracker.tracks(timeS), sounds).map((event) => {
      this.counters.events += 1;
      return this.#message(node, event, pose, utcNs);
    });
  }

  message(
    node: string,
    timeS: number,
    pose: PoseEstimate,
    tickMs: number,
    utcNs: (timeS: number) => bigint,
  ): RobotTrack {
    const tracks = this.#tracker.tracks(timeS).slice(0, MOST_TRACKS);
    return {
      v: 1,
      id: ulid(),
      node,
      at: utcOfNs(utcNs(timeS)),
      tickMs,
      tracks: tracks.map((track) => this.#said(trackInMap(track, pose), utcNs)),
      counters: { ...this.#tracker.counts },
    };
  }

  #said(track: Tracked, utcNs: (timeS: number) => bigint): Track {
    const { xyM, velocityMps, covariance, kind, kinds } = track;
    const { lat, lon } = this.#frame.toWgs84(xyM[0], xyM[1], this.#frame.origin.altM);
    const sigmaMps = Math.sqrt(Math.max(0, (covariance[10]! + covariance[15]!) / 2));
    return {
      track: `${this.#run}-${track.id}`,
      kind,
      lat,
      lon,
      ellipse95: ellipseOf(covariance[0]!, covariance[1]!, covariance[5]!),
      ...(kind !== "sound" && { velocity: { eastMps: velocityMps[0], northMps: velocityMps[1], sigmaMps } }),
      firstAt: utcOfNs(utcNs(track.bornS)),
      lastAt: utcOfNs(utcNs(track.seenS)),
      observations: track.sightings,
      sources: kind === "sound" ? ["sound"] : ["camera"],
      probability: Math.min(1, Math.max(0, kinds[kind])),
    };
  }

  #message(node: string, event: AbnormalEvent, pose: PoseEstimate, utcNs: (timeS: number) => bigint): RobotEvent {
    return {
      v: 1,
      id: ulid(),
      node,
      at: utcOfNs(utcNs(event.timeS)),
      event: ulid(),
      rule: event.rule,
      ruleRevision: event.revision,
      text: event.text,
      reasons: event.reasons
        .slice(0, 8)
        .map(({ what, value, threshold, unit }) => ({ fact: what, value, limit: threshold, unit })),
      ...this.#placeOf(event, pose),
      // Nobody has measured yet how often these rules are right.
      probability: 1,
      probabilityKnown: false,
      tracks: event.tracks.slice(0, MOST_TRACKS).map((id) => `${this.#run}-${id}`),
      since: utcOfNs(utcNs(event.sinceS)),
    };
  }

  #placeOf({ xyM, sigmaM = 0 }: AbnormalEvent, pose: PoseEstimate): Pick<RobotEvent, "place"> {
    const { yawRad, xyzM } = pose.mapFromOdom;
    // Only heard: it is somewhere around the robot, as far as the rule's sounds carry.
    if (!xyM) return { place: this.#around(pose) };
    const eastM = xyzM[0] + Math.cos(yawRad) * xyM[0] - Math.sin(yawRad) * xyM[1];
    const northM = xyzM[1] + Math.sin(yawRad) * xyM[0] + Math.cos(yawRad) * xyM[1];
    const { lat, lon } = this.#frame.toWgs84(eastM, northM, this.#frame.origin.altM);
    const [ee, en, nn] = [pose.mapCovariance[0]!, pose.mapCovariance[1]!, pose.mapCovariance[7]!];
    return { place: { lat, lon, ellipse95: ellipseOf(ee + sigmaM ** 2, en, nn + sigmaM ** 2) } };
  }

  #around(pose: PoseEstimate): NonNullable<RobotEvent["place"]> {
    const [eastM, northM] = pose.map.xyzM;
    const { lat, lon } = this.#frame.toWgs84(eastM, northM, this.#frame.origin.altM);
    return { lat, lon, ellipse95: { semiMajorM: 60, semiMinorM: 60, azimuthDeg: 0 } };
  }

  #heard(sound: Observation, timeS: number, yawRad: number, track: number | undefined): void {
    for (const [label, probability] of Object.entries(sound.marks ?? {})) {
      this.counters.sounds += 1;
      const azimuthRad = yawRad - sound.azimuthDeg * RAD;
      this.#sounds.push({ timeS, label, probability, azimuthRad, ...(track ? { track } : {}) });
    }
    while (this.#sounds.length > MOST_SOUNDS) {
      this.#sounds.shift();
      this.counters.soundsDropped += 1;
    }
  }
}

function sightingOf(seen: Observation, yawRad: number, ranges: readonly Beam[]): Sighting {
  const azimuthRad = -seen.azimuthDeg * RAD;
  const measured = beamOf(seen, azimuthRad, ranges);
  const rangeM = measured?.rangeM ?? seen.rangeM;
  const rangeSigmaM = measured
    ? RANGE_SIGMA_M
    : (seen.rangeSigmaM ?? (seen.rangeM === undefined ? undefined : 0.15 * seen.rangeM));
  return {
    azimuthRad: yawRad + azimuthRad,
    azimuthSigmaRad: seen.sigmaDeg * RAD,
    ...(rangeM !== undefined && rangeSigmaM !== undefined && { rangeM, rangeSigmaM }),
    kinds: { [seen.kind]: seen.score },
    ...(seen.marks && seen.kind !== "sound" && { marks: seen.marks }),
    ...(seen.trackHint !== undefined && { key: seen.trackHint }),
  };
}

/** The beam that looks the same way and measures what the camera reckons, within their doubts. */
function beamOf(seen: Observation, azimuthRad: number, ranges: readonly Beam[]): { rangeM: number } | undefined {
  if (seen.kind === "sound" || seen.rangeM === undefined) return undefined;
  const doubtM = AGREES_SIGMAS * Math.hypot(seen.rangeSigmaM ?? 0.15 * seen.rangeM, RANGE_SIGMA_M);
  for (const beam of ranges) {
    const off = Math.abs(Math.atan2(Math.sin(beam.azimuthRad - azimuthRad), Math.cos(beam.azimuthRad - azimuthRad)));
    if (off > CONE_RAD || beam.rangeM === undefined) continue;
    if (Math.abs(beam.rangeM - seen.rangeM) < doubtM) return { rangeM: beam.rangeM };
  }
  return undefined;
}
