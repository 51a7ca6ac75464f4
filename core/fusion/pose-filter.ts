/**
 * Where a robot is: an error-state Kalman filter over wheel odometry, inertial sensor and GNSS. Takes measurements in any order within
 * its buffer: the result is that of taking them in the order of their times.
 */
import { Alignment } from "./alignment.ts";
import { takeGnss } from "./gnss-update.ts";
import { Odometry } from "./odometry.ts";
import { estimateOf } from "./pose-estimate.ts";
import { EVENT_LENGTH, KIND, PoseHistory } from "./pose-history.ts";
import { checkPoseSettings, type PoseSettings, streetRobot } from "./pose-settings.ts";
import { S, stateAt } from "./pose-state.ts";
import type {
  GnssFix,
  ImuSample,
  PoseCounts,
  PoseReading,
  PoseStart,
  PushOutcome,
  SensorCounts,
  WheelSample,
} from "./pose-types.ts";
import { carry } from "./strapdown.ts";
import { takeWheel } from "./wheel-update.ts";

/** A time further ahead than this is taken for a fault of its clock; said so often in a row, the clock was set anew. */
const FAR_AHEAD_S = 10;
const FAR_AHEAD_TIMES = 20;
/** Too late so often with nothing in time between: the clock was set back. */
const LATE_TIMES = 200;
const LATE = 0;
const REPEAT = 1;
const BAD = 2;
const REPLAYED = 3;

const mean = new Float64Array(6);

export class PoseFilter {
  readonly #settings: PoseSettings;
  readonly #event = new Float64Array(EVENT_LENGTH);
  /** Late, repeat, bad, replayed of each kind. */
  readonly #fates = new Uint32Array(12);
  #alignment = new Alignment();
  /** Measurements since the start was sought, for the moment when it is found. */
  #waiting: Float64Array[] = [];
  #history: PoseHistory | undefined;
  #odometry: Odometry | undefined;
  #ahead = 0;
  #lateInARow = 0;
  #restarts = 0;

  /** Throws `Fault` "config" where settings cannot be. Without `start` it aligns itself. */
  constructor(settings: PoseSettings = streetRobot, start?: PoseStart) {
    checkPoseSettings(settings);
    this.#settings = settings;
    if (start) this.#begin(start);
  }

