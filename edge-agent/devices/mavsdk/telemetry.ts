/** Opens every telemetry stream of a server and turns what comes into the port's state. */
import {
  type LandedState,
  pilotModes,
  type StickInput,
  type Traffic,
  type VehicleText,
} from "#edge-agent/vehicle-port.ts";
import type { Streams } from "./api.ts";
import { autopilotOf, flightModeOf } from "./flight-modes.ts";
import type { Heard } from "./mode-watch.ts";
import type { Rpc } from "./rpc.ts";
import type { StateStore } from "./state-store.ts";
import { type StickWatch, sticksOf } from "./stick-watch.ts";

export interface TelemetrySink {
  store: StateStore;
  sticks: StickWatch;
  heard: (heard: Heard) => void;
  text: (text: VehicleText) => void;
  stick: (input: StickInput) => void;
  traffic: (traffic: Traffic) => void;
  /** Fields of each PARAM_VALUE. */
  param: (fields: Readonly<Record<string, unknown>>) => void;
  /** Gimbals and cameras that the vehicle has. */
  payloads: { gimbalId?: number; cameraId?: number };
  missionProgress: (current: number, total: number) => void;
}

/** Component id of the autopilot. */
const autopilotComponent = 1;

const landedStates: Record<string, LandedState> = {
  LANDED_STATE_ON_GROUND: "ground",
  LANDED_STATE_IN_AIR: "air",
  LANDED_STATE_TAKING_OFF: "takingOff",
  LANDED_STATE_LANDING: "landing",
};

const fixes = {
  FIX_TYPE_FIX_2D: "2d",
  FIX_TYPE_FIX_3D: "3d",
  FIX_TYPE_FIX_DGPS: "dgps",
  FIX_TYPE_RTK_FLOAT: "rtkFloat",
  FIX_TYPE_RTK_FIXED: "rtkFixed",
} as const;

/** A figure that was not measured arrives as NaN. */
const known = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);
const positive = (value: number): number | undefined => (value > 0 ? known(value) : undefined);
const turn = (degrees: number): number => ((degrees % 360) + 360) % 360;

