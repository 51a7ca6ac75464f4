/** Results of MAVSDK's plugins -> the port's reasons. */
import type { CommandResult, RefusalWhy, Refused } from "#edge-agent/vehicle-port.ts";
import type { PluginResult } from "./api.ts";
import { RpcGone } from "./rpc.ts";

const reasons: Record<string, RefusalWhy> = {
  NO_SYSTEM: "link",
  CONNECTION_ERROR: "link",
  BUSY: "busy",
  IN_PROGRESS: "busy",
  COMMAND_DENIED: "denied",
  COMMAND_DENIED_LANDED_STATE_UNKNOWN: "denied",
  COMMAND_DENIED_NOT_LANDED: "denied",
  DENIED: "denied",
  PERMISSION_DENIED: "denied",
  READ_ONLY: "denied",
  NO_MISSION_AVAILABLE: "denied",
  TIMEOUT: "timeout",
  UNSUPPORTED: "unsupported",
  PROTOCOL_UNSUPPORTED: "unsupported",
  ACTION_UNSUPPORTED: "unsupported",
  CAMERA_ID_INVALID: "unsupported",
  UNAVAILABLE: "unsupported",
  DOES_NOT_EXIST: "unsupported",
  INVALID_ARGUMENT: "input",
  WRONG_ARGUMENT: "input",
  VALUE_OUT_OF_RANGE: "input",
  PARAM_NAME_TOO_LONG: "input",
  TOO_MANY_MISSION_ITEMS: "input",
  TOO_MANY_GEOFENCE_ITEMS: "input",
};

export function refused(why: RefusalWhy, detail: string): Refused {
  return { ok: false, why, detail };
}

/** `{ ok: true }` for success, else the reason in the port's words with the vehicle's own. */
export function resultOf(result: PluginResult): CommandResult {
  const name = result.result.replace(/^RESULT_/, "");
  if (name === "SUCCESS") return { ok: true };
  return refused(reasons[name] ?? "failed", result.result_str || name.toLowerCase());
}

/** The server died or did not answer while a command was under way: whether the vehicle acts is not known. */
export function refusedBy(error: unknown): Refused {
  if (!(error instanceof RpcGone)) throw error;
  return refused(error.timedOut ? "timeout" : "link", error.message);
}
