/** A robot as the console knows it, and how old that is. Pure. */
import type { RobotPose, RobotState, RobotTrack } from "#contract/robot.ts";

export interface KnownRobot {
  readonly robot: string;
  /** Gateway's milliseconds since 1970 when it was last heard. */
  readonly heardMs: number;
  readonly state?: RobotState;
  readonly pose?: RobotPose;
  readonly tracks?: RobotTrack;
}

/** A robot speaks every second: what is older is said to be old. */
export const ROBOT_OLD_S = 4;
export const robotAgeS = (robot: KnownRobot, nowMs: number): number => Math.max(0, (nowMs - robot.heardMs) / 1000);
export const robotIsOld = (robot: KnownRobot, nowMs: number): boolean => robotAgeS(robot, nowMs) > ROBOT_OLD_S;
