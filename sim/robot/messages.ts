/** What the thread with the pretend robot and its holder say to each other. */
import type { GnssOptions } from "./sensors.ts";
import type { PersonPlan, PersonTruth, Point } from "./surroundings.ts";

export interface RobotPlan {
  hexPath: string;
  seed: string;
  /** WGS84 place of the scene's origin. */
  origin: { lat: number; lon: number; altM: number };
  /** Yaw counter-clockwise from east. */
  start: { eastM: number; northM: number; yawRad: number };
  walls: readonly (readonly Point[])[];
  people: readonly PersonPlan[];
  gnss?: Partial<GnssOptions>;
  /** Does the receiver give pulses? */
  pps?: boolean;
}

export interface RobotTruth {
  /** Seconds of the chip's own clock, and UTC of the pretend world. */
  timeS: number;
  utcMs: number;
  eastM: number;
  northM: number;
  yawRad: number;
  speedMps: number;
  yawRateRadps: number;
  /** What the pins put out, m/s at the wheels. */
  outputMps: readonly [number, number];
  enabled: boolean;
  /** When the host's last bytes came, by the chip's clock. */
  toldAtS: number;
  people: PersonTruth[];
}

export interface Seen {
  kind: "person" | "sound";
  /** Clockwise from the nose. */
  azimuthDeg: number;
  sigmaDeg: number;
  rangeM?: number;
  rangeSigmaM?: number;
  score: number;
  marks?: Record<string, number>;
}

export interface Look {
  utcMs: number;
  sensor: "front" | "ears";
  view: { widthDeg: number; maxRangeM: number };
  sees: ("person" | "sound")[];
  observations: Seen[];
}

export type ToRobot =
  | { type: "bytes"; bytes: Uint8Array }
  | { type: "emergencyStop"; pressed: boolean }
  | { type: "reset" }
  | { type: "gnss"; on: boolean; options?: Partial<GnssOptions> }
  | { type: "slip"; share: number }
  | { type: "lie"; person: string; lying: boolean }
  | { type: "put"; person: string; at: Point }
  | { type: "sound"; label: string; at: Point }
  | { type: "hang" }
  | { type: "stop" };

export type FromRobot =
  | { type: "bytes"; bytes: Uint8Array }
  | { type: "truth"; truth: RobotTruth }
  | { type: "look"; look: Look };
