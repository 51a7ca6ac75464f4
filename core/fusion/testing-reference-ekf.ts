/**
 * The yardstick: a plain dense extended Kalman filter of the same sensors, written apart. Euler angles in the state, Jacobians by
 * differences, full matrix products, no gates, no replay: told everything in order, by a world without false measurements.
 */
import type { Measured, Patrol, PatrolWorld } from "./testing-patrol.ts";

const N = 17;
type Matrix = number[][];

const zeros = (rows: number, columns: number): Matrix => Array.from({ length: rows }, () => new Array(columns).fill(0));
const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
const transposed = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));

/** Gauss-Jordan with pivoting. */
function inverted(a: Matrix): Matrix {
  const n = a.length;
  const work = a.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let c = 0; c < n; c++) {
    let best = c;
    for (let i = c + 1; i < n; i++) if (Math.abs(work[i]![c]!) > Math.abs(work[best]![c]!)) best = i;
    [work[c], work[best]] = [work[best]!, work[c]!];
    const pivot = work[c]![c]!;
    work[c] = work[c]!.map((value) => value / pivot);
    for (let i = 0; i < n; i++) {
      const factor = work[i]![c]!;
      if (i !== c && factor !== 0) work[i] = work[i]!.map((value, j) => value - factor * work[c]![j]!);
    }
  }
  return work.map((row) => row.slice(n));
}

