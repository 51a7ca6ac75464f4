/**
 * The sound of a street when nothing happens: a pink-like floor of distant traffic, vehicles that pass, gusts at the microphone.
 * Spectral slopes after Can et al., "Describing and classifying urban sound environments" (Applied Acoustics 2016); wind at a
 * bare microphone falls steeply above some ten hertz (Morgan and Raspet, JASA 92, 1992).
 */
import type { Rng } from "../rng.ts";

export interface StreetNoiseOptions {
  rateHz: number;
  /** Level of the floor between 20 Hz and 20 kHz, unweighted, dB SPL. */
  levelDbSpl: number;
  /** Vehicles that pass per minute. */
  vehiclesPerMinute: number;
  /** Mean wind at the microphone. */
  windMps: number;
  /** The microphone's own high-pass, Hz. */
  highPassHz: number;
}

const FLOOR_CORNERS_HZ = [30, 120, 480, 1920, 7680];
const STEP_S = 0.02;
const GUST_HZ = 12;

interface Vehicle {
  fromS: number;
  middleS: number;
  nearestM: number;
  speedMps: number;
  amplitudePa: number;
}

/** Noise without end: each `addTo` goes on where the last one stopped. Level and colour are the same at every rate. */
export class StreetNoise {
  readonly #options: StreetNoiseOptions;
  readonly #rng: Rng;
  readonly #a: Float64Array;
  readonly #gain: Float64Array;
  readonly #state = new Float64Array(12);
  readonly #white: number;
  readonly #roofA: number;
  readonly #tyreLow: number;
  readonly #tyreHigh: number;
  readonly #gustA: number;
  readonly #b0: number;
  readonly #a1: number;
  readonly #a2: number;
  readonly #vehicles: Vehicle[] = [];
  #nextVehicleS: number;
  #gust: number;
  #sample = 0;
  #tyreNow = 0;
  #gustNow = 0;
  #x: number;
  #y: number;

  constructor(rng: Rng, options: StreetNoiseOptions) {
    const { rateHz } = options;
    this.#options = options;
    this.#rng = rng;
    const pole = (hz: number) => 1 - Math.exp((-2 * Math.PI * hz) / rateHz);
    this.#a = Float64Array.from(FLOOR_CORNERS_HZ, pole);
    const shape = FLOOR_CORNERS_HZ.map((hz) => hz ** -0.5);
    // White noise of unit density (1 Pa^2 per hertz) has this standard deviation per sample.
    this.#white = Math.sqrt(rateHz / 2);
    const floor = (20e-6 * 10 ** (options.levelDbSpl / 20)) / Math.sqrt(floorPower(shape));
    this.#gain = Float64Array.from(shape, (g) => g * floor);
    this.#roofA = pole(2500);
    this.#tyreLow = pole(900);
    this.#tyreHigh = pole(90);
    this.#gustA = pole(GUST_HZ);
    // Butterworth high-pass by the bilinear transform.
    const k = Math.tan((Math.PI * Math.max(options.highPassHz, 0.01)) / rateHz);
    const norm = 1 / (1 + Math.SQRT2 * k + k * k);
    this.#b0 = norm;
    this.#a1 = 2 * (k * k - 1) * norm;
    this.#a2 = (1 - Math.SQRT2 * k + k * k) * norm;
    this.#nextVehicleS = this.#untilVehicle() - 5;
    this.#gust = rng.normal();
    this.#x = rng.bits() | 1;
    this.#y = rng.bits() | 1;
    // Lets the filters swing in.
    this.addTo(new Float32Array(Math.round(0.2 * rateHz)), 0, Math.round(0.2 * rateHz));
    this.#sample = 0;
  }

