/** How a simulated robot drives: for the simulated patrols only. */
import type { Rng } from "#sim/rng.ts";

export const STEP_S = 0.002;
/** Numbers a row of the table. */
export const WIDTH = 9;

/** Motion of one patrol: legs, corners, stops; the ground rolls a little. Columns x y z yaw speed, their rates. */
export function drive(lastsS: number, rng: Rng): { table: Float64Array; tilt(t: number): number[] } {
  const steps = Math.ceil((lastsS + 2) / STEP_S) + 2;
  const table = new Float64Array(steps * WIDTH);
  const [a1, a2] = [0.01 + 0.03 * rng.uniform(), 0.01 + 0.03 * rng.uniform()];
  const [w1, w2] = [0.4 + 0.6 * rng.uniform(), 0.4 + 0.6 * rng.uniform()];
  const [f1, f2] = [6.28 * rng.uniform(), 6.28 * rng.uniform()];
  // Roll, pitch, and their rates.
  const tilt = (t: number) => [
    a1 * Math.sin(w1 * t + f1),
    a2 * Math.sin(w2 * t + f2),
    a1 * w1 * Math.cos(w1 * t + f1),
    a2 * w2 * Math.cos(w2 * t + f2),
  ];
  let [x, y, z, yaw, v, a, w, dw] = [0, 0, 0, 6.28 * rng.uniform(), 0, 0, 0, 0];
  let [speed, turning, until] = [1.5, 0, 3 + 4 * rng.uniform()];
  for (let i = 0; i < steps; i++) {
    const t = (i - 500) * STEP_S;
    if (t > until) {
      const next = rng.uniform();
      if (turning !== 0 || next < 0.5)
        [speed, turning, until] = [0.8 + 1.2 * rng.uniform(), 0, t + 3 + 8 * rng.uniform()];
      else if (next < 0.65) [speed, turning, until] = [0, 0, t + 2 + 4 * rng.uniform()];
      else {
        const rate = (0.3 + 0.4 * rng.uniform()) * (rng.uniform() < 0.5 ? 1 : -1);
        [speed, turning, until] = [0.8, rate, t + (1 + rng.uniform()) / Math.abs(rate)];
      }
    }
    const row = i * WIDTH;
    table.set([x, y, z, yaw, v, a, w, dw, t], row);
    const pitch = tilt(t)[1]!;
    // Second order, critically damped: no step in acceleration.
    const jerk = 25 * (speed - v) - 10 * a;
    const bend = 64 * (turning - w) - 16 * dw;
    const midV = v + (a * STEP_S) / 2;
    const midYaw = yaw + (w * STEP_S) / 2;
    x += midV * Math.cos(midYaw) * Math.cos(pitch) * STEP_S;
    y += midV * Math.sin(midYaw) * Math.cos(pitch) * STEP_S;
    z -= midV * Math.sin(pitch) * STEP_S;
    yaw += w * STEP_S;
    v += a * STEP_S;
    a += jerk * STEP_S;
    w += dw * STEP_S;
    dw += bend * STEP_S;
  }
  return { table, tilt };
}
