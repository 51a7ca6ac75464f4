/** The dock's messages, host side of `firmware/protocol.h`. */

export const PROTOCOL_VERSION = 1;

export const commandType = { hello: 0x01, door: 0x02, charger: 0x03, alive: 0x04, tamperOk: 0x05 } as const;
export type CommandName = keyof typeof commandType;

const results = ["ok", "obstructed", "stopped", "jammed", "unsupported"] as const;
export type CommandResult = (typeof results)[number];

const doors = ["unknown", "open", "closed", "opening", "closing", "jammed"] as const;

export interface DockReport {
  kind: "state";
  atOpen: boolean;
  atClosed: boolean;
  barrierBroken: boolean;
  padOccupied: boolean;
  tampered: boolean;
  stopPressed: boolean;
  hostSilent: boolean;
  door: (typeof doors)[number];
  chargerOn: boolean;
  airTempC: number;
  uptimeMs: number;
  refusedFrames: number;
}

export type FromDock =
  | { kind: "ack"; sequence: number; command: number; result: CommandResult }
  | { kind: "identity"; protocol: number; resetCause: number; ticksPerS: number }
  | { kind: "pps"; tick: number; samples: number; pulses: number }
  | DockReport;

/** Payload of a command. `argument` is the one byte that some take. */
export function encodeCommand(name: CommandName, sequence: number, argument?: number): Uint8Array {
  const head = [commandType[name], sequence & 0xff];
  return Uint8Array.from(argument === undefined ? head : [...head, argument]);
}

/** A message of the dock, or undefined for a payload that is none (unknown type or wrong length). */
export function decodeMessage(payload: Uint8Array): FromDock | undefined {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const is = (type: number, length: number) => payload[0] === type && payload.length === length;
  if (is(0x80, 4)) {
    const result = results[payload[3]!];
    return result && { kind: "ack", sequence: payload[1]!, command: payload[2]!, result };
  }
  if (is(0x81, 8)) {
    return { kind: "identity", protocol: payload[2]!, resetCause: payload[3]!, ticksPerS: view.getUint32(4, true) };
  }
  if (is(0x82, 14)) {
    const [inputs, latches] = [payload[2]!, payload[5]!];
    const door = doors[payload[3]!];
    return (
      door && {
        kind: "state",
        atOpen: (inputs & 0x01) !== 0,
        atClosed: (inputs & 0x02) !== 0,
        barrierBroken: (inputs & 0x04) !== 0,
        padOccupied: (inputs & 0x08) !== 0,
        tampered: (latches & 0x01) !== 0,
        stopPressed: (latches & 0x02) !== 0,
        hostSilent: (latches & 0x04) !== 0,
        door,
        chargerOn: payload[4] === 1,
        airTempC: view.getInt16(6, true) / 100,
        uptimeMs: view.getUint32(8, true),
        refusedFrames: view.getUint16(12, true),
      }
    );
  }
  if (is(0x83, 12)) {
    return {
      kind: "pps",
      tick: view.getUint32(2, true),
      samples: view.getUint32(6, true),
      pulses: view.getUint16(10, true),
    };
  }
  return undefined;
}
