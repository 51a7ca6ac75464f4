/** A lithium-polymer pack: charge counted, voltage from charge and load. Six cells of 5 Ah, 25 minutes of hover. */
export interface Battery {
  /** Charge left, 0 to 1. */
  fraction: number;
  voltageV: number;
  currentA: number;
}

export const cells = 6;
const capacityAh = 5;
const cellOhm = 0.004;
const idleW = 9;
const hoverW = 265;

/** Open-circuit voltage of a cell at charge 0, 0.1 .. 1 (typical LiPo discharge at rest). */
const openCircuitV = [3.27, 3.61, 3.69, 3.73, 3.77, 3.81, 3.86, 3.92, 4.0, 4.08, 4.2];

function cellV(fraction: number): number {
  const at = Math.max(0, Math.min(9.999, fraction * 10));
  const below = Math.floor(at);
  return openCircuitV[below]! + (openCircuitV[below + 1]! - openCircuitV[below]!) * (at - below);
}

/** Electrical power: hover, less in slow forward flight, more at speed (rotor power curve) and in climb. */
export function powerW(flying: boolean, airspeedMS: number, climbMS: number): number {
  if (!flying) return idleW;
  const forward = hoverW * (1 - 0.012 * airspeedMS + 0.0016 * airspeedMS * airspeedMS);
  return idleW + forward + Math.max(-0.15 * hoverW, climbMS * 2.1 * 9.8 * 1.4);
}

/** @param watts below 0: a charger gives more than the vehicle takes. */
export function drain(battery: Battery, watts: number, dt: number): void {
  const rest = cellV(battery.fraction) * cells;
  battery.currentA = watts / Math.max(12, battery.voltageV || rest);
  battery.voltageV = rest - battery.currentA * cellOhm * cells;
  battery.fraction = Math.min(1, Math.max(0, battery.fraction - (battery.currentA * dt) / 3600 / capacityAh));
}
