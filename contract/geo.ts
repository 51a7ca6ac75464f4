/** Places and their bounds as they cross a wire. */
import * as v from "valibot";
import { BearingDeg, Finite, LatDeg, LonDeg, NonNegative } from "./units.ts";

/** 95 % confidence ellipse; `azimuthDeg` is that of the major axis, clockwise from true north. */
export const Ellipse95 = v.object({ semiMajorM: NonNegative, semiMinorM: NonNegative, azimuthDeg: BearingDeg });
export type Ellipse95 = v.InferOutput<typeof Ellipse95>;

/** A place never travels without its bound. */
export const Place = v.object({ lat: LatDeg, lon: LonDeg, ellipse95: Ellipse95 });
export type Place = v.InferOutput<typeof Place>;

export const Position = v.object({ lat: LatDeg, lon: LonDeg, altM: Finite, posSigmaM: v.optional(NonNegative) });
export type Position = v.InferOutput<typeof Position>;
