/**
 * What a patrol robot says of itself and what it is told. A robot looks, says where it is and how sure it is of that, and reports to people.
 * No message makes it touch, follow or hold anybody, and none carries a velocity: it is driven by its own agent, behind the safety layer
 * (`docs/robot.md`).
 *
 * HTTP, below `/api` and behind the log-in; a refusal is `{ error, field?, fix? }`:
 *   GET  /api/robots               -> { robots: RobotView[] }
 *   POST /api/robots/:id/hold      RobotOrderAsk            -> { accepted: true, why }   stands still, always obeyed
 *   POST /api/robots/:id/resume    RobotOrderAsk            goes on; also what starts it after its emergency stop was reset at the robot
 *   POST /api/robots/:id/patrol    RobotOrderAsk & { route }
 *   POST /api/robots/:id/leave     RobotOrderAsk            leaves the scene of its call
 * 409 where the robot refuses, 504 where it does not answer. On the live connection: `message` events of `robot/state`, `robot/pose`,
 * `robot/track`. A place to go to is a call for backup that a person approves (`contract/backup.ts`).
 */
import * as v from "valibot";
import { channel, type MessageOf } from "./channel.ts";
import { Place } from "./geo.ts";
import { BearingDeg, Count, Finite, Id, LatDeg, LonDeg, Name, NonNegative, Probability, Text, UtcNs } from "./units.ts";

const readers = ["gateway", "dispatch", "pilot", "flows", "robot"] as const;

/** Where it is: the corrected pose of the map frame, with its bound, and the smooth pose of the odometry frame (REP 105). `at` is the instant it holds for. */
export const robotPose = channel(
  "robot/pose",
  {
    tickMs: NonNegative,
    ...Place.entries,
    /** Where its nose points, clockwise from true north. */
    headingDeg: BearingDeg,
    headingSigmaDeg: NonNegative,
    speedMps: Finite,
    yawRateDegS: Finite,
    /** Covariance of east (m), north (m) and heading (rad, clockwise): ee, en, eh, nn, nh, hh. */
    covariance: v.pipe(v.array(Finite), v.length(6)),
    /** Never jumps and drifts: metres and degrees (counter-clockwise) from where the agent started. */
    odometry: v.object({ xM: Finite, yM: Finite, yawDeg: Finite }),
    /** `lost`: none believed for so long that the pose lives on wheels and gyro; the ellipse grows and says so. */
    gnss: v.object({ state: v.picklist(["used", "rejected", "lost", "never"]), ageS: v.optional(NonNegative) }),
    /** Measurements that the filter did not believe or could not place in time, since start, by sensor and reason. */
    rejected: v.record(v.string(), Count),
  },
  {
    retained: true,
    rights: { publish: ["robot"], subscribe: readers },
    delivery: { keep: "newest", priority: 6 },
    key: (pose) => `${pose.node}/${pose.tickMs}`,
  },
);
export type RobotPose = MessageOf<typeof robotPose>;

export const TrackKind = v.picklist(["person", "vehicle", "sound"]);
export type TrackKind = v.InferOutput<typeof TrackKind>;

/** Somebody or something seen or heard more than once. A track has no name and no face: it ends when it is out of sight. */
export const Track = v.object({
  track: Id,
  kind: TrackKind,
  ...Place.entries,
  velocity: v.optional(v.object({ eastMps: Finite, northMps: Finite, sigmaMps: NonNegative })),
  firstAt: UtcNs,
  lastAt: UtcNs,
  observations: Count,
  sources: v.pipe(v.array(v.picklist(["camera", "range", "sound"])), v.maxLength(3)),
  /** That there is such a thing at all. */
  probability: Probability,
});
export type Track = v.InferOutput<typeof Track>;

/** The tracks that stand now; once or twice a second while there are any, and once when the last has gone. */
export const robotTrack = channel(
  "robot/track",
  {
    tickMs: NonNegative,
    tracks: v.pipe(v.array(Track), v.maxLength(64)),
    /** Observations of no track, left out beyond 64, too late to place. */
    counters: v.record(v.string(), Count),
  },
  {
    rights: { publish: ["robot"], subscribe: readers },
    delivery: { keep: "newest", priority: 4 },
    key: (track) => `${track.node}/${track.tickMs}`,
  },
);
export type RobotTrack = MessageOf<typeof robotTrack>;

/** Why a rule spoke: each fact beside the limit that it crossed. */
export const EventReason = v.object({ fact: Text, value: Finite, limit: Finite, unit: v.string() });
export type EventReason = v.InferOutput<typeof EventReason>;

/** Something out of the ordinary, for a person to judge. */
export const robotEvent = channel(
  "robot/event",
  {
    event: Id,
    /** Of the rule table that the robot is configured with. */
    rule: Name,
    /** Of that table. */
    ruleRevision: v.optional(v.pipe(v.string(), v.maxLength(64))),
    /** In words, for people. */
    text: Text,
    reasons: v.pipe(v.array(EventReason), v.minLength(1, "an event says why"), v.maxLength(8)),
    place: v.optional(Place),
    /** As the rule's own table of rates has it, or 1 where nothing was measured and `probabilityKnown` says no. */
    probability: Probability,
    probabilityKnown: v.boolean(),
    tracks: v.pipe(v.array(Id), v.maxLength(64)),
    since: UtcNs,
  },
  {
    rights: { publish: ["robot"], subscribe: ["gateway", "flows"] },
    delivery: { priority: 8 },
    key: (event) => event.event,
  },
);
export type RobotEvent = MessageOf<typeof robotEvent>;

