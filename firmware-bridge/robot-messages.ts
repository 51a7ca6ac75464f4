/** The robot board's messages, host side of `firmware/robot-protocol.h`. Raw units of the wire; `robot-board.ts` turns them into SI. */

export type FromBoard =
  | { kind: "identity"; protocol: number; resetCause: number; ticksPerS: number }
  | { kind: "pps"; tick: number; pulses: number }
  | {
      kind: "drive";
      flags: number;
      sequence: number;
      leftMmS: number;
      rightMmS: number;
      uptimeMs: number;
      refusedFrames: number;
    }
  | { kind: "wheels"; tick: number; left: number; right: number }
  | { kind: "imu"; tick: number; accel: [number, number, number]; gyro: [number, number, number] }
  | {
      kind: "gnss";
      tick: number;
      timeOfWeekMs: number;
      fix: number;
      satellites: number;
      lat: number;
      lon: number;
      altM: number;
      horizontalM: number;
      verticalM: number;
      northMps: number;
      eastMps: number;
      speedSigmaMps: number;
    }
  | { kind: "range"; tick: number; mm: [number, number, number, number] };

export const driveFlag = {
  latched: 0x01,
  pressed: 0x02,
  silent: 0x04,
  neutral: 0x08,
  frontNear: 0x10,
  imuFault: 0x20,
  gnssFault: 0x40,
} as const;

export function encodeHello(sequence: number): Uint8Array {
  return Uint8Array.of(0x01, sequence & 0xff);
}

/** Rounded to mm/s and mrad/s, held within what 16 bits carry. */
export function encodeVelocity(speedMps: number, yawRateRadps: number, sequence: number): Uint8Array {
  const payload = new Uint8Array(6);
  const view = new DataView(payload.buffer);
  const short = (value: number) => Math.max(-32767, Math.min(32767, Math.round(value * 1000)));
  payload[0] = 0x10;
  payload[1] = sequence & 0xff;
  view.setInt16(2, short(speedMps), true);
  view.setInt16(4, short(yawRateRadps), true);
  return payload;
}

/** A message of the board, or undefined for a payload that is none (unknown type or wrong length). */
export function decodeFromBoard(payload: Uint8Array): FromBoard | undefined {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const is = (type: number, length: number) => payload[0] === type && payload.length === length;
  const i16 = (at: number) => view.getInt16(at, true);
  const u16 = (at: number) => view.getUint16(at, true);
  const i32 = (at: number) => view.getInt32(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  if (is(0x81, 8)) return { kind: "identity", protocol: payload[2]!, resetCause: payload[3]!, ticksPerS: u32(4) };
  if (is(0x83, 12)) return { kind: "pps", tick: u32(2), pulses: u16(10) };
  if (is(0x90, 14)) {
    return {
      kind: "drive",
      flags: payload[2]!,
      sequence: payload[3]!,
      leftMmS: i16(4),
      rightMmS: i16(6),
      uptimeMs: u32(8),
      refusedFrames: u16(12),
    };
  }
  if (is(0x91, 14)) return { kind: "wheels", tick: u32(2), left: i32(6), right: i32(10) };
  if (is(0x92, 18)) {
    return {
      kind: "imu",
      tick: u32(2),
      accel: [i16(6), i16(8), i16(10)],
      gyro: [i16(12), i16(14), i16(16)],
    };
  }
  if (is(0x93, 44)) {
    return {
      kind: "gnss",
      tick: u32(2),
      timeOfWeekMs: u32(6),
      fix: payload[10]!,
      satellites: payload[11]!,
      lon: i32(12) / 1e7,
      lat: i32(16) / 1e7,
      altM: i32(20) / 1000,
      horizontalM: u32(24) / 1000,
      verticalM: u32(28) / 1000,
      northMps: i32(32) / 1000,
      eastMps: i32(36) / 1000,
      speedSigmaMps: u32(40) / 1000,
    };
  }
  if (is(0x94, 14)) return { kind: "range", tick: u32(2), mm: [u16(6), u16(8), u16(10), u16(12)] };
  return undefined;
}
