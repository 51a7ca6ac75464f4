/**
 * One decision a person who passes, not one a picture: faces of successive looks are joined to tracks, the best looks of each are fused, and
 * each track is decided once. What it held is overwritten at the decision; afterwards the track is a box without a face until it is lost.
 */
import { BoxTracks } from "../perception/box-tracks.ts";
import { CHIP_PX } from "./align.ts";
import { BestShots } from "./best-shots.ts";
import { type Decision, decide } from "./decide.ts";
import type { FaceBox } from "./detection.ts";
import { distance, EMBEDDING } from "./distance.ts";
import type { Candidate } from "./gallery.ts";
import type { Suppressions } from "./suppressions.ts";
import type { MeasuredError, Rule } from "./threshold.ts";

export interface ListInForce {
  readonly id: string;
  readonly rule: Rule;
  nearest(embedding: Float32Array, spread: number): Candidate[];
}

/** A face of one look; embedding and chip are lent for the call. */
export interface FaceSeen {
  readonly box: FaceBox;
  readonly refused: readonly string[];
  readonly score: number;
  readonly embedding: Float32Array | undefined;
  readonly chip: Float32Array;
}

export interface DecidedTrack {
  readonly track: string;
  /** `suppressed`: a possible match that is not said, since a person rejected this pair, or it was said a moment ago. */
  readonly outcome: Decision | { readonly kind: "suppressed"; readonly why: string };
  /** Of a possible match: its list and the rule that decided. */
  readonly list?: ListInForce;
  readonly looks: number;
  readonly quality: number;
  readonly firstS: number;
  readonly lastS: number;
  readonly box: FaceBox;
  /** Lent: overwritten when the callback returns. The fused looks, and the upright face of the best, RGB of CHIP_PX x CHIP_PX. */
  readonly embedding: Float32Array;
  readonly spread: number;
  readonly chip: Uint8Array;
}

export interface TrackSettings {
  /** Good looks after which a track is decided. */
  readonly enoughLooks: number;
  /** Or so long after the first good one. */
  readonly decideWithinS: number;
  readonly lostAfterS: number;
  /** A decided track is followed without a look at the face for so long; then whoever is in the box is somebody new. */
  readonly followS: number;
  readonly mostTracks: number;
  /** The same person of the same list is not said again within this. */
  readonly repeatAfterS: number;
}

export const trackSettings: TrackSettings = {
  enoughLooks: 3,
  decideWithinS: 3,
  lostAfterS: 2,
  followS: 10,
  mostTracks: 32,
  repeatAfterS: 60,
};

/** Farther from the track's best look than two looks at one person ever were: somebody else stepped into the box. */
const SOMEBODY_ELSE = 0.8;

interface Track {
  readonly hint: string;
  readonly shots: BestShots;
  readonly chip: Uint8Array;
  readonly reference: Float32Array;
  referenced: boolean;
  quality: number;
  box: FaceBox;
  firstS: number;
  firstGoodS: number | undefined;
  lastS: number;
  refused: readonly string[];
  decidedS: number | undefined;
}

export class FaceTracks {
  /** `interrupted`: of the undecided, those whom a change of the lists or the device's stop cut short. */
  readonly counts = {
    facesSeen: 0,
    tracks: 0,
    possible: 0,
    unknown: 0,
    undecided: 0,
    suppressed: 0,
    crowdedOut: 0,
    interrupted: 0,
  };
  private readonly settings: TrackSettings;
  private readonly boxes: BoxTracks<FaceBox>;
  private readonly tracks = new Map<string, Track>();
  private readonly said = new Map<string, number>();
  private readonly fused = new Float32Array(EMBEDDING);
  private asked: { readonly hint: string; readonly box: FaceBox } | undefined;
  private readonly lists: () => readonly ListInForce[];
  private readonly suppressions: Suppressions;
  private readonly measured: MeasuredError;

  constructor(
    lists: () => readonly ListInForce[],
    suppressions: Suppressions,
    measured: MeasuredError,
    settings: Partial<TrackSettings> = {},
  ) {
    this.lists = lists;
    this.suppressions = suppressions;
    this.measured = measured;
    this.settings = { ...trackSettings, ...settings };
    this.boxes = new BoxTracks("f", this.settings.lostAfterS, this.settings.mostTracks);
  }

  /**
   * Which track the box in the look at `atS` belongs to, and whether its face is to be looked at any closer: one that was decided is only
   * followed. To be asked before each `take`.
   */
  meet(atS: number, box: FaceBox): { hint: string; wanted: boolean } {
    const hint = this.boxes.look(atS, [box])[0]!;
    const track = this.tracks.get(hint);
    this.asked = { hint, box };
    if (track?.decidedS === undefined) return { hint, wanted: true };
    if (atS - track.decidedS > this.settings.followS) {
      this.drop(track);
      return { hint, wanted: true };
    }
    this.counts.facesSeen++;
    track.lastS = atS;
    track.box = box;
    return { hint, wanted: false };
  }

