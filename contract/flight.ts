/**
 * What a drone says of its flight and what it is told. The drone's agent is the last hop before the autopilot: it refuses
 * whatever comes with an old epoch (`control.ts`), from somebody who may not, or later than `seenTickMs` allows.
 */
import * as v from "valibot";
import { channel, type MessageOf } from "./channel.ts";
import { Place, Position } from "./geo.ts";
import { BearingDeg, Count, Finite, Id, LatDeg, LonDeg, Name, NonNegative, Probability, Text, UtcNs } from "./units.ts";

/** Where a flight stands. `docs/flight.md` has the table of what each failure does in each of them. */
export const FlightPhase = v.picklist([
  "docked",
  "asked",
  "preflight",
  "opening",
  "arming",
  "climbing",
  "transit",
  "onScene",
  "piloted",
  "holding",
  "returning",
  "diverting",
  "landing",
  "unreached",
  "closing",
  "charging",
  "landedAway",
  "outOfService",
]);
export type FlightPhase = v.InferOutput<typeof FlightPhase>;

/** One timed step of a flight, by the clock of who did it. */
export const Hop = v.object({ hop: v.pipe(v.string(), v.regex(/^[a-zA-Z][a-zA-Z0-9-]{0,31}$/)), at: UtcNs });
export type Hop = v.InferOutput<typeof Hop>;
export const Hops = v.pipe(v.array(Hop), v.maxLength(64));

export const Waypoint = v.object({
  lat: LatDeg,
  lon: LonDeg,
  /** Above the ground under it. */
  heightM: Finite,
});
export type Waypoint = v.InferOutput<typeof Waypoint>;

/** Who said that a flight may start: a person, or the site's policy, with its reason. */
export const Authorisation = v.object({ how: v.picklist(["policy", "person"]), by: Name, at: UtcNs, why: Text });
export type Authorisation = v.InferOutput<typeof Authorisation>;

/** In which quality somebody speaks. `onsite` stands beside the drone; `dispatch` is the dispatcher or the gateway's dispatch. */
export const Station = v.picklist(["remote", "onsite", "dispatch"]);
export type Station = v.InferOutput<typeof Station>;

/** On every order to a drone, flight commands and token acts alike. */
export const orderEntries = {
  /** The person's name, or `dispatch` for the gateway itself. */
  by: Name,
  as: Station,
  /** The epoch of `control/state` that the sender acts under. */
  epoch: Count,
  /**
   * `tickMs` of the newest `flight/state` or `control/state` that the sender had seen. An order that looked at an old picture is refused: a
   * press of `land` during an outage must not land the drone a minute later. No wall clock is compared.
   */
  seenTickMs: NonNegative,
  hops: v.optional(Hops),
};

const flight = Id;

export const FlightAct = v.variant("act", [
  /** Fly to an incident. Without `authorisation` the drone waits in `asked` for a person. */
  v.object({
    act: v.literal("ask"),
    flight,
    incident: Id,
    incidentVersion: Count,
    place: Place,
    /** Height above ground on the way: this flight's lane. */
    laneHeightM: NonNegative,
    /** Corners between dock and scene; empty means straight. */
    corridor: v.pipe(v.array(v.object({ lat: LatDeg, lon: LonDeg })), v.maxLength(32)),
    firedAt: v.optional(UtcNs),
    alertedAt: v.optional(UtcNs),
    authorisation: v.optional(Authorisation),
  }),
  v.object({ act: v.literal("authorise"), flight, why: v.optional(Text) }),
  /** A better fix of the same incident. */
  v.object({ act: v.literal("retarget"), flight, incidentVersion: Count, place: Place }),
  /** Orders of the token's holder. */
  v.object({ act: v.literal("goto"), flight, to: Waypoint, speedMps: v.optional(NonNegative) }),
  v.object({ act: v.literal("look"), flight, at: Waypoint }),
  /** For any authorised person, without the token. `recall` is dispatch's return. */
  v.object({ act: v.literal("hold"), flight }),
  v.object({ act: v.literal("return"), flight }),
  v.object({ act: v.literal("recall"), flight, why: Text }),
  v.object({ act: v.literal("land"), flight }),
  /** Emergency stop: hold, then land. Never a motor cut in the air. */
  v.object({ act: v.literal("stop"), flight }),
  /** Cut the motors: on site only; above 1 m only when asked twice. */
  v.object({ act: v.literal("cut"), flight }),
  /** A person has looked at a drone that is out of service or landed away, and puts it back. */
  v.object({ act: v.literal("clear"), why: Text }),
]);
export type FlightAct = v.InferOutput<typeof FlightAct>;

