/** The vehicle's messages from its state. */
import { common, type MavLinkData, minimal, standard } from "node-mavlink";
import type { Autopilot } from "./autopilot.ts";
import { cells } from "./battery.ts";
import { make, quaternion, type Sources } from "./message.ts";
import { copterMode, customMode } from "./modes.ts";
import { gimbalComponent } from "./payload.ts";
import { toWgs84 } from "./place.ts";

const ms = (craft: Autopilot) => Math.round(craft.timeS * 1000);
const us = (craft: Autopilot) => BigInt(Math.round(craft.timeS * 1e6));
const deg7 = (deg: number) => Math.round(deg * 1e7);
const sensor = {
  gyro: 1,
  accelerometer: 2,
  magnetometer: 4,
  gps: 0x20,
  rc: 0x10000,
  battery: 0x2000000,
  prearm: 0x10000000,
};

type Maker = (from: Sources) => MavLinkData | undefined;

/** By message id; undefined: nothing to say now. */
export const makers: Record<number, Maker> = {
  0: ({ craft }) =>
    make(minimal.Heartbeat, {
      type: minimal.MavType.QUADROTOR,
      autopilot: craft.stack === "px4" ? minimal.MavAutopilot.PX4 : minimal.MavAutopilot.ARDUPILOTMEGA,
      baseMode: 1 | (craft.armed ? 128 : 0),
      customMode: craft.stack === "px4" ? customMode(craft.mode) : copterMode(craft.mode),
      systemStatus: systemStatus(craft),
      mavlinkVersion: 3,
    }),
  1: ({ craft }) => {
    const all = Object.values(sensor).reduce((sum, bit) => sum | bit, 0);
    const present = craft.rc.fitted ? all : all & ~sensor.rc;
    let health = present;
    if (!craft.sensors.gyro) health &= ~sensor.gyro;
    if (!craft.sensors.accelerometer) health &= ~sensor.accelerometer;
    if (!craft.sensors.magnetometer) health &= ~sensor.magnetometer;
    if (!craft.gnss.available) health &= ~sensor.gps;
    if (!craft.rc.present) health &= ~sensor.rc;
    if (craft.battery.fraction < craft.param("BAT_CRIT_THR")) health &= ~sensor.battery;
    if (craft.armingFault() !== undefined) health &= ~sensor.prearm;
    return make(common.SysStatus, {
      onboardControlSensorsPresent: present,
      onboardControlSensorsEnabled: present,
      onboardControlSensorsHealth: health,
      load: 310,
      voltageBattery: Math.round(craft.battery.voltageV * 1000),
      currentBattery: Math.round(craft.battery.currentA * 100),
      batteryRemaining: Math.round(craft.battery.fraction * 100),
      onboardControlSensorsPresentExtended: 0,
      onboardControlSensorsEnabledExtended: 0,
      onboardControlSensorsHealthExtended: 0,
    });
  },
  2: ({ craft }) => make(common.SystemTime, { timeUnixUsec: BigInt(Date.now()) * 1000n, timeBootMs: ms(craft) }),
  24: ({ craft }) => {
    const { lat, lon, altM } = toWgs84(craft.origin, craft.estimate);
    const { velocity } = craft.body;
    const up = craft.gnss.available;
    return make(common.GpsRawInt, {
      timeUsec: us(craft),
      fixType: up ? common.GpsFixType.GPS_FIX_TYPE_3D_FIX : common.GpsFixType.NO_FIX,
      lat: up ? deg7(lat) : 0,
      lon: up ? deg7(lon) : 0,
      alt: up ? Math.round(altM * 1000) : 0,
      eph: up ? Math.round(craft.gnss.hdop * 100) : 9999,
      epv: up ? Math.round(craft.gnss.hdop * 150) : 9999,
      vel: Math.round(Math.hypot(velocity.n, velocity.e) * 100),
      cog: Math.round(((Math.atan2(velocity.e, velocity.n) * 180) / Math.PI + 360) % 360) * 100,
      satellitesVisible: up ? craft.gnss.satellites : 0,
      altEllipsoid: up ? Math.round(altM * 1000) + 47000 : 0,
      hAcc: up ? 1100 : 99000,
      vAcc: up ? 1700 : 99000,
      velAcc: 200,
      hdgAcc: 0,
      yaw: 0,
    });
  },
  30: ({ craft }) =>
    make(common.Attitude, {
      timeBootMs: ms(craft),
      roll: craft.body.roll,
      pitch: craft.body.pitch,
      yaw: Math.atan2(Math.sin(craft.body.yaw), Math.cos(craft.body.yaw)),
    }),
  31: ({ craft }) => {
    const [q1, q2, q3, q4] = quaternion(craft.body.roll, craft.body.pitch, craft.body.yaw);
    return make(common.AttitudeQuaternion, { timeBootMs: ms(craft), q1, q2, q3, q4, reprOffsetQ: [0, 0, 0, 0] });
  },
  32: ({ craft }) => {
    if (!craft.positionValid) return undefined;
    const at = craft.estimate;
    const { velocity } = craft.body;
    return make(common.LocalPositionNed, {
      timeBootMs: ms(craft),
      x: at.n,
      y: at.e,
      z: -at.u,
      vx: velocity.n,
      vy: velocity.e,
      vz: -velocity.u,
    });
  },
  33: ({ craft }) => {
    if (!craft.positionValid) return undefined;
    const at = craft.estimate;
    const { lat, lon, altM } = toWgs84(craft.origin, at);
    const { velocity } = craft.body;
    return make(common.GlobalPositionInt, {
      timeBootMs: ms(craft),
      lat: deg7(lat),
      lon: deg7(lon),
      alt: Math.round(altM * 1000),
      relativeAlt: Math.round((at.u - (craft.home?.u ?? 0)) * 1000),
      vx: Math.round(velocity.n * 100),
      vy: Math.round(velocity.e * 100),
      vz: Math.round(-velocity.u * 100),
      hdg: Math.round((((craft.body.yaw * 180) / Math.PI + 360) % 360) * 100),
    });
  },
  42: ({ craft }) =>
    make(common.MissionCurrent, {
      seq: Math.min(craft.mission.current, Math.max(0, craft.mission.total - 1)),
      total: craft.mission.total,
      missionState: 0,
      missionMode: craft.mode === "mission" ? 1 : 2,
    }),
  65: ({ craft }) => {
    if (!craft.rc.present) return undefined;
    const pwm = (stick: number) => Math.round(1500 + 500 * Math.max(-1, Math.min(1, stick)));
    const { roll, pitch, yaw, throttle } = craft.rc.sticks;
    return make(common.RcChannels, {
      timeBootMs: ms(craft),
      chancount: 8,
      chan1Raw: pwm(roll),
      chan2Raw: pwm(-pitch),
      chan3Raw: pwm(throttle),
      chan4Raw: pwm(yaw),
      chan5Raw: 1500,
      chan6Raw: 1000,
      chan7Raw: 1000,
      chan8Raw: 1000,
      rssi: 220,
    });
  },
  74: ({ craft }) =>
    make(common.VfrHud, {
      airspeed: craft.body.airspeed,
      groundspeed: Math.hypot(craft.body.velocity.n, craft.body.velocity.e),
      heading: Math.round((craft.body.yaw * 180) / Math.PI) % 360,
      throttle: craft.armed ? 45 : 0,
      alt: craft.origin.altM + craft.estimate.u,
      climb: craft.body.velocity.u,
    }),
  147: ({ craft }) => {
    const { battery } = craft;
    const cellMv = Math.round((battery.voltageV / cells) * 1000);
    const load = Math.max(0.3, battery.currentA);
    return make(common.BatteryStatus, {
      id: 0,
      batteryFunction: common.MavBatteryFunction.ALL,
      type: common.MavBatteryType.LIPO,
      temperature: 2800,
      voltages: Array.from({ length: 10 }, (_, i) => (i < cells ? cellMv : 0xffff)),
      currentBattery: Math.round(battery.currentA * 100),
      currentConsumed: Math.round((1 - battery.fraction) * 5000),
      energyConsumed: -1,
      batteryRemaining: Math.round(battery.fraction * 100),
      timeRemaining: craft.armed ? Math.round((battery.fraction * 5 * 3600) / load) : 0,
      chargeState: common.MavBatteryChargeState.OK,
      voltagesExt: [0, 0, 0, 0],
      mode: 0,
      faultBitmask: 0,
    });
  },
  148: ({ craft, uid }) =>
    make(standard.AutopilotVersion, {
      // MISSION_INT, COMMAND_INT, PARAM_ENCODE_BYTEWISE, SET_POSITION_TARGET_*, FLIGHT_TERMINATION, MAVLINK2, MISSION_FENCE, GIMBAL_MANAGER
      // The field is 64 bits wide, which node-mavlink's type does not say.
      capabilities: BigInt(
        craft.stack === "px4"
          ? 4 | 8 | 16 | 128 | 256 | 2048 | 8192 | 16384 | 262144
          : // MISSION_FLOAT, PARAM_FLOAT, MISSION_INT, COMMAND_INT ... and PARAM_ENCODE_C_CAST
            1 | 2 | 4 | 8 | 128 | 256 | 2048 | 8192 | 16384 | 131072,
      ) as unknown as number,
      flightSwVersion: 0x010f00ff,
      middlewareSwVersion: 0x010f00ff,
      osSwVersion: 0x0b0000ff,
      boardVersion: 0,
      vendorId: 0x26ac,
      productId: 0x11,
      uid,
      uid2: Array.from({ length: 18 }, (_, i) => Number((uid >> BigInt((i % 8) * 8)) & 0xffn)),
    }),
  231: ({ craft }) =>
    make(common.WindCov, {
      timeUsec: us(craft),
      windX: craft.wind.n,
      windY: craft.wind.e,
      windZ: 0,
      varHoriz: craft.wind.gust,
      varVert: 0.2,
      windAlt: craft.origin.altM + craft.estimate.u,
      horizAccuracy: 0.8,
      vertAccuracy: 0.8,
    }),
  242: ({ craft }) => {
    if (!craft.home && !craft.positionValid) return undefined;
    const home = craft.home ?? craft.estimate;
    const { lat, lon, altM } = toWgs84(craft.origin, home);
    return make(common.HomePosition, {
      latitude: deg7(lat),
      longitude: deg7(lon),
      altitude: Math.round(altM * 1000),
      x: home.n,
      y: home.e,
      z: -home.u,
      q: [1, 0, 0, 0],
      timeUsec: us(craft),
    });
  },
  245: ({ craft }) =>
    make(common.ExtendedSysState, {
      vtolState: common.MavVtolState.UNDEFINED,
      landedState: { ground: 1, air: 2, takingOff: 3, landing: 4 }[craft.landed],
    }),
  262: ({ craft, payload }) =>
    make(common.CameraCaptureStatus, {
      timeBootMs: ms(craft),
      imageStatus: payload.intervalS > 0 ? 2 : 0,
      videoStatus: payload.recording ? 1 : 0,
      imageInterval: payload.intervalS,
      recordingTimeMs: payload.recording ? Math.round((craft.timeS - payload.recordingSinceS) * 1000) : 0,
      availableCapacity: 24000,
      imageCount: payload.photos,
      cameraDeviceId: 0,
    }),
  285: ({ craft, payload }) =>
    make(common.GimbalDeviceAttitudeStatus, {
      timeBootMs: ms(craft),
      // Roll and pitch lock; yaw in the earth frame (64).
      flags: 4 | 8 | 16 | 64,
      q: quaternion(0, payload.pitch, payload.yaw),
      failureFlags: 0,
      deltaYaw: Math.atan2(Math.sin(craft.body.yaw), Math.cos(craft.body.yaw)),
      deltaYawVelocity: 0,
      gimbalDeviceId: 0,
    }),
  281: ({ craft, payload }) =>
    make(common.GimbalManagerStatus, {
      timeBootMs: ms(craft),
      flags: 4 | 8,
      gimbalDeviceId: gimbalComponent,
      primaryControlSysid: payload.control.systemId,
      primaryControlCompid: payload.control.componentId,
    }),
  436: ({ craft }) =>
    craft.stack === "ardupilot"
      ? undefined
      : make(common.CurrentMode, {
          standardMode: 0,
          customMode: customMode(craft.mode),
          intendedCustomMode: customMode(craft.mode),
        }),
};

function systemStatus(craft: Autopilot): number {
  if (!craft.armed) return minimal.MavState.STANDBY;
  return craft.failsafe?.acting && craft.failsafe.action !== "warn"
    ? minimal.MavState.CRITICAL
    : minimal.MavState.ACTIVE;
}
