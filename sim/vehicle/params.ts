/**
 * Parameters under PX4's names, types and defaults where a default is not stated for safety at a site; values travel bytewise
 * (MAV_PROTOCOL_CAPABILITY_PARAM_ENCODE_BYTEWISE): an INT32 is its bytes read as a float.
 */
export interface Parameter {
  type: "int" | "float";
  value: number;
  min?: number;
  max?: number;
}

const int = (value: number, min?: number, max?: number): Parameter => ({ type: "int", value, min, max });
const float = (value: number, min?: number, max?: number): Parameter => ({ type: "float", value, min, max });

export const defaults = (): Map<string, Parameter> =>
  new Map<string, Parameter>(
    Object.entries({
      BAT1_CAPACITY: float(5000),
      BAT1_N_CELLS: int(6),
      BAT_CRIT_THR: float(0.12, 0.05, 0.5),
      BAT_EMERGEN_THR: float(0.06, 0.03, 0.5),
      BAT_LOW_THR: float(0.25, 0.1, 0.6),
      COM_ARM_WO_GPS: int(0, 0, 2),
      COM_DISARM_LAND: float(2, -1, 20),
      COM_DISARM_PRFLT: float(10, -1, 20),
      COM_DL_LOSS_T: int(5, 5, 300),
      COM_FAIL_ACT_T: float(2, 0, 25),
      COM_LOW_BAT_ACT: int(3, 0, 3),
      COM_OBL_RC_ACT: int(0, 0, 7),
      COM_OF_LOSS_T: float(1, 0, 60),
      COM_POSCTL_NAVL: int(1, 0, 1),
      COM_RC_IN_MODE: int(3, 0, 4),
      COM_RC_LOSS_T: float(0.5, 0, 35),
      COM_RC_OVERRIDE: int(1, 0, 3),
      COM_RC_STICK_OV: float(30, 5, 80),
      COM_RCL_EXCEPT: int(7, 0, 31),
      COM_WIND_MAX: float(12, -1, 50),
      COM_WIND_MAX_ACT: int(3, 0, 5),
      GF_ACTION: int(3, 0, 5),
      GF_MAX_HOR_DIST: float(0, 0, 10000),
      GF_MAX_VER_DIST: float(0, 0, 10000),
      GF_PREDICT: int(0, 0, 1),
      GF_SOURCE: int(0, 0, 1),
      MAV_COMP_ID: int(1, 1, 250),
      MAV_SYS_ID: int(1, 1, 250),
      MAV_TYPE: int(2),
      MIS_DIST_1WP: float(10000),
      MIS_TAKEOFF_ALT: float(2.5, 0, 500),
      MPC_ACC_HOR: float(4, 2, 15),
      MPC_LAND_SPEED: float(0.7, 0.3, 5),
      MPC_XY_CRUISE: float(8, 3, 20),
      MPC_XY_VEL_MAX: float(14, 0, 20),
      MPC_YAWRAUTO_MAX: float(60, 5, 360),
      MPC_Z_V_AUTO_DN: float(3, 0.5, 4),
      MPC_Z_V_AUTO_UP: float(5, 0.5, 8),
      NAV_ACC_RAD: float(2, 0.05, 200),
      NAV_DLL_ACT: int(2, 0, 6),
      NAV_RCL_ACT: int(2, 1, 6),
      RTL_DESCEND_ALT: float(15, 2, 500),
      RTL_LAND_DELAY: float(0, -1, 1000),
      RTL_MIN_DIST: float(5, 0.5, 100),
      RTL_RETURN_ALT: float(40, 0, 500),
      RTL_TYPE: int(0, 0, 5),
      SYS_AUTOSTART: int(4001),
    }),
  );

const scratch = new DataView(new ArrayBuffer(4));

export function toWireFloat(parameter: Parameter): number {
  if (parameter.type === "float") return parameter.value;
  scratch.setInt32(0, parameter.value);
  return scratch.getFloat32(0);
}

export function fromWireFloat(type: "int" | "float", wire: number): number {
  if (type === "float") return wire;
  scratch.setFloat32(0, wire);
  return scratch.getInt32(0);
}