/** An order to a drone. `to` the drone. */
export const flightCommand = channel(
  "flight/command",
  { ...orderEntries, order: FlightAct },
  { rights: { publish: ["dispatch", "pilot"], subscribe: ["drone"] }, addressed: "to", delivery: { priority: 9 } },
);
export type FlightCommand = MessageOf<typeof flightCommand>;

/** What a drone says of itself: at least twice a second in flight, every second in its dock. Retained. `from` the drone. */
export const flightState = channel(
  "flight/state",
  {
    phase: FlightPhase,
    /** The agent's own monotonic milliseconds, carried over its restarts; orders echo it as `seenTickMs`. */
    tickMs: NonNegative,
    /** Since when (same clock) it is in this phase, and when the phase's timeout ends it. */
    phaseSinceTickMs: NonNegative,
    phaseUntilTickMs: v.optional(NonNegative),
    /** Why it is in this phase, in words, where something made it so. */
    why: v.optional(Text),
    /** Absent in the dock between flights. */
    flight: v.optional(Id),
    incident: v.optional(Id),
    incidentVersion: v.optional(Count),
    authorisation: v.optional(Authorisation),
    /** The timed steps of this flight, oldest first. */
    hops: Hops,
    /** Can it be asked now, and if not, why. */
    available: v.boolean(),
    unavailableWhy: v.optional(Text),
    vehicle: v.object({
      connected: v.boolean(),
      armed: v.optional(v.boolean()),
      /** The autopilot's mode in MAVSDK's words. */
      mode: v.optional(v.string()),
      position: v.optional(Position),
      heightAboveGroundM: v.optional(Finite),
      headingDeg: v.optional(BearingDeg),
      groundSpeedMps: v.optional(NonNegative),
      batteryRemaining: v.optional(Probability),
      /** Seconds of flight left until the reserve, by the measured drain; estimated before take-off. */
      enduranceS: v.optional(NonNegative),
      gnssFix: v.optional(v.picklist(["none", "2d", "3d", "dgps", "rtk"])),
      windMps: v.optional(NonNegative),
      rcAvailable: v.optional(v.boolean()),
    }),
    dock: v.object({
      position: Position,
      door: v.picklist(["open", "closed", "opening", "closing", "jammed", "unknown"]),
      padOccupied: v.optional(v.boolean()),
      charging: v.optional(v.boolean()),
      airTempC: v.optional(Finite),
      tampered: v.optional(v.boolean()),
      stopPressed: v.optional(v.boolean()),
    }),
    /** What it means to fly from here on; the console draws it. */
    plan: v.optional(
      v.object({
        path: v.pipe(v.array(Waypoint), v.maxLength(200)),
        place: v.optional(Place),
        laneHeightM: NonNegative,
        pattern: v.optional(v.picklist(["orbit", "search"])),
        etaSceneS: v.optional(NonNegative),
        etaHomeS: v.optional(NonNegative),
      }),
    ),
    /** Where the camera looks: level on the way, for privacy. */
    camera: v.optional(v.object({ pointing: v.picklist(["level", "place"]), at: v.optional(Waypoint) })),
    preflight: v.optional(v.array(v.object({ check: Name, ok: v.boolean(), detail: Text }))),
    /** Aircraft near the corridor that it gives way to. */
    traffic: v.optional(
      v.array(
        v.object({ icao: v.string(), distanceM: NonNegative, aboveM: Finite, closingS: v.optional(NonNegative) }),
      ),
    ),
    /** Cruise figures that dispatch reckons with. */
    performance: v.object({ cruiseMps: NonNegative, climbMps: NonNegative, descentMps: NonNegative }),
  },
  {
    retained: true,
    rights: { publish: ["drone"], subscribe: ["gateway", "dispatch", "pilot", "flows", "drone"] },
    delivery: { keep: "newest", priority: 8 },
    key: (state) => `${state.node}/${state.tickMs}`,
  },
);
export type FlightState = MessageOf<typeof flightState>;
