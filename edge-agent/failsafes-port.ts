/** What an autopilot does by itself when something fails, whoever made it: part of the vehicle port. */
export type FailsafeAction = "none" | "warn" | "hold" | "return" | "land" | "terminate" | "other";

/** The autopilot's own failsafes, read from its parameters and brought to one form; `raw` holds each parameter read, by its name. */
export interface Failsafes {
  dataLinkLoss?: { action: FailsafeAction; afterS?: number };
  rcLoss?: { action: FailsafeAction; afterS?: number };
  batteryLow?: { action: FailsafeAction; atFraction?: number };
  batteryCritical?: { action: FailsafeAction; atFraction?: number };
  geofence?: { action: FailsafeAction };
  /** Height above home at which it comes home. */
  returnHeightM?: number;
  /** Whether moving a stick in an autonomous mode gives the vehicle to the pilot. */
  stickOverride?: boolean;
  raw: Readonly<Record<string, number>>;
}
