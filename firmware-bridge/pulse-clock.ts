/** Port `PulseClock` over the firmware: what its PPS messages and the host's clock, which names the seconds, give together. */
import type { Duplex } from "node:stream";
import type { PulseClock } from "#edge-agent/pulse-port.ts";
import { createSerialDock } from "./dock.ts";
import { PpsTime } from "./pps-time.ts";

export interface PulseClockOptions {
  /** A serial cable, or the emulator. */
  stream: Duplex;
  /** For messages, such as the device's path. */
  name: string;
  wordClockHz: number;
  /** From a pulse's edge to the host's hearing of it; must only be right to a tenth of a second or so. */
  latencyS?: number;
  /** The host's UTC of an instant of `process.hrtime.bigint()`, where it has one. */
  coarse: (monotonicNs: bigint) => { utcNs: bigint; sigmaS: number } | undefined;
  /** Called at every pulse. */
  report?: (counters: Record<string, number>) => void;
}

export function openPulseClock(options: PulseClockOptions): PulseClock {
  const { stream, name, wordClockHz, latencyS = 0.003, coarse, report } = options;
  const board = createSerialDock(stream, name);
  let map: PpsTime | undefined;
  let ticksPerS: number | undefined;
  board.onPps((edge) => {
    if (board.ticksPerS === undefined) return;
    // Another firmware was flashed.
    if (ticksPerS !== board.ticksPerS) map = undefined;
    ticksPerS = board.ticksPerS;
    map ??= new PpsTime({ ticksPerS, wordClockHz });
    const agoMs = performance.now() - edge.heardAtMs + latencyS * 1000;
    map.take(edge, coarse(process.hrtime.bigint() - BigInt(Math.round(agoMs * 1e6))));
    report?.({ ...map.counters });
  });
  return {
    ofSample: (sample) => map?.ofSample(sample),
    sampleAt: (utcNs) => map?.sampleAt(utcNs),
    get standingAt() {
      return map?.standingAt;
    },
    close: () => board.close(),
  };
}
