/**
 * Which of a node's microphones are alive. One that gives nothing but one value (zeros, a rail) for ten seconds is dead; the ear then moves
 * to the first that lives, and stays there until that one dies, so that a loose plug does not send it to and fro.
 */

/** Dead when all of so much sound is one value. */
const DEAD_S = 10;

export class ChannelLife {
  readonly #deadAfter: number;
  readonly #certain: number;
  readonly #same: Float64Array;
  readonly #last: Float32Array;
  readonly #sounded: boolean[];
  readonly #dead: boolean[];
  /** Was listened on when it died, and has not been listened on since. */
  readonly #replaced: boolean[];
  #ear = 0;
  /** How often the ear moved to another microphone. */
  switches = 0;

  /** @param certain so many channels carry a microphone; one of the rest is taken for an open input until it has given sound. */
  constructor(sampleRateHz: number, channels: number, certain: number) {
    this.#deadAfter = DEAD_S * sampleRateHz;
    this.#certain = Math.max(1, certain);
    this.#same = new Float64Array(channels);
    this.#last = new Float32Array(channels).fill(Number.NaN);
    this.#sounded = Array.from({ length: channels }, () => false);
    this.#dead = Array.from({ length: channels }, () => false);
    this.#replaced = Array.from({ length: channels }, () => false);
  }

  /** Index of the channel that is listened on. */
  get ear(): number {
    return this.#ear;
  }

  /** True also of a channel that there is none of. */
  isDead(channel: number): boolean {
    return this.#dead[channel] ?? true;
  }

  get deadCount(): number {
    return this.faults().length;
  }

  /** One sentence for each dead microphone. */
  faults(): string[] {
    const count = this.#dead.length;
    return this.#dead.flatMap((dead, i) => {
      if (!dead || !this.#counts(i)) return [];
      const name = count === 1 ? "the microphone" : `microphone ${i + 1} of ${count}`;
      const instead = this.#replaced[i] ? `; microphone ${this.#ear + 1} is listened on instead` : "";
      return [`${name} has given nothing but ${this.#last[i]} for ${DEAD_S} s${instead}`];
    });
  }

  /** @returns whether a microphone died or came back, or the ear moved. */
  push(channels: readonly Float32Array[]): boolean {
    let changed = false;
    for (let i = 0; i < this.#dead.length; i++) {
      this.#watch(i, channels[i]!);
      const dead = this.#same[i]! >= this.#deadAfter;
      if (dead === this.#dead[i]) continue;
      this.#dead[i] = dead;
      changed ||= this.#counts(i);
    }
    if (this.#dead[this.#ear]) {
      const living = this.#dead.findIndex((dead, i) => !dead && this.#sounded[i]);
      if (living >= 0) {
        this.#replaced[this.#ear] = true;
        this.#replaced[living] = false;
        this.#ear = living;
        this.switches += 1;
        changed = true;
      }
    }
    return changed;
  }

  #counts(channel: number): boolean {
    return channel < this.#certain || this.#sounded[channel]!;
  }

  /** From both ends: of a living microphone's sound a sample or two are looked at. */
  #watch(channel: number, samples: Float32Array): void {
    if (samples.length === 0) return;
    const last = this.#last[channel]!;
    let from = 0;
    while (from < samples.length && samples[from] === last) from++;
    if (from === samples.length) {
      this.#same[channel]! += from;
      return;
    }
    if (!Number.isNaN(last)) this.#sounded[channel] = true;
    const value = samples[samples.length - 1]!;
    let run = 1;
    while (run < samples.length && samples[samples.length - 1 - run] === value) run++;
    if (run < samples.length) this.#sounded[channel] = true;
    this.#last[channel] = value;
    this.#same[channel] = run - 1;
  }
}
