/**
 * Ticks of the robot's board as seconds of one clock, and as UTC: by its pulses per second where there are any, else by when its words arrive.
 * A filter that works in the board's own seconds does not care how late a message came.
 */
import { PpsTime } from "./pps-time.ts";

export interface BoardClockOptions {
  ticksPerS: number;
  /** UTC of an instant of `process.hrtime.bigint()`, where the host has one. */
  coarse: (monotonicNs: bigint) => { utcNs: bigint; sigmaS: number } | undefined;
}

const TURN = 2 ** 32;
/** What a message waits on its way, at the least believed spread: UART, USB, the host's event loop. */
const ARRIVAL_SIGMA_S = 0.02;
/** The promptest message of the last one to two of these says how the two clocks stand. */
const LOOK_BACK_S = 5;
/** A fix is of a moment at most this long before it is told. */
const OLDEST_FIX_S = 1.5;

export class BoardClock {
  readonly #options: BoardClockOptions;
  readonly #pps: PpsTime;
  /** Newest tick, unwrapped. */
  #newest: number | undefined;
  /** Added to the pulses' own unwrapping. */
  #ppsOffset = 0n;
  #lastPulseS: number | undefined;
  /** Added to the board's seconds: it may begin anew, this clock never goes back. */
  #baseS = 0;
  #restartedAtS: number | undefined;
  /** Host's monotonic seconds minus the board's, at the promptest message of this span and of the one before. */
  #lead: { sinceS: number; thisS: number; beforeS: number } | undefined;

  constructor(options: BoardClockOptions) {
    this.#options = options;
    this.#pps = new PpsTime({ ticksPerS: options.ticksPerS });
  }

  get counters(): Record<string, number> {
    return this.#pps.counters;
  }

  /** Seconds of a tick that came just now. */
  timeOf(tick: number, heardAtMs: number): number {
    const timeS = this.#seconds(this.#unwrap(tick));
    const hostS = heardAtMs / 1000;
    const leadS = hostS - timeS;
    const lead = this.#lead;
    if (!lead) this.#lead = { sinceS: hostS, thisS: leadS, beforeS: leadS };
    else if (hostS - lead.sinceS > LOOK_BACK_S) this.#lead = { sinceS: hostS, thisS: leadS, beforeS: lead.thisS };
    else lead.thisS = Math.min(lead.thisS, leadS);
    return timeS;
  }

  pulse(edge: { tick: number; pulses: number; heardAtMs: number }): void {
    const total = this.#unwrap(edge.tick);
    const agoMs = performance.now() - edge.heardAtMs;
    const coarse = this.#options.coarse(process.hrtime.bigint() - BigInt(Math.round(agoMs * 1e6)));
    const { tick } = this.#pps.take({ ...edge, samples: 0 }, coarse);
    this.#ppsOffset = BigInt(total) - tick;
    this.#lastPulseS = this.#seconds(total);
  }

  /** When a fix of that time of week was measured; undefined without pulses. Seconds of UTC and of the week begin together. */
  ofTimeOfWeek(timeOfWeekMs: number, heardS: number): number | undefined {
    const pulseS = this.#lastPulseS;
    if (pulseS === undefined) return undefined;
    const phaseS = (timeOfWeekMs % 1000) / 1000;
    const timeS = pulseS + phaseS + Math.floor(heardS - pulseS - phaseS + 1e-3);
    return heardS - timeS < OLDEST_FIX_S && heardS - pulseS < 10 ? timeS : undefined;
  }

  utcOf(timeS: number): { ns: bigint; sigmaS: number } | undefined {
    const { ticksPerS, coarse } = this.#options;
    const known = this.#pps.ofTick(BigInt(Math.round((timeS - this.#baseS) * ticksPerS)) - this.#ppsOffset);
    if (known) return { ns: known.ns, sigmaS: known.sigmaS };
    const nowS = this.nowS();
    if (nowS === undefined) return undefined;
    const agoS = nowS - timeS;
    const host = coarse(process.hrtime.bigint() - BigInt(Math.round(agoS * 1e9)));
    return host && { ns: host.utcNs, sigmaS: Math.hypot(host.sigmaS, ARRIVAL_SIGMA_S) };
  }

  /** Seconds of the board's clock at a UTC. */
  at(utcNs: bigint): number | undefined {
    const now = this.nowS();
    const utc = now === undefined ? undefined : this.utcOf(now);
    return utc && now! + Number(utcNs - utc.ns) / 1e9;
  }

  nowS(): number | undefined {
    return this.#lead && performance.now() / 1000 - Math.min(this.#lead.thisS, this.#lead.beforeS);
  }

  /** The board began anew, and counts from 0. */
  restart(): void {
    this.#restartedAtS = this.nowS();
    this.#newest = undefined;
    this.#lead = undefined;
    this.#lastPulseS = undefined;
  }

  #seconds(total: number): number {
    return this.#baseS + total / this.#options.ticksPerS;
  }

  /** Late messages stand up to half a turn (18 minutes) before the newest. */
  #unwrap(tick: number): number {
    if (this.#newest === undefined) {
      this.#newest = tick;
      if (this.#restartedAtS !== undefined) this.#baseS = this.#restartedAtS - tick / this.#options.ticksPerS;
      this.#restartedAtS = undefined;
      return tick;
    }
    const ahead = (tick - this.#newest) >>> 0;
    const total = this.#newest + (ahead < TURN / 2 ? ahead : ahead - TURN);
    if (total > this.#newest) this.#newest = total;
    return total;
  }
}