const Velocity = v.object({ speedMps: Finite, yawRateDegS: Finite });

/** What became of an order. */
const RobotAnswer = v.object({ order: Id, by: Name, act: Name, accepted: v.boolean(), why: Text, tickMs: NonNegative });

/** How it is; at each change and at least every second. Retained. */
export const robotState = channel(
  "robot/state",
  {
    tickMs: NonNegative,
    /** `stopped`: the safety layer holds it. `emergencyStop`: latched in the firmware; only a person at the robot ends it. */
    phase: v.picklist(["starting", "patrolling", "holding", "called", "onScene", "stopped", "emergencyStop"]),
    why: Text,
    emergencyStop: v.object({
      /** Is the robot's own controller heard at all? */
      link: v.picklist(["up", "lost", "absent"]),
      latched: v.boolean(),
      pressed: v.boolean(),
    }),
    /** What the patrol wants, what the safety layer lets through, and why that is less. */
    drive: v.object({
      wanted: Velocity,
      given: Velocity,
      limits: v.pipe(v.array(v.object({ limit: Name, why: Text })), v.maxLength(8)),
    }),
    patrol: v.optional(v.object({ route: Name, next: Count, of: Count, laps: Count })),
    call: v.optional(v.object({ call: Id, leftM: NonNegative })),
    sensors: v.record(v.string(), v.object({ ok: v.boolean(), ageS: v.optional(NonNegative), why: v.optional(Text) })),
    /** Event rules that cannot work here, and what they lack. */
    rulesOff: v.pipe(v.array(v.object({ rule: Name, why: Text })), v.maxLength(32)),
    /** What the gateway reckons travel times with. */
    cruiseMps: NonNegative,
    /** The newest answers, newest last. */
    answers: v.pipe(v.array(RobotAnswer), v.maxLength(16)),
  },
  {
    retained: true,
    rights: { publish: ["robot"], subscribe: readers },
    delivery: { keep: "newest", priority: 7 },
    key: (state) => `${state.node}/${state.tickMs}`,
  },
);
export type RobotState = MessageOf<typeof robotState>;

const Three = v.pipe(v.array(Finite), v.length(3));

/** One measurement of a sensor that has no serial line to the robot. Axes are those of REP 103: x forward, y left, z up. */
export const RobotMeasure = v.variant("sensor", [
  v.object({ sensor: v.literal("wheels"), at: UtcNs, forwardMps: Finite, yawRateRadps: Finite }),
  v.object({ sensor: v.literal("imu"), at: UtcNs, gyroRadps: Three, accelMps2: Three }),
  v.object({
    sensor: v.literal("gnss"),
    at: UtcNs,
    lat: LatDeg,
    lon: LonDeg,
    altM: Finite,
    /** One sigma east, north, up. */
    sigmaM: Three,
    velocityMps: v.optional(Three),
    velocitySigmaMps: v.optional(Three),
  }),
  v.object({
    sensor: v.literal("range"),
    at: UtcNs,
    /** Counter-clockwise from the nose; without `rangeM` the sensor says nothing. */
    beams: v.pipe(v.array(v.object({ azimuthDeg: Finite, rangeM: v.optional(NonNegative) })), v.maxLength(64)),
  }),
]);
export type RobotMeasure = v.InferOutput<typeof RobotMeasure>;

/** What a sensor board without a serial line measured. `to` the robot that carries it; times are those of measuring, by a clock that keeps UTC. */
export const robotMeasure = channel(
  "robot/measure",
  { measures: v.pipe(v.array(RobotMeasure), v.minLength(1), v.maxLength(64)) },
  {
    addressed: "to",
    rights: { publish: ["robot"], subscribe: ["robot"] },
    delivery: { keep: "newest", priority: 5 },
  },
);
export type RobotMeasures = MessageOf<typeof robotMeasure>;

/** What a person may tell a robot. A place to go to is no order: it comes as a `backup/call` that a person approved. */
export const RobotAct = v.variant("act", [
  /** Stand still. Always obeyed, however old. */
  v.object({ act: v.literal("hold"), why: v.optional(Text) }),
  /** Go on with what was interrupted by `hold`. */
  v.object({ act: v.literal("resume") }),
  v.object({ act: v.literal("patrol"), route: Name }),
  /** Leave the scene of a call and patrol again. */
  v.object({ act: v.literal("leave"), call: Id, why: v.optional(Text) }),
]);
export type RobotAct = v.InferOutput<typeof RobotAct>;

/** An order to a robot. `to` the robot. */
export const robotCommand = channel(
  "robot/command",
  {
    by: Name,
    /** `tickMs` of the newest `robot/state` that the person had seen; an order that would move the robot on an old picture is refused. */
    seenTickMs: NonNegative,
    order: RobotAct,
  },
  { rights: { publish: ["dispatch", "pilot"], subscribe: ["robot"] }, addressed: "to", delivery: { priority: 9 } },
);
export type RobotCommand = MessageOf<typeof robotCommand>;

export const RobotOrderAsk = v.object({
  /** `tickMs` of the state on the person's screen. */
  seenTickMs: v.optional(NonNegative),
  why: v.optional(v.pipe(v.string(), v.trim(), v.maxLength(500))),
});
export type RobotOrderAsk = v.InferOutput<typeof RobotOrderAsk>;

/** A robot as the console shows it. */
export interface RobotView {
  robot: string;
  /** Since it was last heard. */
  ageS: number;
  state?: RobotState;
  pose?: RobotPose;
  tracks?: RobotTrack;
}
