/** The simulated autopilot: modes, arming, guidance and its own failsafes, stepped in simulated seconds. Frame: `body.ts`. */

import { type Battery, drain, powerW } from "./battery.ts";
import { atRest, type Body, type Limits, move, type Vector, type Wind } from "./body.ts";
import { checkFailsafes, type Failsafe } from "./failsafes.ts";
import { allows, type Fence } from "./fence.ts";
import { type Gnss, newGnss, wander } from "./gnss.ts";
import { guide } from "./guidance.ts";
import { MissionRun } from "./mission-run.ts";
import { byHand, type Mode } from "./modes.ts";
import { defaults, type Parameter } from "./params.ts";
import { type Origin, toLocal } from "./place.ts";
import { normal } from "./random.ts";

export type Landed = "ground" | "takingOff" | "air" | "landing";

export interface Sticks {
  /** -1 to 1, 0 at rest. */
  roll: number;
  pitch: number;
  yaw: number;
  /** -1 to 1, 0 in the middle. */
  throttle: number;
}

/** Why a request was refused; undefined: done. */
export type Refusal = string | undefined;

export interface Says {
  text(severity: number, text: string): void;
  modeChanged(): void;
}

export class Autopilot {
  readonly origin: Origin;
  /** Whose protocol it speaks; it flies the same. */
  stack: "px4" | "ardupilot" = "px4";
  readonly body: Body = atRest();
  readonly battery: Battery = { fraction: 1, voltageV: 0, currentA: 0 };
  /** What a charger brings to it while its motors are off. */
  chargerW = 0;
  readonly gnss: Gnss = newGnss();
  readonly params: Map<string, Parameter> = defaults();
  readonly wind: Wind & { gustN: number; gustE: number } = { n: 0, e: 0, gust: 0, gustN: 0, gustE: 0 };
  readonly rc: { fitted: boolean; present: boolean; seen: boolean; lostAtS: number; sticks: Sticks } = {
    fitted: true,
    present: true,
    seen: true,
    lostAtS: 0,
    sticks: { roll: 0, pitch: 0, yaw: 0, throttle: 0 },
  };
  /** Injected faults: a sensor that is false is unhealthy. */
  readonly sensors = { gyro: true, accelerometer: true, magnetometer: true };
  readonly mission = new MissionRun(this);
  fence: Fence = [];
  timeS = 0;
  mode: Mode = "hold";
  armed = false;
  armedAtS = 0;
  landed: Landed = "ground";
  landedAtS = 0;
  flewSinceArmed = false;
  home: Vector | undefined;
  target: Vector & { yaw?: number } = { n: 0, e: 0, u: 0 };
  takeoffU = 0;
  speedMS: number | undefined;
  circle: { centre: Vector; radiusM: number; speedMS: number; clockwise: boolean } | undefined;
  setpoint: { position?: Vector; velocity?: Vector; yaw?: number; atS: number } | undefined;
  gnssLostAtS: number | undefined;
  groundHeardAtS = -Infinity;
  failsafe: Failsafe | undefined;
  returnPhase: "climb" | "transit" | "descend" = "climb";
  readonly #says: Says;
  readonly #random: () => number;
  readonly #gnssSigmaM: number;

  constructor(origin: Origin, says: Says, random: () => number, gnssSigmaM: number) {
    this.origin = origin;
    this.#says = says;
    this.#random = random;
    this.#gnssSigmaM = gnssSigmaM;
    drain(this.battery, 9, 0);
  }

  param(name: string): number {
    return this.params.get(name)?.value ?? 0;
  }

  /** Where it believes to be. */
  get estimate(): Vector {
    const { position } = this.body;
    const { error } = this.gnss;
    // Height comes mostly from the barometer: a third of the receiver's error remains.
    return { n: position.n + error.n, e: position.e + error.e, u: position.u + error.u / 3 };
  }

  /** Position estimate good enough for automatic flight: dead reckoning lasts a second. */
  get positionValid(): boolean {
    return this.gnssLostAtS === undefined || this.timeS - this.gnssLostAtS < 1;
  }

