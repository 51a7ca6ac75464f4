/**
 * A multirotor's motion: a point with limited acceleration and speed, pushed by the wind. Local frame north, east, up in metres
 * about the place where it was switched on. Written from the limits that PX4's multicopter controller keeps (MPC_ parameters), not from its code.
 */
const gravity = 9.80665;

export interface Vector {
  n: number;
  e: number;
  u: number;
}

export interface Wind {
  /** Where the air moves to, m/s. */
  n: number;
  e: number;
  /** Standard deviation of gusts, m/s. */
  gust: number;
}

export interface Body {
  position: Vector;
  velocity: Vector;
  /** Clockwise from north, radians, 0 to 2 pi. */
  yaw: number;
  roll: number;
  pitch: number;
  /** Velocity through the air, m/s. */
  airspeed: number;
}

export interface Limits {
  horizontalMS: number;
  upMS: number;
  downMS: number;
  accelerationMS2: number;
  /** Fastest through still air: a head wind above it carries the vehicle back. */
  airspeedMS: number;
  yawRateRadS: number;
}

/** What guidance asks for: `n`/`e` undefined where there is no position to hold, `yaw` undefined to keep it. */
export interface Wanted {
  n: number | undefined;
  e: number | undefined;
  u: number;
  yaw: number | undefined;
}

export const atRest = (): Body => ({
  position: { n: 0, e: 0, u: 0 },
  velocity: { n: 0, e: 0, u: 0 },
  yaw: 0,
  roll: 0,
  pitch: 0,
  airspeed: 0,
});

/** Velocity that brings something at `from` to `target` and stops there without overshoot: v = sqrt(a d), limited. */
export function velocityTo(from: Vector, target: Vector, limits: Limits): Vector {
  const n = target.n - from.n;
  const e = target.e - from.e;
  const u = target.u - from.u;
  const distance = Math.hypot(n, e);
  const speed = Math.min(limits.horizontalMS, distance * 0.95, Math.sqrt(limits.accelerationMS2 * distance));
  const scale = distance > 1e-6 ? speed / distance : 0;
  const vertical = Math.min(u > 0 ? limits.upMS : limits.downMS, Math.abs(u) * 0.95, Math.sqrt(2 * Math.abs(u)));
  return { n: n * scale, e: e * scale, u: Math.sign(u) * vertical };
}

/** One step of `dt` seconds towards a wanted velocity. Without `n` and `e` it drifts with the air. */
export function move(
  body: Body,
  wanted: Wanted,
  wind: Wind & { gustN: number; gustE: number },
  limits: Limits,
  groundU: number,
  dt: number,
): void {
  const airN = wind.n + wind.gustN;
  const airE = wind.e + wind.gustE;
  const v = body.velocity;
  let an: number;
  let ae: number;
  if (wanted.n === undefined || wanted.e === undefined) {
    // Level rotors: only drag acts, the vehicle takes the air's velocity within seconds.
    an = (airN - v.n) / 2.5;
    ae = (airE - v.e) / 2.5;
  } else {
    // What the rotors can hold through the air limits what can be reached over ground.
    let throughN = wanted.n - airN;
    let throughE = wanted.e - airE;
    const through = Math.hypot(throughN, throughE);
    if (through > limits.airspeedMS) {
      throughN *= limits.airspeedMS / through;
      throughE *= limits.airspeedMS / through;
    }
    an = (throughN + airN - v.n) / 0.4 + wind.gustN * 0.15;
    ae = (throughE + airE - v.e) / 0.4 + wind.gustE * 0.15;
    const a = Math.hypot(an, ae);
    if (a > limits.accelerationMS2) {
      an *= limits.accelerationMS2 / a;
      ae *= limits.accelerationMS2 / a;
    }
  }
  const au = Math.max(-3, Math.min(4, (wanted.u - v.u) / 0.4));
  v.n += an * dt;
  v.e += ae * dt;
  v.u += au * dt;
  body.position.n += v.n * dt;
  body.position.e += v.e * dt;
  body.position.u += v.u * dt;
  if (body.position.u <= groundU) {
    body.position.u = groundU;
    v.u = Math.max(0, v.u);
    v.n *= 0.5;
    v.e *= 0.5;
  }
  if (wanted.yaw !== undefined) {
    const turn = wrap(wanted.yaw - body.yaw);
    const step = limits.yawRateRadS * dt;
    body.yaw = (body.yaw + Math.max(-step, Math.min(step, turn)) + 2 * Math.PI) % (2 * Math.PI);
  }
  const dragN = an - (airN - v.n) * 0.25;
  const dragE = ae - (airE - v.e) * 0.25;
  const forward = dragN * Math.cos(body.yaw) + dragE * Math.sin(body.yaw);
  const right = -dragN * Math.sin(body.yaw) + dragE * Math.cos(body.yaw);
  const blend = Math.min(1, dt / 0.15);
  body.pitch += (-Math.atan2(forward, gravity) - body.pitch) * blend;
  body.roll += (Math.atan2(right, gravity) - body.roll) * blend;
  body.airspeed = Math.hypot(v.n - airN, v.e - airE);
}

/** To -pi .. pi. */
export function wrap(radians: number): number {
  return Math.atan2(Math.sin(radians), Math.cos(radians));
}
