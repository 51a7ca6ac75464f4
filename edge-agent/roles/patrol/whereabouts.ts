/** The robot's pose as it grows out of what its body measures, on the body's own clock, and what the bus is told of it. */
import { ulid } from "ulid";
import type { RobotPose } from "#contract/robot.ts";
import { utcOfNs } from "#contract/units.ts";
import { PoseFilter } from "#core/fusion/pose-filter.ts";
import { type PoseSettings, streetRobot } from "#core/fusion/pose-settings.ts";
import { gnssFixOf, type PoseEstimate, type PushOutcome } from "#core/fusion/pose-types.ts";
import type { Frame } from "#core/localise/geo.ts";
import { ellipseOf } from "#core/localise/uncertainty.ts";
import type { Measure } from "../../robot-port.ts";
import type { PatrolConfig } from "./config.ts";

/** Odometry of the last seconds, for what was seen a moment ago. */
const KEPT_S = 3;
/** A fix this old steers nothing any more: the pose lives on wheels and gyro. */
const GNSS_LOST_S = 5;
const RAD = Math.PI / 180;

export interface OdometryAt {
  timeS: number;
  xM: number;
  yM: number;
  yawRad: number;
}

export class Whereabouts {
  readonly #settings: PoseSettings;
  readonly #start: PatrolConfig["start"];
  readonly #frame: Frame;
  #filter: PoseFilter | undefined;
  #estimate: PoseEstimate | undefined;
  #odometry: OdometryAt[] = [];
  #lastGnssOutcome: PushOutcome | undefined;
  why = "waiting for the inertial sensor";

  constructor(config: Pick<PatrolConfig, "start" | "pose">, frame: Frame) {
    const { gnss, wheel } = config.pose;
    this.#settings = {
      ...streetRobot,
      gnss: { ...streetRobot.gnss, ...gnss },
      wheel: { ...streetRobot.wheel, ...wheel },
    };
    this.#start = config.start;
    this.#frame = frame;
  }

  take(measure: Measure): void {
    if (measure.sensor === "range") return;
    const filter = (this.#filter ??= this.#begun(measure.timeS));
    if (measure.sensor === "imu") filter.imu(measure);
    else if (measure.sensor === "wheels")
      filter.wheel({ timeS: measure.timeS, forwardMps: measure.forwardMps, yawRateRadps: measure.yawRateRadps });
    else this.#lastGnssOutcome = filter.gnss(gnssFixOf(this.#frame, measure));
  }

  /** Reads the filter anew; undefined while it aligns, `why` says what is missing. */
  refresh(): PoseEstimate | undefined {
    const reading = this.#filter?.read();
    if (reading?.kind === "aligning") this.why = reading.why;
    this.#estimate = reading?.kind === "pose" ? reading.pose : undefined;
    if (this.#estimate) {
      const { timeS, odom } = this.#estimate;
      this.#odometry.push({ timeS, xM: odom.xyzM[0], yM: odom.xyzM[1], yawRad: odom.yawRad });
      while (this.#odometry[0] && this.#odometry[0].timeS < timeS - KEPT_S) this.#odometry.shift();
    }
    return this.#estimate;
  }

  get estimate(): PoseEstimate | undefined {
    return this.#estimate;
  }

  /** The smooth pose at a moment of the last seconds, between what was read before and after it. */
  odometryAt(timeS: number): OdometryAt | undefined {
    const after = this.#odometry.findIndex((each) => each.timeS >= timeS);
    if (after < 0) return this.#odometry.at(-1);
    const b = this.#odometry[after]!;
    const a = this.#odometry[after - 1];
    if (!a || b.timeS === a.timeS) return b;
    const share = (timeS - a.timeS) / (b.timeS - a.timeS);
    const turn = Math.atan2(Math.sin(b.yawRad - a.yawRad), Math.cos(b.yawRad - a.yawRad));
    return {
      timeS,
      xM: a.xM + share * (b.xM - a.xM),
      yM: a.yM + share * (b.yM - a.yM),
      yawRad: a.yawRad + share * turn,
    };
  }

  message(node: string, utcNs: bigint, tickMs: number): RobotPose | undefined {
    const pose = this.#estimate;
    if (!pose) return undefined;
    const [eastM, northM] = pose.map.xyzM;
    const { lat, lon } = this.#frame.toWgs84(eastM, northM, this.#frame.origin.altM);
    const of = (row: number, column: number) => pose.mapCovariance[6 * row + column]!;
    return {
      v: 1,
      id: ulid(),
      node,
      at: utcOfNs(utcNs),
      tickMs,
      lat,
      lon,
      ellipse95: ellipseOf(of(0, 0), of(0, 1), of(1, 1)),
      headingDeg: headingOf(pose.map.yawRad),
      headingSigmaDeg: pose.yawSigmaRad / RAD,
      speedMps: pose.velocityMps[0],
      yawRateDegS: pose.rateRadps[2] / RAD,
      // A heading grows clockwise, a yaw counter-clockwise.
      covariance: [of(0, 0), of(0, 1), -of(0, 5), of(1, 1), -of(1, 5), of(5, 5)],
      odometry: { xM: pose.odom.xyzM[0], yM: pose.odom.xyzM[1], yawDeg: pose.odom.yawRad / RAD },
      gnss: this.#gnss(pose.gnssAgeS),
      rejected: rejectedOf(pose),
    };
  }

  #gnss(ageS: number): RobotPose["gnss"] {
    if (!Number.isFinite(ageS)) return { state: "never" };
    if (ageS > GNSS_LOST_S) return { state: "lost", ageS };
    return { state: this.#lastGnssOutcome === "rejected" ? "rejected" : "used", ageS: Math.max(0, ageS) };
  }

  #begun(timeS: number): PoseFilter {
    if (!this.#start) return new PoseFilter(this.#settings);
    const { lat, lon, headingDeg, sigmaM, sigmaDeg } = this.#start;
    const { eastM, northM } = this.#frame.toLocal(lat, lon, this.#frame.origin.altM);
    return new PoseFilter(this.#settings, {
      timeS,
      enuM: [eastM, northM, 0],
      velocityMps: [0, 0, 0],
      rpyRad: [0, 0, (90 - headingDeg) * RAD],
      sigmaM: [sigmaM, sigmaM, 1],
      velocitySigmaMps: [0.1, 0.1, 0.1],
      rpySigmaRad: [0.03, 0.03, sigmaDeg * RAD],
    });
  }
}

/** Clockwise from north, 0 to 360, of a yaw from east. */
export function headingOf(yawRad: number): number {
  const heading = (90 - yawRad / RAD) % 360;
  return heading < 0 ? heading + 360 : heading;
}

function rejectedOf({ counts }: PoseEstimate): Record<string, number> {
  const rejected: Record<string, number> = {};
  for (const sensor of ["imu", "wheel", "gnss"] as const) {
    for (const fate of ["rejected", "late", "bad"] as const) {
      if (counts[sensor][fate] > 0) rejected[`${sensor}.${fate}`] = counts[sensor][fate];
    }
  }
  if (counts.slips > 0) rejected["wheel.slips"] = counts.slips;
  return rejected;
}
