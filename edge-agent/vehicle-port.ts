/**
 * A flying vehicle as roles see it: what it says of itself, what it can be told, and who told it.
 * Real: `devices/mavsdk/vehicle.ts` (PX4, ArduPilot over MAVSDK). Fake: `devices/fake-vehicle.ts`. Both run `vehicleBehaves`.
 *
 * Degrees WGS84, metres, metres per second, seconds. `absAltM` is above mean sea level, `relAltM` above the home point;
 * height above ground is the caller's business (terrain data). Instants `...AtMs` are monotonic milliseconds (`performance.now()`),
 * untouched by a step of the wall clock. A field that was never heard is undefined, never 0 and never NaN.
 */

/** Flight modes of PX4 and ArduPilot brought to one list; `raw` of a change keeps the autopilot's own number. */
export type FlightMode =
  | "hold" // PX4 Hold; ArduPilot GUIDED without target, LOITER, BRAKE
  | "takeoff"
  | "mission" // PX4 Mission; ArduPilot AUTO
  | "offboard" // PX4 Offboard
  | "guided" // ArduPilot GUIDED: obeys positions that we send
  | "orbit"
  | "return"
  | "land"
  | "follow"
  | "precland"
  | "position" // a person flies: PX4 Position, ArduPilot POSHOLD
  | "altitude" // a person flies: PX4 Altitude, ArduPilot ALT_HOLD
  | "stabilized" // a person flies
  | "acro" // a person flies
  | "manual" // a person flies
  | "other";

/** Modes in which a person's sticks fly the vehicle. */
export const pilotModes: readonly FlightMode[] = ["position", "altitude", "stabilized", "acro", "manual"];

export type LandedState = "ground" | "takingOff" | "air" | "landing";

/**
 * `absent`: no vehicle since start. `up`: heard within the last second or so. `lost`: was there, is silent.
 * `driver`: the program between us and the vehicle is down and being restarted; the vehicle may well fly on.
 */
export type LinkState = "absent" | "up" | "lost" | "driver";

export interface VehicleIdentity {
  autopilot: "px4" | "ardupilot" | "other";
  /** MAVLink system id. */
  systemId: number;
  /** Hardware UID of the autopilot, hexadecimal; the same vehicle has the same one after every restart. */
  uid?: string;
  vendor?: string;
  product?: string;
  /** Flight software, `major.minor.patch`. */
  flightSoftware?: string;
}

export interface GnssState {
  fix: "none" | "2d" | "3d" | "dgps" | "rtkFloat" | "rtkFixed";
  satellites: number;
  hdop?: number;
  vdop?: number;
  /** One-sigma-like accuracies as the receiver states them. */
  horizontalM?: number;
  verticalM?: number;
}

export interface BatteryState {
  /** Charge left, 0 to 1. */
  fraction: number;
  voltageV?: number;
  currentA?: number;
  temperatureC?: number;
  timeRemainingS?: number;
}

/** `armable`: the autopilot itself would accept an arm command now. */
export type HealthState = Record<
  "gyro" | "accelerometer" | "magnetometer" | "localPosition" | "globalPosition" | "homePosition" | "armable",
  boolean
>;

export interface VehicleState {
  link: LinkState;
  /** Seconds since the vehicle's last heartbeat, computed when the snapshot is taken; Infinity before the first. */
  linkAgeS: number;
  /** When this snapshot was taken. */
  atMs: number;
  identity?: VehicleIdentity;
  position?: { lat: number; lon: number; absAltM: number; relAltM: number; atMs: number };
  velocity?: { northMS: number; eastMS: number; downMS: number };
  /** Clockwise from true north, 0 to 360. */
  headingDeg?: number;
  attitude?: { rollDeg: number; pitchDeg: number; yawDeg: number };
  battery?: BatteryState;
  gnss?: GnssState;
  mode?: FlightMode;
  armed?: boolean;
  inAir?: boolean;
  landed?: LandedState;
  health?: HealthState;
  /** The on-site pilot's transmitter. */
  rc?: { available: boolean; signalFraction?: number };
  /** Wind estimated by the vehicle: where it comes from, and its speed. Not every autopilot states one. */
  wind?: { speedMS: number; fromDeg: number; sigmaMS?: number };
  home?: { lat: number; lon: number; absAltM: number };
  mission?: { current: number; total: number; finished: boolean };
  /** Camera axis: pitch below the horizon is negative; yaw clockwise from north. */
  gimbal?: { pitchDeg: number; yawDeg: number };
  camera?: { recording: boolean; photos: number };
  /** Last messages of the autopilot, newest last, at most 20. */
  texts: readonly VehicleText[];
  counters: VehicleCounters;
}

export interface VehicleText {
  severity: "emergency" | "alert" | "critical" | "error" | "warning" | "notice" | "info" | "debug";
  text: string;
  atMs: number;
}

