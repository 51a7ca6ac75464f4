/** The site file: where the nodes of one site stand, and the air between them. YAML or JSON. */
import * as v from "valibot";
import { BearingDeg, Finite, Id, LatDeg, LonDeg, NonNegative } from "./units.ts";

export const SiteNode = v.object({
  /** Looser than a node's name on the bus: recorded data bring their own. */
  id: Id,
  lat: LatDeg,
  lon: LonDeg,
  altM: Finite,
  /** One sigma of the position, each axis. */
  posSigmaM: v.optional(NonNegative),
});
export type SiteNode = v.InferOutput<typeof SiteNode>;

const AirTempC = v.pipe(
  Finite,
  v.minValue(-60, "must be -60 to 60 degrees"),
  v.maxValue(60, "must be -60 to 60 degrees"),
);

export const Site = v.object({
  site: v.pipe(v.string(), v.minLength(1, "must not be empty"), v.maxLength(100)),
  nodes: v.pipe(v.array(SiteNode), v.minLength(1, "must name at least one node")),
  airTempC: v.optional(AirTempC),
  humidityPercent: v.optional(v.pipe(NonNegative, v.maxValue(100, "must be 0 to 100"))),
  windFromDeg: v.optional(BearingDeg),
  windMps: v.optional(v.pipe(NonNegative, v.maxValue(60, "must be 0 to 60 m/s"))),
  /** Height of the ground above the ellipsoid, where the site is level; otherwise it is taken from the nodes' heights. */
  groundAltM: v.optional(Finite),
  /** What walls, corners and gusts add to the time a sound travels, one sigma. */
  propagationSigmaS: v.optional(v.pipe(NonNegative, v.maxValue(0.1, "must be 0 to 0.1 s"))),
});
export type Site = v.InferOutput<typeof Site>;