export function openTelemetry(rpc: Rpc, sink: TelemetrySink): void {
  const { store } = sink;
  const open = <K extends keyof Streams>(
    name: K,
    request: Streams[K][0],
    take: (response: Streams[K][1]) => void,
  ): void => {
    rpc.stream(name, request, take, () => {
      if (rpc.closed) return;
      store.counters.streamRestarts++;
      setTimeout(() => {
        if (!rpc.closed) open(name, request, take);
      }, 500);
    });
  };
  const messages = (name: string, take: (fields: Record<string, number>, systemId: number) => void) =>
    open("mavlink_direct.SubscribeMessage", { message_name: name }, ({ message }) => {
      if (message.component_id === autopilotComponent) take(JSON.parse(message.fields_json), message.system_id);
    });

  messages("HEARTBEAT", (beat, systemId) => {
    const atMs = performance.now();
    const autopilot = autopilotOf(beat.autopilot ?? 0);
    if (autopilot === "other" && beat.autopilot === 8) return;
    const mode = flightModeOf(autopilot, beat.custom_mode ?? 0);
    const armed = ((beat.base_mode ?? 0) & 128) !== 0;
    store.heartbeat(atMs);
    const identity = { ...store.draft.identity, autopilot, systemId };
    store.set({ mode, armed, identity });
    const onGround = store.draft.landed === "ground";
    sink.heard({ mode, raw: beat.custom_mode ?? 0, systemStatus: beat.system_status ?? 0, armed, onGround, atMs });
  });
  open("telemetry.SubscribePosition", {}, ({ position }) => {
    if (!Number.isFinite(position.latitude_deg)) return;
    store.set({
      position: {
        lat: position.latitude_deg,
        lon: position.longitude_deg,
        absAltM: position.absolute_altitude_m,
        relAltM: position.relative_altitude_m,
        atMs: performance.now(),
      },
    });
  });
  open("telemetry.SubscribeVelocityNed", {}, ({ velocity_ned: v }) =>
    store.set({ velocity: { northMS: v.north_m_s, eastMS: v.east_m_s, downMS: v.down_m_s } }),
  );
  open("telemetry.SubscribeHeading", {}, ({ heading_deg }) => {
    const headingDeg = known(heading_deg.heading_deg);
    if (headingDeg !== undefined) store.set({ headingDeg: turn(headingDeg) });
  });
  open("telemetry.SubscribeAttitudeEuler", {}, ({ attitude_euler: a }) =>
    store.set({ attitude: { rollDeg: a.roll_deg, pitchDeg: a.pitch_deg, yawDeg: a.yaw_deg } }),
  );
  open("telemetry.SubscribeBattery", {}, ({ battery }) => {
    const percent = known(battery.remaining_percent);
    // The first pack flies the vehicle. SYS_STATUS repeats it without current or time left.
    if (percent === undefined || percent < 0 || battery.id !== 0) return;
    const before = store.draft.battery;
    store.set({
      battery: {
        fraction: Math.min(1, percent / 100),
        voltageV: positive(battery.voltage_v) ?? before?.voltageV,
        currentA: known(battery.current_battery_a) ?? before?.currentA,
        temperatureC: known(battery.temperature_degc) ?? before?.temperatureC,
        timeRemainingS: positive(battery.time_remaining_s) ?? before?.timeRemainingS,
      },
    });
  });
  open("telemetry.SubscribeGpsInfo", {}, ({ gps_info }) => {
    const fix = fixes[gps_info.fix_type as keyof typeof fixes] ?? "none";
    store.set({ gnss: { ...store.draft.gnss, fix, satellites: Math.max(0, gps_info.num_satellites) } });
  });
  open("telemetry.SubscribeRawGps", {}, ({ raw_gps }) => {
    const before = store.draft.gnss;
    if (before === undefined) return;
    const gnss = { ...before, hdop: known(raw_gps.hdop), vdop: known(raw_gps.vdop) };
    const accuracy = {
      horizontalM: positive(raw_gps.horizontal_uncertainty_m),
      verticalM: positive(raw_gps.vertical_uncertainty_m),
    };
    store.set({ gnss: { ...gnss, ...accuracy } });
  });
  open("telemetry.SubscribeHealth", {}, ({ health }) =>
    store.set({
      health: {
        gyro: health.is_gyrometer_calibration_ok,
        accelerometer: health.is_accelerometer_calibration_ok,
        magnetometer: health.is_magnetometer_calibration_ok,
        localPosition: health.is_local_position_ok,
        globalPosition: health.is_global_position_ok,
        homePosition: health.is_home_position_ok,
        armable: health.is_armable,
      },
    }),
  );
  open("telemetry.SubscribeRcStatus", {}, ({ rc_status }) => {
    const percent = known(rc_status.signal_strength_percent);
    // RC_CHANNELS.rssi runs to 254, with 255 for "not known"; MAVSDK passes it on as it is.
    const signal = percent === undefined || percent === 255 ? undefined : Math.min(1, percent / 254);
    store.set({
      rc: { available: rc_status.is_available, ...(signal === undefined ? {} : { signalFraction: signal }) },
    });
  });
  open("telemetry.SubscribeWind", {}, ({ wind }) => {
    const n = wind.wind_x_ned_m_s;
    const e = wind.wind_y_ned_m_s;
    if (!Number.isFinite(n) || !Number.isFinite(e)) return;
    const sigmaMS = known(wind.horizontal_variability_stddev_m_s);
    const fromDeg = turn((Math.atan2(-e, -n) * 180) / Math.PI);
    store.set({ wind: { speedMS: Math.hypot(n, e), fromDeg, ...(sigmaMS === undefined ? {} : { sigmaMS }) } });
  });
  open("telemetry.SubscribeHome", {}, ({ home }) => {
    if (!Number.isFinite(home.latitude_deg) || (home.latitude_deg === 0 && home.longitude_deg === 0)) return;
    store.set({ home: { lat: home.latitude_deg, lon: home.longitude_deg, absAltM: home.absolute_altitude_m } });
  });
  open("telemetry.SubscribeLandedState", {}, ({ landed_state }) => {
    const landed = landedStates[landed_state];
    if (landed !== undefined) store.set({ landed, inAir: landed !== "ground" });
  });
  open("telemetry.SubscribeStatusText", {}, ({ status_text }) => {
    const severity = status_text.type.replace("STATUS_TEXT_TYPE_", "").toLowerCase() as VehicleText["severity"];
    sink.text({ severity, text: status_text.text, atMs: performance.now() });
  });
  open("mission_raw.SubscribeMissionProgress", {}, ({ mission_progress }) =>
    sink.missionProgress(mission_progress.current, mission_progress.total),
  );
  openPayload(open, sink);

  const hands = (values: readonly number[] | undefined, source: StickInput["source"]) => {
    if (values === undefined || (store.draft.mode !== undefined && pilotModes.includes(store.draft.mode))) return;
    const trusted = source === "manualControl" || store.draft.rc?.available !== false;
    const input = sink.sticks.heard(values, source, trusted, performance.now());
    if (input !== undefined) sink.stick(input);
  };
  messages("PARAM_VALUE", (fields) => sink.param(fields));
  messages("RC_CHANNELS", (rc) =>
    hands(sticksOf([rc.chan1_raw ?? 0, rc.chan2_raw ?? 0, rc.chan3_raw ?? 0, rc.chan4_raw ?? 0]), "rc"),
  );
  open("transponder.SubscribeTransponder", {}, ({ transponder: t }) =>
    sink.traffic({
      icao: t.icao_address,
      callsign: t.callsign.replace(/\0.*$/s, "").trim(),
      lat: t.latitude_deg,
      lon: t.longitude_deg,
      absAltM: known(t.absolute_altitude_m),
      headingDeg: known(t.heading_deg),
      speedMS: known(t.horizontal_velocity_m_s),
      climbMS: known(t.vertical_velocity_m_s),
      ageS: t.tslc_s,
      atMs: performance.now(),
    }),
  );
}

type Open = <K extends keyof Streams>(name: K, request: Streams[K][0], take: (response: Streams[K][1]) => void) => void;

function openPayload(open: Open, { store, payloads }: TelemetrySink): void {
  open("gimbal.SubscribeGimbalList", {}, ({ gimbal_list }) => {
    const first = gimbal_list.gimbals[0];
    if (first) payloads.gimbalId = first.gimbal_id;
  });
  open("gimbal.SubscribeAttitude", {}, ({ attitude }) => {
    const { pitch_deg, yaw_deg } = attitude.euler_angle_north;
    if (Number.isFinite(pitch_deg)) store.set({ gimbal: { pitchDeg: pitch_deg, yawDeg: turn(yaw_deg) } });
  });
  open("camera.SubscribeCameraList", {}, ({ camera_list }) => {
    const first = camera_list.cameras[0];
    if (!first) return;
    payloads.cameraId = first.component_id;
    store.set({ camera: store.draft.camera ?? { recording: false, photos: 0 } });
  });
  open("camera.SubscribeStorage", {}, ({ update }) =>
    store.set({ camera: { photos: store.draft.camera?.photos ?? 0, recording: update.storage.video_on } }),
  );
}
