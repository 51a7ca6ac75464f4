/**
 * A pretend multirotor that speaks MAVLink 2 as PX4 does, to whatever listens on a UDP port: the real mavsdk_server, QGroundControl.
 * Truth is readable, faults are made on demand. It shares no code with what it is a test of.
 */
import { common, minimal } from "node-mavlink";
import { copterDefaults, copterRatesHz, follow } from "./ardupilot.ts";
import { Autopilot, type Sticks } from "./autopilot.ts";
import { camera, gimbal } from "./camera-messages.ts";
import { type Bench, commandOf, obey } from "./commands.ts";
import { fenceOf } from "./fence.ts";
import { defaultRatesHz, make, type Sources, speakers } from "./message.ts";
import { MissionStore, missionTypes } from "./mission-store.ts";
import type { Mode } from "./modes.ts";
import { ParamServer } from "./param-server.ts";
import { cameraComponent, gimbalComponent, Payload } from "./payload.ts";
import { seeded } from "./random.ts";
import { takeSetpoint } from "./setpoints.ts";
import { makers } from "./telemetry.ts";
import { type Aircraft, adsbVehicle } from "./traffic.ts";
import { truthOf, type VehicleTruth } from "./truth.ts";
import { type Received, Wire } from "./wire.ts";

export interface VehicleOptions {
  /** Where it stands when switched on; ground height above mean sea level. */
  home: { lat: number; lon: number; absAltM: number };
  /** Where the ground station listens: `mavsdk_server udpin://0.0.0.0:PORT`. */
  udpPort: number;
  host?: string;
  systemId?: number;
  seed?: number;
  wind?: { speedMS: number; fromDeg: number; gustMS?: number };
  batteryFraction?: number;
  /** Stationary sigma of the receiver's horizontal error; default 0.8. */
  gnssSigmaM?: number;
  /** Simulated seconds a second; default 1. */
  speed?: number;
  /** Parameter values that differ from `params.ts`. */
  params?: Readonly<Record<string, number>>;
  /** Whether an RC receiver is fitted and its transmitter on; default both. */
  rc?: { fitted: boolean; present: boolean };
  headingDeg?: number;
  /** Seconds after an upload in which a mission start is refused, as PX4 does; default 0.8. */
  missionDigestS?: number;
  /** Whose protocol it speaks. Default px4. */
  autopilot?: "px4" | "ardupilot";
  /** MAV_CMD numbers that this vehicle does not know. */
  unsupported?: readonly number[];
}

export interface SimulatedVehicle {
  readonly truth: VehicleTruth;
  linkDown(): void;
  linkUp(): void;
  /** Loses a share of packets and delays the others. */
  setLink(radio: { loss?: number; delayMs?: number }): void;
  setBattery(fraction: number): void;
  /** Power that a dock's contacts bring to a vehicle with its motors off; 0: none. */
  setCharger(watts: number): void;
  loseGnss(): void;
  restoreGnss(): void;
  setWind(wind: { speedMS: number; fromDeg: number; gustMS?: number }): void;
  setParam(name: string, value: number): void;
  getParam(name: string): number | undefined;
  setSensor(sensor: "gyro" | "accelerometer" | "magnetometer", healthy: boolean): void;
  /** The on-site pilot acts: flips the mode switch, moves sticks, or both; returns nothing the ground knows of. */
  rcTakeover(act: { mode?: Mode; sticks?: Partial<Sticks> }): void;
  releaseSticks(): void;
  setRc(present: boolean): void;
  /** An aircraft for this vehicle's ADS-B receiver to hear, once. */
  hearTraffic(traffic: Aircraft): void;
  setSpeed(factor: number): void;
  stop(): void;
}

