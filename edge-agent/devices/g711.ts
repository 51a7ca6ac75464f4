/** Sound of telephones and cameras: 8 bits a sample, logarithmic (ITU-T G.711). Full scale is 1. */

/** Mu-law, North America and Japan: bits inverted, the steps shifted by 33 of 8159. */
export function muLaw(code: number): number {
  const bits = ~code & 0xff;
  const size = (((bits & 0x0f) << 3) + 0x84) << ((bits >> 4) & 7);
  return (bits & 0x80 ? 0x84 - size : size - 0x84) / 32768;
}

/** A-law, elsewhere: every second bit inverted, the lowest two segments linear. */
export function aLaw(code: number): number {
  const bits = code ^ 0x55;
  const segment = (bits >> 4) & 7;
  const step = ((bits & 0x0f) << 4) + 8;
  const size = segment === 0 ? step : (step + 0x100) << (segment - 1);
  return (bits & 0x80 ? size : -size) / 32768;
}
