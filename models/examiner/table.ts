/** The examiner's table: what of his shots was told, and what else. */
import { quantile, wilson95 } from "../measure/statistics.ts";
import type { Heard } from "./hear.ts";

const BINS = 10;
/** Sharp pressure waves themselves: of these only level and surroundings tell a shot. */
const SHARP_WAVES = ["balloon", "whip", "thunder"];

const isTold = ({ told }: Heard) => told.some(Boolean);
const count = <T>(all: readonly T[], is: (each: T) => boolean) => all.filter(is).length;

function part(hits: number, of: number): string {
  if (of === 0) return "none";
  const [low, high] = wilson95(hits, of);
  return `${((100 * hits) / of).toFixed(1)} % (${(100 * low).toFixed(0)} to ${(100 * high).toFixed(0)}), ${hits} of ${of}`;
}

function by(name: string, all: readonly Heard[], keyOf: (each: Heard) => string, is: (each: Heard) => boolean): string {
  const groups = Map.groupBy(all, keyOf);
  const cells = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => `${key} ${count(each, is)}/${each.length}`);
  return `  by ${name}: ${cells.join(", ")}`;
}

const distanceBand = (m = 0) => `up to ${String([3, 10, 30, 100, 301].find((most) => m <= most)).padStart(3)} m`;
const snrBand = (db = 0) => `${String(Math.min(40, 10 * Math.floor(db / 10))).padStart(2)} dB`;

/** Expected calibration error of the file's largest probability, over ten bins. */
function calibrationError(all: readonly { p: number; y: number }[]): number {
  let sum = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const inside = all.filter(({ p }) => Math.min(BINS - 1, Math.floor(p * BINS)) === bin);
    sum += Math.abs(inside.reduce((total, { p, y }) => total + p - y, 0));
  }
  return sum / all.length;
}

/** How often a shot's file has the larger probability than another's. */
function areaUnderCurve(shots: readonly number[], others: readonly number[]): number {
  let wins = 0;
  for (const a of shots) for (const b of others) wins += a > b ? 1 : a === b ? 0.5 : 0;
  return wins / (shots.length * others.length);
}

/** Lines of text. */
export function table(title: string, all: readonly Heard[]): string[] {
  const shots = all.filter(({ set }) => set === "gun");
  const others = all.filter(({ set }) => set === "other");
  const apart = all.filter(({ set }) => set === "apart");
  const dull = others.filter(({ sound }) => !SHARP_WAVES.includes(sound ?? ""));
  const rounds = shots.flatMap(({ found, told }) => found.map((each, k) => ({ found: each, told: told[k]! })));
  const errorsMs = shots.flatMap(({ errorsS }) => errorsS.map((error) => Math.abs(error) * 1000));
  const chances = [
    ...shots.map(({ probability }) => ({ p: probability, y: 1 })),
    ...others.map(({ probability }) => ({ p: probability, y: 0 })),
  ];
  const at = (share: number) => {
    const level = quantile(
      others.map(({ probability }) => probability),
      1 - share,
    );
    return `${((100 * count(shots, ({ probability }) => probability > level)) / shots.length).toFixed(0)} %`;
  };
  const isFalse = (each: Heard) => each.isFalse;
  const ofMode = (mode: string) => {
    const those = shots.filter((shot) => shot.mode === mode);
    const each = those.flatMap(({ found, told }) => found.map((f, k) => ({ f, t: told[k]!, later: k > 0 })));
    const later = each.filter((round) => round.later);
    return `  rounds, ${mode}: ${those.length} files, found ${part(
      count(each, ({ f }) => f),
      each.length,
    )}; told ${part(
      count(each, ({ t }) => t),
      each.length,
    )}; of the later ones told ${part(
      count(later, ({ t }) => t),
      later.length,
    )}`;
  };
  const falseKinds = [...Map.groupBy(others, ({ sound }) => sound ?? "")]
    .map(([sound, each]) => ({ sound, wrong: count(each, isFalse), of: each.length }))
    .filter(({ wrong }) => wrong > 0)
    .sort((a, b) => b.wrong / b.of - a.wrong / a.of);
  return [
    `${title}: ${shots.length} files with shots, ${others.length} without, ${apart.length} apart; threshold ${all[0]?.threshold}`,
    `  files with shots told            ${part(count(shots, isTold), shots.length)}`,
    `  files without, told as a shot    ${part(count(others, isFalse), others.length)}`,
    `  ... with what begins a file      ${part(
      count(others, ({ isFalseAtAll }) => isFalseAtAll),
      others.length,
    )}`,
    `  ... but balloons, whips, thunder ${part(count(dull, isFalse), dull.length)}`,
    `  rounds: found by the ear ${part(
      count(rounds, ({ found }) => found),
      rounds.length,
    )}; told ${part(
      count(rounds, ({ told }) => told),
      rounds.length,
    )}`,
    ...["single", "double", "string", "auto"].map(ofMode),
    `  gunshots a file that are no round's onset: ${(shots.reduce((sum, { beyond }) => sum + beyond, 0) / shots.length).toFixed(2)}; onset off by ${quantile(errorsMs, 0.5).toFixed(2)} ms at the median, ${quantile(errorsMs, 0.95).toFixed(1)} at 95 %`,
    `  area under the curve ${areaUnderCurve(
      shots.map(({ probability }) => probability),
      others.map(({ probability }) => probability),
    ).toFixed(
      3,
    )}; told at 2, 5, 10 % of the others: ${at(0.02)}, ${at(0.05)}, ${at(0.1)}; calibration error ${calibrationError(chances).toFixed(3)}`,
    by("mode", shots, ({ mode }) => mode ?? "", isTold),
    by("recorder", shots, ({ recorder }) => recorder, isTold),
    by("surroundings", shots, ({ surroundings }) => surroundings, isTold),
    by("background", shots, ({ background }) => background, isTold),
    by("gun", shots, ({ gun }) => gun ?? "", isTold),
    by("distance", shots, ({ distanceM }) => distanceBand(distanceM), isTold),
    by("signal over noise from", shots, ({ snrDb }) => snrBand(snrDb), isTold),
    by("gain", shots, ({ gain }) => gain ?? "none", isTold),
    by("noise suppression", shots, ({ suppressed }) => (suppressed ? "yes" : "no"), isTold),
    by("muffled", shots, ({ muffled }) => (muffled ? "yes" : "no"), isTold),
    `  false by kind: ${falseKinds.map(({ sound, wrong, of }) => `${sound} ${wrong}/${of}`).join(", ")}`,
    by("recorder, false", others, ({ recorder }) => recorder, isFalse),
    by("kind, apart from all rates", apart, ({ sound }) => sound ?? "", isFalse),
  ];
}
