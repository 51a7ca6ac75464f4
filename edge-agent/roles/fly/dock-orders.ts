/** The machine's orders to the dock, and what became of them. */
import type { FlightAction } from "#core/handoff/flight.ts";
import type { Dock, DockResult } from "../../dock-port.ts";
import type { RoleContext } from "../../ports.ts";

export type DockAction = Extract<FlightAction, { do: "openDoor" | "closeDoor" | "charger" }>;

const asked = (action: DockAction): string =>
  action.do === "charger"
    ? `switch its charger ${action.on ? "on" : "off"}`
    : `${action.do === "openDoor" ? "open" : "close"} its door`;

/** Never throws: a dock that does not answer is an outcome. What it refused is in the log, also where the flight goes on without it. */
export async function orderDock(
  dock: Dock,
  action: DockAction,
  log: Pick<RoleContext<unknown>["log"], "warn">,
): Promise<DockResult> {
  const result = await tryDock(dock, action);
  if (!result.ok) {
    const { link, door, padOccupied, stopPressed } = dock.state;
    const stood = { link, door, padOccupied, stopPressed };
    log.warn({ asked: action.do, why: result.why, ...stood }, `the dock did not ${asked(action)}: ${result.detail}`);
  }
  return result;
}

async function tryDock(dock: Dock, action: DockAction): Promise<DockResult> {
  try {
    if (action.do === "charger") return await dock.setCharger(action.on);
    return action.do === "openDoor" ? await dock.openDoor() : await dock.closeDoor();
  } catch (error) {
    return { ok: false, why: "link", detail: String(error) };
  }
}
