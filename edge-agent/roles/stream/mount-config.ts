/** A camera's pan and tilt mount: `roles.stream.cameras.N.panTilt`. */
import * as v from "valibot";
import { BearingDeg, Finite } from "#contract/units.ts";

const servo = "must be 0 to 180 degrees of the servo";
const ServoDeg = v.pipe(Finite, v.minValue(0, servo), v.maxValue(180, servo));

const axis = (leastDeg: number, mostDeg: number) =>
  v.optional(
    v.pipe(
      v.strictObject({
        /** Where the camera looks along `azimuthDeg` (pan), or level (tilt). */
        zeroDeg: v.optional(ServoDeg, 90),
        leastDeg: v.optional(ServoDeg, leastDeg),
        mostDeg: v.optional(ServoDeg, mostDeg),
        /** Greater angles turn it to the left (pan), or down (tilt). */
        reversed: v.optional(v.boolean(), false),
      }),
      v.check((each) => each.leastDeg < each.mostDeg, "leastDeg must be below mostDeg"),
    ),
    {},
  );

export const PanTiltConfig = v.pipe(
  v.strictObject({
    /** Serial port of the board; it runs `pan-tilt.hex` or StandardFirmata at 57600 baud. */
    path: v.pipe(
      v.string("is missing, such as /dev/serial/by-id/usb-..."),
      v.startsWith("/", "must be an absolute path"),
    ),
    /** Of the camera above the ground. */
    heightM: v.pipe(
      Finite,
      v.minValue(0, "must be 0 to 100 metres above the ground"),
      v.maxValue(100, "must be 0 to 100 metres above the ground"),
    ),
    /** Where it looks with the pan servo at `pan.zeroDeg`, clockwise from true north. */
    azimuthDeg: BearingDeg,
    pan: axis(0, 180),
    tilt: axis(30, 150),
    /** Where it looks while no incident wants it; the zeros of the axes where it is not given. */
    rest: v.optional(v.strictObject({ panDeg: ServoDeg, tiltDeg: ServoDeg })),
    /** Pin of the lamp that is on while the camera looks at an incident; none where it is not given. */
    lamp: v.optional(v.picklist(["D5", "D6"], "must be D5 or D6")),
  }),
  v.transform((mount) => ({
    ...mount,
    rest: mount.rest ?? { panDeg: mount.pan.zeroDeg, tiltDeg: mount.tilt.zeroDeg },
  })),
  v.check(
    ({ pan, tilt, rest }) =>
      rest.panDeg >= pan.leastDeg &&
      rest.panDeg <= pan.mostDeg &&
      rest.tiltDeg >= tilt.leastDeg &&
      rest.tiltDeg <= tilt.mostDeg,
    "rest: must lie between leastDeg and mostDeg of pan and of tilt; give rest, or other bounds",
  ),
);
export type PanTiltConfig = v.InferOutput<typeof PanTiltConfig>;
