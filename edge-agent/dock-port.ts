/**
 * The box that a drone lives in, as roles see it. Real: `firmware-bridge/dock.ts` over the serial protocol. Simulated: `sim/dock.ts`.
 *
 * The dock keeps its own safety without us: its firmware never closes the door on an obstacle or while the pad says that something moves over
 * it, stops its motor when its host falls silent, and latches its stop button. Instants `...AtMs` are monotonic (`performance.now()`).
 */

export type DoorState = "open" | "closed" | "opening" | "closing" | "jammed" | "unknown";

export interface DockState {
  /** `lost`: nothing was heard for longer than the dock's own report interval allows. */
  link: "absent" | "up" | "lost";
  door: DoorState;
  /** Something with a drone's weight stands on the pad. */
  padOccupied?: boolean;
  charger: "off" | "on" | "fault";
  /** Air inside the box. */
  airTempC?: number;
  /** The box was opened or moved since the last `acknowledgeTamper`. Latched. */
  tampered: boolean;
  /** The stop button is pressed. Latched until it is turned out. */
  stopPressed: boolean;
  atMs: number;
}

export type DockRefusalWhy = "link" | "obstructed" | "stopped" | "jammed" | "timeout" | "unsupported";
/** `ok` means that the dock accepted; `state` says when it is done. */
export type DockResult = { ok: true } | { ok: false; why: DockRefusalWhy; detail: string };

export interface Dock {
  readonly name: string;
  /** The newest snapshot; a new object each time something was heard. Never throws. */
  readonly state: DockState;
  /** Called at every change and at least once a second. Returns its off switch. */
  onState(listener: (state: DockState) => void): () => void;
  /** Resolves when the dock was heard; rejects with `Fault` when the signal aborts first. */
  ready(signal?: AbortSignal): Promise<void>;
  openDoor(): Promise<DockResult>;
  /** Refused as `obstructed` while the pad's edge or the light barrier sees something. */
  closeDoor(): Promise<DockResult>;
  setCharger(on: boolean): Promise<DockResult>;
  acknowledgeTamper(): Promise<DockResult>;
  /** Lets go; the dock's own watchdog takes it to its safe state. Idempotent. */
  close(): Promise<void>;
}
