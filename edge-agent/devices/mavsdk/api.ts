/**
 * The part of mavsdk_server 4.0.5's gRPC interface that we use, as proto-loader gives it: field names as in the .proto files,
 * enumerations as their names, NaN where a figure is not known.
 */

/** Every plugin's result: `RESULT_SUCCESS` or why not. */
export interface PluginResult {
  result: string;
  result_str: string;
}

type Empty = Record<string, never>;
type Acted = { action_result: PluginResult };
type Filmed = { camera_result: PluginResult };
type Turned = { gimbal_result: PluginResult };

export interface RawItem {
  seq: number;
  frame: number;
  command: number;
  current: number;
  autocontinue: number;
  param1: number;
  param2: number;
  param3: number;
  param4: number;
  /** Degrees x 1e7. */
  x: number;
  y: number;
  z: number;
  mission_type: number;
}

export interface FencePoint {
  latitude_deg: number;
  longitude_deg: number;
}

export interface FenceData {
  polygons: { points: FencePoint[]; fence_type: string }[];
  circles: { point: FencePoint; radius: number; fence_type: string }[];
}

export interface MavlinkMessage {
  message_name: string;
  system_id: number;
  component_id: number;
  target_system_id: number;
  target_component_id: number;
  fields_json: string;
}

/** Method -> [request, response]. */
export interface Calls {
  "core.FeedHeartbeatWatchdog": [Empty, Empty];
  "core.SetHeartbeatWatchdogTimeout": [{ timeout_s: number }, Empty];
  "action.Arm": [Empty, Acted];
  "action.Disarm": [Empty, Acted];
  "action.Takeoff": [Empty, Acted];
  "action.Land": [Empty, Acted];
  "action.Hold": [Empty, Acted];
  "action.ReturnToLaunch": [Empty, Acted];
  "action.Kill": [Empty, Acted];
  "action.SetTakeoffAltitude": [{ altitude: number }, Acted];
  "action.GetTakeoffAltitude": [Empty, Acted & { altitude: number }];
  "action.SetCurrentSpeed": [{ speed_m_s: number }, Acted];
  "action.GotoLocation": [
    { latitude_deg: number; longitude_deg: number; absolute_altitude_m: number; yaw_deg: number },
    Acted,
  ];
  "action.DoOrbit": [
    {
      radius_m: number;
      velocity_ms: number;
      yaw_behavior: string;
      latitude_deg: number;
      longitude_deg: number;
      absolute_altitude_m: number;
    },
    Acted,
  ];
  "offboard.IsActive": [Empty, { is_active: boolean }];
  "mission.IsMissionFinished": [Empty, { mission_result: PluginResult; is_finished: boolean }];
  "mission_raw.UploadMission": [{ mission_items: RawItem[] }, { mission_raw_result: PluginResult }];
  "mission_raw.DownloadMission": [Empty, { mission_raw_result: PluginResult; mission_items: RawItem[] }];
  "mission_raw.StartMission": [Empty, { mission_raw_result: PluginResult }];
  "mission_raw.PauseMission": [Empty, { mission_raw_result: PluginResult }];
  "mission_raw.ClearMission": [Empty, { mission_raw_result: PluginResult }];
  "mission_raw.SetCurrentMissionItem": [{ index: number }, { mission_raw_result: PluginResult }];
  "geofence.UploadGeofence": [{ geofence_data: FenceData }, { geofence_result: PluginResult }];
  "geofence.DownloadGeofence": [Empty, { geofence_result: PluginResult; geofence_data: FenceData }];
  "geofence.ClearGeofence": [Empty, { geofence_result: PluginResult }];
  "gimbal.TakeControl": [{ gimbal_id: number; control_mode: string }, Turned];
  "gimbal.SetAngles": [
    {
      gimbal_id: number;
      roll_deg: number;
      pitch_deg: number;
      yaw_deg: number;
      gimbal_mode: string;
      send_mode: string;
    },
    Turned,
  ];
  "gimbal.SetRoiLocation": [
    { gimbal_id: number; latitude_deg: number; longitude_deg: number; altitude_m: number },
    Turned,
  ];
  "camera.TakePhoto": [{ component_id: number }, Filmed];
  "camera.StartVideo": [{ component_id: number }, Filmed];
  "camera.StopVideo": [{ component_id: number }, Filmed];
  "camera.SetMode": [{ component_id: number; mode: string }, Filmed];
  "camera.ZoomRange": [{ component_id: number; range: number }, Filmed];
  "param.SelectComponent": [{ component_id: number; protocol_version: string }, { param_result: PluginResult }];
  "param.GetParamInt": [{ name: string }, { param_result: PluginResult; value: number }];
  "param.SetParamInt": [{ name: string; value: number }, { param_result: PluginResult }];
  "param.GetParamFloat": [{ name: string }, { param_result: PluginResult; value: number }];
  "param.SetParamFloat": [{ name: string; value: number }, { param_result: PluginResult }];
  "param.GetAllParams": [
    Empty,
    { params: { int_params: { name: string; value: number }[]; float_params: { name: string; value: number }[] } },
  ];
  "info.GetVersion": [
    Empty,
    {
      info_result: PluginResult;
      version: { flight_sw_major: number; flight_sw_minor: number; flight_sw_patch: number };
    },
  ];
  "info.GetIdentification": [Empty, { info_result: PluginResult; identification: { hardware_uid: string } }];
  "info.GetProduct": [Empty, { info_result: PluginResult; product: { vendor_name: string; product_name: string } }];
  "mavlink_direct.SendMessage": [{ message: MavlinkMessage }, { mavlink_direct_result: PluginResult }];
}

