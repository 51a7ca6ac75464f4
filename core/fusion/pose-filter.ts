/** Signatures first; the body follows in the next change. */
import type { PoseSettings } from "./pose-settings.ts";
import type { GnssFix, ImuSample, PoseReading, PoseStart, PushOutcome, WheelSample } from "./pose-types.ts";

export declare class PoseFilter {
  constructor(settings?: PoseSettings, start?: PoseStart);
  imu(sample: ImuSample): PushOutcome;
  wheel(sample: WheelSample): PushOutcome;
  gnss(fix: GnssFix): PushOutcome;
  /** Of the newest measurement's time. */
  read(): PoseReading;
}
