/**
 * What the tracker takes and gives. Places are metres in a frame that does not jump while a track lives: `odom` of the pose filter on a
 * robot, the local ENU frame on a mast. `trackInMap` carries a track, with the pose's doubt added, into `map`.
 * Azimuths are radians about z from the frame's x axis, counter-clockwise (REP 103), not compass bearings.
 */

/** Kinds of things; a detector says with which probability a sighting is which. */
export type ThingKind = "person" | "vehicle" | "sound";

/** One detection of one look. */
export interface Sighting {
  /** Frame azimuth (the platform's yaw already added), one sigma. */
  readonly azimuthRad: number;
  readonly azimuthSigmaRad: number;
  /** Along the ground; left out where only the direction is known. */
  readonly rangeM?: number;
  readonly rangeSigmaM?: number;
  /** Probabilities of the kinds; those left out share the rest. */
  readonly kinds: Readonly<Partial<Record<ThingKind, number>>>;
  /** Evidence for the rules, such as `fallen` (probability of lying), kept with the track as a running mean. */
  readonly marks?: Readonly<Record<string, number>>;
  /** The detector's own key of this detection, given back with the track's `lastKey`: a box, a face crop. */
  readonly key?: string;
}

/** One look of one sensor: everything it detected at that time, nothing included. */
export interface Look {
  readonly timeS: number;
  readonly sensor: string;
  /** Where the sensor was, metres in the tracker's frame. */
  readonly fromM: readonly [number, number];
  /** What it could have seen: a track inside and not seen is missed; one outside is not. */
  readonly view: {
    readonly azimuthRad: number;
    /** Full width; 2 pi or more is all round. */
    readonly widthRad: number;
    readonly maxRangeM: number;
  };
  /** Probability that it detects a thing in view, and false detections expected per look. */
  readonly detects: number;
  readonly falsePerLook: number;
  /** What it can see: a camera says nothing about sounds. */
  readonly sees: readonly ThingKind[];
  readonly sightings: readonly Sighting[];
}

export type TrackPhase = "tentative" | "confirmed" | "coasting";

export interface Track {
  /** Never used again for another. */
  readonly id: number;
  readonly phase: TrackPhase;
  readonly timeS: number;
  readonly xyM: readonly [number, number];
  readonly velocityMps: readonly [number, number];
  /** 4 x 4 row-major of x, y, vx, vy: of the whole mixture where range is not known. */
  readonly covariance: Float64Array;
  /** Distance from the last sensor within 95 %. */
  readonly rangeM: readonly [number, number];
  /** More than a third of the range is doubt: draw a ray, not a point. */
  readonly bearingOnly: boolean;
  readonly kind: ThingKind;
  readonly kinds: Readonly<Record<ThingKind, number>>;
  readonly marks: Readonly<Record<string, number>>;
  readonly bornS: number;
  readonly seenS: number;
  readonly sightings: number;
  readonly sensors: readonly string[];
  readonly lastKey?: string;
}

export interface TrackCounts {
  readonly looks: number;
  readonly sightings: number;
  /** Looks that came after their time had passed, beyond the buffer. */
  readonly lateLooks: number;
  readonly badSightings: number;
  readonly born: number;
  readonly confirmed: number;
  readonly died: number;
  /** Sightings that would have begun a track, were there room. */
  readonly noRoom: number;
}

/** Which track each sighting of a look went to (its id; 0: none), in the look's order. */
export interface LookOutcome {
  readonly tracks: readonly number[];
  readonly late: boolean;
}
