/** What a site allows its drone: read once from the node's configuration, then data for the machine. */
import * as v from "valibot";
import { Position } from "#contract/geo.ts";
import { BearingDeg, Finite, LatDeg, LonDeg, Name, NonNegative, Probability } from "#contract/units.ts";
import { windowOpen } from "./airspace.ts";
import type { Terrain } from "./terrain.ts";

const Positive = v.pipe(Finite, v.gtValue(0, "must be more than 0"));
const Corner = v.object({ lat: LatDeg, lon: LonDeg });
const Corners = v.pipe(v.array(Corner), v.minLength(3, "needs at least three corners"), v.maxLength(500));
const Actions = v.pipe(
  v.array(v.picklist(["none", "warn", "hold", "return", "land", "terminate", "other"])),
  v.minLength(1, "name at least one action"),
);

/** What the autopilot must be set to do by itself. Preflight compares; a drone that differs does not arm. */
export const FailsafeRules = v.object({
  dataLinkLoss: v.object({ actions: Actions, withinS: Positive }),
  rcLoss: v.object({ actions: Actions }),
  batteryLow: v.object({ actions: Actions, atLeastFraction: Probability }),
  batteryCritical: v.object({ actions: Actions, atLeastFraction: Probability }),
  geofence: v.object({ actions: Actions }),
  returnHeightM: Positive,
  returnHeightToleranceM: v.optional(NonNegative, 1),
});
export type FailsafeRules = v.InferOutput<typeof FailsafeRules>;

export const AirspaceWindow = v.object({
  /** Days of the week in UTC on which it opens, 0 is Sunday; all when absent. */
  days: v.optional(v.array(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(6)))),
  from: v.pipe(v.string(), v.regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be HH:MM in UTC")),
  to: v.pipe(v.string(), v.regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, "must be HH:MM in UTC")),
});
export type AirspaceWindow = v.InferOutput<typeof AirspaceWindow>;

export const FlightSite = v.object({
  dock: Position,
  /** Where it lands when the dock cannot take it. The nearest is taken. */
  alternates: v.pipe(
    v.array(v.object({ name: Name, lat: LatDeg, lon: LonDeg })),
    v.minLength(1, "name at least one place to land when the dock cannot be used"),
  ),
  fence: v.object({
    keepIn: Corners,
    keepOut: v.optional(v.array(v.object({ name: v.string(), corners: Corners })), []),
  }),
  fenceMarginM: v.optional(NonNegative, 10),
  airspace: v.optional(v.array(AirspaceWindow), [{ from: "00:00", to: "24:00" }]),
  performance: v.object({
    cruiseMps: Positive,
    sceneMps: v.optional(Positive, 5),
    climbMps: Positive,
    descentMps: Positive,
    enduranceS: Positive,
  }),
  camera: v.optional(
    v.object({
      fieldOfViewDeg: v.pipe(Finite, v.minValue(10), v.maxValue(150)),
      overlap: v.pipe(Finite, v.minValue(0), v.maxValue(0.9)),
      standOffM: Positive,
    }),
    { fieldOfViewDeg: 70, overlap: 0.3, standOffM: 20 },
  ),
  height: v.optional(v.object({ climbM: Positive, clearanceM: Positive, maxM: Positive, trafficM: Positive }), {
    climbM: 20,
    clearanceM: 12,
    maxM: 120,
    trafficM: 25,
  }),
  battery: v.optional(v.object({ startFraction: Probability, reserveFraction: Probability }), {
    startFraction: 0.5,
    reserveFraction: 0.2,
  }),
  wind: v.optional(v.object({ startMps: Positive, flightMps: Positive }), { startMps: 10, flightMps: 12 }),
  gnss: v.optional(v.object({ satellites: NonNegative, horizontalM: Positive }), { satellites: 8, horizontalM: 3 }),
  traffic: v.optional(
    v.object({ horizontalM: Positive, verticalM: Positive, lookaheadS: Positive, forgetS: Positive, clearS: Positive }),
    { horizontalM: 1000, verticalM: 150, lookaheadS: 45, forgetS: 20, clearS: 10 },
  ),
  failsafes: FailsafeRules,
  onSceneS: v.optional(Positive, 600),
  /** Silence of the bus before a flight holds, and the hold before it comes home. */
  linkLossS: v.optional(Positive, 5),
  dockAirTempC: v.optional(v.object({ min: Finite, max: Finite }), { min: -20, max: 45 }),
  control: v.optional(
    v.object({
      leaseS: Positive,
      /** How old a picture an order may have been made on: the holder's, and a call for safety by anybody. */
      holderPictureS: Positive,
      safetyPictureS: Positive,
      dockedPictureS: Positive,
      cutRepeatS: Positive,
    }),
    { leaseS: 5, holderPictureS: 3, safetyPictureS: 8, dockedPictureS: 20, cutRepeatS: 5 },
  ),
  /** Seconds of a phase's timeout that differ from `phases.ts`. */
  timeoutsS: v.optional(v.record(v.string(), Positive), {}),
  windFromForecast: v.optional(v.object({ speedMps: NonNegative, fromDeg: BearingDeg })),
});
export type FlightSiteConfig = v.InferOutput<typeof FlightSite>;

/** With the ground, which comes from a file of its own. */
export interface Site extends FlightSiteConfig {
  terrain: Terrain;
}

/** Is the airspace ours at that instant? Undefined: the instant is not known, so it is not. */
export function airspaceOpen(site: Site, utcMs: number | undefined): boolean {
  return utcMs !== undefined && site.airspace.some((window) => windowOpen(window, utcMs));
}
