/** The node's UTC and how good it is, as its configuration says where it comes from. */
import type { ClockState } from "#contract/node.ts";
import type { Log } from "../ports.ts";
import { type HostSync, readHostSync } from "./host-sync.ts";
import { UtcClock } from "./utc-clock.ts";

export interface ClockOptions {
  source: "pps" | "ptp" | "ntp" | "system" | "sim";
  /** One sigma of the host's clock, or the least that is believed of a measurement; by the source where it is not given. */
  sigmaS?: number | undefined;
}

/** `system` is what a host without any discipline drifts in a day or so; `pps` concerns the host's clock only, which names the pulses. */
const leastSigmaS = { pps: 1e-3, ptp: 1e-5, ntp: 1e-3, system: 0.5, sim: 1e-3 } as const;

export interface NodeTime {
  /** Undefined while the host's clock is not synchronised: then nothing is stamped. */
  now(): { utcNs: bigint; clock: ClockState } | undefined;
  /** UTC of an instant of the monotonic clock (`process.hrtime.bigint()`), under the same condition. */
  ofMonotonicNs(ns: bigint): { utcNs: bigint; clock: ClockState } | undefined;
  /** Steps of the wall clock since start. */
  readonly steps: number;
}

const REFRESH_MS = 5_000;

/** Watches the host's clock until the signal aborts. */
export function openTime(options: ClockOptions, log: Log, signal: AbortSignal): NodeTime {
  const { source, sigmaS = leastSigmaS[source] } = options;
  const utc = new UtcClock();
  const trusted = source === "system" || source === "sim";
  let state: ClockState = trusted
    ? { source, synchronised: true, sigmaS }
    : { source: "none", synchronised: false, sigmaS: 0 };
  const apply = (sync: HostSync) => {
    const before = state.synchronised;
    state = sync.synchronised
      ? { source: source as "pps" | "ptp" | "ntp", synchronised: true, sigmaS: Math.max(sigmaS, sync.sigmaS ?? 0) }
      : { source: "none", synchronised: false, sigmaS: 0 };
    if (before === state.synchronised) return;
    if (state.synchronised) log.info({ ...sync, source }, "the clock is synchronised");
    else log.warn({ ...sync, source }, "the clock is not synchronised: nothing is stamped until it is");
  };
  const look = async () => {
    const stepNs = utc.refresh();
    if (stepNs > 1_000_000n || stepNs < -1_000_000n)
      log.warn({ stepS: Number(stepNs) / 1e9 }, "the host's clock was stepped");
    if (!trusted) apply(await readHostSync());
  };
  if (!trusted) void look();
  const timer = setInterval(() => void look(), REFRESH_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  const stamped = (utcNs: bigint) => (state.synchronised ? { utcNs, clock: state } : undefined);
  return {
    now: () => stamped(utc.nowNs()),
    ofMonotonicNs: (ns) => stamped(utc.ofMonotonicNs(ns)),
    get steps() {
      return utc.steps;
    },
  };
}
