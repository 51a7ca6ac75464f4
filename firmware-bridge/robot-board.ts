/** Port `RobotBody` over the drive board's firmware: a byte stream in, measurements in SI units out. */
import type { Duplex } from "node:stream";
import { Fault } from "#contract/errors.ts";
import { Silence } from "#core/clock/silence.ts";
import type { BodyState, Measure, RobotBody } from "#edge-agent/robot-port.ts";
import { BoardClock, type BoardClockOptions } from "./board-clock.ts";
import { createFrameReader, encodeFrame } from "./frame.ts";
import { PROTOCOL_VERSION } from "./messages.ts";
import { decodeFromBoard, driveFlag, encodeHello, encodeVelocity, type FromBoard } from "./robot-messages.ts";

/** How this robot is built. */
export interface BoardGeometry {
  /** Encoder counts a metre, each wheel; below 0 where it counts backwards. */
  countsPerM: number;
  /** Between the wheels. */
  trackM: number;
  /** One sigma of the receiver is not believed below this. */
  gnssFloorM: number;
  /** From a fix's moment to its first byte, where no pulse says more. */
  gnssLatencyS: number;
  /** Azimuth of each ultrasonic range, counter-clockwise from the nose, degrees. */
  rangeAzimuthDeg: readonly [number, number, number, number];
}

export const usualGeometry: BoardGeometry = {
  countsPerM: 1000,
  trackM: 0.44,
  gnssFloorM: 0.3,
  gnssLatencyS: 0.1,
  rangeAzimuthDeg: [30, 0, -30, 180],
};

export interface RobotBoardOptions {
  /** A serial cable, a socket, or the emulator. */
  stream: Duplex;
  /** For messages, such as the device's path. */
  name: string;
  geometry?: Partial<BoardGeometry>;
  coarse: BoardClockOptions["coarse"];
}

/** The board says how it is twenty times a second. */
const LOST_AFTER_MS = 500;
const HELLO_EVERY_MS = 500;
/** MPU-6050 at 2 g and 250 degrees/s: steps a g and a degree/s (product specification, 6.1 and 6.2). */
const ACCEL_STEPS = 16_384;
const GYRO_STEPS = 131;
const G_MPS2 = 9.80665;
const RAD = Math.PI / 180;
/** Fixes of fewer dimensions are none. */
const FIX_3D = 3;
const FIX_WITH_DEAD_RECKONING = 4;
/** Wheel counts further apart than this in time give no speed: the board was silent between. */
const WHEELS_APART_S = 0.2;

