/**
 * What a device sees and hears around it, as detections without identity. Real: `devices/perception` (a camera and networks on the
 * device). A robot's fusion takes them in; a detection carries no picture and no face.
 */

export type ObservedKind = "person" | "vehicle" | "face" | "sound";

/** One detection of one look. */
export interface Observation {
  /** UTC of the look (the picture's exposure, the sound's onset), nanoseconds since 1970. */
  at: bigint;
  kind: ObservedKind;
  /** Clockwise from the sensor's mounting direction (camera: its optical axis; a robot: its nose), degrees, -180 to 180. The carrier adds its heading. */
  azimuthDeg: number;
  /** One sigma of that. */
  sigmaDeg: number;
  /** Above the horizon of the sensor; of a person or vehicle, where it stands on the ground (the lower edge of its box). */
  elevationDeg?: number;
  elevationSigmaDeg?: number;
  /** Where the sensor measures or can reckon it. */
  rangeM?: number;
  rangeSigmaM?: number;
  /** Of the detector, 0..1: that there is such a thing. */
  score: number;
  /** Evidence for rules: `fallen`, probability of lying on the ground. */
  marks?: Readonly<Record<string, number>>;
  /** The sensor's own track of this thing: the same in later looks, meaningless afterwards. */
  trackHint?: string;
}

/** Everything detected at one time, nothing included: what was in view and not detected was missed. */
export interface ObservationLook {
  at: bigint;
  /** Which sensor, such as `front`. */
  sensor: string;
  /** What it could have seen, about its mounting direction. */
  view: { widthDeg: number; maxRangeM: number };
  sees: readonly ObservedKind[];
  observations: readonly Observation[];
}

export interface Perception {
  readonly sensor: string;
  /** Detectors that are there: `person`, `vehicle`, `fallen`, `face`. Rules that need another one are off. */
  readonly available: readonly string[];
  /** Those that are not, and why. */
  readonly unavailable: readonly { detector: string; why: string }[];
  /** Called after each look, until the returned function is. */
  onLook(listener: (look: ObservationLook) => void): () => void;
  readonly counters: Readonly<Record<string, number>>;
}

/** A picture on its way through the detectors. Whoever holds it overwrites `rgb` when it is done; nobody writes it down. */
export interface StillPicture {
  /** UTC of its exposure, nanoseconds since 1970. */
  at: bigint;
  widthPx: number;
  heightPx: number;
  /** 8 bits a channel, row by row. Valid until the next picture is asked for. */
  rgb: Uint8Array;
}

/** A camera as a source of still pictures at a low rate. It has no past: there is no way to ask it for a recording. */
export interface StillCamera {
  readonly name: string;
  /** Until the signal aborts. A camera that ends or hangs is opened again; pictures that nobody was ready for are dropped and counted. */
  pictures(signal: AbortSignal): AsyncIterable<StillPicture>;
  readonly counters: { pictures: number; dropped: number; restarts: number };
}
