/**
 * A sound card's samples against a clock: offset and rate, estimated all the time by a Kalman filter of two states (the two-state clock
 * model; D. W. Allan and J. A. Barnes, "Optimal time and frequency transfer using GPS signals", 1982). Nanoseconds are of whatever
 * clock the observations are: UTC for pulses per second, the monotonic clock for the arrival of blocks.
 */
export interface SampleClockOptions {
  sampleRateHz: number;
  /** One sigma of an observation. */
  observationSigmaS: number;
  /** Random walk of the rate, per square root of a second: 1e-8 is a crystal in the open air. */
  rateWalk?: number;
}

export interface SampleTime {
  ns: bigint;
  sigmaS: number;
  /** How fast the sample clock runs against the other, parts per million: above 0, a second has more samples than the nominal rate. */
  ppm: number;
}

/** No crystal is this far off: the source is not played in real time, or samples are missing. */
const IMPLAUSIBLE_PPM = 1500;
const FIRST_RATE_SIGMA = 2e-4;
/** Observations in a row that agree before anything is said, and that disagree before they are believed instead of the past. */
const SETTLED_AFTER = 3;

/** So many innovations in a row, each this many sigmas to the same side, are no chance: the rate is not what it was taken for. */
const LEANING_AFTER = 3;
const LEANING_SIGMAS = 2.5;

export class SampleClock {
  readonly #rateHz: number;
  readonly #varS2: number;
  readonly #walk: number;
  /** At this tick, the other clock read `#ns` and some. */
  #tick = 0n;
  #ns = 0n;
  /** Offset from the line of the nominal rate, seconds, and its change per second. */
  #offsetS = 0;
  #rate = 0;
  #p00 = 0;
  #p01 = 0;
  #p11 = FIRST_RATE_SIGMA ** 2;
  /** Observations that agree, since the start or the last break. */
  #agreeing = 0;
  #rateKnown = false;
  #disagreeing = 0;
  #disagreementS = 0;
  /** Innovations in a row that lean to one side, negative for the other. */
  #leaning = 0;
  /** Times that the line was broken and begun anew: a step of the clock, or samples that nobody said were lost. */
  jumps = 0;

  constructor({ sampleRateHz, observationSigmaS, rateWalk = 1e-8 }: SampleClockOptions) {
    this.#rateHz = sampleRateHz;
    this.#varS2 = observationSigmaS ** 2;
    this.#walk = rateWalk ** 2;
  }

  /** The sample `tick` (with a fraction) was at `ns`. Ticks must not go back. */
  observe(tick: bigint, fraction: number, ns: bigint): void {
    if (this.#agreeing === 0) {
      this.#begin(tick, ns, -fraction / this.#rateHz);
      return;
    }
    this.#carryTo(tick);
    const innovationS = Number(ns - this.#ns) / 1e9 - fraction / this.#rateHz - this.#offsetS;
    const varianceS2 = this.#p00 + this.#varS2;
    if (innovationS ** 2 > 36 * varianceS2) {
      if (this.#agreeing < SETTLED_AFTER) {
        this.#begin(tick, ns, -fraction / this.#rateHz);
        return;
      }
      const sameS = Math.abs(innovationS - this.#disagreementS) < 6 * Math.sqrt(varianceS2);
      this.#disagreeing = this.#disagreeing > 0 && sameS ? this.#disagreeing + 1 : 1;
      this.#disagreementS = innovationS;
      if (this.#disagreeing < SETTLED_AFTER) return;
      this.jumps += 1;
      this.#offsetS += innovationS;
      this.#p00 = this.#varS2;
      this.#p01 = 0;
      this.#openRate();
      this.#disagreeing = 0;
      return;
    }
    this.#disagreeing = 0;
    this.#lean(innovationS / Math.sqrt(varianceS2));
    const gain0 = this.#p00 / varianceS2;
    const gain1 = this.#p01 / varianceS2;
    this.#offsetS += gain0 * innovationS;
    this.#rate += gain1 * innovationS;
    const { p00, p01 } = { p00: this.#p00, p01: this.#p01 };
    this.#p00 -= gain0 * p00;
    this.#p01 -= gain0 * p01;
    this.#p11 -= gain1 * p01;
    this.#agreeing += 1;
    if (this.#agreeing >= SETTLED_AFTER) this.#rateKnown = true;
  }

  /** Samples were lost, nobody knows how many: nothing is said until observations agree again. The rate stays known. */
  restart(): void {
    this.#agreeing = 0;
    this.#disagreeing = 0;
  }

  /** Time of a sample; undefined before three observations have agreed and where the rate is no crystal's. */
  at(tick: bigint): SampleTime | undefined {
    const ppm = this.ppm;
    if (this.#agreeing < SETTLED_AFTER || ppm === undefined || Math.abs(ppm) > IMPLAUSIBLE_PPM) return undefined;
    const aheadS = Number(tick - this.#tick) / this.#rateHz;
    // Ahead of the last observation the rate wanders on.
    const wanderS2 = aheadS > 0 ? (this.#walk * aheadS ** 3) / 3 : 0;
    const sigmaS = Math.sqrt(this.#p00 + 2 * aheadS * this.#p01 + aheadS * aheadS * this.#p11 + wanderS2);
    const ns = this.#ns + BigInt(Math.round((this.#offsetS + aheadS * (1 + this.#rate)) * 1e9));
    return { ns, sigmaS: Math.hypot(sigmaS, this.#disagreeing > 0 ? this.#disagreementS : 0), ppm };
  }

  /** The tick that belongs to an instant, by what was known last; undefined before anything was. */
  tickAt(ns: bigint): bigint | undefined {
    if (!this.#rateKnown) return undefined;
    const aheadS = (Number(ns - this.#ns) / 1e9 - this.#offsetS) / (1 + this.#rate);
    return this.#tick + BigInt(Math.round(aheadS * this.#rateHz));
  }

  get ppm(): number | undefined {
    return this.#rateKnown ? -1e6 * (this.#rate / (1 + this.#rate)) : undefined;
  }

  /** A rate that was learned from a bad start (a sound server that fills its buffers) would else be believed for minutes. */
  #lean(sigmas: number): void {
    const side = Math.sign(sigmas);
    if (Math.abs(sigmas) < LEANING_SIGMAS) this.#leaning = 0;
    else this.#leaning = side === Math.sign(this.#leaning) ? this.#leaning + side : side;
    if (Math.abs(this.#leaning) < LEANING_AFTER) return;
    this.#openRate();
  }

  #openRate(): void {
    this.#leaning = 0;
    this.#p11 = Math.max(this.#p11, FIRST_RATE_SIGMA ** 2);
  }

  #begin(tick: bigint, ns: bigint, offsetS: number): void {
    this.#tick = tick;
    this.#ns = ns;
    this.#offsetS = offsetS;
    this.#p00 = this.#varS2;
    this.#p01 = 0;
    this.#agreeing = 1;
  }

  /** Moves the state to `tick`, keeping the seconds small so that nanoseconds stay exact. */
  #carryTo(tick: bigint): void {
    const passedS = Number(tick - this.#tick) / this.#rateHz;
    this.#ns += BigInt(Math.round(passedS * 1e9));
    this.#tick = tick;
    this.#offsetS += passedS * this.#rate + (passedS - Math.round(passedS * 1e9) / 1e9);
    this.#p00 += 2 * passedS * this.#p01 + passedS * passedS * this.#p11 + (this.#walk * passedS ** 3) / 3;
    this.#p01 += passedS * this.#p11 + (this.#walk * passedS ** 2) / 2;
    this.#p11 += this.#walk * passedS;
  }
}