export function openRobotBoard(options: RobotBoardOptions): RobotBody {
  const { stream, name } = options;
  const geometry = { ...usualGeometry, ...options.geometry };
  const counters = {
    messages: 0,
    refusedFrames: 0,
    unknownMessages: 0,
    restarts: 0,
    early: 0,
    poorFixes: 0,
    wheelGaps: 0,
    unstampedFixes: 0,
  };
  const stateListeners = new Set<(state: BodyState) => void>();
  const measureListeners = new Set<(measure: Measure) => void>();
  let clock: BoardClock | undefined;
  let wrongProtocol: number | undefined;
  let uptimeMs = 0;
  let undecided = false;
  let sequence = 0;
  let wheels: { timeS: number; left: number; right: number } | undefined;
  let closed = false;
  let state: BodyState = {
    link: "absent",
    latched: true,
    pressed: false,
    silent: true,
    neutralWanted: true,
    frontNear: false,
    faults: [],
    leftMps: 0,
    rightMps: 0,
    atMs: performance.now(),
  };

  const tell = (next: BodyState) => {
    state = next;
    for (const listener of stateListeners) listener(next);
  };
  const give = (measure: Measure) => {
    for (const listener of measureListeners) listener(measure);
  };
  const write = (payload: Uint8Array) => {
    if (!closed) stream.write(encodeFrame(payload));
  };
  const greet = () => write(encodeHello(sequence++));

  function identify({ protocol, ticksPerS }: FromBoard & { kind: "identity" }): void {
    wrongProtocol = protocol === PROTOCOL_VERSION ? undefined : protocol;
    // Our greeting's answer, or a new start whose ticks count from 0: the next word of its uptime tells which.
    undecided = clock !== undefined;
    clock ??= new BoardClock({ ticksPerS, coarse: options.coarse });
  }

  function restarted(): void {
    counters.restarts += 1;
    clock?.restart();
    wheels = undefined;
  }

  function drive(message: FromBoard & { kind: "drive" }, atMs: number): void {
    const has = (flag: keyof typeof driveFlag) => (message.flags & driveFlag[flag]) !== 0;
    // After 49 days the count begins anew by itself.
    if (message.uptimeMs < uptimeMs && uptimeMs < 2 ** 32 - 60_000) restarted();
    uptimeMs = message.uptimeMs;
    undecided = false;
    tell({
      link: "up",
      latched: has("latched"),
      pressed: has("pressed"),
      silent: has("silent"),
      neutralWanted: has("neutral"),
      frontNear: has("frontNear"),
      faults: [...(has("imuFault") ? (["imu"] as const) : []), ...(has("gnssFault") ? (["gnss"] as const) : [])],
      leftMps: message.leftMmS / 1000,
      rightMps: message.rightMmS / 1000,
      atMs,
    });
  }

  function rolled(now: { timeS: number; left: number; right: number }): void {
    const before = wheels;
    if (before && now.timeS <= before.timeS) return;
    wheels = now;
    if (!before) return;
    const passedS = now.timeS - before.timeS;
    if (passedS > WHEELS_APART_S) {
      counters.wheelGaps += 1;
      return;
    }
    const leftMps = ((now.left - before.left) | 0) / geometry.countsPerM / passedS;
    const rightMps = ((now.right - before.right) | 0) / geometry.countsPerM / passedS;
    give({
      sensor: "wheels",
      // What was rolled between two counts is the speed of the moment between them.
      timeS: (now.timeS + before.timeS) / 2,
      forwardMps: (leftMps + rightMps) / 2,
      yawRateRadps: (rightMps - leftMps) / geometry.trackM,
    });
  }

  function fixed(message: FromBoard & { kind: "gnss" }, heardS: number): void {
    if (message.fix !== FIX_3D && message.fix !== FIX_WITH_DEAD_RECKONING) {
      counters.poorFixes += 1;
      return;
    }
    const stampedS = clock?.ofTimeOfWeek(message.timeOfWeekMs, heardS);
    if (stampedS === undefined) counters.unstampedFixes += 1;
    const horizontalM = Math.max(geometry.gnssFloorM, message.horizontalM / Math.SQRT2);
    const speedSigmaMps = Math.max(0.02, message.speedSigmaMps / Math.SQRT2);
    give({
      sensor: "gnss",
      timeS: stampedS ?? heardS - geometry.gnssLatencyS,
      lat: message.lat,
      lon: message.lon,
      altM: message.altM,
      sigmaM: [horizontalM, horizontalM, Math.max(geometry.gnssFloorM, message.verticalM)],
      velocityMps: [message.eastMps, message.northMps, 0],
      velocitySigmaMps: [speedSigmaMps, speedSigmaMps, Math.max(0.1, 2 * speedSigmaMps)],
    });
  }

  function take(message: FromBoard, atMs: number): void {
    if (message.kind === "identity") identify(message);
    else if (message.kind === "drive") drive(message, atMs);
    // Without the board's tick rate its times mean nothing.
    else if (!clock || undecided) counters.early += 1;
    else if (message.kind === "pps") clock.pulse({ ...message, heardAtMs: atMs });
    else measured(message, clock.timeOf(message.tick, atMs));
  }

  function measured(message: FromBoard & { tick: number }, timeS: number): void {
    if (message.kind === "wheels") rolled({ timeS, left: message.left, right: message.right });
    else if (message.kind === "gnss") fixed(message, timeS);
    else if (message.kind === "imu") {
      const { accel, gyro } = message;
      give({
        sensor: "imu",
        timeS,
        accelMps2: [
          (accel[0] / ACCEL_STEPS) * G_MPS2,
          (accel[1] / ACCEL_STEPS) * G_MPS2,
          (accel[2] / ACCEL_STEPS) * G_MPS2,
        ],
        gyroRadps: [(gyro[0] / GYRO_STEPS) * RAD, (gyro[1] / GYRO_STEPS) * RAD, (gyro[2] / GYRO_STEPS) * RAD],
      });
    } else if (message.kind === "range") {
      const beams = message.mm.map((mm, i) => ({
        azimuthRad: geometry.rangeAzimuthDeg[i]! * RAD,
        rangeM: mm === 0 ? undefined : mm / 1000,
      }));
      give({ sensor: "range", timeS, beams });
    }
  }

  const reader = createFrameReader((payload) => {
    const message = decodeFromBoard(payload);
    counters.messages += 1;
    if (message) take(message, performance.now());
    // Answers to our greeting are no news.
    else if (payload[0] !== 0x80) counters.unknownMessages += 1;
  });
  const onData = (bytes: Uint8Array) => {
    reader.push(bytes);
    counters.refusedFrames = reader.refused;
  };
  const onEnd = () => {
    closed = true;
  };
  stream.on("data", onData);
  stream.on("close", onEnd);
  stream.on("error", onEnd);

  const silence = new Silence(HELLO_EVERY_MS, LOST_AFTER_MS, performance.now());
  const alive = setInterval(() => {
    const silentMs = silence.lastsMs(state.atMs, performance.now());
    if (!clock) greet();
    if (state.link === "up" && silentMs > LOST_AFTER_MS) tell({ ...state, link: "lost" });
  }, HELLO_EVERY_MS);
  alive.unref();
  greet();

  return {
    name,
    get state() {
      return state;
    },
    get counters() {
      return { ...counters, ...prefixed(clock?.counters ?? {}) };
    },
    onState: listen,
    onMeasure(listener) {
      measureListeners.add(listener);
      return () => measureListeners.delete(listener);
    },
    drive({ speedMps, yawRateRadps }) {
      // Whatever is no number is no velocity.
      const good = Number.isFinite(speedMps) && Number.isFinite(yawRateRadps) && wrongProtocol === undefined;
      sequence = (sequence + 1) & 0xff;
      write(encodeVelocity(good ? speedMps : 0, good ? yawRateRadps : 0, sequence));
    },
    utcOf: (timeS) => clock?.utcOf(timeS),
    timeOf: (utcNs) => clock?.at(utcNs),
    nowS: () => clock?.nowS(),
    ready: (signal) =>
      new Promise((resolve, reject) => {
        const settle = (fault?: Fault) => {
          off();
          signal?.removeEventListener("abort", stop);
          if (fault) reject(fault);
          else resolve();
        };
        const look = () => {
          if (wrongProtocol !== undefined) {
            const text = `the robot's board on ${name} speaks protocol ${wrongProtocol}, this host ${PROTOCOL_VERSION}: flash the firmware of this release`;
            settle(new Fault("failed", text));
          } else if (clock && state.link === "up") settle();
        };
        const stop = () =>
          settle(new Fault("failed", `the robot's board on ${name} was not heard: check its power, cable and port`));
        const off = listen(look);
        signal?.addEventListener("abort", stop, { once: true });
        if (signal?.aborted) stop();
        else look();
      }),
    async close() {
      clearInterval(alive);
      write(encodeVelocity(0, 0, ++sequence));
      closed = true;
      stream.off("data", onData);
      stream.destroy();
    },
  };

  function listen(listener: (state: BodyState) => void): () => void {
    stateListeners.add(listener);
    return () => stateListeners.delete(listener);
  }
}

function prefixed(counters: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counters).map(([key, count]) => [`pps.${key}`, count]));
}
