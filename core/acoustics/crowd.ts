/**
 * An impulse among many of its kind is seldom a shot: rain, fire, rotors, drums, hammering. The network hears 1.9 s around one impulse; here
 * what it said of the impulses before counts too. Nothing is waited for: only what was heard earlier is used.
 *
 *   logit p = scale * (logit alone - crowdLogOdds * crowded * (1 - afterShot) - echoLogOdds * echoOfShot) + bias
 *   crowded = s((ln among - ln half) / width), among: sum over the earlier impulses of s(how loud against this one) * s(how surely no shot)
 *   afterShot: how surely one of those of like level was a shot; then the others are its echoes, and this one may be the next round.
 *   The less so the fewer shots there are beside them: among dozens of no shots a few that sound a little like one are thunder
 *   echoOfShot: how surely one that was louder was a shot
 *
 * with s(x) = 1 / (1 + e^-x). `models/train/crowd.py` does the same for the calibration; a test compares them.
 */
import type { Company, CrowdWeights } from "#contract/company.ts";
import type { Scores } from "#contract/shot.ts";
import { logOdds, probabilityOf as s, withGunshot } from "./scores.ts";

/** Steepness of the soft limits: dB, log odds, log odds. */
const LEVEL_DB = 2.5;
const NO_SHOT = 1;
const SHOT = 0.5;
/** Probabilities are taken as no surer than this. */
const LEAST = 6e-6;
/** The ear tells at most 250 impulses a second apart. */
const MOST = 512;

interface Earlier {
  onsetS: number;
  peakDbFs: number;
  logOdds: number;
}

/** What one microphone heard lately. Call `judge` once for each impulse, in order of onset. */
export class Crowd {
  readonly #weights: CrowdWeights | undefined;
  readonly #earlier: Earlier[] = [];

  /** Without weights every impulse is judged alone. */
  constructor(weights: CrowdWeights | undefined) {
    this.#weights = weights;
  }

  /**
   * @param onsetS seconds of any clock that runs evenly
   * @param alone what the classifier said of the sound around this impulse
   */
  judge(onsetS: number, peakDbFs: number, alone: Scores): { scores: Scores; company?: Company } {
    const weights = this.#weights;
    if (!weights) return { scores: alone };
    while (this.#earlier.length > 0 && onsetS - this.#earlier[0]!.onsetS >= weights.withinS) this.#earlier.shift();
    let among = 0;
    let noneAShot = 1;
    let shots = 0;
    let echoOfShot = 0;
    for (const earlier of this.#earlier) {
      const louderDb = earlier.peakDbFs - peakDbFs;
      const shot = s((earlier.logOdds - weights.shotLogOddsFrom) / SHOT);
      const like = s((louderDb + weights.likeDb) / LEVEL_DB);
      among += like * s((weights.noShotLogOdds - earlier.logOdds) / NO_SHOT);
      noneAShot *= 1 - like * shot;
      shots += like * shot;
      echoOfShot = Math.max(echoOfShot, shot * s((louderDb - weights.echoDb) / LEVEL_DB));
    }
    const enough = (weights.shotShare ?? 0) * among;
    const afterShot = (1 - noneAShot) * (shots < enough ? shots / enough : 1);
    const own = logOdds(alone.gunshot, LEAST);
    this.#earlier.push({ onsetS, peakDbFs, logOdds: own });
    if (this.#earlier.length > MOST) this.#earlier.shift();
    const crowded = s((Math.log(among + 1e-3) - Math.log(weights.half)) / weights.width);
    const taken = weights.crowdLogOdds * crowded * (1 - afterShot) + weights.echoLogOdds * echoOfShot;
    const scores = withGunshot(alone, s(weights.scale * (own - taken) + weights.bias));
    return { scores, company: { alone: alone.gunshot, among, afterShot, echoOfShot } };
  }
}
