/** The node's UTC and how good it is, as its configuration says where it comes from. */
import type { ClockState } from "#contract/node.ts";
import type { Log } from "../ports.ts";
import { ClockDoubt } from "./clock-doubt.ts";
import { type HostSync, hostSyncReader } from "./host-sync.ts";
import { type Clocks, UtcClock } from "./utc-clock.ts";

export interface ClockOptions {
  source: "pps" | "ptp" | "ntp" | "system" | "sim";
  /** One sigma of the host's clock, or the least that is believed of a measurement; by the source where it is not given. */
  sigmaS?: number | undefined;
}

/** `system` is what a host without any discipline drifts in a day or so; `pps` concerns the host's clock only, which names the pulses. */
const leastSigmaS = { pps: 1e-3, ptp: 1e-5, ntp: 1e-3, system: 0.5, sim: 1e-3 } as const;

/** Of a host that is synchronised, where nobody says how well: what timesyncd reaches against internet servers; phc2sys says nothing either. */
const unsaidSigmaS = { pps: 0.02, ptp: 1e-5, ntp: 0.02 } as const;

export interface NodeTime {
  /** Undefined while the host's clock is not synchronised: then nothing is stamped. */
  now(): { utcNs: bigint; clock: ClockState } | undefined;
  /** UTC of an instant of the monotonic clock (`process.hrtime.bigint()`), under the same condition. */
  ofMonotonicNs(ns: bigint): { utcNs: bigint; clock: ClockState } | undefined;
  /** Steps of the wall clock since start. */
  readonly steps: number;
}

const REFRESH_MS = 5_000;
const GLANCE_MS = 250;

/** What a test puts in place of the host. */
export interface HostClock {
  clocks?: Clocks;
  readSync?: () => Promise<HostSync>;
  glanceMs?: number;
}

/** Watches the host's clock until the signal aborts. */
export function openTime(options: ClockOptions, log: Log, signal: AbortSignal, host: HostClock = {}): NodeTime {
  const time = new WatchedTime(options, log, host);
  time.watch(signal, host.glanceMs ?? GLANCE_MS);
  return time;
}

class WatchedTime implements NodeTime {
  readonly #source: ClockOptions["source"];
  readonly #leastS: number;
  readonly #log: Log;
  readonly #utc: UtcClock;
  readonly #readSync: () => Promise<HostSync>;
  /** Undefined where the configuration trusts the clock as it is. */
  #sync: HostSync | undefined;
  #state: ClockState;
  #doubt: ClockDoubt | undefined;
  /** When the host is asked next, and whether it still owes an answer. */
  #dueMs = 0;
  #asking = false;

  constructor({ source, sigmaS = leastSigmaS[source] }: ClockOptions, log: Log, host: HostClock) {
    this.#source = source;
    this.#leastS = sigmaS;
    this.#log = log;
    this.#utc = new UtcClock(host.clocks);
    this.#readSync = host.readSync ?? hostSyncReader();
    this.#state = this.#trusted
      ? { source, synchronised: true, sigmaS }
      : { source: "none", synchronised: false, sigmaS: 0 };
  }

  get steps(): number {
    return this.#utc.steps;
  }

  now() {
    return this.#stamped(this.#utc.nowNs());
  }

  ofMonotonicNs(ns: bigint) {
    return this.#stamped(this.#utc.ofMonotonicNs(ns));
  }

  watch(signal: AbortSignal, glanceMs: number): void {
    this.#glance();
    const timer = setInterval(() => this.#glance(), glanceMs);
    signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }

  get #trusted(): boolean {
    return this.#source === "system" || this.#source === "sim";
  }

  #stamped(utcNs: bigint) {
    if (!this.#state.synchronised) return undefined;
    const { sigmaS } = this.#state;
    const clock = this.#doubt ? { ...this.#state, sigmaS: Math.hypot(sigmaS, this.#doubt.sigmaS) } : this.#state;
    return { utcNs, clock };
  }

  /** A step is followed at once, even while the host still owes an answer. */
  #glance(): void {
    if (this.#utc.isStepped) this.#tie();
    if (this.#asking || performance.now() < this.#dueMs) return;
    this.#tie();
    void this.#ask();
  }

  #tie(): void {
    const stepS = Number(this.#utc.refresh()) / 1e9;
    if (Math.abs(stepS) <= 1e-3) return;
    this.#log.warn({ stepS }, "the host's clock was stepped: its sigma holds that until it was measured anew");
    if (this.#doubt) this.#doubt.widen(stepS, performance.now());
    else this.#doubt = new ClockDoubt(stepS, performance.now(), this.#sync);
    this.#dueMs = 0;
  }

  async #ask(): Promise<void> {
    const askedMs = performance.now();
    this.#dueMs = askedMs + REFRESH_MS;
    this.#asking = true;
    const sync = this.#trusted ? undefined : await this.#readSync();
    this.#asking = false;
    // Stepped while it was asked: of before the step is surely only what it had said until then.
    if (this.#utc.isStepped) this.#tie();
    if (sync) this.#apply(sync);
    if (!this.#doubt?.endsBy(sync, askedMs)) return;
    this.#doubt = undefined;
    this.#log.info({}, "the clock was measured anew since it was stepped");
  }

  #apply(sync: HostSync): void {
    const source = this.#source as keyof typeof unsaidSigmaS;
    const before = this.#state.synchronised;
    this.#sync = sync;
    const saidS = Math.hypot(sync.sigmaS ?? unsaidSigmaS[source], sync.wanderS ?? 0);
    this.#state = sync.synchronised
      ? { source, synchronised: true, sigmaS: Math.max(this.#leastS, saidS) }
      : { source: "none", synchronised: false, sigmaS: 0 };
    if (before === sync.synchronised) return;
    if (sync.synchronised) this.#log.info({ ...sync, source }, "the clock is synchronised");
    else this.#log.warn({ ...sync, source }, "the clock is not synchronised: nothing is stamped until it is");
  }
}