  /** Takes one face of the look at `atS`; calls `onDecided` where it ended the track of somebody else in the same box. */
  take(atS: number, face: FaceSeen, onDecided: (decided: DecidedTrack) => void): string {
    this.counts.facesSeen++;
    const hint = this.asked?.box === face.box ? this.asked.hint : this.boxes.look(atS, [face.box])[0]!;
    let track = this.tracks.get(hint);
    if (track && face.embedding && track.referenced && distance(track.reference, face.embedding) > SOMEBODY_ELSE) {
      if (track.decidedS === undefined) this.decideTrack(track, onDecided);
      this.drop(track);
      track = undefined;
    }
    track ??= this.begin(hint, atS, face.box);
    if (!track) return hint;
    track.lastS = atS;
    track.box = face.box;
    if (track.decidedS !== undefined) return hint;
    if (!face.embedding) {
      track.refused = face.refused;
      return hint;
    }
    track.firstGoodS ??= atS;
    track.shots.offer(face.score, face.embedding);
    if (face.score >= track.quality) {
      track.quality = face.score;
      track.reference.set(face.embedding);
      track.referenced = true;
      for (let i = 0; i < track.chip.length; i++) track.chip[i] = Math.max(0, Math.min(255, face.chip[i]!));
    }
    return hint;
  }

  /** After the last face of a look, and where no face came for a while: decides what is ripe and forgets what is gone. */
  settle(atS: number, onDecided: (decided: DecidedTrack) => void): void {
    const { enoughLooks, decideWithinS, lostAfterS } = this.settings;
    for (const track of [...this.tracks.values()]) {
      const lost = atS - track.lastS > lostAfterS;
      const ripe =
        track.shots.count >= enoughLooks || (track.firstGoodS !== undefined && atS - track.firstGoodS >= decideWithinS);
      if (track.decidedS === undefined && (lost || ripe)) this.decideTrack(track, onDecided);
      if (lost) this.drop(track);
    }
    for (const [key, saidS] of this.said) if (atS - saidS > this.settings.repeatAfterS) this.said.delete(key);
  }

  /** Forgets everybody: the lists changed, or the device stops. Who was not decided yet is counted as undecided: each track has an outcome. */
  wipe(): void {
    for (const track of [...this.tracks.values()]) {
      if (track.decidedS === undefined) {
        this.counts.undecided++;
        this.counts.interrupted++;
      }
      this.drop(track);
    }
  }

  private begin(hint: string, atS: number, box: FaceBox): Track | undefined {
    if (this.tracks.size >= this.settings.mostTracks) {
      this.counts.crowdedOut++;
      return undefined;
    }
    const track: Track = {
      hint,
      shots: new BestShots(this.settings.enoughLooks),
      chip: new Uint8Array(CHIP_PX * CHIP_PX * 3),
      reference: new Float32Array(EMBEDDING),
      referenced: false,
      quality: 0,
      box,
      firstS: atS,
      firstGoodS: undefined,
      lastS: atS,
      refused: [],
      decidedS: undefined,
    };
    this.tracks.set(hint, track);
    this.counts.tracks++;
    return track;
  }

  private decideTrack(track: Track, onDecided: (decided: DecidedTrack) => void): void {
    const looks = track.shots.count;
    const spread = looks > 0 ? track.shots.fused(this.fused) : 0;
    try {
      const { outcome, list } = this.outcomeOf(track, looks, spread);
      const field = { "possible match": "possible", unknown: "unknown", "no decision": "undecided" } as const;
      this.counts[outcome.kind === "suppressed" ? "suppressed" : field[outcome.kind]]++;
      onDecided({
        track: track.hint,
        outcome,
        ...(list && { list }),
        looks,
        quality: track.quality,
        firstS: track.firstS,
        lastS: track.lastS,
        box: track.box,
        embedding: this.fused,
        spread,
        chip: track.chip,
      });
    } finally {
      track.decidedS = track.lastS;
      this.forget(track);
    }
  }

  private outcomeOf(
    track: Track,
    looks: number,
    spread: number,
  ): { outcome: DecidedTrack["outcome"]; list?: ListInForce } {
    const refused = looks > 0 ? [] : track.refused.length > 0 ? track.refused : ["never seen well enough"];
    const lists = this.lists();
    if (lists.length === 0) return { outcome: { kind: "no decision", why: ["no list is in force"] } };
    const decisions = lists.map((list) => {
      const nearest = looks > 0 ? list.nearest(this.fused, spread) : [];
      return { list, decision: decide(refused, nearest, list.rule, this.measured) };
    });
    const possible = decisions.flatMap(({ list, decision }) =>
      decision.kind === "possible match" ? [{ list, decision }] : [],
    );
    possible.sort((a, b) => a.decision.distance - b.decision.distance);
    const best = possible[0];
    if (!best) {
      const open = decisions.find(({ decision }) => decision.kind === "no decision");
      return { outcome: open?.decision ?? { kind: "unknown" } };
    }
    const { list, decision } = best;
    const face = { embedding: this.fused, spread };
    if (this.suppressions.applies(list.id, decision.person, face, decision.distance, list.rule.thresholdDistance))
      return { outcome: { kind: "suppressed", why: "a person said that this is not them" }, list };
    const key = `${list.id} ${decision.person}`;
    const saidS = this.said.get(key);
    if (saidS !== undefined && track.lastS - saidS <= this.settings.repeatAfterS)
      return { outcome: { kind: "suppressed", why: "said a moment ago" }, list };
    this.said.set(key, track.lastS);
    return { outcome: decision, list };
  }

  private forget(track: Track): void {
    track.shots.wipe();
    track.chip.fill(0);
    track.reference.fill(0);
    track.referenced = false;
    this.fused.fill(0);
  }

  private drop(track: Track): void {
    this.forget(track);
    this.tracks.delete(track.hint);
  }
}
