/**
 * Failsafe parameters of PX4 (docs.px4.io/main/en/config/safety.html) and ArduCopter (ardupilot.org/copter/docs/parameters.html)
 * brought to one form. A parameter that was not read leaves its failsafe out: preflight then refuses, it does not guess.
 */
import type { FailsafeAction, Failsafes } from "#edge-agent/vehicle-port.ts";

const px4 = [
  "NAV_DLL_ACT",
  "COM_DL_LOSS_T",
  "NAV_RCL_ACT",
  "COM_RC_LOSS_T",
  "COM_LOW_BAT_ACT",
  "BAT_LOW_THR",
  "BAT_CRIT_THR",
  "BAT_EMERGEN_THR",
  "GF_ACTION",
  "RTL_RETURN_ALT",
  "COM_RC_OVERRIDE",
] as const;

const ardupilot = [
  "FS_GCS_ENABLE",
  "FS_GCS_TIMEOUT",
  "FS_THR_ENABLE",
  "RC_FS_TIMEOUT",
  "BATT_FS_LOW_ACT",
  "BATT_LOW_MAH",
  "BATT_CAPACITY",
  "BATT_FS_CRT_ACT",
  "BATT_CRT_MAH",
  "FENCE_ENABLE",
  "FENCE_ACTION",
  "RTL_ALT",
] as const;

export function failsafeParams(isArdupilot: boolean): readonly string[] {
  return isArdupilot ? ardupilot : px4;
}

/** NAV_DLL_ACT, NAV_RCL_ACT. */
const px4Link: readonly FailsafeAction[] = ["none", "hold", "return", "land", "other", "terminate", "terminate"];
/** GF_ACTION. */
const px4Fence: readonly FailsafeAction[] = ["none", "warn", "hold", "return", "terminate", "land"];
/** FS_GCS_ENABLE, FS_THR_ENABLE: 2 is "continue in Auto" on older versions, 5 Land; the SmartRTL ones come home as well. */
const copterGcs: readonly FailsafeAction[] = ["none", "return", "other", "return", "return", "land", "other", "other"];
const copterThrottle: readonly FailsafeAction[] = [
  "none",
  "return",
  "other",
  "land",
  "return",
  "return",
  "other",
  "other",
];
const copterBattery: readonly FailsafeAction[] = [
  "warn",
  "land",
  "return",
  "return",
  "return",
  "terminate",
  "other",
  "other",
];
const copterFence: readonly FailsafeAction[] = ["warn", "return", "land", "return", "hold", "return", "other"];

const pick = (list: readonly FailsafeAction[], value: number): FailsafeAction => list[value] ?? "other";

/** Leaves out what is undefined. */
function present<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}

export function failsafesOf(isArdupilot: boolean, raw: Readonly<Record<string, number>>): Failsafes {
  return isArdupilot ? ofCopter(raw) : ofPx4(raw);
}

function ofPx4(raw: Readonly<Record<string, number>>): Failsafes {
  const { NAV_DLL_ACT, NAV_RCL_ACT, COM_LOW_BAT_ACT, GF_ACTION, COM_RC_OVERRIDE } = raw;
  const critical: readonly FailsafeAction[] = ["warn", "return", "land", "return"];
  return {
    ...present({
      dataLinkLoss:
        NAV_DLL_ACT === undefined
          ? undefined
          : present({ action: pick(px4Link, NAV_DLL_ACT), afterS: raw.COM_DL_LOSS_T }),
      rcLoss:
        NAV_RCL_ACT === undefined
          ? undefined
          : present({ action: pick(px4Link, NAV_RCL_ACT), afterS: raw.COM_RC_LOSS_T }),
      // PX4 only warns at the low mark; it acts at the critical one.
      batteryLow:
        COM_LOW_BAT_ACT === undefined ? undefined : present({ action: "warn" as const, atFraction: raw.BAT_LOW_THR }),
      batteryCritical:
        COM_LOW_BAT_ACT === undefined
          ? undefined
          : present({ action: pick(critical, COM_LOW_BAT_ACT), atFraction: raw.BAT_CRIT_THR }),
      geofence: GF_ACTION === undefined ? undefined : { action: pick(px4Fence, GF_ACTION) },
      returnHeightM: raw.RTL_RETURN_ALT,
      stickOverride: COM_RC_OVERRIDE === undefined ? undefined : (COM_RC_OVERRIDE & 1) !== 0,
    }),
    raw,
  };
}

function ofCopter(raw: Readonly<Record<string, number>>): Failsafes {
  const { FS_GCS_ENABLE, FS_THR_ENABLE, BATT_FS_LOW_ACT, BATT_FS_CRT_ACT, FENCE_ENABLE, FENCE_ACTION } = raw;
  const fraction = (mah: number | undefined) =>
    mah !== undefined && mah > 0 && raw.BATT_CAPACITY ? mah / raw.BATT_CAPACITY : undefined;
  return {
    ...present({
      dataLinkLoss:
        FS_GCS_ENABLE === undefined
          ? undefined
          : present({ action: pick(copterGcs, FS_GCS_ENABLE), afterS: raw.FS_GCS_TIMEOUT }),
      rcLoss:
        FS_THR_ENABLE === undefined
          ? undefined
          : present({ action: pick(copterThrottle, FS_THR_ENABLE), afterS: raw.RC_FS_TIMEOUT }),
      batteryLow:
        BATT_FS_LOW_ACT === undefined
          ? undefined
          : present({ action: pick(copterBattery, BATT_FS_LOW_ACT), atFraction: fraction(raw.BATT_LOW_MAH) }),
      batteryCritical:
        BATT_FS_CRT_ACT === undefined
          ? undefined
          : present({ action: pick(copterBattery, BATT_FS_CRT_ACT), atFraction: fraction(raw.BATT_CRT_MAH) }),
      geofence:
        FENCE_ACTION === undefined || FENCE_ENABLE === undefined
          ? undefined
          : { action: FENCE_ENABLE === 0 ? ("none" as const) : pick(copterFence, FENCE_ACTION) },
      // Centimetres; 0: it comes home at the height it has.
      returnHeightM: raw.RTL_ALT === undefined ? undefined : raw.RTL_ALT / 100,
      // Copter gives a stick nothing in Guided or Auto: the pilot takes it by the mode switch.
      stickOverride: false,
    }),
    raw,
  };
}
