/** Is the link thick enough for video? A function of one measure every two seconds; changing to stills is quick, changing back is slow. */
export interface ThinState {
  thin: boolean;
  /** Measures in a row that speak for the other state. */
  against: number;
  /** Measures since the last change. */
  since: number;
}

export interface LinkMeasure {
  /** What the congestion control allows, bit/s; absent where the browser does not say. */
  allowedBps?: number | undefined;
  /** Share of packets that the far side missed. */
  lossRatio?: number | undefined;
  /** Upload of the last still, bit/s, while stills are sent. */
  stillBps?: number | undefined;
  /** Signalling goes through and media does not: stills at once, they take the way that works. */
  failed?: boolean;
}

export const thick: ThinState = { thin: false, against: 0, since: 0 };

/** Below this a picture of 320 pixels freezes rather than moves. */
const LEAST_BPS = 120_000;
/** Stills going up at this rate leave room for video. */
const ENOUGH_BPS = 600_000;
const MOST_LOSS = 0.25;
const TO_STILLS = 3;
const TO_VIDEO = 5;
/** After a change to stills, at least so many measures (30 s) before video is tried again. */
const SETTLED = 15;

export function stepThin(state: ThinState, measure: LinkMeasure): ThinState {
  const since = state.since + 1;
  if (!state.thin) {
    const { allowedBps, lossRatio, failed } = measure;
    if (failed) return { thin: true, against: 0, since: 0 };
    const bad = (allowedBps !== undefined && allowedBps < LEAST_BPS) || (lossRatio ?? 0) > MOST_LOSS;
    const against = bad ? state.against + 1 : 0;
    return against >= TO_STILLS ? { thin: true, against: 0, since: 0 } : { thin: false, against, since };
  }
  if (measure.stillBps === undefined) return { ...state, since };
  const against = measure.stillBps >= ENOUGH_BPS ? state.against + 1 : 0;
  return against >= TO_VIDEO && since >= SETTLED
    ? { thin: false, against: 0, since: 0 }
    : { thin: true, against, since };
}
