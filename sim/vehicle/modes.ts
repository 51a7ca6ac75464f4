/** PX4's flight modes as HEARTBEAT.custom_mode carries them: main mode in byte 2, sub mode in byte 3 (px4_custom_mode.h). */
export type Mode =
  | "manual"
  | "altitude"
  | "position"
  | "orbit"
  | "takeoff"
  | "hold"
  | "mission"
  | "return"
  | "land"
  | "follow"
  | "acro"
  | "offboard"
  | "stabilized";

const numbers: Record<Mode, readonly [main: number, sub: number]> = {
  manual: [1, 0],
  altitude: [2, 0],
  position: [3, 0],
  orbit: [3, 1],
  takeoff: [4, 2],
  hold: [4, 3],
  mission: [4, 4],
  return: [4, 5],
  land: [4, 6],
  follow: [4, 8],
  acro: [5, 0],
  offboard: [6, 0],
  stabilized: [7, 0],
};

export function customMode(mode: Mode): number {
  const [main, sub] = numbers[mode];
  return main * 0x10000 + sub * 0x1000000;
}

export function modeOf(main: number, sub: number): Mode | undefined {
  const found = Object.entries(numbers).find(([, [m, s]]) => m === main && s === sub);
  return found?.[0] as Mode | undefined;
}

/** ArduCopter's mode numbers (mode.h) for the same flying; what it does on our word it does in Guided (4). */
const copter: Record<Mode, number> = {
  stabilized: 0,
  acro: 1,
  altitude: 2,
  mission: 3,
  hold: 4,
  takeoff: 4,
  offboard: 4,
  orbit: 7,
  return: 6,
  land: 9,
  manual: 0,
  position: 16,
  follow: 23,
};

export function copterMode(mode: Mode): number {
  return copter[mode];
}

/** Loiter (5) and PosHold (16) are both flown by the sticks; Brake (17) stands still. */
export function modeOfCopter(number: number): Mode | undefined {
  if (number === 5) return "position";
  if (number === 17) return "hold";
  return (Object.keys(copter) as Mode[]).find((mode) => copter[mode] === number);
}

/** Modes in which sticks fly. */
export const byHand: readonly Mode[] = ["manual", "altitude", "position", "acro", "stabilized"];
