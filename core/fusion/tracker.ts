/** Signatures first; the body follows in the next change. */
import type { PoseEstimate } from "./pose-types.ts";
import type { Look, LookOutcome, Track, TrackCounts } from "./track-types.ts";

export interface TrackerSettings {
  readonly maxTracks: number;
}

export declare class Tracker {
  constructor(settings?: Partial<TrackerSettings>);
  look(look: Look): LookOutcome;
  /** Confirmed and coasting tracks, carried forward to `timeS`; tentative ones too where asked. */
  tracks(timeS: number, withTentative?: boolean): Track[];
  get counts(): TrackCounts;
}

/** The track in `map`, its covariance widened by the doubt of position and yaw of `pose`. */
export declare function trackInMap(track: Track, pose: PoseEstimate): Track;

/** Ground range of feet seen `depressionRad` below the horizon by a camera `heightM` above flat ground, and its sigma; undefined where the ray misses the ground within `maxM`. */
export declare function groundRange(
  heightM: number,
  depressionRad: number,
  sigmaRad: number,
  maxM?: number,
): { rangeM: number; rangeSigmaM: number } | undefined;
