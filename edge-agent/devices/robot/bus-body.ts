/**
 * Port `RobotBody` for a robot, cart or mast whose sensors speak MQTT (`robot/measure`). It has no drive board, so it drives nothing: an
 * emergency stop over a network would be none.
 */
import { type RobotMeasure, robotMeasure } from "#contract/robot.ts";
import { nsOfUtc } from "#contract/units.ts";
import type { Bus, Subscription } from "../../ports.ts";
import type { BodyState, Measure, RobotBody, Vec3 } from "../../robot-port.ts";

export interface BusBodyOptions {
  node: string;
  bus: Bus;
  /** Node's UTC now, nanoseconds since 1970, with one sigma; undefined while it is not valid. */
  now(): { utcNs: bigint; sigmaS: number } | undefined;
}

/** Clocks that disagree by more than this are not both right: such measurements are not taken. */
const MOST_OFF_S = 60;

export async function openBusBody({ node, bus, now }: BusBodyOptions): Promise<RobotBody> {
  const measureListeners = new Set<(measure: Measure) => void>();
  const stateListeners = new Set<(state: BodyState) => void>();
  const counters = { messages: 0, measures: 0, offClock: 0, untimed: 0 };
  // Nanoseconds since 1970 do not fit a number of seconds with microseconds in it.
  let originNs: bigint | undefined;
  const state: BodyState = {
    link: "absent",
    latched: false,
    pressed: false,
    silent: true,
    neutralWanted: true,
    frontNear: false,
    faults: [],
    leftMps: 0,
    rightMps: 0,
    atMs: performance.now(),
  };
  const timeOf = (utcNs: bigint) => {
    originNs ??= utcNs;
    return Number(utcNs - originNs) / 1e9;
  };

  function take(measure: RobotMeasure): void {
    const clock = now();
    if (!clock) {
      counters.untimed += 1;
      return;
    }
    const ns = nsOfUtc(measure.at);
    if (Math.abs(Number(ns - clock.utcNs) / 1e9) > MOST_OFF_S) {
      counters.offClock += 1;
      return;
    }
    counters.measures += 1;
    const taken = measured(measure, timeOf(ns));
    for (const listener of measureListeners) listener(taken);
  }
  const subscription: Subscription = await bus.subscribe(
    robotMeasure,
    ({ measures }) => {
      counters.messages += 1;
      for (const measure of measures) take(measure);
    },
    { node },
  );

  return {
    name: "robot/measure",
    state,
    counters,
    onState(listener) {
      stateListeners.add(listener);
      return () => stateListeners.delete(listener);
    },
    onMeasure(listener) {
      measureListeners.add(listener);
      return () => measureListeners.delete(listener);
    },
    drive() {},
    utcOf(timeS) {
      return originNs === undefined
        ? undefined
        : { ns: originNs + BigInt(Math.round(timeS * 1e9)), sigmaS: now()?.sigmaS ?? 1 };
    },
    timeOf: (utcNs) => (originNs === undefined ? undefined : timeOf(utcNs)),
    nowS() {
      const clock = now();
      return clock && originNs !== undefined ? timeOf(clock.utcNs) : undefined;
    },
    ready: async () => {},
    close: () => subscription.close(),
  };
}

function measured(measure: RobotMeasure, timeS: number): Measure {
  const three = (values: number[]) => values as unknown as Vec3;
  switch (measure.sensor) {
    case "wheels":
      return { sensor: "wheels", timeS, forwardMps: measure.forwardMps, yawRateRadps: measure.yawRateRadps };
    case "imu":
      return { sensor: "imu", timeS, gyroRadps: three(measure.gyroRadps), accelMps2: three(measure.accelMps2) };
    case "gnss": {
      const { lat, lon, altM, sigmaM, velocityMps, velocitySigmaMps } = measure;
      const moves = velocityMps && velocitySigmaMps;
      const velocity = moves ? { velocityMps: three(velocityMps), velocitySigmaMps: three(velocitySigmaMps) } : {};
      return { sensor: "gnss", timeS, lat, lon, altM, sigmaM: three(sigmaM), ...velocity };
    }
    case "range": {
      const beams = measure.beams.map(({ azimuthDeg, rangeM }) => ({
        azimuthRad: (azimuthDeg * Math.PI) / 180,
        rangeM,
      }));
      return { sensor: "range", timeS, beams };
    }
  }
}
