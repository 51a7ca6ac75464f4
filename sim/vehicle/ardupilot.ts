/**
 * What an ArduCopter says and takes differently from PX4, laid over the same pretend vehicle: silent streams until asked for, Guided
 * instead of Hold, parameters cast to float under its own names, no orbit command, mission item 0 kept for home.
 */
import type { Autopilot } from "./autopilot.ts";
import type { Parameter } from "./params.ts";

const int = (value: number): Parameter => ({ type: "int", value });
const float = (value: number): Parameter => ({ type: "float", value });

export const copterDefaults = (): Map<string, Parameter> =>
  new Map(
    Object.entries({
      BATT_CAPACITY: int(5000),
      BATT_CRT_MAH: float(300),
      BATT_FS_CRT_ACT: int(1),
      BATT_FS_LOW_ACT: int(2),
      BATT_LOW_MAH: float(600),
      FENCE_ACTION: int(1),
      FENCE_ENABLE: int(1),
      FS_GCS_ENABLE: int(1),
      FS_GCS_TIMEOUT: float(5),
      FS_THR_ENABLE: int(1),
      RC_FS_TIMEOUT: float(1),
      RTL_ALT: int(4000),
      SYSID_THISMAV: int(1),
      WPNAV_SPEED: float(800),
    }),
  );

/** Messages that an ArduPilot sends without having been asked: heartbeat, and the answers of its protocols. */
export const copterRatesHz: Record<number, number> = { 0: 1 };

/** The pretend vehicle's own parameters after ArduCopter's: only what its failsafes and its return need. */
export function follow(craft: Autopilot, params: ReadonlyMap<string, Parameter>): void {
  const set = (name: string, value: number | undefined) => {
    const parameter = craft.params.get(name);
    if (parameter && value !== undefined) parameter.value = value;
  };
  const get = (name: string) => params.get(name)?.value;
  const capacity = get("BATT_CAPACITY") ?? 5000;
  const gcs = [0, 2, 2, 2, 2, 3][get("FS_GCS_ENABLE") ?? 0];
  set("NAV_DLL_ACT", gcs);
  set("COM_DL_LOSS_T", get("FS_GCS_TIMEOUT"));
  set("RTL_RETURN_ALT", (get("RTL_ALT") ?? 0) / 100);
  set("BAT_CRIT_THR", (get("BATT_LOW_MAH") ?? 0) / capacity);
  set("BAT_EMERGEN_THR", (get("BATT_CRT_MAH") ?? 0) / capacity);
  set("MPC_XY_CRUISE", (get("WPNAV_SPEED") ?? 800) / 100);
}
