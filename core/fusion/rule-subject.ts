/** Hysteresis of one rule about one subject (a track, a crowd, a sound): fires once, is quiet until clear and rested. */

/** Gaps in a condition up to this long do not break its time. */
const GAP_S = 1;

export class RuleSubject {
  /** Since when the condition holds; NaN: it does not. */
  sinceS = Number.NaN;
  lastTrueS = Number.NEGATIVE_INFINITY;
  lastSeenS = Number.NEGATIVE_INFINITY;
  #firedS = Number.NEGATIVE_INFINITY;
  #active = false;

  /** The condition is over for good, not for a moment: what comes is new. */
  leave(): void {
    this.sinceS = Number.NaN;
    this.#active = false;
  }

  /** True where the rule fires now. */
  step(timeS: number, holds: boolean, rule: { forS: number; refractoryS: number; clearS: number }): boolean {
    this.lastSeenS = timeS;
    if (!holds) {
      if (timeS - this.lastTrueS > GAP_S) this.sinceS = Number.NaN;
      if (timeS - this.lastTrueS >= rule.clearS) this.#active = false;
      return false;
    }
    if (timeS - this.lastTrueS > Math.max(GAP_S, rule.clearS)) this.#active = false;
    if (Number.isNaN(this.sinceS) || timeS - this.lastTrueS > GAP_S) this.sinceS = timeS;
    this.lastTrueS = timeS;
    if (this.#active || timeS - this.sinceS < rule.forS || timeS - this.#firedS < rule.refractoryS) return false;
    this.#active = true;
    this.#firedS = timeS;
    return true;
  }
}