/** Base to frame, written out (roll, pitch, yaw). */
function rotation(roll: number, pitch: number, yaw: number): Matrix {
  const [cr, sr, cp, sp, cy, sy] = [roll, pitch, yaw].flatMap((a) => [Math.cos(a), Math.sin(a)]) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return [
    [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
    [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
    [-sp, cp * sr, cp * cr],
  ];
}

/** x: place 0-2, velocity 3-5, roll pitch yaw 6-8, gyro bias 9-11, accelerometer bias 12-14, scale 15, latency 16; u: gyro, accel. */
function moved(x: number[], u: readonly number[], dt: number): number[] {
  const next = [...x];
  const [p, q, r] = [u[0]! - x[9]!, u[1]! - x[10]!, u[2]! - x[11]!];
  const rates = (roll: number, pitch: number) => {
    const swing = q * Math.sin(roll) + r * Math.cos(roll);
    return [p + swing * Math.tan(pitch), q * Math.cos(roll) - r * Math.sin(roll), swing / Math.cos(pitch)];
  };
  const first = rates(x[6]!, x[7]!);
  const mid = [0, 1, 2].map((i) => x[6 + i]! + (first[i]! * dt) / 2);
  const second = rates(mid[0]!, mid[1]!);
  const turn = rotation(mid[0]!, mid[1]!, mid[2]!);
  for (let i = 0; i < 3; i++) {
    let force = i === 2 ? -9.80665 : 0;
    for (let j = 0; j < 3; j++) force += turn[i]![j]! * (u[3 + j]! - x[12 + j]!);
    next[i] = x[i]! + x[3 + i]! * dt + (force * dt * dt) / 2;
    next[3 + i] = x[3 + i]! + force * dt;
    next[6 + i] = x[6 + i]! + second[i]! * dt;
  }
  return next;
}

function jacobian(f: (x: number[]) => number[], x: number[]): Matrix {
  const at = f(x);
  const j = zeros(at.length, x.length);
  for (let c = 0; c < x.length; c++) {
    const step = 1e-6;
    const shifted = [...x];
    shifted[c]! += step;
    f(shifted).forEach((value, i) => {
      j[i]![c] = (value - at[i]!) / step;
    });
  }
  return j;
}

export class ReferenceEkf {
  x: number[];
  p: Matrix;
  #time: number;
  #u: number[] = [0, 0, 0, 0, 0, 9.80665];
  #first = true;
  readonly #world: PatrolWorld;

  constructor({ start }: Patrol, world: PatrolWorld) {
    this.#world = world;
    this.#time = start.timeS;
    this.x = [...start.enuM, ...start.velocityMps, ...start.rpyRad, 0, 0, 0, 0, 0, 0, 0, world.latencyS];
    const { gyroBiasSigma: g, accelBiasSigma: a } = world;
    const sigmas = [...start.sigmaM, ...start.velocitySigmaMps, ...start.rpySigmaRad, g, g, g, a, a, a];
    this.p = zeros(N, N);
    [...sigmas, world.wheelScaleSigma, world.latencySigmaS].forEach((sigma, i) => {
      this.p[i]![i] = sigma * sigma;
    });
  }

  take(m: Measured): void {
    const world = this.#world;
    if (m.at === "imu") {
      const now = [...m.gyroRadps, ...m.accelMps2];
      const mean = this.#first ? now : now.map((value, i) => (value + this.#u[i]!) / 2);
      this.#carry(m.timeS, mean);
      this.#u = now;
      this.#first = false;
      return;
    }
    this.#carry(m.timeS, this.#u);
    if (m.at === "wheel") {
      const sigma = world.wheelSigma;
      const along = (x: number[]) => {
        const turn = transposed(rotation(x[6]!, x[7]!, x[8]!));
        const base = turn.map((row) => row[0]! * x[3]! + row[1]! * x[4]! + row[2]! * x[5]!);
        return [base[0]! * (1 + x[15]!), base[1]!, base[2]!];
      };
      this.#look([m.forwardMps, m.sidewaysMps, m.upwardMps], along, [sigma, sigma, sigma]);
      return;
    }
    const [lx, ly, lz] = world.leverM;
    const gnss = (x: number[]) => {
      const turn = rotation(x[6]!, x[7]!, x[8]!);
      const [p, q, r] = [this.#u[0]! - x[9]!, this.#u[1]! - x[10]!, this.#u[2]! - x[11]!];
      const swing = [q * lz - r * ly, r * lx - p * lz, p * ly - q * lx];
      const force = [0, 1, 2].map((j) => this.#u[3 + j]! - x[12 + j]!);
      const place: number[] = [];
      const speed: number[] = [];
      for (let i = 0; i < 3; i++) {
        const row = turn[i]!;
        const v = x[3 + i]! + row[0]! * swing[0]! + row[1]! * swing[1]! + row[2]! * swing[2]!;
        const a = row[0]! * force[0]! + row[1]! * force[1]! + row[2]! * force[2]! - (i === 2 ? 9.80665 : 0);
        place.push(x[i]! + row[0]! * lx + row[1]! * ly + row[2]! * lz - x[16]! * v);
        speed.push(v - x[16]! * a);
      }
      return [...place, ...speed];
    };
    this.#look([...m.enuM, ...m.velocityMps], gnss, [...m.sigmaM, ...m.velocitySigmaMps]);
  }

  #carry(toS: number, u: readonly number[]): void {
    const dt = toS - this.#time;
    this.#time = toS;
    if (dt <= 0) return;
    const f = jacobian((x) => moved(x, u, dt), this.x);
    this.x = moved(this.x, u, dt);
    this.p = times(times(f, this.p), transposed(f));
    const { accelNoise, gyroNoise, gyroBiasWalk, accelBiasWalk } = this.#world;
    for (let i = 0; i < 3; i++) {
      this.p[3 + i]![3 + i]! += accelNoise ** 2 * dt;
      this.p[6 + i]![6 + i]! += gyroNoise ** 2 * dt;
      this.p[9 + i]![9 + i]! += gyroBiasWalk ** 2 * dt;
      this.p[12 + i]![12 + i]! += accelBiasWalk ** 2 * dt;
    }
  }

  #look(z: number[], h: (x: number[]) => number[], sigmas: readonly number[]): void {
    const j = jacobian(h, this.x);
    const ph = times(this.p, transposed(j));
    const s = times(j, ph);
    sigmas.forEach((sigma, i) => {
      s[i]![i]! += sigma * sigma;
    });
    const gain = times(ph, inverted(s));
    const said = h(this.x);
    const residual = z.map((value, i) => [value - said[i]!]);
    const shift = times(gain, residual);
    this.x = this.x.map((value, i) => value + shift[i]![0]!);
    const taken = times(gain, transposed(ph));
    this.p = this.p.map((row, i) =>
      row.map((value, c) => (value - taken[i]![c]! + this.p[c]![i]! - taken[c]![i]!) / 2),
    );
  }
}
