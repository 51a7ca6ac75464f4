/** What each flight mode asks of the body now. */
import type { Autopilot } from "./autopilot.ts";
import { type Vector, velocityTo, type Wanted, wrap } from "./body.ts";

export function guide(craft: Autopilot): Wanted {
  const here = craft.estimate;
  switch (craft.mode) {
    case "takeoff": {
      const v = velocityTo(here, { ...craft.target, u: craft.takeoffU }, craft.limits);
      if (craft.takeoffU - here.u < 0.3) craft.setMode("hold");
      return { ...v, u: Math.max(v.u, 0.3), yaw: craft.target.yaw };
    }
    case "hold":
      if (craft.landed === "ground") return { n: 0, e: 0, u: -1, yaw: undefined };
      return { ...velocityTo(here, craft.target, craft.limits), yaw: craft.target.yaw };
    case "mission":
      return craft.mission.guide(here);
    case "return":
      return comeHome(craft, here);
    case "land":
      return descend(craft, craft.positionValid ? velocityTo(here, craft.target, craft.limits) : undefined, here);
    case "orbit":
      return orbit(craft, here);
    case "offboard": {
      const { position, velocity, yaw } = craft.setpoint ?? {};
      if (position) return { ...velocityTo(here, position, craft.limits), yaw };
      return { ...(velocity ?? { n: 0, e: 0, u: 0 }), yaw };
    }
    default:
      return byStick(craft, here);
  }
}

/** Climb to the return height, fly home, descend, land. Near home it lands at once. */
function comeHome(craft: Autopilot, here: Vector): Wanted {
  const home = craft.home ?? { n: 0, e: 0, u: 0 };
  const away = Math.hypot(here.n - home.n, here.e - home.e);
  const returnU = home.u + craft.param("RTL_RETURN_ALT");
  if (craft.returnPhase === "climb") {
    if (away < craft.param("RTL_MIN_DIST")) craft.returnPhase = "descend";
    else if (here.u < returnU - 1)
      return { n: 0, e: 0, u: Math.min(craft.limits.upMS, returnU - here.u + 0.5), yaw: craft.body.yaw };
    else {
      craft.returnPhase = "transit";
      craft.target = { n: home.n, e: home.e, u: Math.max(returnU, here.u) };
    }
  }
  if (craft.returnPhase === "transit") {
    if (away < 1.5) craft.returnPhase = "descend";
    const yaw = away > 3 ? Math.atan2(home.e - here.e, home.n - here.n) : craft.body.yaw;
    return { ...velocityTo(here, { n: home.n, e: home.e, u: craft.target.u }, craft.limits), yaw };
  }
  return descend(craft, velocityTo(here, { ...home, u: here.u }, craft.limits), here);
}

/** Down at the automatic speed, from 8 m at the landing speed; without a position it drifts. */
export function descend(craft: Autopilot, over: Vector | undefined, here: Vector): Wanted {
  if (craft.landed === "air" || craft.landed === "takingOff") craft.landed = "landing";
  const slow = craft.param("MPC_LAND_SPEED");
  const height = here.u - (craft.home?.u ?? 0);
  const u = height > 8 ? -Math.min(craft.limits.downMS, slow + (height - 8) * 0.6) : -slow;
  return { n: over?.n, e: over?.e, u, yaw: craft.body.yaw };
}

function orbit(craft: Autopilot, here: Vector): Wanted {
  const circle = craft.circle;
  if (circle === undefined) return { n: 0, e: 0, u: 0, yaw: undefined };
  const n = here.n - circle.centre.n;
  const e = here.e - circle.centre.e;
  const distance = Math.max(0.1, Math.hypot(n, e));
  const yaw = Math.atan2(-e, -n);
  const off = circle.radiusM - distance;
  if (Math.abs(off) > circle.radiusM * 0.3 + 3) {
    const k = circle.radiusM / distance;
    const onto = { n: circle.centre.n + n * k, e: circle.centre.e + e * k, u: circle.centre.u };
    return { ...velocityTo(here, onto, craft.limits), yaw };
  }
  const turn = circle.clockwise ? 1 : -1;
  const outward = Math.max(-2, Math.min(2, off * 0.8)) - (circle.speedMS ** 2 / circle.radiusM) * 0.4;
  return {
    n: ((-e * turn) / distance) * circle.speedMS + (n / distance) * outward,
    e: ((n * turn) / distance) * circle.speedMS + (e / distance) * outward,
    u: velocityTo(here, { ...here, u: circle.centre.u }, craft.limits).u,
    yaw,
  };
}

function byStick(craft: Autopilot, here: Vector): Wanted {
  const { roll, pitch, yaw, throttle } = craft.rc.present
    ? craft.rc.sticks
    : { roll: 0, pitch: 0, yaw: 0, throttle: 0 };
  if (craft.landed === "ground" && throttle < 0.2) return { n: 0, e: 0, u: -1, yaw: undefined };
  const heading = wrap(craft.body.yaw + yaw * 0.5);
  const up = throttle * (throttle > 0 ? craft.limits.upMS : craft.limits.downMS);
  const still = Math.abs(roll) < 0.05 && Math.abs(pitch) < 0.05;
  if (still && craft.mode !== "position") return { n: undefined, e: undefined, u: up, yaw: heading };
  if (still) {
    const hold = velocityTo(here, { ...craft.target, u: here.u }, craft.limits);
    return { n: hold.n, e: hold.e, u: up, yaw: heading };
  }
  craft.target = { ...here };
  const cos = Math.cos(craft.body.yaw);
  const sin = Math.sin(craft.body.yaw);
  const fast = craft.limits.horizontalMS;
  return { n: (pitch * cos - roll * sin) * fast, e: (pitch * sin + roll * cos) * fast, u: up, yaw: heading };
}
