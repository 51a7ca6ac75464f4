/**
 * What the pose filter takes and gives. Axes are those of REP 103: base x forward, y left, z up; the local frame is ENU about a fixed
 * origin. Times are seconds of one clock from a local origin (the bridge's time map gives them), and are those of measuring, not of arrival.
 */
import type { Frame } from "#core/localise/geo.ts";

export type Vec3 = readonly [number, number, number];

/** Inertial sample: rate and specific force in base axes; at rest and level `accelMps2` is (0, 0, +9.8). */
export interface ImuSample {
  readonly timeS: number;
  readonly gyroRadps: Vec3;
  readonly accelMps2: Vec3;
}

/** Wheel odometry: speed along base x, and the turn rate that the wheels say, where there are two sides. */
export interface WheelSample {
  readonly timeS: number;
  readonly forwardMps: number;
  /** What omnidirectional wheels or legs measure along base y and z; taken as 0, as of wheels that roll, where left out. */
  readonly sidewaysMps?: number;
  readonly upwardMps?: number;
  readonly yawRateRadps?: number;
}

/** Satellite fix of the antenna in the local frame, with the receiver's own sigmas (east, north, up). */
export interface GnssFix {
  readonly timeS: number;
  readonly enuM: Vec3;
  readonly sigmaM: Vec3;
  readonly velocityMps?: Vec3;
  readonly velocitySigmaMps?: Vec3;
}

/** Where the filter starts, where somebody knows; without it the filter aligns itself from gravity, GNSS and motion. */
export interface PoseStart {
  readonly timeS: number;
  readonly enuM: Vec3;
  readonly velocityMps: Vec3;
  /** Roll, pitch, yaw (about z, from east, counter-clockwise), applied yaw first (Tait-Bryan z-y-x). */
  readonly rpyRad: Vec3;
  readonly sigmaM: Vec3;
  readonly velocitySigmaMps: Vec3;
  readonly rpySigmaRad: Vec3;
}

/**
 * What became of a measurement. `rejected`: outside its gate (counted by sensor). `late`: older than the buffer. `repeat`: sensor and
 * time seen before. `bad`: not finite, a sigma of 0 or less, or a time far from all others. `aligning`: kept for the alignment.
 */
export type PushOutcome = "used" | "rejected" | "late" | "repeat" | "bad" | "aligning";

export type Sensor = "imu" | "wheel" | "gnss";

export interface SensorCounts {
  readonly used: number;
  readonly rejected: number;
  readonly late: number;
  readonly repeat: number;
  readonly bad: number;
  /** Taken out of order, and put in their place by replay. */
  readonly replayed: number;
}

/** Taken and rejected are since the last start, the rest since the filter was made. */
export interface PoseCounts {
  readonly imu: SensorCounts;
  readonly wheel: SensorCounts;
  /** Fixes; of their two parts, position and velocity, each is gated for itself. */
  readonly gnss: SensorCounts;
  readonly gnssPositionRejected: number;
  readonly gnssVelocityRejected: number;
  /** Episodes of wheel slip. */
  readonly slips: number;
  /** Times that long rejection made the filter doubt itself and widen. */
  readonly reacquired: number;
  /** Intervals without inertial samples longer than may be held. */
  readonly imuGaps: number;
  /** Times that the sensors' clock was set anew: the filter then aligns from nothing, and `odom` begins at zero. */
  readonly restarts: number;
}

/** Position, attitude (w, x, y, z; base to frame) and yaw in one frame. */
export interface FramePose {
  readonly xyzM: Vec3;
  readonly quaternion: readonly [number, number, number, number];
  /** About z, from x (east in `map`), counter-clockwise. */
  readonly yawRad: number;
}

export interface PoseEstimate {
  readonly timeS: number;
  /** `map`: corrected, absolute, may jump. ENU about the fixed origin (REP 105). */
  readonly map: FramePose;
  /** `odom`: continuous, drifts, starts at zero. For control and for tracks (REP 105). */
  readonly odom: FramePose;
  /** Turn and shift (about z; x, y, z) that takes `odom` points to `map` points. */
  readonly mapFromOdom: { readonly yawRad: number; readonly xyzM: Vec3 };
  /** 6 x 6 row-major, order x y z roll pitch yaw about the axes of `map`, as in ROS PoseWithCovariance. */
  readonly mapCovariance: Float64Array;
  /** 3 x 3 row-major of `odom` x y yaw since its start. */
  readonly odomCovariance: Float64Array;
  /** In base axes. */
  readonly velocityMps: Vec3;
  readonly velocitySigmaMps: Vec3;
  readonly rateRadps: Vec3;
  /** Radius that holds the horizontal position with 95 %: the bound of the drift while GNSS is lost. */
  readonly radius95M: number;
  readonly yawSigmaRad: number;
  /** Seconds since a satellite position was last used; Infinity where none was. */
  readonly gnssAgeS: number;
  readonly slipping: boolean;
  /** The sensor's estimated delay and wheel scale error with one sigma. */
  readonly gnssLatencyS: number;
  readonly gnssLatencySigmaS: number;
  readonly wheelScale: number;
  readonly wheelScaleSigma: number;
  readonly gyroBiasRadps: Vec3;
  readonly accelBiasMps2: Vec3;
  readonly counts: PoseCounts;
}

/** `aligning` says what is still missing. */
export type PoseReading =
  | { readonly kind: "pose"; readonly pose: PoseEstimate }
  | { readonly kind: "aligning"; readonly why: string; readonly counts: PoseCounts };

/** A receiver's fix, WGS84 degrees and metres above the ellipsoid, in the local frame of `frame`. */
export function gnssFixOf(
  frame: Frame,
  fix: Omit<GnssFix, "enuM"> & { readonly lat: number; readonly lon: number; readonly altM: number },
): GnssFix {
  const { lat, lon, altM, ...rest } = fix;
  const local = frame.toLocal(lat, lon, altM);
  return { ...rest, enuM: [local.eastM, local.northM, local.upM - frame.origin.altM] };
}
