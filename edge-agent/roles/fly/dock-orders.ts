/** The machine's orders to the dock, and what became of them. */
import type { FlightAction } from "#core/handoff/flight.ts";
import type { Dock, DockResult } from "../../dock-port.ts";

export type DockAction = Extract<FlightAction, { do: "openDoor" | "closeDoor" | "charger" }>;

/** Never throws: a dock that does not answer is an outcome. */
export async function orderDock(dock: Dock, action: DockAction): Promise<DockResult> {
  try {
    if (action.do === "charger") return await dock.setCharger(action.on);
    return action.do === "openDoor" ? await dock.openDoor() : await dock.closeDoor();
  } catch (error) {
    return { ok: false, why: "link", detail: String(error) };
  }
}