/** Since start: restarts of the program between us and the vehicle, losses of its link, commands, refusals, streams opened again after a fault. */
export type VehicleCounters = Record<
  "driverRestarts" | "linkLosses" | "commands" | "refused" | "streamRestarts",
  number
>;

/**
 * Who changed the mode.
 * - `commanded`: a command of this port, within its time.
 * - `natural`: the end of what was commanded (takeoff -> hold, mission -> hold, landed).
 * - `failsafe`: the autopilot says that a failsafe acts (system status critical, or its text).
 * - `pilot`: into a mode that a person's sticks fly.
 * - `external`: none of these: a switch on the transmitter, another ground station, or a failsafe that did not say so.
 * Autonomy yields to everything that is neither `commanded` nor `natural`.
 */
export type ModeCause = "commanded" | "natural" | "failsafe" | "pilot" | "external";

export interface ModeChange {
  from: FlightMode | undefined;
  to: FlightMode;
  cause: ModeCause;
  /** True for `commanded` and `natural`. */
  ours: boolean;
  /** What the cause was concluded from, for the timeline. */
  evidence: string;
  /** Autopilot's own mode number (MAVLink custom_mode). */
  raw: number;
  atMs: number;
}

/** The on-site pilot moved a stick by more than the dead band while the vehicle was not already flown by hand. */
export interface StickInput {
  source: "rc" | "manualControl";
  /** Largest deflection from the position at rest, 0 to 1 of half the travel. */
  deflection: number;
  atMs: number;
}

/** Another aircraft, by ADS-B (MAVLink ADSB_VEHICLE). */
export interface Traffic {
  icao: number;
  callsign: string;
  lat: number;
  lon: number;
  absAltM?: number;
  headingDeg?: number;
  speedMS?: number;
  climbMS?: number;
  /** Seconds since the aircraft itself was last heard, as the receiver states it. */
  ageS: number;
  atMs: number;
}

/**
 * Why a command was not done.
 * `link`: no vehicle, or the driver is down; nothing was sent. `denied`: the vehicle refused (its reason in `detail`).
 * `state`: refused here, the vehicle's state forbids it (disarm in the air, takeoff when not armed). `busy`: it is on another command.
 * `timeout`: sent, no answer: it may or may not act. `unsupported`: this vehicle cannot. `input`: an argument is out of range. `failed`: anything else.
 */
export type RefusalWhy = "link" | "denied" | "state" | "busy" | "timeout" | "unsupported" | "input" | "failed";
export type Refused = { ok: false; why: RefusalWhy; detail: string };
/** Outcome of a command. Commands never throw for what a vehicle or a link can do. */
export type CommandResult<T = unknown> = ({ ok: true } & T) | Refused;

export type GeoPoint = { lat: number; lon: number };

export interface MissionItem extends GeoPoint {
  relAltM: number;
  speedMS?: number;
  /** Do not stop at the point. Default true. */
  flyThrough?: boolean;
  /** Seconds to stay at the point (with `flyThrough: false`). */
  loiterS?: number;
  /** Distance at which the point counts as reached. Default 2. */
  acceptanceM?: number;
  yawDeg?: number;
  gimbalPitchDeg?: number;
  gimbalYawDeg?: number;
  camera?: "takePhoto" | "startVideo" | "stopVideo";
}

export interface MissionOptions {
  thenReturn?: boolean; // after the last item
  /** After item `through` it goes back to item `from`, `times` times, before it goes on. */
  again?: { from: number; through: number; times: number };
}

export interface Orbit extends GeoPoint {
  absAltM: number;
  radiusM: number;
  speedMS: number;
  /** Default true. */
  clockwise?: boolean;
}

export interface Geofence {
  /** Each with at least 3 corners, not closed. */
  polygons?: readonly { kind: "inclusion" | "exclusion"; points: readonly GeoPoint[] }[];
  circles?: readonly { kind: "inclusion" | "exclusion"; centre: GeoPoint; radiusM: number }[];
}

export type FailsafeAction = "none" | "warn" | "hold" | "return" | "land" | "terminate" | "other";

/** The autopilot's own failsafes, read from its parameters and brought to one form; `raw` holds each parameter read, by its name. */
export interface Failsafes {
  dataLinkLoss?: { action: FailsafeAction; afterS?: number };
  rcLoss?: { action: FailsafeAction; afterS?: number };
  batteryLow?: { action: FailsafeAction; atFraction?: number };
  batteryCritical?: { action: FailsafeAction; atFraction?: number };
  geofence?: { action: FailsafeAction };
  /** Height above home at which it comes home. */
  returnHeightM?: number;
  /** Whether moving a stick in an autonomous mode gives the vehicle to the pilot. */
  stickOverride?: boolean;
  raw: Readonly<Record<string, number>>;
}

