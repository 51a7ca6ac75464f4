/** Tells a person's hands on the sticks from sticks at rest: RC_CHANNELS 1 to 4, MANUAL_CONTROL x, y, z, r. */
import type { StickInput } from "#edge-agent/vehicle-port.ts";

/** Share of half the travel that counts as moved: well above trim and noise, well below PX4's own COM_RC_STICK_OV of 30 %. */
const deadBand = 0.12;
/** A stick that lies still this long is at rest where it lies: throttles have no spring. */
const restMs = 3000;
const stillWithin = 0.03;
const reportEveryMs = 500;

interface Stick {
  rest: number;
  last: number;
  stillSinceMs: number;
}

export class StickWatch {
  #sticks: Stick[] = [];
  #movedMs: number | undefined;
  #reportedMs = -Infinity;

  /**
   * One sample of the four sticks, each -1 to 1.
   * @param trusted false while the autopilot says that the receiver is lost: its last or fail-safe values are no one's hands.
   * @returns the input when a stick is away from its rest in two samples running.
   */
  heard(
    values: readonly number[],
    source: StickInput["source"],
    trusted: boolean,
    atMs: number,
  ): StickInput | undefined {
    if (!trusted || values.length !== this.#sticks.length || values.some((value) => !Number.isFinite(value))) {
      this.#sticks = values.map((value) => ({ rest: value, last: value, stillSinceMs: atMs }));
      this.#movedMs = undefined;
      return undefined;
    }
    let deflection = 0;
    values.forEach((value, i) => {
      const stick = this.#sticks[i]!;
      if (Math.abs(value - stick.last) > stillWithin) {
        stick.last = value;
        stick.stillSinceMs = atMs;
      } else if (atMs - stick.stillSinceMs > restMs) stick.rest = stick.last;
      deflection = Math.max(deflection, Math.abs(value - stick.rest));
    });
    if (deflection < deadBand) {
      this.#movedMs = undefined;
      return undefined;
    }
    const before = this.#movedMs;
    this.#movedMs = atMs;
    if (before === undefined || atMs - this.#reportedMs < reportEveryMs) return undefined;
    this.#reportedMs = atMs;
    return { source, deflection: Math.min(1, deflection), atMs };
  }
}

/** Pulse widths of channels 1 to 4 in microseconds -> -1 to 1; undefined where the receiver gives none. */
export function sticksOf(pulses: readonly number[]): number[] | undefined {
  if (pulses.length < 4 || pulses.some((pulse) => !(pulse >= 800 && pulse <= 2200))) return undefined;
  return pulses.slice(0, 4).map((pulse) => Math.max(-1, Math.min(1, (pulse - 1500) / 500)));
}
