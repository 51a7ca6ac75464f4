/**
 * Unit quaternions (w, x, y, z; Hamilton, base to frame) and rotation matrices (3 x 3 row-major) in place of numbers in typed arrays.
 * Source: J. Solà, Quaternion kinematics for the error-state Kalman filter, 2017, arXiv 1711.02508.
 */

/** Matrix of the quaternion at `q[at]` into `out`. */
export function matrixOf(q: Float64Array, at: number, out: Float64Array): void {
  const w = q[at]!;
  const x = q[at + 1]!;
  const y = q[at + 2]!;
  const z = q[at + 3]!;
  out[0] = 1 - 2 * (y * y + z * z);
  out[1] = 2 * (x * y - w * z);
  out[2] = 2 * (x * z + w * y);
  out[3] = 2 * (x * y + w * z);
  out[4] = 1 - 2 * (x * x + z * z);
  out[5] = 2 * (y * z - w * x);
  out[6] = 2 * (x * z - w * y);
  out[7] = 2 * (y * z + w * x);
  out[8] = 1 - 2 * (x * x + y * y);
}

/** Turns the quaternion at `q[at]` by the rotation vector (x, y, z): of base axes (`local`), or of the frame's. */
export function turn(q: Float64Array, at: number, x: number, y: number, z: number, local: boolean): void {
  const angle = Math.sqrt(x * x + y * y + z * z);
  const half = angle / 2;
  const k = angle < 1e-8 ? 0.5 : Math.sin(half) / angle;
  const dw = Math.cos(half);
  const dx = x * k;
  const dy = y * k;
  const dz = z * k;
  const w0 = q[at]!;
  const x0 = q[at + 1]!;
  const y0 = q[at + 2]!;
  const z0 = q[at + 3]!;
  const side = local ? 1 : -1;
  const w = w0 * dw - x0 * dx - y0 * dy - z0 * dz;
  const a = w0 * dx + x0 * dw + side * (y0 * dz - z0 * dy);
  const b = w0 * dy + y0 * dw + side * (z0 * dx - x0 * dz);
  const c = w0 * dz + z0 * dw + side * (x0 * dy - y0 * dx);
  const n = 1 / Math.sqrt(w * w + a * a + b * b + c * c);
  q[at] = w * n;
  q[at + 1] = a * n;
  q[at + 2] = b * n;
  q[at + 3] = c * n;
}

/** Sets the quaternion at `q[at]` from roll, pitch and yaw (z-y-x). */
export function setRpy(q: Float64Array, at: number, roll: number, pitch: number, yaw: number): void {
  const [cr, sr] = [Math.cos(roll / 2), Math.sin(roll / 2)];
  const [cp, sp] = [Math.cos(pitch / 2), Math.sin(pitch / 2)];
  const [cy, sy] = [Math.cos(yaw / 2), Math.sin(yaw / 2)];
  q[at] = cr * cp * cy + sr * sp * sy;
  q[at + 1] = sr * cp * cy - cr * sp * sy;
  q[at + 2] = cr * sp * cy + sr * cp * sy;
  q[at + 3] = cr * cp * sy - sr * sp * cy;
}

/** The angle within -pi..pi. */
export function wrap(rad: number): number {
  return rad - 2 * Math.PI * Math.round(rad / (2 * Math.PI));
}
