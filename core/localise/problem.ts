/** Arrivals as the numeric code wants them: columns of numbers in a site's flat frame, seconds from a local origin of time. */
import type { Air } from "./air.ts";
import { bearingSpread, LEAST_BEARING_SIGMA, type TravelCue } from "./cues.ts";

/** One arrival, ready to be solved with. */
export interface Heard {
  id: string;
  node: string;
  eastM: number;
  northM: number;
  /** Height above the ellipsoid. */
  upM: number;
  /** Time of arrival, seconds from the localiser's origin of time. */
  toaS: number;
  /** One sigma of `toaS` with the node's position and the propagation in it. */
  sigmaS: number;
  /** The part of it that another round at the same node does not share: onset and clock. Absent: all of it. */
  ownSigmaS?: number | undefined;
  /** Clockwise from north, radians. */
  bearingRad?: number | undefined;
  bearingSigmaRad?: number | undefined;
  /** The other side of a line of microphones, as likely. */
  bearingMirrorRad?: number | undefined;
  /** How long the sound travelled, by a bullet's shock wave. */
  travel?: TravelCue | undefined;
  /** The detector's calibrated probability that it was a gunshot. */
  probability?: number | undefined;
  echoProbability?: number | undefined;
  /** The probability comes from a detector that knows other sudden sounds too. */
  classed?: boolean | undefined;
  peakDbSpl?: number | undefined;
  snrDb?: number | undefined;
}

/** What is known before any arrival is looked at. */
export interface Prior {
  air: Air;
  /** Relative sigma of the speed of sound; 0 where the air is known. */
  speedSigma: number;
  /** Height of the muzzle above the ellipsoid, and its sigma; 0 where it is known. */
  sourceUpM: number;
  sourceUpSigmaM: number;
  /** Sigmas beyond which a residual counts linearly instead of squared (Huber). */
  huberK: number;
}

export interface Columns {
  n: number;
  x: Float64Array;
  y: Float64Array;
  z: Float64Array;
  t: Float64Array;
  sigma: Float64Array;
  /** NaN where the node has no bearing. */
  bearing: Float64Array;
  bearingSigma: Float64Array;
  /** The same again where there is no other side. */
  bearingMirror: Float64Array;
  bearingSpread: Float64Array;
  /** Seconds of travel; NaN where no shock wave tells. */
  travel: Float64Array;
  travelSigma: Float64Array;
  /** 1 where it travelled at least that long. */
  travelLeast: Uint8Array;
}

export function columnsFor(capacity: number): Columns {
  const column = () => new Float64Array(capacity);
  return {
    n: 0,
    x: column(),
    y: column(),
    z: column(),
    t: column(),
    sigma: column(),
    bearing: column(),
    bearingSigma: column(),
    bearingMirror: column(),
    bearingSpread: column(),
    travel: column(),
    travelSigma: column(),
    travelLeast: new Uint8Array(capacity),
  };
}

/** Adds one arrival; the caller keeps within the capacity. */
export function addRow(columns: Columns, heard: Heard): void {
  const i = columns.n++;
  columns.x[i] = heard.eastM;
  columns.y[i] = heard.northM;
  columns.z[i] = heard.upM;
  columns.t[i] = heard.toaS;
  columns.sigma[i] = heard.sigmaS;
  const hasBearing = heard.bearingRad !== undefined && heard.bearingSigmaRad !== undefined;
  columns.bearing[i] = hasBearing ? heard.bearingRad! : Number.NaN;
  columns.bearingSigma[i] = hasBearing ? Math.max(heard.bearingSigmaRad!, LEAST_BEARING_SIGMA) : 1;
  columns.bearingMirror[i] = heard.bearingMirrorRad ?? columns.bearing[i]!;
  columns.bearingSpread[i] = bearingSpread(columns.bearingSigma[i]!, heard.bearingMirrorRad !== undefined);
  columns.travel[i] = heard.travel ? heard.travel.travelS : Number.NaN;
  columns.travelSigma[i] = heard.travel ? heard.travel.travelSigmaS : 1;
  columns.travelLeast[i] = heard.travel?.travelLeast ? 1 : 0;
}