  get limits(): Limits {
    const cruise = this.speedMS ?? this.param("MPC_XY_CRUISE");
    return {
      horizontalMS: Math.min(cruise, this.param("MPC_XY_VEL_MAX")),
      upMS: this.param("MPC_Z_V_AUTO_UP"),
      downMS: this.param("MPC_Z_V_AUTO_DN"),
      accelerationMS2: this.param("MPC_ACC_HOR"),
      airspeedMS: 17,
      yawRateRadS: (this.param("MPC_YAWRAUTO_MAX") * Math.PI) / 180,
    };
  }

  text(severity: number, text: string): void {
    this.#says.text(severity, text);
  }

  /** Why it would not arm now. */
  armingFault(): Refusal {
    if (!this.sensors.gyro) return "Preflight Fail: Gyro";
    if (!this.sensors.accelerometer) return "Preflight Fail: Accel";
    if (!this.sensors.magnetometer) return "Preflight Fail: Compass";
    if (!this.positionValid && this.param("COM_ARM_WO_GPS") === 0) return "Preflight Fail: no global position";
    if (this.battery.fraction < this.param("BAT_LOW_THR")) return "Preflight Fail: low battery";
    if (this.param("NAV_DLL_ACT") > 0 && this.timeS - this.groundHeardAtS > this.param("COM_DL_LOSS_T"))
      return "Preflight Fail: No connection to the ground control station";
    return undefined;
  }

  arm(force: boolean): Refusal {
    if (this.armed) return undefined;
    const fault = force ? undefined : this.armingFault();
    if (fault !== undefined) {
      this.text(4, `Arming denied: ${fault}`);
      return fault;
    }
    this.home = { ...this.estimate };
    this.armed = true;
    this.armedAtS = this.timeS;
    this.flewSinceArmed = false;
    this.failsafe = undefined;
    this.text(6, "Armed by external command");
    return undefined;
  }

  disarm(force: boolean): Refusal {
    if (!this.armed) return undefined;
    if (!force && this.landed !== "ground") {
      this.text(2, "Disarming denied: not landed");
      return "not landed";
    }
    this.armed = false;
    this.failsafe = undefined;
    this.circle = undefined;
    this.speedMS = undefined;
    this.text(6, "Disarmed");
    return undefined;
  }

  /** Changes the mode if the vehicle's state lets it. */
  setMode(mode: Mode, byFailsafe = false): Refusal {
    const needsPosition = mode !== "land" && !["altitude", "manual", "stabilized", "acro"].includes(mode);
    if (needsPosition && !this.positionValid) return "no global position";
    if (mode === "mission" && this.mission.total === 0) return "no valid mission";
    if (mode === "offboard" && (this.setpoint === undefined || this.timeS - this.setpoint.atS > 0.6))
      return "no offboard setpoints";
    if (!byFailsafe) this.failsafe = undefined;
    const here = this.estimate;
    if (mode === "hold" || mode === "position") this.target = { ...here, yaw: this.body.yaw };
    if (mode === "return") this.returnPhase = "climb";
    if (mode === "land") this.target = { ...here, yaw: this.body.yaw };
    if (mode === "mission") this.mission.start();
    if (mode !== "orbit") this.circle = undefined;
    if (this.mode !== mode) {
      this.mode = mode;
      this.#says.modeChanged();
    }
    return undefined;
  }

  takeOff(heightM: number): Refusal {
    if (!this.armed) return "not armed";
    if (this.landed !== "ground") return "already in the air";
    const refused = this.setMode("takeoff");
    if (refused !== undefined) return refused;
    this.target = { ...this.estimate, yaw: this.body.yaw };
    this.takeoffU = this.target.u + heightM;
    this.landed = "takingOff";
    return undefined;
  }

  goTo(lat: number, lon: number, altM: number, yaw: number | undefined): Refusal {
    const target = toLocal(this.origin, lat, lon, altM);
    if (!this.insideFence(target)) {
      this.text(4, "Reposition is outside geofence");
      return "outside geofence";
    }
    const here = this.estimate;
    const far = Math.hypot(target.n - here.n, target.e - here.e) > 2;
    const course = far ? Math.atan2(target.e - here.e, target.n - here.n) : this.body.yaw;
    const refused = this.setMode("hold");
    if (refused === undefined) this.target = { ...target, yaw: yaw ?? course };
    return refused;
  }

