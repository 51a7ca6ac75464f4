/** What a picture's link is like, from two readings of WebRTC's statistics (W3C webrtc-stats); and what a tile says of it. Pure. */
import type { StreamView } from "#contract/video.ts";
import { age } from "../words.ts";

export interface Reading {
  atMs: number;
  framesDecoded: number;
  packetsReceived: number;
  packetsLost: number;
  bytesReceived: number;
  /** Sum over frames, from the first packet's arrival to the decoded picture. */
  processingS: number;
  roundTripS?: number;
}

export interface LinkFigures {
  framesPerS: number;
  kbitPerS: number;
  lossRatio: number;
  /** From the relay to this screen: half the round trip, and what the picture waits and is decoded here. */
  latencyMs?: number;
}

export function readingOf(stats: RTCStatsReport, atMs: number): Reading | undefined {
  let video: RTCInboundRtpStreamStats | undefined;
  let roundTripS: number | undefined;
  stats.forEach((each) => {
    if (each.type === "inbound-rtp" && each.kind === "video") video = each as RTCInboundRtpStreamStats;
    if (each.type === "candidate-pair" && each.nominated && each.currentRoundTripTime !== undefined)
      roundTripS = each.currentRoundTripTime as number;
  });
  if (video === undefined) return undefined;
  const more = video as RTCInboundRtpStreamStats & { totalProcessingDelay?: number };
  return {
    atMs,
    framesDecoded: video.framesDecoded ?? 0,
    packetsReceived: video.packetsReceived ?? 0,
    packetsLost: video.packetsLost ?? 0,
    bytesReceived: video.bytesReceived ?? 0,
    processingS: more.totalProcessingDelay ?? 0,
    ...(roundTripS !== undefined && { roundTripS }),
  };
}

export function figuresBetween(from: Reading, to: Reading): LinkFigures {
  const seconds = Math.max(0.001, (to.atMs - from.atMs) / 1000);
  const frames = to.framesDecoded - from.framesDecoded;
  const lost = Math.max(0, to.packetsLost - from.packetsLost);
  const received = to.packetsReceived - from.packetsReceived;
  const { roundTripS } = to;
  const waitS = frames > 0 ? (to.processingS - from.processingS) / frames : undefined;
  return {
    framesPerS: frames / seconds,
    kbitPerS: ((to.bytesReceived - from.bytesReceived) * 8) / 1000 / seconds,
    lossRatio: lost + received === 0 ? 0 : lost / (lost + received),
    ...(waitS !== undefined && roundTripS !== undefined && { latencyMs: (roundTripS / 2 + waitS) * 1000 }),
  };
}

/** A link is thin after so many poor seconds; live is tried again after this long in stills, longer each time it fails. */
export const POOR_S = 5;
export const STILLS_S = [20, 60, 180] as const;

export interface Thin {
  readonly poor: number;
  readonly stills: boolean;
  readonly sinceMs: number;
  readonly fell: number;
}
export const wide: Thin = { poor: 0, stills: false, sinceMs: 0, fell: 0 };

/** Stills from now on. */
export const fallen = (thin: Thin, nowMs: number): Thin => ({
  poor: 0,
  stills: true,
  sinceMs: nowMs,
  fell: thin.fell + 1,
});

/** One second of it. `figures` is absent while nothing was measured. */
export function stepThin(thin: Thin, seen: { figures?: LinkFigures | undefined; sends: boolean }, nowMs: number): Thin {
  if (thin.stills) {
    const waitS = STILLS_S[Math.min(thin.fell, STILLS_S.length) - 1] ?? STILLS_S[0];
    return nowMs - thin.sinceMs < waitS * 1000 ? thin : { ...thin, stills: false, poor: 0, sinceMs: nowMs };
  }
  if (!seen.sends) return { ...thin, poor: 0 };
  const { figures } = seen;
  const bad =
    figures !== undefined && (figures.lossRatio > 0.12 || (figures.framesPerS < 2 && figures.lossRatio > 0.02));
  const poor = bad ? thin.poor + 1 : Math.max(0, thin.poor - 0.5);
  if (poor >= POOR_S) return fallen(thin, nowMs);
  const forgiven = !bad && nowMs - thin.sinceMs > 120_000;
  return { ...thin, poor, fell: forgiven ? 0 : thin.fell };
}

