/** Our mission items -> MAVLink mission items (MAV_CMD, https://mavlink.io/en/messages/common.html), for PX4 and ArduPilot alike. */
import type { GeoPoint, MissionItem, MissionOptions, Orbit } from "#edge-agent/vehicle-port.ts";
import type { RawItem } from "./api.ts";

/** MAV_FRAME_MISSION: no place. MAV_FRAME_GLOBAL_RELATIVE_ALT_INT: height above home. */
const noPlace = 2;
const aboveHome = 6;

const cmd = {
  waypoint: 16,
  returnHome: 20,
  jump: 177,
  speed: 178,
  interest: 195,
  gimbalPitchYaw: 1000,
  gimbalConfigure: 1001,
  photo: 2000,
  startVideo: 2500,
  stopVideo: 2501,
} as const;

export interface Stack {
  ardupilot: boolean;
  home?: GeoPoint;
}

export interface RawMission {
  items: RawItem[];
  /** For each of our items, the sequence number of its first raw item. */
  starts: number[];
}

class Builder {
  readonly items: RawItem[] = [];
  readonly #stack: Stack;

  constructor(stack: Stack) {
    this.#stack = stack;
    // ArduPilot keeps item 0 for home and ignores what is sent there.
    if (stack.ardupilot) this.place(cmd.waypoint, stack.home ?? { lat: 0, lon: 0 }, 0, [0, 0, 0, 0]);
  }

  place(command: number, at: GeoPoint, z: number, params: readonly [number, number, number, number]): void {
    this.#add(aboveHome, command, params, Math.round(at.lat * 1e7), Math.round(at.lon * 1e7), z);
  }

  action(command: number, params: readonly number[]): void {
    const [p1 = 0, p2 = 0, p3 = 0, p4 = 0, p5 = 0, p6 = 0, p7 = 0] = params;
    this.#add(noPlace, command, [p1, p2, p3, p4], p5, p6, p7);
  }

  #add(
    frame: number,
    command: number,
    params: readonly [number, number, number, number],
    x: number,
    y: number,
    z: number,
  ): void {
    const seq = this.items.length;
    // ArduPilot refuses a mission that holds NaN.
    const [param1, param2, param3, param4] = params.map((value) =>
      this.#stack.ardupilot && Number.isNaN(value) ? 0 : value,
    ) as [number, number, number, number];
    const head = { seq, frame, command, current: seq === 0 ? 1 : 0, autocontinue: 1 };
    this.items.push({ ...head, param1, param2, param3, param4, x, y, z, mission_type: 0 });
  }
}

export function missionItems(items: readonly MissionItem[], options: MissionOptions, stack: Stack): RawMission {
  const builder = new Builder(stack);
  const starts: number[] = [];
  let speedMS: number | undefined;
  let gimbalTaken = false;
  const { again, thenReturn } = options;
  for (const [index, item] of items.entries()) {
    starts.push(builder.items.length);
    // What is jumped back to states its speed, whatever was flown before it.
    if (index === again?.from) speedMS = undefined;
    if (item.speedMS !== undefined && item.speedMS !== speedMS) {
      speedMS = item.speedMS;
      builder.action(cmd.speed, [1, speedMS, -1, 0]);
    }
    if (item.gimbalPitchDeg !== undefined || item.gimbalYawDeg !== undefined) {
      // -2: whoever runs the mission takes the gimbal.
      if (!gimbalTaken) builder.action(cmd.gimbalConfigure, [-2, -2, -1, -1, 0, 0, 0]);
      gimbalTaken = true;
      // Roll and pitch locked to the horizon, yaw relative to the nose.
      builder.action(cmd.gimbalPitchYaw, [
        item.gimbalPitchDeg ?? 0,
        item.gimbalYawDeg ?? 0,
        Number.NaN,
        Number.NaN,
        4 | 8,
        0,
        0,
      ]);
    }
    const stayS = item.flyThrough === false ? Math.max(item.loiterS ?? 0, 0.5) : 0;
    builder.place(cmd.waypoint, item, item.relAltM, [stayS, item.acceptanceM ?? 2, 0, item.yawDeg ?? Number.NaN]);
    if (item.camera === "takePhoto") builder.action(cmd.photo, [0, 0, 1, Number.NaN]);
    if (item.camera === "startVideo") builder.action(cmd.startVideo, [0, 0]);
    if (item.camera === "stopVideo") builder.action(cmd.stopVideo, [0]);
    if (index === again?.through) builder.action(cmd.jump, [starts[again.from]!, again.times]);
  }
  if (thenReturn) builder.action(cmd.returnHome, []);
  return { items: builder.items, starts };
}

/** Points of a circle from the one nearest to `from`, flown round and round, with the camera and nose on the centre. */
export function orbitItems(orbit: Orbit, from: GeoPoint, relAltM: number, stack: Stack): RawMission {
  const builder = new Builder(stack);
  const perLatM = 111_320;
  const perLonM = perLatM * Math.cos((orbit.lat * Math.PI) / 180);
  const first = Math.atan2((from.lon - orbit.lon) * perLonM, (from.lat - orbit.lat) * perLatM);
  // A chord stays within 2 % of the radius with sixteen points.
  const points = 16;
  const turn = orbit.clockwise === false ? -1 : 1;
  builder.action(cmd.speed, [1, orbit.speedMS, -1, 0]);
  builder.place(cmd.interest, orbit, 0, [0, 0, 0, 0]);
  const start = builder.items.length;
  for (let i = 0; i < points; i++) {
    const bearing = first + (turn * 2 * Math.PI * i) / points;
    const at = {
      lat: orbit.lat + (orbit.radiusM * Math.cos(bearing)) / perLatM,
      lon: orbit.lon + (orbit.radiusM * Math.sin(bearing)) / perLonM,
    };
    const inward = ((((bearing * 180) / Math.PI + 180) % 360) + 360) % 360;
    builder.place(cmd.waypoint, at, relAltM, [0, Math.max(1, orbit.radiusM * 0.1), 0, inward]);
  }
  builder.action(cmd.jump, [start, stack.ardupilot ? -1 : 10_000]);
  return { items: builder.items, starts: [start] };
}
