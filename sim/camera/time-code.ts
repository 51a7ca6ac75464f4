/**
 * A time code in the picture that a program can read: 64 blocks, black or white, in two rows of 32 at the top left. A block is 12 pixels
 * wide in a picture 640 wide, and in proportion otherwise, so that it survives compression and scaling.
 *
 *   bits 0 to 43: UTC in ms since 1970 at which the picture was painted, most significant first; 44 to 55: number of the picture, modulo 4096;
 *   56 to 63: CRC-8 (polynomial 0x07) of the seven bytes before.
 */
export interface TimeCode {
  utcMs: number;
  /** 0 to 4095. */
  picture: number;
}

export const BITS = 64;
export const COLUMNS = 32;
/** Of a block, as share of the picture's width. */
export const BLOCK_SHARE = 12 / 640;

/** Paints it into the luma plane. */
export function paintTimeCode(luma: Uint8Array, widthPx: number, code: TimeCode): void {
  const bytes = bytesOf(code);
  const side = Math.round(widthPx * BLOCK_SHARE);
  for (let bit = 0; bit < BITS; bit++) {
    const value = ((bytes[bit >> 3]! >> (7 - (bit & 7))) & 1) === 1 ? 235 : 16;
    const left = (bit % COLUMNS) * side;
    const top = Math.floor(bit / COLUMNS) * side;
    for (let y = top; y < top + side; y++) luma.fill(value, y * widthPx + left, y * widthPx + left + side);
  }
}

/**
 * Reads it: `lumaAt(x, y)` gives 0 to 255 at a pixel. Undefined where there is none, or the picture is damaged there.
 * It uses nothing from outside itself, so that a browser's page can be given its text.
 */
export function readTimeCode(widthPx: number, lumaAt: (x: number, y: number) => number): TimeCode | undefined {
  const side = Math.round((widthPx * 12) / 640);
  const bytes = new Array<number>(8).fill(0);
  for (let bit = 0; bit < 64; bit++) {
    const x = Math.floor(((bit % 32) + 0.5) * side);
    const y = Math.floor((Math.floor(bit / 32) + 0.5) * side);
    if (lumaAt(x, y) > 125) bytes[bit >> 3]! |= 128 >> (bit & 7);
  }
  let crc = 0;
  for (let i = 0; i < 7; i++) {
    crc ^= bytes[i]!;
    for (let k = 0; k < 8; k++) crc = ((crc << 1) ^ ((crc & 0x80) !== 0 ? 0x07 : 0)) & 0xff;
  }
  // An all-black corner has a right CRC and is no time.
  if (crc !== bytes[7] || bytes[0] === 0) return undefined;
  let utcMs = 0;
  for (let i = 0; i < 5; i++) utcMs = utcMs * 256 + bytes[i]!;
  utcMs = utcMs * 16 + (bytes[5]! >> 4);
  return { utcMs, picture: ((bytes[5]! & 15) << 8) | bytes[6]! };
}

function bytesOf({ utcMs, picture }: TimeCode): Uint8Array {
  const bytes = new Uint8Array(8);
  let rest = Math.floor(utcMs);
  bytes[5] = ((rest & 15) << 4) | ((picture >> 8) & 15);
  rest = Math.floor(rest / 16);
  for (let i = 4; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[6] = picture & 255;
  let crc = 0;
  for (const byte of bytes.subarray(0, 7)) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = ((crc << 1) ^ ((crc & 0x80) !== 0 ? 0x07 : 0)) & 0xff;
  }
  bytes[7] = crc;
  return bytes;
}