  #untilVehicle(): number {
    const { vehiclesPerMinute } = this.#options;
    return vehiclesPerMinute > 0 ? this.#rng.exponential(60 / vehiclesPerMinute) : Number.POSITIVE_INFINITY;
  }

  /** Adds pressures in pascals to `out[from .. to)`. */
  addTo(out: Float32Array, from: number, to: number): void {
    const step = Math.round(STEP_S * this.#options.rateHz);
    for (let at = from; at < to; ) {
      const n = Math.min(to - at, step - (this.#sample % step));
      this.#run(out, at, n, step);
      at += n;
      this.#sample += n;
    }
  }

  #run(out: Float32Array, at: number, n: number, step: number): void {
    const nowS = this.#sample / this.#options.rateHz;
    const tyreEnd = this.#tyreAmplitude(nowS + n / this.#options.rateHz);
    if (this.#sample % step === 0)
      this.#gust += -this.#gust * (STEP_S / 2.5) + this.#rng.normal() * Math.sqrt((2 * STEP_S) / 2.5);
    // Pressure of turbulence grows with the square of the speed: about 0.3 Pa at 5 m/s behind a foam ball, most of it below 12 Hz.
    const speed = Math.max(0, this.#options.windMps * (1 + 0.35 * this.#gust));
    const gustEnd = (0.012 * speed * speed) / Math.sqrt(GUST_HZ * (Math.PI / 4));
    const tyreSlope = (tyreEnd - this.#tyreNow) / n;
    const gustSlope = (gustEnd - this.#gustNow) / n;
    let tyre = this.#tyreNow;
    let gust = this.#gustNow;
    const s = this.#state;
    let s0 = s[0]!,
      s1 = s[1]!,
      s2 = s[2]!,
      s3 = s[3]!,
      s4 = s[4]!,
      roof = s[5]!,
      tl = s[6]!,
      th = s[7]!,
      w1 = s[8]!,
      w2 = s[9]!,
      z1 = s[10]!,
      z2 = s[11]!;
    const [a0, a1, a2, a3, a4] = this.#a as unknown as [number, number, number, number, number];
    const [g0, g1, g2, g3, g4] = this.#gain as unknown as [number, number, number, number, number];
    // Sum of four 16-bit uniforms: variance 4 / 12.
    const scale = (this.#white * Math.sqrt(3)) / 65_536;
    let x = this.#x;
    let y = this.#y;
    for (let i = 0; i < n; i++) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      y ^= y << 5;
      y ^= y >>> 7;
      y ^= y << 22;
      const w = ((x & 0xffff) + (x >>> 16) + (y & 0xffff) + (y >>> 16) - 131_070) * scale;
      // A second stream for what is not the floor: the same bits, differently summed.
      const v = ((x & 0xffff) - (x >>> 16) + (y & 0xffff) - (y >>> 16)) * scale;
      s0 += a0 * (w - s0);
      s1 += a1 * (w - s1);
      s2 += a2 * (w - s2);
      s3 += a3 * (w - s3);
      s4 += a4 * (w - s4);
      roof += this.#roofA * (g0 * s0 + g1 * s1 + g2 * s2 + g3 * s3 + g4 * s4 - roof);
      tl += this.#tyreLow * (v - tl);
      th += this.#tyreHigh * (tl - th);
      w1 += this.#gustA * (v - w1);
      w2 += this.#gustA * (w1 - w2);
      tyre += tyreSlope;
      gust += gustSlope;
      const p = roof + tyre * (tl - th) + gust * w2;
      const hp = this.#b0 * p + z1;
      z1 = -2 * this.#b0 * p - this.#a1 * hp + z2;
      z2 = this.#b0 * p - this.#a2 * hp;
      out[at + i] = out[at + i]! + hp;
    }
    s[0] = s0;
    s[1] = s1;
    s[2] = s2;
    s[3] = s3;
    s[4] = s4;
    s[5] = roof;
    s[6] = tl;
    s[7] = th;
    s[8] = w1;
    s[9] = w2;
    s[10] = z1;
    s[11] = z2;
    this.#x = x;
    this.#y = y;
    this.#tyreNow = tyreEnd;
    this.#gustNow = gustEnd;
  }

  /** Amplitude of the tyre and engine noise: each vehicle's falls with its distance. */
  #tyreAmplitude(nowS: number): number {
    while (nowS >= this.#nextVehicleS) {
      const speedMps = this.#rng.uniform(6, 16);
      this.#vehicles.push({
        fromS: nowS,
        middleS: nowS + 120 / speedMps,
        nearestM: this.#rng.uniform(6, 30),
        speedMps,
        // 62 to 74 dB SPL at 10 m over the 800 Hz or so that the filter passes.
        amplitudePa: (20e-6 * 10 ** (this.#rng.uniform(62, 74) / 20) * 10) / Math.sqrt(1400),
      });
      this.#nextVehicleS = nowS + this.#untilVehicle();
    }
    let power = 0;
    for (let i = this.#vehicles.length - 1; i >= 0; i--) {
      const vehicle = this.#vehicles[i]!;
      const off = (nowS - vehicle.middleS) * vehicle.speedMps;
      if (off > 150) this.#vehicles.splice(i, 1);
      // A vehicle is not there at once: it fades in over its first 20 m.
      else power += (Math.min(1, (off + 120) / 20) * vehicle.amplitudePa) ** 2 / (vehicle.nearestM ** 2 + off * off);
    }
    return Math.sqrt(power);
  }
}

/** Integral of the floor's density from 20 Hz to 20 kHz, for the shape's gains and the 2.5 kHz roof. */
function floorPower(shape: readonly number[]): number {
  let power = 0;
  const steps = 400;
  for (let i = 0; i < steps; i++) {
    const f = 20 * 1000 ** ((i + 0.5) / steps);
    let re = 0;
    let im = 0;
    shape.forEach((g, k) => {
      const x = f / FLOOR_CORNERS_HZ[k]!;
      re += g / (1 + x * x);
      im -= (g * x) / (1 + x * x);
    });
    const roof = 1 / (1 + (f / 2500) ** 2);
    power += (re * re + im * im) * roof * ((f * Math.log(1000)) / steps);
  }
  return power;
}