interface Euler {
  roll_deg: number;
  pitch_deg: number;
  yaw_deg: number;
}

/** Streaming method -> [request, each response]. */
export interface Streams {
  "core.SubscribeConnectionState": [Empty, { connection_state: { is_connected: boolean } }];
  "mavlink_direct.SubscribeMessage": [{ message_name: string }, { message: MavlinkMessage }];
  "telemetry.SubscribePosition": [
    Empty,
    {
      position: {
        latitude_deg: number;
        longitude_deg: number;
        absolute_altitude_m: number;
        relative_altitude_m: number;
      };
    },
  ];
  "telemetry.SubscribeVelocityNed": [
    Empty,
    { velocity_ned: { north_m_s: number; east_m_s: number; down_m_s: number } },
  ];
  "telemetry.SubscribeHeading": [Empty, { heading_deg: { heading_deg: number } }];
  "telemetry.SubscribeAttitudeEuler": [Empty, { attitude_euler: Euler }];
  "telemetry.SubscribeBattery": [
    Empty,
    {
      battery: {
        id: number;
        temperature_degc: number;
        voltage_v: number;
        current_battery_a: number;
        remaining_percent: number;
        time_remaining_s: number;
      };
    },
  ];
  "telemetry.SubscribeGpsInfo": [Empty, { gps_info: { num_satellites: number; fix_type: string } }];
  "telemetry.SubscribeRawGps": [
    Empty,
    { raw_gps: { hdop: number; vdop: number; horizontal_uncertainty_m: number; vertical_uncertainty_m: number } },
  ];
  "telemetry.SubscribeHealth": [
    Empty,
    {
      health: {
        is_gyrometer_calibration_ok: boolean;
        is_accelerometer_calibration_ok: boolean;
        is_magnetometer_calibration_ok: boolean;
        is_local_position_ok: boolean;
        is_global_position_ok: boolean;
        is_home_position_ok: boolean;
        is_armable: boolean;
      };
    },
  ];
  "telemetry.SubscribeRcStatus": [Empty, { rc_status: { is_available: boolean; signal_strength_percent: number } }];
  "telemetry.SubscribeWind": [
    Empty,
    { wind: { wind_x_ned_m_s: number; wind_y_ned_m_s: number; horizontal_variability_stddev_m_s: number } },
  ];
  "telemetry.SubscribeHome": [
    Empty,
    { home: { latitude_deg: number; longitude_deg: number; absolute_altitude_m: number } },
  ];
  "telemetry.SubscribeLandedState": [Empty, { landed_state: string }];
  "telemetry.SubscribeInAir": [Empty, { is_in_air: boolean }];
  "telemetry.SubscribeStatusText": [Empty, { status_text: { type: string; text: string } }];
  "mission_raw.SubscribeMissionProgress": [Empty, { mission_progress: { current: number; total: number } }];
  "gimbal.SubscribeGimbalList": [Empty, { gimbal_list: { gimbals: { gimbal_id: number }[] } }];
  "gimbal.SubscribeAttitude": [Empty, { attitude: { gimbal_id: number; euler_angle_north: Euler } }];
  "camera.SubscribeCameraList": [Empty, { camera_list: { cameras: { component_id: number }[] } }];
  "camera.SubscribeStorage": [Empty, { update: { component_id: number; storage: { video_on: boolean } } }];
  "transponder.SubscribeTransponder": [
    Empty,
    {
      transponder: {
        icao_address: number;
        latitude_deg: number;
        longitude_deg: number;
        altitude_type: string;
        absolute_altitude_m: number;
        heading_deg: number;
        horizontal_velocity_m_s: number;
        vertical_velocity_m_s: number;
        callsign: string;
        tslc_s: number;
      };
    },
  ];
}
