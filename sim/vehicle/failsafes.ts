/** The autopilot's own failsafes, by the parameters that a preflight check reads. Stronger actions replace weaker ones. */
import type { Autopilot } from "./autopilot.ts";
import { byHand } from "./modes.ts";

export type Action = "none" | "warn" | "hold" | "return" | "land" | "terminate";

export interface Failsafe {
  cause: string;
  action: Action;
  /** When the action begins; until then it holds (COM_FAIL_ACT_T), so that a pilot can take over. */
  dueS: number;
  acting: boolean;
}

const strength: readonly Action[] = ["none", "warn", "hold", "return", "land", "terminate"];
/** NAV_DLL_ACT, NAV_RCL_ACT: 0 disabled, 1 hold, 2 return, 3 land, 5 terminate, 6 disarm. */
const linkActions: readonly Action[] = ["none", "hold", "return", "land", "none", "terminate", "terminate"];
/** GF_ACTION: 0 none, 1 warning, 2 hold, 3 return, 4 terminate, 5 land. */
const fenceActions: readonly Action[] = ["none", "warn", "hold", "return", "terminate", "land"];
/** COM_WIND_MAX_ACT: 0 none, 1 warning, 2 hold, 3 return, 4 terminate, 5 land. */
const windActions = fenceActions;

export function checkFailsafes(craft: Autopilot): void {
  if (!craft.armed || craft.landed === "ground") return;
  const { timeS } = craft;
  if (!craft.positionValid && !byHand.includes(craft.mode) && craft.mode !== "land") {
    const handed = craft.rc.present && craft.param("COM_POSCTL_NAVL") === 0;
    craft.text(1, handed ? "Failsafe: position lost, altitude mode" : "Failsafe: position lost, descending");
    craft.failsafe = { cause: "position", action: "land", dueS: timeS, acting: true };
    craft.setMode(handed ? "altitude" : "land", true);
    return;
  }
  const silentS = timeS - craft.groundHeardAtS;
  if (silentS > craft.param("COM_DL_LOSS_T") && !byHand.includes(craft.mode))
    raise(craft, "data link lost", linkActions[craft.param("NAV_DLL_ACT")] ?? "none");
  const { rc } = craft;
  if (rc.fitted && rc.seen && !rc.present && timeS - rc.lostAtS > craft.param("COM_RC_LOSS_T") && !excepted(craft))
    raise(craft, "RC lost", linkActions[craft.param("NAV_RCL_ACT")] ?? "none");
  battery(craft);
  if (!craft.insideFence(craft.estimate))
    raise(craft, "geofence breached", fenceActions[craft.param("GF_ACTION")] ?? "none", 0);
  const windMS = Math.hypot(craft.wind.n, craft.wind.e);
  const windMax = craft.param("COM_WIND_MAX");
  if (windMax > 0 && windMS > windMax)
    raise(craft, "wind above limit", windActions[craft.param("COM_WIND_MAX_ACT")] ?? "none");
  const setpointAgeS = craft.mode === "offboard" ? timeS - (craft.setpoint?.atS ?? 0) : 0;
  if (setpointAgeS > craft.param("COM_OF_LOSS_T")) raise(craft, "offboard lost", "hold", 0);
  act(craft);
}

/** COM_RCL_EXCEPT: bit 0 mission, bit 1 hold (and other automatic modes), bit 2 offboard. */
function excepted(craft: Autopilot): boolean {
  const bits = craft.param("COM_RCL_EXCEPT");
  if (byHand.includes(craft.mode)) return false;
  if (craft.mode === "mission") return (bits & 1) !== 0;
  return (bits & (craft.mode === "offboard" ? 4 : 2)) !== 0;
}

function battery(craft: Autopilot): void {
  const { fraction } = craft.battery;
  const how = craft.param("COM_LOW_BAT_ACT");
  if (fraction < craft.param("BAT_EMERGEN_THR") && how > 0)
    raise(craft, "battery at emergency", how === 1 ? "return" : "land");
  else if (fraction < craft.param("BAT_CRIT_THR") && how > 0)
    raise(craft, "battery critical", how === 2 ? "land" : "return");
  else if (fraction < craft.param("BAT_LOW_THR")) raise(craft, "battery low", "warn");
}

function raise(craft: Autopilot, cause: string, action: Action, delayS = craft.param("COM_FAIL_ACT_T")): void {
  if (action === "none") return;
  const standing = craft.failsafe;
  if (standing && strength.indexOf(standing.action) >= strength.indexOf(action)) return;
  // What the vehicle does already is as strong as what it would be told.
  if (!standing && action === "return" && (craft.mode === "land" || craft.mode === "return")) return;
  if (!standing && action === "land" && craft.mode === "land") return;
  craft.failsafe = { cause, action, dueS: craft.timeS + (action === "warn" ? 0 : delayS), acting: action === "warn" };
  craft.text(
    action === "warn" ? 4 : 1,
    action === "warn" ? `Warning: ${cause}` : `Failsafe activated: ${cause}, ${action}`,
  );
  if (action !== "warn" && delayS > 0 && !byHand.includes(craft.mode)) craft.setMode("hold", true);
}

function act(craft: Autopilot): void {
  const failsafe = craft.failsafe;
  if (failsafe === undefined || failsafe.acting || craft.timeS < failsafe.dueS) return;
  failsafe.acting = true;
  if (failsafe.action === "terminate") {
    craft.text(0, "Flight termination active");
    craft.disarm(true);
  } else if (failsafe.action === "hold") craft.setMode("hold", true);
  else if (failsafe.action === "return" || failsafe.action === "land") craft.setMode(failsafe.action, true);
}