/** Seconds after which a picture is no longer called live. */
export const FRESH_S = 2;

export interface TileFacts {
  phase: "off" | "connecting" | "live" | "retrying";
  stills: boolean;
  refused?: string | undefined;
  /** Since the last picture on this screen. */
  ageS?: number | undefined;
  view?: StreamView | undefined;
}

export interface TileState {
  tone: "live" | "stills" | "waiting" | "lost" | "off";
  /** Short, for the corner. */
  word: string;
  /** Why there is no live picture; absent where there is one. */
  why?: string;
}

/** What a tile says of itself, honestly: only a picture that is moving now is live. */
export function tileState({ phase, stills, refused, ageS, view }: TileFacts): TileState {
  if (phase === "off") return { tone: "off", word: view?.live ? "sending" : "not watched" };
  const had = ageS === undefined ? "" : `; last picture ${age(ageS)} ago`;
  if (refused !== undefined) return { tone: "lost", word: "refused", why: `${refused}${had}` };
  if (stills && ageS !== undefined && ageS < 12) return { tone: "stills", word: `still, ${age(ageS)} old` };
  if (!stills && phase === "live" && ageS !== undefined && ageS <= FRESH_S) return { tone: "live", word: "live" };
  // Nothing comes until somebody sees to the camera: that is no waiting.
  if (ageS === undefined && view?.phase === "failed")
    return { tone: "lost", word: "no picture", why: whyNothing(phase, view) };
  return ageS === undefined
    ? { tone: "waiting", word: "waiting", why: whyNothing(phase, view) }
    : { tone: "lost", word: `old, ${age(ageS)}`, why: `${whyNothing(phase, view)}${had}` };
}

function whyNothing(phase: TileFacts["phase"], view: StreamView | undefined): string {
  if (view === undefined) return "This camera is not known to the gateway";
  if (view.phase === "failed") return `The camera gives no picture: ${view.why ?? "it does not say why"}`;
  if (view.phase === "unknown") return "The device that carries this camera is silent";
  if (view.live)
    return phase === "retrying" ? "The connection to the relay broke; joining again" : "Joining the picture";
  if (view.phase === "connecting") return "The camera was asked and is connecting";
  return view.why ?? "The camera was asked for its picture and sends none yet";
}

/** Where a picture of `widthPx` x `heightPx` lies inside a box that it is fitted into, and a place in it as 0 to 1; undefined beside the picture. */
export function placeInPicture(
  box: { width: number; height: number },
  picture: { widthPx: number; heightPx: number },
  at: { x: number; y: number },
): { x: number; y: number } | undefined {
  const scale = Math.min(box.width / picture.widthPx, box.height / picture.heightPx);
  const x = (at.x - (box.width - picture.widthPx * scale) / 2) / (picture.widthPx * scale);
  const y = (at.y - (box.height - picture.heightPx * scale) / 2) / (picture.heightPx * scale);
  return x >= 0 && x <= 1 && y >= 0 && y <= 1 ? { x, y } : undefined;
}

/** The other way: percent of the box, for a mark. */
export function placeInBox(
  box: { width: number; height: number },
  picture: { widthPx: number; heightPx: number },
  at: { x: number; y: number },
): { left: number; top: number } {
  const scale = Math.min(box.width / picture.widthPx, box.height / picture.heightPx);
  const [w, h] = [picture.widthPx * scale, picture.heightPx * scale];
  return {
    left: (100 * ((box.width - w) / 2 + at.x * w)) / box.width,
    top: (100 * ((box.height - h) / 2 + at.y * h)) / box.height,
  };
}
