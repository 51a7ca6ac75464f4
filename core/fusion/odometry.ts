/** The smooth pose (REP 105 `odom`): the filter's speed and turn rate summed up, never taken back. Corrections of place do not reach it. */
import type { PoseSettings } from "./pose-settings.ts";
import { E, ERRORS, S } from "./pose-state.ts";
import { matrixOf, turn } from "./rotation.ts";

const N = 5;
const map = new Float64Array(9);
const own = new Float64Array(9);
/** Errors of speed hold for about this long. */
const SPEED_MEMORY_S = 1;

export class Odometry {
  readonly xyz = new Float64Array(3);
  readonly quaternion = new Float64Array(4);
  /** Covariance of x, y, yaw, gyro bias, speed scale: the last two stand as they were at the start. */
  readonly cov = new Float64Array(N * N);
  #timeS: number;

  constructor(start: Float64Array, { wheel }: PoseSettings) {
    this.#timeS = start[S.time]!;
    this.quaternion.set(start.subarray(S.q, S.q + 4));
    matrixOf(this.quaternion, 0, own);
    turn(this.quaternion, 0, 0, 0, -Math.atan2(own[3]!, own[0]!), false);
    this.cov[3 * N + 3] = start[S.cov + (E.gyroBias + 2) * (ERRORS + 1)]!;
    this.cov[4 * N + 4] = wheel.scaleSigma ** 2;
  }

  /** Up to the state's time, at its speed and rate; nothing where that is not later. */
  advance(s: Float64Array, { imu }: PoseSettings): void {
    const dt = s[S.time]! - this.#timeS;
    if (!(dt > 0)) return;
    this.#timeS = s[S.time]!;
    matrixOf(s, S.q, map);
    matrixOf(this.quaternion, 0, own);
    // Only the yaw drifts apart from the map's: roll and pitch are gravity's in both.
    const yaw = Math.atan2(own[3]!, own[0]!) - Math.atan2(map[3]!, map[0]!);
    const [c, n] = [Math.cos(yaw), Math.sin(yaw)];
    const dx = (c * s[S.v]! - n * s[S.v + 1]!) * dt;
    const dy = (n * s[S.v]! + c * s[S.v + 1]!) * dt;
    this.xyz[0]! += dx;
    this.xyz[1]! += dy;
    this.xyz[2]! += s[S.v + 2]! * dt;
    const known = s[S.inGap] === 0 ? dt : 0;
    turn(
      this.quaternion,
      0,
      (s[S.gyro]! - s[S.gyroBias]!) * known,
      (s[S.gyro + 1]! - s[S.gyroBias + 1]!) * known,
      (s[S.gyro + 2]! - s[S.gyroBias + 2]!) * known,
      true,
    );
    this.#levelLike();
    this.#spread(s, dt, dx, dy, imu.gyroNoiseRadpsRtHz);
  }

  /** Roll and pitch from the map's attitude (in `map`), yaw kept. */
  #levelLike(): void {
    matrixOf(this.quaternion, 0, own);
    const yaw = Math.atan2(own[3]!, own[0]!) - Math.atan2(map[3]!, map[0]!);
    const [c, n] = [Math.cos(yaw), Math.sin(yaw)];
    // Error of the up axis between the two, turned out in full: it is small.
    const upX = c * map[2]! - n * map[5]!;
    const upY = n * map[2]! + c * map[5]!;
    turn(this.quaternion, 0, own[5]! - upY, upX - own[2]!, 0, false);
  }

  #spread(s: Float64Array, dt: number, dx: number, dy: number, gyroNoise: number): void {
    const p = this.cov;
    for (let pass = 0; pass < 2; pass++) {
      const along = pass === 0 ? N : 1;
      const across = pass === 0 ? 1 : N;
      for (let i = 0; i < N; i++) {
        const o = i * across;
        p[o]! += -dy * p[o + 2 * along]! + dx * p[o + 4 * along]!;
        p[o + along]! += dx * p[o + 2 * along]! + dy * p[o + 4 * along]!;
        p[o + 2 * along]! -= dt * p[o + 3 * along]!;
      }
    }
    const speed = (s[S.cov + E.v * (ERRORS + 1)]! + s[S.cov + (E.v + 1) * (ERRORS + 1)]!) / 2;
    p[0]! += speed * SPEED_MEMORY_S * dt;
    p[N + 1]! += speed * SPEED_MEMORY_S * dt;
    p[2 * N + 2]! += gyroNoise ** 2 * dt;
  }
}
