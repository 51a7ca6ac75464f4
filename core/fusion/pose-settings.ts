/** What the pose filter must know of a robot's sensors, with figures of a small street robot as they come. */
import { Fault } from "#contract/errors.ts";
import type { Vec3 } from "./pose-types.ts";

export interface PoseSettings {
  readonly imu: {
    /** White noise, per square root of a hertz. */
    readonly gyroNoiseRadpsRtHz: number;
    readonly accelNoiseMps2RtHz: number;
    /** Random walk of the biases, per square root of a second. */
    readonly gyroBiasWalkRadpsRtS: number;
    readonly accelBiasWalkMps2RtS: number;
    readonly gyroBiasSigmaRadps: number;
    readonly accelBiasSigmaMps2: number;
    /** The last sample is held this long; beyond, the motion is taken as unknown. */
    readonly holdS: number;
  };
  readonly wheel: {
    readonly sigmaMps: number;
    /** Sideways and upward speed of the wheels' midpoint: none, within this. */
    readonly sidewaysSigmaMps: number;
    readonly upwardSigmaMps: number;
    readonly scaleSigma: number;
    readonly scaleWalkRtS: number;
    /** Of the wheels' turn rate against the gyro: beyond five of it the wheels slip. */
    readonly yawRateSigmaRadps: number;
    /** From the inertial sensor to the wheels' midpoint, base axes. */
    readonly leverM: Vec3;
    /** Share of samples that slip, share once a slip was seen, and how far off slipping wheels are (one sigma). */
    readonly slipShare: number;
    readonly slipPersists: number;
    readonly slipSigmaMps: number;
    /** A slip is over when the wheels have agreed for so long. */
    readonly slipHoldS: number;
  };
  readonly gnss: {
    /** From the inertial sensor to the antenna, base axes. */
    readonly leverM: Vec3;
    /** Fixes are older than their time says by this, within a sigma; estimated as the robot moves. */
    readonly latencyS: number;
    readonly latencySigmaS: number;
    /** Share of fixes that are false, and how false: reflections in streets. */
    readonly falseShare: number;
    readonly falseSigmaM: number;
    readonly falseSigmaMps: number;
    /** No fix is believed more than this. */
    readonly floorSigmaM: number;
    /** Errors of fixes hold for about this long (0: each its own): fixes in between say less than their number. */
    readonly correlationS: number;
    /** Rejected alone for so long, agreeing with each other: the filter doubts itself, and widens until it holds both. */
    readonly reacquireAfterS: number;
  };
  readonly gravityMps2: number;
  /** Late data older than this is counted and dropped. */
  readonly bufferS: number;
  /** Most measurements kept for replay: at least those of `bufferS`. */
  readonly bufferLength: number;
}

export const streetRobot: PoseSettings = {
  imu: {
    gyroNoiseRadpsRtHz: 2e-4,
    accelNoiseMps2RtHz: 2e-3,
    gyroBiasWalkRadpsRtS: 2e-5,
    accelBiasWalkMps2RtS: 2e-4,
    gyroBiasSigmaRadps: 0.005,
    accelBiasSigmaMps2: 0.05,
    holdS: 0.1,
  },
  wheel: {
    sigmaMps: 0.05,
    sidewaysSigmaMps: 0.05,
    upwardSigmaMps: 0.05,
    scaleSigma: 0.02,
    scaleWalkRtS: 1e-5,
    yawRateSigmaRadps: 0.05,
    leverM: [0, 0, 0],
    slipShare: 0.02,
    slipPersists: 0.7,
    slipSigmaMps: 0.7,
    slipHoldS: 0.3,
  },
  gnss: {
    leverM: [0, 0, 0],
    latencyS: 0,
    latencySigmaS: 0.05,
    falseShare: 0.05,
    falseSigmaM: 15,
    falseSigmaMps: 1,
    floorSigmaM: 0.01,
    correlationS: 0,
    reacquireAfterS: 20,
  },
  gravityMps2: 9.80665,
  bufferS: 1,
  bufferLength: 512,
};

/** Throws `Fault` "config" naming every field that cannot be. */
export function checkPoseSettings(settings: PoseSettings): void {
  const faults: string[] = [];
  const zeroAllowed = new Set(["latencyS", "falseShare", "correlationS", "scaleWalkRtS", "gyroBiasWalkRadpsRtS"]);
  for (const [group, values] of Object.entries(settings)) {
    const entries: [string, unknown][] =
      typeof values === "object" ? Object.entries(values).map(([k, x]) => [`${group}.${k}`, x]) : [[group, values]];
    for (const [path, value] of entries) {
      const name = path.slice(path.lastIndexOf(".") + 1);
      if (Array.isArray(value)) {
        if (value.length !== 3 || !value.every(Number.isFinite)) faults.push(`${path}: give three finite metres`);
      } else if (typeof value !== "number" || !Number.isFinite(value) || value < 0)
        faults.push(`${path}: give a finite number of 0 or more, not ${value}`);
      else if (value === 0 && !zeroAllowed.has(name)) faults.push(`${path}: must be more than 0`);
    }
  }
  const { gnss, wheel } = settings;
  for (const [path, share] of [
    ["gnss.falseShare", gnss.falseShare],
    ["wheel.slipShare", wheel.slipShare],
    ["wheel.slipPersists", wheel.slipPersists],
  ] as const)
    if (share >= 1) faults.push(`${path}: must be less than 1`);
  if (!Number.isInteger(settings.bufferLength) || settings.bufferLength < 8)
    faults.push("bufferLength: give a whole number of 8 or more");
  if (faults.length > 0) throw new Fault("config", faults);
}