export interface Vehicle {
  readonly name: string;
  /** The newest snapshot; a new, frozen object each time something was heard. Never throws. */
  readonly state: VehicleState;
  /** Called at most `stateHz` (default 10) times a second while things change, and at least twice a second always. Returns its off switch. */
  onState(listener: (state: VehicleState) => void): () => void;
  /** Every change of flight mode, with who made it; within 1 s of the change while the link is up, and on reconnection for changes missed. */
  onModeChange(listener: (change: ModeChange) => void): () => void;
  /** Sticks moved by a person, at most twice a second. */
  onStick(listener: (input: StickInput) => void): () => void;
  /** ADS-B traffic, as heard. */
  onTraffic(listener: (traffic: Traffic) => void): () => void;
  onText(listener: (text: VehicleText) => void): () => void;
  onLink(listener: (link: LinkState) => void): () => void;
  /** Resolves at the first `up` (vehicle heard, every plugin touched, streams running); rejects with `Fault` when the signal aborts first. */
  ready(signal?: AbortSignal): Promise<void>;
  /** Arms on the ground. `denied` carries the autopilot's own reasons. Already armed is ok. */
  arm(): Promise<CommandResult>;
  /** Disarms on the ground; in the air it is refused here (`state`) and nothing is sent. Already disarmed is ok. */
  disarm(): Promise<CommandResult>;
  /** Climbs to `heightM` (1 to 500) above the take-off point, then holds. Needs armed and on the ground. Resolves when accepted. */
  takeOff(heightM: number): Promise<CommandResult>;
  /** Flies to a point and holds there; yaw undefined keeps the autopilot's choice. Also resumes from hold. Resolves when accepted. */
  goTo(target: GeoPoint & { absAltM: number; yawDeg?: number }): Promise<CommandResult>;
  /** Horizontal speed of what follows (goTo, mission), m/s; where the vehicle has no such command: `unsupported`. */
  setSpeed(speedMS: number): Promise<CommandResult>;
  /** Stops and stays where it is. */
  hold(): Promise<CommandResult>;
  /** Comes home by the autopilot's own return: also works when our software dies next. */
  returnToLaunch(): Promise<CommandResult>;
  /** Lands where it is. */
  land(): Promise<CommandResult>;
  /**
   * Circles a place, nose to the centre. By the vehicle's own orbit, or where it has none by a looped mission round the circle:
   * never by a stream of set-points, so that a dead companion leaves a vehicle whose own failsafes hold. `how` says which.
   */
  orbit(orbit: Orbit): Promise<CommandResult<{ how: "native" | "mission" }>>;
  /** Replaces the mission on the vehicle (1 to 500 items). */
  uploadMission(items: readonly MissionItem[], options?: MissionOptions): Promise<CommandResult>;
  /** Starts, or goes on from `fromItem` (default: where it stood). Retries for 2 s while PX4 still digests an upload. */
  startMission(fromItem?: number): Promise<CommandResult>;
  clearMission(): Promise<CommandResult>;
  /** Replaces the geofence on the vehicle, read back and compared. */
  setGeofence(fence: Geofence): Promise<CommandResult>;
  /** Reads the vehicle's geofence and compares: is it this one? */
  holdsGeofence(fence: Geofence): Promise<CommandResult<{ same: boolean }>>;
  clearGeofence(): Promise<CommandResult>;
  /** Pitch -90 (down) to 45; yaw relative to the nose (`body`) or clockwise from north. */
  pointGimbal(aim: { pitchDeg: number; yawDeg: number; frame?: "body" | "north" }): Promise<CommandResult>;
  /** Keeps the camera on a place while the vehicle moves. */
  lookAt(target: GeoPoint & { absAltM: number }): Promise<CommandResult>;
  takePhoto(): Promise<CommandResult>;
  startVideo(): Promise<CommandResult>;
  stopVideo(): Promise<CommandResult>;
  /** 0 (wide) to 100 (tele). */
  zoom(percent: number): Promise<CommandResult>;
  getParam(name: string): Promise<CommandResult<{ value: number; type: "int" | "float" }>>;
  /** Sets and reads back; `denied` when the vehicle kept another value. */
  setParam(name: string, value: number): Promise<CommandResult>;
  /** All parameters by name; seconds over a thin link. */
  allParams(): Promise<CommandResult<{ params: ReadonlyMap<string, number> }>>;
  /** The failsafes for preflight, PX4's or ArduPilot's names alike. */
  failsafes(): Promise<CommandResult<{ failsafes: Failsafes }>>;
  /** Cuts the motors at once, in the air too: the vehicle falls. The rule who may, and when, is the caller's (`core/handoff`). */
  cutMotors(): Promise<CommandResult>;
  /** Lets go of the vehicle: it flies on by itself, its data-link failsafe acts. Ends the driver. Idempotent. */
  close(): Promise<void>;
}