/** Resolves when the vehicle is on the air. */
export async function startVehicle(options: VehicleOptions): Promise<SimulatedVehicle> {
  const random = seeded(options.seed ?? 1);
  const origin = { lat: options.home.lat, lon: options.home.lon, altM: options.home.absAltM };
  const says = {
    text: (severity: number, text: string) => wire.send(make(common.StatusText, { severity, text: text.slice(0, 50) })),
    // PX4 shows a new mode in its next heartbeat, which after a command is at once: see `command`.
    modeChanged: () => {},
  };
  const craft = new Autopilot(origin, says, random, options.gnssSigmaM ?? 0.8);
  craft.stack = options.autopilot ?? "px4";
  const copter = craft.stack === "ardupilot";
  const shownParams = copter ? copterDefaults() : craft.params;
  const ratesHz = copter ? copterRatesHz : defaultRatesHz;
  const payload = new Payload();
  const from: Sources = { craft, payload, uid: 0x0070_c51d_0000n + BigInt(options.systemId ?? 1) };
  craft.body.yaw = ((options.headingDeg ?? 0) * Math.PI) / 180;
  craft.battery.fraction = options.batteryFraction ?? 1;
  Object.assign(craft.rc, options.rc, { seen: options.rc?.present ?? true });
  for (const [name, value] of Object.entries(options.params ?? {})) setParam(name, value);
  if (copter) follow(craft, shownParams);
  setWind(options.wind ?? { speedMS: 0, fromDeg: 0 });

  const wire = new Wire({
    host: options.host ?? "127.0.0.1",
    port: options.udpPort,
    systemId: options.systemId ?? 1,
    random,
    onMessage: take,
  });
  const missions = new MissionStore(
    (message) => wire.send(message),
    (type) => {
      if (type === missionTypes.fence) craft.fence = fenceOf(missions.list(type), origin);
      if (type !== missionTypes.mission) return;
      craft.mission.load(missions.list(type));
      bench.missionReadyAtS = craft.timeS + (options.missionDigestS ?? 0.8);
    },
  );
  const params = new ParamServer(shownParams, (message) => wire.send(message), {
    bytewise: !copter,
    changed: () => copter && follow(craft, shownParams),
  });
  const intervalsMs = new Map<number, number>();
  const dueMs = new Map<number, number>();
  for (const [id, hz] of Object.entries(ratesHz)) intervalsMs.set(Number(id), 1000 / hz);

  const bench: Bench = {
    craft,
    payload,
    missionReadyAtS: 0,
    unsupported: new Set(options.unsupported),
    sayNow(id, component) {
      // The autopilot is the gimbal's manager (280); the device says itself who it is (283).
      const teller =
        component === cameraComponent
          ? camera[id]
          : (id === 283) === (component === gimbalComponent)
            ? gimbal[id]
            : undefined;
      if (teller !== undefined) {
        wire.send(teller(from), component === 0 ? 1 : component);
        return true;
      }
      if (component === cameraComponent && id !== 262) return false;
      if (component === gimbalComponent && id !== 285) return false;
      const message = makers[id]?.(from);
      if (message !== undefined) wire.send(message, speakers[id] ?? 1);
      return message !== undefined;
    },
    setInterval(id, microseconds) {
      if (makers[id] === undefined) return false;
      if (microseconds < 0) intervalsMs.delete(id);
      else intervalsMs.set(id, microseconds === 0 ? 1000 / (defaultRatesHz[id] ?? 1) : microseconds / 1000);
      return true;
    },
  };
  craft.mission.onCommand = (item) => {
    const [p1, p2, p3, p4] = item.params;
    const targetComponent = item.command >= 2000 && item.command < 3000 ? cameraComponent : 1;
    const p = [p1, p2, p3, p4, item.lat, item.lon, item.z] as const;
    obey(bench, { command: item.command, p, targetComponent, from: { systemId: 0, componentId: 0 } });
  };
  craft.mission.onReached = (seq) => wire.send(make(common.MissionItemReached, { seq }));

  function take(received: Received) {
    const { message } = received;
    if (message instanceof minimal.Heartbeat) {
      if (message.type === minimal.MavType.GCS) craft.groundHeardAtS = craft.timeS;
      return;
    }
    if ("targetSystem" in message && message.targetSystem !== 0 && message.targetSystem !== (options.systemId ?? 1))
      return;
    if (missions.take(received) || params.take(message) || takeSetpoint(craft, message)) return;
    if (message instanceof common.MissionSetCurrent) return void craft.mission.jumpTo(message.seq);
    if (message instanceof common.GimbalManagerSetPitchyaw) {
      const deg = (radians: number) => (radians * 180) / Math.PI;
      payload.pointAt(deg(message.pitch), deg(message.yaw), (message.flags & 16) !== 0);
      return;
    }
    if (message instanceof common.TimeSync && message.tc1 === 0n) {
      wire.send(make(common.TimeSync, { tc1: BigInt(Math.round(craft.timeS * 1e9)), ts1: message.ts1 }));
      return;
    }
    const command = commandOf(received);
    if (command === undefined) return;
    const before = craft.mode;
    const code = obey(bench, command);
    // A broadcast request (component 0) that the autopilot does not know is for another component to answer.
    wire.send(
      make(common.CommandAck, {
        command: command.command,
        result: code,
        progress: 0,
        targetSystem: command.from.systemId,
        targetComponent: command.from.componentId,
      }),
      command.targetComponent === 0 ? 1 : command.targetComponent,
    );
    if (craft.mode !== before || command.command === 400) wire.send(makers[0]!(from)!);
  }

  function setParam(name: string, value: number): void {
    const parameter = shownParams.get(name);
    if (parameter === undefined) throw new Error(`the simulated vehicle has no parameter ${name}`);
    parameter.value = value;
    if (copter) follow(craft, shownParams);
  }

  function setWind(wind: { speedMS: number; fromDeg: number; gustMS?: number }): void {
    const towards = ((wind.fromDeg + 180) * Math.PI) / 180;
    craft.wind.n = wind.speedMS * Math.cos(towards);
    craft.wind.e = wind.speedMS * Math.sin(towards);
    craft.wind.gust = wind.gustMS ?? wind.speedMS * 0.15;
  }

  let speed = options.speed ?? 1;
  let armings = 0;
  let wasArmed = false;
  let lastMs = performance.now();
  let owedS = 0;
  let beatMs = 0;
  const stepS = 0.02;

  function tick(): void {
    const nowMs = performance.now();
    owedS += Math.min(1, (nowMs - lastMs) / 1000) * speed;
    lastMs = nowMs;
    for (; owedS >= stepS; owedS -= stepS) {
      craft.step(stepS);
      payload.step(craft, stepS, () => wire.send(camera[263]!(from), cameraComponent));
      if (craft.armed && !wasArmed) armings++;
      wasArmed = craft.armed;
    }
    missions.tick(nowMs / 1000);
    params.tick();
    for (const [id, everyMs] of intervalsMs) {
      if (nowMs < (dueMs.get(id) ?? 0)) continue;
      dueMs.set(id, nowMs + everyMs - 5);
      const message = makers[id]?.(from);
      if (message) wire.send(message, speakers[id] ?? 1);
    }
    if (nowMs < beatMs) return;
    beatMs = nowMs + 1000;
    const beat = { autopilot: 8, baseMode: 0, customMode: 0, systemStatus: minimal.MavState.ACTIVE, mavlinkVersion: 3 };
    wire.send(make(minimal.Heartbeat, { ...beat, type: minimal.MavType.CAMERA }), cameraComponent);
    wire.send(make(minimal.Heartbeat, { ...beat, type: minimal.MavType.GIMBAL }), gimbalComponent);
  }

  await wire.open();
  const timer = setInterval(tick, 20);

  return {
    get truth(): VehicleTruth {
      return truthOf(from, { fenceItems: missions.list(missionTypes.fence).length, armings, messages: wire.counters });
    },
    linkDown: () => void (wire.radio.down = true),
    linkUp: () => void (wire.radio.down = false),
    setLink: (radio) => void Object.assign(wire.radio, radio),
    setBattery: (fraction) => void (craft.battery.fraction = fraction),
    setCharger: (watts) => void (craft.chargerW = watts),
    loseGnss: () => void (craft.gnss.available = false),
    restoreGnss: () => void (craft.gnss.available = true),
    setWind,
    setParam,
    getParam: (name) => shownParams.get(name)?.value,
    setSensor: (sensor, healthy) => void (craft.sensors[sensor] = healthy),
    rcTakeover({ mode, sticks }) {
      craft.rc.present = true;
      if (sticks) Object.assign(craft.rc.sticks, sticks);
      if (mode) craft.setMode(mode);
    },
    releaseSticks: () => void Object.assign(craft.rc.sticks, { roll: 0, pitch: 0, yaw: 0, throttle: 0 }),
    setRc(present) {
      craft.rc.present = present;
      craft.rc.seen ||= present;
      if (!present) craft.rc.lostAtS = craft.timeS;
    },
    hearTraffic: (traffic) => wire.send(adsbVehicle(traffic)),
    setSpeed: (factor) => void (speed = factor),
    stop() {
      clearInterval(timer);
      wire.close();
    },
  };
}
