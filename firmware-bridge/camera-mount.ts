/** Port `CameraMount` over a Firmata board that may be absent, die and come back: opened again and again, and told the pose that holds. */
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "#edge-agent/ports.ts";
import type { CameraMount, MountHealth, MountPose } from "#edge-agent/video-port.ts";
import { openPanTilt, type PanTilt } from "./pan-tilt.ts";
import { openSerial } from "./serial.ts";

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
/** Its bootloader takes a second or two of it. */
const ANSWER_MS = 10_000;
const BAUD_RATE = 57_600;

export interface CameraMountOptions {
  path: string;
  panDeg: readonly [number, number];
  tiltDeg: readonly [number, number];
  /** 0: D5, 1: D6. */
  lamp: 0 | 1 | undefined;
  log: Log;
  /** Opens the port; `openSerial`, unless a test brings its own. */
  open?: (path: string, baudRate: number) => Promise<Duplex>;
}

export function openCameraMount(options: CameraMountOptions): CameraMount {
  const { path, panDeg, tiltDeg, lamp, log, open = openSerial } = options;
  const stop = new AbortController();
  const listeners = new Set<() => void>();
  const counters = { openings: 0, failures: 0 };
  let health: MountHealth = { phase: "starting" };
  let board: PanTilt | undefined;
  let pose: MountPose | undefined;

  const say = (next: MountHealth) => {
    if (next.phase === health.phase && next.why === health.why) return;
    health = next;
    if (next.phase === "up") log.info({ path }, "the pan and tilt board answers");
    // Once each, not at every attempt.
    else log.warn({ path, why: next.why }, "no pan and tilt board; trying again until it is back");
    for (const listener of listeners) listener();
  };
  const tell = () => {
    if (!board || !pose) return;
    board.point(pose.panDeg, pose.tiltDeg);
    if (lamp !== undefined) board.lamp(lamp, pose.lampOn);
  };
  /** Until the board is lost. @returns why. */
  const serve = async (): Promise<string> => {
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(ANSWER_MS)]);
    board = await openPanTilt(await open(path, BAUD_RATE), { panDeg, tiltDeg, signal });
    try {
      counters.openings += 1;
      tell();
      say({ phase: "up" });
      return await board.ended;
    } finally {
      // The port is free for the next attempt, also where the board could not be told.
      await board.close();
      board = undefined;
    }
  };
  const run = async () => {
    for (let waitMs = FIRST_WAIT_MS; !stop.signal.aborted; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      const before = counters.openings;
      const why = await serve().catch((error: Error) => error.message);
      if (stop.signal.aborted) return;
      counters.failures += 1;
      if (counters.openings > before) waitMs = FIRST_WAIT_MS;
      say({ phase: "down", why });
      await delay(waitMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  };
  const running = run();

  return {
    get health() {
      return health;
    },
    counters,
    hold(next) {
      pose = next;
      tell();
    },
    onHealth(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      stop.abort();
      await board?.close();
      await running;
    },
  };
}
