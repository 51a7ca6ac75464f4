/** Lets a burst through at once and a steady rate after it. Time is given, so that it is that of the sound and not of the computer. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  #tokens: number;
  #lastS: number | undefined;

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
  }

  /** True where one more may pass at `nowS`. Time that goes back refills nothing. */
  take(nowS: number): boolean {
    const passedS = Math.max(0, nowS - (this.#lastS ?? nowS));
    this.#lastS = Math.max(nowS, this.#lastS ?? nowS);
    this.#tokens = Math.min(this.#burst, this.#tokens + passedS * this.#perSecond);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
