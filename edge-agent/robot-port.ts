/**
 * A robot's body as roles see it: what its sensors measured, the velocity it is told, its emergency stop. Real: `firmware-bridge/robot-board.ts`
 * over the serial protocol. There is nothing here that ends an emergency stop: a person does that, at the robot.
 *
 * Times are seconds of the body's own clock from a local origin, those of measuring, not of arrival; `utcNsOf` maps them.
 * Axes are those of REP 103: x forward, y left, z up. Instants `...AtMs` are monotonic (`performance.now()`).
 */

export type Vec3 = readonly [number, number, number];

/** One measurement. They may come late and out of order. */
export type Measure =
  | { sensor: "wheels"; timeS: number; forwardMps: number; yawRateRadps: number }
  | { sensor: "imu"; timeS: number; gyroRadps: Vec3; accelMps2: Vec3 }
  | {
      sensor: "gnss";
      timeS: number;
      lat: number;
      lon: number;
      altM: number;
      /** East, north, up. */
      sigmaM: Vec3;
      velocityMps?: Vec3;
      velocitySigmaMps?: Vec3;
    }
  | { sensor: "range"; timeS: number; beams: readonly Beam[] };

export interface Beam {
  /** Counter-clockwise from the nose. */
  azimuthRad: number;
  /** Undefined: no reading at all, which is a fault; a sensor that sees nothing says its longest range. */
  rangeM: number | undefined;
}

export interface BodyState {
  /** `lost`: the board was heard and is silent now. */
  link: "absent" | "up" | "lost";
  /** Emergency stop: latched in the board until a person presses reset at the robot. */
  latched: boolean;
  /** Its circuit is open now. */
  pressed: boolean;
  /** The board has heard no velocity for 300 ms and holds the wheels. */
  silent: boolean;
  /** The board waits for a velocity of zero before it moves again. */
  neutralWanted: boolean;
  /** The board itself sees something so near in front that it does not move forward. */
  frontNear: boolean;
  faults: readonly ("imu" | "gnss")[];
  /** Wheel speeds that the board puts out. */
  leftMps: number;
  rightMps: number;
  atMs: number;
}

export interface Velocity {
  /** Along x. */
  speedMps: number;
  /** About z, counter-clockwise. */
  yawRateRadps: number;
}

export interface RobotBody {
  readonly name: string;
  /** The newest snapshot; a new object each time something was heard. Never throws. */
  readonly state: BodyState;
  /** Called at every change and at least ten times a second while the board is heard. Returns its off switch. */
  onState(listener: (state: BodyState) => void): () => void;
  onMeasure(listener: (measure: Measure) => void): () => void;
  /** Holds for 300 ms: then, unless it is said again, the board stops by itself. */
  drive(velocity: Velocity): void;
  /** UTC of an instant of the body's clock, nanoseconds since 1970, with one sigma; undefined while nothing gives it. */
  utcOf(timeS: number): { ns: bigint; sigmaS: number } | undefined;
  timeOf(utcNs: bigint): number | undefined;
  /** The body's clock now, as near as the host knows; undefined before anything was heard. */
  nowS(): number | undefined;
  /** Resolves when the board was heard; rejects with `Fault` when the signal aborts first. */
  ready(signal?: AbortSignal): Promise<void>;
  readonly counters: Readonly<Record<string, number>>;
  /** Lets go; the board stops by itself. Idempotent. */
  close(): Promise<void>;
}
