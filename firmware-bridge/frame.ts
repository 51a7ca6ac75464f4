/**
 * Frames between host and microcontroller: COBS (Cheshire and Baker, IEEE/ACM Trans. Networking 7(2), 1999) around payload and
 * CRC-16/IBM-3740 (big-endian), one zero byte at the end. The C twin is `firmware/frame.c`; `vectors/frames.json` binds both.
 */

/** Payload: type, sequence number, body. */
export const FRAME_MAX_PAYLOAD = 48;
const maxEncoded = FRAME_MAX_PAYLOAD + 2 + 1;

/** CRC-16/IBM-3740: polynomial 0x1021, start 0xFFFF, not reflected. Of `"123456789"`: 0x29B1. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}

/** The frame of a payload of 1 to 48 bytes, its closing zero included. */
export function encodeFrame(payload: Uint8Array): Uint8Array {
  if (payload.length === 0 || payload.length > FRAME_MAX_PAYLOAD) {
    throw new RangeError(`a payload has 1 to ${FRAME_MAX_PAYLOAD} bytes, not ${payload.length}`);
  }
  const crc = crc16(payload);
  const wire = new Uint8Array(payload.length + 4);
  let codeAt = 0;
  let out = 1;
  const put = (byte: number) => {
    if (byte === 0) {
      wire[codeAt] = out - codeAt;
      codeAt = out++;
    } else wire[out++] = byte;
  };
  payload.forEach(put);
  put(crc >> 8);
  put(crc & 0xff);
  wire[codeAt] = out - codeAt;
  return wire;
}

export interface FrameReader {
  /** Takes bytes in pieces of any length; calls back for each whole, intact payload. */
  push(bytes: Uint8Array): void;
  /** Frames thrown away: too long, broken COBS, wrong CRC. */
  readonly refused: number;
}

export function createFrameReader(onPayload: (payload: Uint8Array) => void): FrameReader {
  const buffer = new Uint8Array(maxEncoded + 1);
  let length = 0;
  let refused = 0;
  return {
    push(bytes) {
      for (const byte of bytes) {
        if (byte !== 0) {
          // One place more than the longest frame: a full buffer means too long.
          if (length <= maxEncoded) buffer[length++] = byte;
          continue;
        }
        if (length === 0) continue;
        const payload = length > maxEncoded ? undefined : decode(buffer.subarray(0, length));
        length = 0;
        if (payload) onPayload(payload);
        else refused++;
      }
    },
    get refused() {
      return refused;
    },
  };
}

/** Payload of a frame without its closing zero, or undefined where it is broken. */
function decode(wire: Uint8Array): Uint8Array | undefined {
  const bytes: number[] = [];
  for (let at = 0; at < wire.length; ) {
    const code = wire[at++]!;
    if (code - 1 > wire.length - at) return undefined;
    for (let i = 1; i < code; i++) bytes.push(wire[at++]!);
    if (at < wire.length) bytes.push(0);
  }
  if (bytes.length < 3) return undefined;
  const payload = Uint8Array.from(bytes.slice(0, -2));
  const crc = (bytes.at(-2)! << 8) | bytes.at(-1)!;
  return crc === crc16(payload) ? payload : undefined;
}