  insideFence(at: Vector): boolean {
    const home = this.home ?? { n: 0, e: 0, u: 0 };
    const across = this.param("GF_MAX_HOR_DIST");
    const above = this.param("GF_MAX_VER_DIST");
    if (across > 0 && Math.hypot(at.n - home.n, at.e - home.e) > across) return false;
    if (above > 0 && at.u - home.u > above) return false;
    return allows(this.fence, at);
  }

  step(dt: number): void {
    this.timeS += dt;
    this.#air(dt);
    if (this.gnss.available) this.gnssLostAtS = undefined;
    else this.gnssLostAtS ??= this.timeS;
    checkFailsafes(this);
    this.#pilot();
    const wanted = this.armed ? guide(this) : { n: 0, e: 0, u: -1, yaw: undefined };
    const resting = !this.armed || (this.landed === "ground" && wanted.u <= 0.05);
    if (resting && this.body.position.u <= 0) {
      this.body.velocity = { n: 0, e: 0, u: 0 };
      this.body.airspeed = Math.hypot(this.wind.n, this.wind.e);
    } else if (!this.armed) {
      this.body.velocity.u = Math.max(-25, this.body.velocity.u - 9.8 * dt);
      this.body.position.u = Math.max(0, this.body.position.u + this.body.velocity.u * dt);
    } else move(this.body, wanted, this.wind, this.limits, 0, dt);
    const takenW = powerW(this.armed && !resting, this.body.airspeed, this.body.velocity.u);
    drain(this.battery, takenW - (this.armed || this.battery.fraction >= 1 ? 0 : this.chargerW), dt);
    this.#landedState();
    if (this.battery.fraction <= 0 && this.armed) {
      this.text(0, "Battery empty, motors stopped");
      this.disarm(true);
    }
  }

  #air(dt: number): void {
    const keep = Math.exp(-dt / 3);
    const kick = Math.sqrt(1 - keep * keep) * this.wind.gust;
    this.wind.gustN = this.wind.gustN * keep + normal(this.#random) * kick;
    this.wind.gustE = this.wind.gustE * keep + normal(this.#random) * kick;
    wander(this.gnss, this.#gnssSigmaM, this.#random, dt);
  }

  /** Sticks moved in an automatic mode give the vehicle to the pilot (COM_RC_OVERRIDE). */
  #pilot(): void {
    const { present, sticks } = this.rc;
    if (!present || !this.armed || byHand.includes(this.mode) || this.landed === "ground") return;
    const limit = this.param("COM_RC_STICK_OV") / 100;
    const moved = Math.max(Math.abs(sticks.roll), Math.abs(sticks.pitch), Math.abs(sticks.yaw));
    const bit = this.mode === "offboard" ? 2 : 1;
    if ((this.param("COM_RC_OVERRIDE") & bit) === 0 || moved < limit) return;
    if (this.setMode(this.positionValid ? "position" : "altitude") === undefined)
      this.text(6, "Pilot took over using sticks");
  }

  #landedState(): void {
    const { position } = this.body;
    const flying = position.u > 0.5;
    const coming = ["land", "return", "mission"].includes(this.mode) || byHand.includes(this.mode);
    if (this.landed === "ground" && flying) {
      this.landed = this.mode === "takeoff" ? "takingOff" : "air";
      this.flewSinceArmed = true;
    } else if (this.landed === "takingOff" && flying && this.mode !== "takeoff") this.landed = "air";
    else if (this.landed === "landing" && flying && !coming) this.landed = "air";
    else if (position.u <= 0.02 && this.flewSinceArmed && this.landed !== "ground" && (coming || !this.armed)) {
      this.landed = "ground";
      this.landedAtS = this.timeS;
      this.text(6, "Landing detected");
    }
    if (this.landed === "takingOff" && flying) this.flewSinceArmed = true;
    if (!this.armed || this.landed !== "ground") return;
    const limitS = this.param(this.flewSinceArmed ? "COM_DISARM_LAND" : "COM_DISARM_PRFLT");
    const sinceS = this.timeS - (this.flewSinceArmed ? this.landedAtS : this.armedAtS);
    if (limitS >= 0 && sinceS >= limitS) this.disarm(true);
  }
}
