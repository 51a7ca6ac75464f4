/** What a model makes of the examiner's files, as the product hears them. */
import { join } from "node:path";
import { createEar } from "#core/acoustics/ear.ts";
import { readAudioFile } from "#edge-agent/devices/audio-file.ts";
import type { Classifier } from "#edge-agent/ports.ts";
import { classifyAll } from "../measure/classify-all.ts";

/** A line of render_sets.py. */
export interface Row {
  file: string;
  set: "gun" | "other" | "apart";
  half: "open" | "blind";
  recorder: string;
  surroundings: string;
  background: string;
  rateHz: number;
  gun?: string;
  mode?: "single" | "double" | "string" | "auto";
  distanceM?: number;
  snrDb?: number;
  /** Arrival of each round (its bullet's shock wave, if there is one), and how much later its blast comes, seconds. */
  roundsS?: number[];
  blastLagS?: number;
  muffled?: boolean;
  gain?: string;
  suppressed?: boolean;
  /** What sounds, where it is no shot. */
  sound?: string;
}

export interface Impulse {
  onsetS: number;
  probability: number;
}

export interface Heard extends Row {
  threshold: number;
  /** Of each round: found by the ear, and taken for a gunshot. */
  found: boolean[];
  told: boolean[];
  /** Told less true of the rounds told, seconds. */
  errorsS: number[];
  /** Gunshots that are no round's onset. */
  beyond: number;
  /** All of them, those that begin with the file too. */
  heard: readonly Impulse[];
  isFalse: boolean;
  /** The same where what begins with the file counts too. */
  isFalseAtAll: boolean;
  /** The largest: at the rounds, or in the whole file where there are none. */
  probability: number;
}

/** An onset from here to there around a round's arrival is that round's, seconds. */
const EARLY_S = 0.03;
const LATE_S = 0.05;
/** What begins with the file is the recorder's own high-pass settling, seconds. */
const SETTLED_S = 0.02;

export async function hearRow(row: Row, folder: string, classifier: Classifier): Promise<Heard> {
  const { channels, sampleRateHz } = await readAudioFile(join(folder, row.file));
  const heard = await classifyAll(channels[0]!, sampleRateHz, classifier, createEar);
  const impulses = heard.map(({ onsetS, scores }) => ({ onsetS, probability: scores.gunshot }));
  return judge(row, impulses, classifier.threshold);
}

/** Rounds found and told, and what was told beside them. */
export function judge(row: Row, all: readonly Impulse[], threshold: number): Heard {
  const isShot = ({ probability }: Impulse) => probability >= threshold;
  const most = (impulses: readonly Impulse[]) => Math.max(0, ...impulses.map(({ probability }) => probability));
  if (!row.roundsS) {
    const impulses = all.filter(({ onsetS }) => onsetS >= SETTLED_S);
    const none = { found: [], told: [], errorsS: [], beyond: 0 };
    const [isFalse, isFalseAtAll] = [impulses.some(isShot), all.some(isShot)];
    return { ...row, threshold, ...none, heard: all, isFalse, isFalseAtAll, probability: most(impulses) };
  }
  const lagS = row.blastLagS ?? 0;
  const rounds = row.roundsS.map((atS) => (lagS > 0 ? [atS, atS + lagS] : [atS]));
  const isOf = (arrivals: readonly number[]) => (impulse: Impulse) =>
    arrivals.some((atS) => impulse.onsetS - atS >= -EARLY_S && impulse.onsetS - atS <= LATE_S);
  const near = rounds.map((arrivals) => all.filter(isOf(arrivals)));
  const told = near.map((impulses) => impulses.some(isShot));
  const errorsS = near.flatMap((impulses, k) => {
    const errors = impulses.filter(isShot).flatMap(({ onsetS }) => rounds[k]!.map((atS) => onsetS - atS));
    return errors.length > 0 ? [errors.reduce((a, b) => (Math.abs(b) < Math.abs(a) ? b : a))] : [];
  });
  const beyond = all.filter((impulse) => isShot(impulse) && !rounds.some((arrivals) => isOf(arrivals)(impulse)));
  const [from, to] = [row.roundsS[0]! - LATE_S, rounds.at(-1)!.at(-1)! + LATE_S];
  const during = all.filter(({ onsetS }) => onsetS >= from && onsetS <= to);
  return {
    ...row,
    threshold,
    found: near.map((impulses) => impulses.length > 0),
    told,
    errorsS,
    beyond: beyond.length,
    heard: all,
    isFalse: false,
    isFalseAtAll: false,
    probability: most(during),
  };
}
