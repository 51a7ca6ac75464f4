/** The robot's part of a node's configuration. */
import * as v from "valibot";
import { Finite, LatDeg, LonDeg, Name, NonNegative } from "#contract/units.ts";
import { streetRobot } from "#core/fusion/pose-settings.ts";
import { RuleSet, streetRules } from "#core/fusion/rule-set.ts";
import { usualSafety } from "#core/patrol/safety.ts";

const Positive = v.pipe(Finite, v.gtValue(0, "must be more than 0"));
const Port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535));
const Corner = v.strictObject({ lat: LatDeg, lon: LonDeg });
const Outline = v.pipe(v.array(Corner), v.minLength(3, "must have at least three corners"), v.maxLength(256));

/** The drive board's line: a serial port, or a serial port behind TCP as ser2net gives it. */
const Body = v.variant("kind", [
  v.strictObject({
    kind: v.literal("serial"),
    path: v.pipe(v.string(), v.minLength(1)),
    baudRate: v.optional(v.pipe(v.number(), v.integer(), v.minValue(9600), v.maxValue(4_000_000)), 115_200),
  }),
  v.strictObject({ kind: v.literal("tcp"), host: v.optional(v.string(), "127.0.0.1"), port: Port }),
  /** Sensors over `robot/measure` only: it is told where it is and what is around, and drives nothing. */
  v.strictObject({ kind: v.literal("mqtt") }),
]);

/** Built of `usual`: each figure has its default, and must be a number above 0 or 0 where the default is 0. */
function figures<K extends string>(usual: Readonly<Record<K, number>>) {
  const entries = Object.fromEntries(
    Object.entries<number>(usual).map(([name, value]) => [name, v.optional(NonNegative, value)]),
  ) as Record<K, v.OptionalSchema<typeof NonNegative, number>>;
  return v.strictObject(entries);
}

const { leverM: _lever, ...gnssUsual } = streetRobot.gnss;
/** Between houses a receiver's error keeps its way for half a minute; its pulse stamps each fix with its moment. */
const gnssFigures = { ...gnssUsual, correlationS: 30, latencySigmaS: 0.02 };
const { leverM: _wheelLever, ...wheelFigures } = streetRobot.wheel;

export const PatrolConfig = v.strictObject({
  body: Body,
  /** How the robot is built. */
  geometry: v.optional(
    v.strictObject({
      countsPerM: v.optional(v.pipe(Finite, v.notValue(0, "must not be 0"))),
      trackM: v.optional(Positive),
      gnssFloorM: v.optional(Positive),
      gnssLatencyS: v.optional(NonNegative),
      rangeAzimuthDeg: v.optional(v.pipe(v.tuple([Finite, Finite, Finite, Finite]))),
    }),
    {},
  ),
  /** Where it stands when it is switched on, such as its charger; without it, it must be pushed a few metres to find its heading. */
  start: v.optional(
    v.strictObject({
      lat: LatDeg,
      lon: LonDeg,
      /** Clockwise from true north. */
      headingDeg: Finite,
      sigmaM: v.optional(Positive, 0.5),
      sigmaDeg: v.optional(Positive, 5),
    }),
  ),
  fence: v.strictObject({
    keepIn: Outline,
    keepOut: v.optional(v.pipe(v.array(v.strictObject({ name: Name, corners: Outline })), v.maxLength(64)), []),
  }),
  routes: v.pipe(
    v.array(
      v.strictObject({ name: Name, points: v.pipe(v.array(Corner), v.minLength(2, "must have at least two points")) }),
    ),
    v.maxLength(32),
  ),
  /** The route it patrols when a person lets it; the first where it is not given. */
  route: v.optional(Name),
  cruiseMps: v.optional(Positive, 0.8),
  reachedM: v.optional(Positive, 1),
  blockedS: v.optional(Positive, 15),
  /** A place that it is called to is seen well enough from within this. */
  reportFromM: v.optional(Positive, 30),
  /** Nearer than this it does not drive to it: somebody may lie there. */
  standOffM: v.optional(Positive, 4),
  safety: v.optional(figures(usualSafety), { ...usualSafety }),
  /** Of the pose filter; `docs/robot.md` says how they are measured. */
  pose: v.optional(
    v.strictObject({
      gnss: v.optional(figures(gnssFigures), { ...gnssFigures }),
      wheel: v.optional(figures(wheelFigures), { ...wheelFigures }),
    }),
    { gnss: { ...gnssFigures }, wheel: { ...wheelFigures } },
  ),
  /** What detects people around it. `lines`: a detector's process, as `docs/robot.md` says. Absent: rules that need one are off. */
  perception: v.optional(
    v.variant("kind", [
      v.strictObject({ kind: v.literal("lines"), host: v.optional(v.string(), "127.0.0.1"), port: Port }),
    ]),
  ),
  /** The first answers for the figures; `none` for no events. */
  rules: v.optional(v.union([RuleSet, v.literal("none")], "must be a rule set or none"), streetRules),
  poseEveryS: v.optional(v.pipe(Finite, v.minValue(0.1), v.maxValue(60)), 0.5),
  tracksEveryS: v.optional(v.pipe(Finite, v.minValue(0.1), v.maxValue(60)), 1),
});
export type PatrolConfig = v.InferOutput<typeof PatrolConfig>;
