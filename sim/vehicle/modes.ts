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

/** Modes in which sticks fly. */
export const byHand: readonly Mode[] = ["manual", "altitude", "position", "acro", "stabilized"];