  imu(sample: ImuSample): PushOutcome {
    this.#fill(sample.timeS, KIND.imu);
    for (let i = 0; i < 3; i++) {
      this.#event[2 + i] = sample.gyroRadps[i]!;
      this.#event[5 + i] = sample.accelMps2[i]!;
    }
    if (!this.#finite(8)) return this.#bad(KIND.imu);
    if (!this.#history) this.#alignment.imu(sample);
    return this.#push();
  }

  wheel(sample: WheelSample): PushOutcome {
    this.#fill(sample.timeS, KIND.wheel);
    this.#event[2] = sample.forwardMps;
    this.#event[4] = sample.sidewaysMps ?? 0;
    this.#event[5] = sample.upwardMps ?? 0;
    if (!this.#finite(6)) return this.#bad(KIND.wheel);
    this.#event[3] = sample.yawRateRadps ?? Number.NaN;
    if (!this.#history) this.#alignment.wheel(sample);
    return this.#push();
  }

  gnss(fix: GnssFix): PushOutcome {
    this.#fill(fix.timeS, KIND.gnss);
    const { velocityMps, velocitySigmaMps } = fix;
    const moves = velocityMps !== undefined && velocitySigmaMps !== undefined;
    for (let i = 0; i < 3; i++) {
      this.#event[2 + i] = fix.enuM[i]!;
      this.#event[5 + i] = fix.sigmaM[i]!;
      if (!(fix.sigmaM[i]! > 0)) return this.#bad(KIND.gnss);
      if (moves) {
        this.#event[8 + i] = velocityMps[i]!;
        this.#event[11 + i] = velocitySigmaMps[i]!;
        if (!(velocitySigmaMps[i]! > 0)) return this.#bad(KIND.gnss);
      }
    }
    if (!this.#finite(moves ? 14 : 8)) return this.#bad(KIND.gnss);
    if (!moves) this.#event.fill(Number.NaN, 8);
    const outcome = this.#push();
    if (!this.#history) {
      const start = this.#alignment.gnss(fix);
      if (start) this.#begin(start);
    }
    return outcome;
  }

  /** Of the newest measurement's time. */
  read(): PoseReading {
    const counts = this.#counts();
    if (!this.#history || !this.#odometry) return { kind: "aligning", why: this.#alignment.why, counts };
    return { kind: "pose", pose: estimateOf(this.#history.state, this.#odometry, counts) };
  }

  #begin(start: PoseStart): void {
    const settings = this.#settings;
    const state = stateAt(start, settings, this.#alignment.gyroBias);
    this.#odometry = new Odometry(state, settings);
    this.#history = new PoseHistory(state, settings.bufferLength, settings.bufferS, (s, events, at) =>
      applyEvent(s, events, at, settings),
    );
    // The fix that gave the start must not be taken twice.
    const later = this.#waiting.filter((event) => event[0]! > start.timeS);
    this.#waiting = [];
    for (const event of later) {
      this.#event.set(event);
      this.#push();
    }
  }

  #fill(timeS: number, kind: number): void {
    this.#event.fill(0);
    this.#event[0] = timeS;
    this.#event[1] = kind;
  }

  #finite(until: number): boolean {
    for (let i = 0; i < until; i++) if (!Number.isFinite(this.#event[i]!)) return false;
    return true;
  }

  #bad(kind: number): PushOutcome {
    this.#fates[kind * 4 + BAD]!++;
    return "bad";
  }

  #push(): PushOutcome {
    const kind = this.#event[1]!;
    const history = this.#history;
    if (!history) {
      if (this.#waiting.length === this.#settings.bufferLength) this.#waiting.shift();
      this.#waiting.push(Float64Array.from(this.#event));
      return "aligning";
    }
    if (this.#event[0]! > history.newestS + FAR_AHEAD_S) {
      if (++this.#ahead < FAR_AHEAD_TIMES) return this.#bad(kind);
      return this.#restart();
    }
    this.#ahead = 0;
    const fate = history.push(this.#event);
    if (fate !== "late") this.#lateInARow = 0;
    this.#odometry?.advance(history.state, this.#settings);
    switch (fate) {
      case "late":
        this.#fates[kind * 4 + LATE]!++;
        return ++this.#lateInARow < LATE_TIMES ? fate : this.#restart();
      case "repeat":
        this.#fates[kind * 4 + REPEAT]!++;
        return fate;
      case "used-replayed":
      case "rejected-replayed":
        this.#fates[kind * 4 + REPLAYED]!++;
        return fate === "used-replayed" ? "used" : "rejected";
      default:
        return fate;
    }
  }

  /** What was known is of another time: to carry it over hours would leave nothing of it. */
  #restart(): PushOutcome {
    this.#history = undefined;
    this.#odometry = undefined;
    this.#alignment = new Alignment();
    this.#ahead = 0;
    this.#lateInARow = 0;
    this.#restarts++;
    return "aligning";
  }

  #counts(): PoseCounts {
    const s = this.#history?.state;
    const at = (field: number) => s?.[field] ?? 0;
    const of = (kind: number, taken: number, rejected: number): SensorCounts => ({
      used: taken - rejected,
      rejected,
      late: this.#fates[kind * 4 + LATE]!,
      repeat: this.#fates[kind * 4 + REPEAT]!,
      bad: this.#fates[kind * 4 + BAD]!,
      replayed: this.#fates[kind * 4 + REPLAYED]!,
    });
    return {
      imu: of(KIND.imu, at(S.imuCount), 0),
      wheel: of(KIND.wheel, at(S.wheelCount), at(S.wheelRejected)),
      gnss: of(KIND.gnss, at(S.gnssCount), at(S.gnssRejected)),
      gnssPositionRejected: at(S.positionRejected),
      gnssVelocityRejected: at(S.velocityRejected),
      slips: at(S.slips),
      reacquired: at(S.reacquired),
      imuGaps: at(S.imuGaps),
      restarts: this.#restarts,
    };
  }
}

/** Takes one event of the history into the state. */
function applyEvent(s: Float64Array, events: Float64Array, at: number, settings: PoseSettings): boolean {
  const time = events[at]!;
  if (events[at + 1] === KIND.imu) {
    const fresh = Number.isNaN(s[S.imuTime]!) || time - s[S.imuTime]! > settings.imu.holdS;
    // Between two samples the motion is their mean; the first after a gap stands for itself from its time on.
    for (let i = 0; i < 6; i++) mean[i] = fresh ? s[S.gyro + i]! : (s[S.gyro + i]! + events[at + 2 + i]!) / 2;
    carry(s, time, mean, 0, settings);
    for (let i = 0; i < 6; i++) s[S.gyro + i] = events[at + 2 + i]!;
    s[S.imuTime] = time;
    s[S.inGap] = 0;
    s[S.imuCount]!++;
    return true;
  }
  carry(s, time, s, S.gyro, settings);
  if (events[at + 1] === KIND.wheel) return takeWheel(s, events, at + 2, settings);
  return takeGnss(s, events, at + 2, settings);
}
