/** The robot's pretend inertial sensor and GNSS receiver, as devices on its I2C bus, with the errors of cheap real ones. */
import type { Plane } from "../place.ts";
import type { Rng } from "../rng.ts";
import type { Body } from "./body.ts";
import type { TwiDevice } from "./chip.ts";

const G_MPS2 = 9.80665;
const DEG = 180 / Math.PI;

/** MPU-6050 class (register map 4.17 to 4.19): 14 bytes from 0x3B, big-endian; asleep until 0x6B is written. */
export class InertialSensor implements TwiDevice {
  readonly #body: Body;
  readonly #rng: Rng;
  readonly #gyroBias: [number, number, number];
  readonly #accelBias: [number, number, number];
  /** Acceleration over the last samples: the sensor's filter hides what a step of the simulation does to it. */
  #accel = 0;
  #awake = false;
  #at = 0;
  #values = new Uint8Array(14);

  constructor(body: Body, rng: Rng) {
    this.#body = body;
    this.#rng = rng;
    const three = (sigma: number): [number, number, number] => [
      rng.normal(0, sigma),
      rng.normal(0, sigma),
      rng.normal(0, sigma),
    ];
    this.#gyroBias = three(0.003);
    this.#accelBias = three(0.03);
  }

  /** Once a millisecond of the world. */
  step(): void {
    this.#accel += (this.#body.accelMps2 - this.#accel) * 0.2;
  }

  select(register: number): void {
    this.#at = register;
    if (register === 0x3b) this.#measure();
  }

  write(value: number): void {
    if (this.#at === 0x6b) this.#awake = (value & 0x40) === 0;
    this.#at++;
  }

  read(): number {
    return this.#values[this.#at++ - 0x3b] ?? 0;
  }

  #measure(): void {
    const view = new DataView(this.#values.buffer);
    const { speedMps, yawRateRadps } = this.#body;
    const accel = [this.#accel, speedMps * yawRateRadps, G_MPS2];
    const gyro = [0, 0, yawRateRadps];
    const put = (at: number, value: number) =>
      view.setInt16(at, this.#awake ? Math.max(-32768, Math.min(32767, Math.round(value))) : 0);
    for (let i = 0; i < 3; i++) {
      const a = accel[i]! + this.#accelBias[i]! + this.#rng.normal(0, 0.015);
      const w = gyro[i]! + this.#gyroBias[i]! + this.#rng.normal(0, 1.2e-3);
      put(2 * i, (a / G_MPS2) * 16_384);
      put(8 + 2 * i, w * DEG * 131);
    }
  }
}

export interface GnssOptions {
  /** Of a fix's slowly wandering and its quick error, one sigma an axis, m. */
  slowM: number;
  quickM: number;
  /** Share of fixes with a reflection's error of about 15 m. */
  multipath: number;
  /** From the moment of a fix until the receiver has it ready. */
  latencyS: number;
}

export const usualGnss: GnssOptions = { slowM: 0.7, quickM: 0.3, multipath: 0, latencyS: 0.08 };

/** How long the slow error keeps its way. */
const SLOW_S = 30;
const EVERY_MS = 200;
/** What a receiver buffers for a host that does not read. */
const MOST_BYTES = 1000;

/** A u-blox receiver's data channel (0xFD, 0xFE: bytes waiting; 0xFF: the stream), with UBX-NAV-PVT five times a second. */
export class GnssReceiver implements TwiDevice {
  on = true;
  options: GnssOptions;
  readonly #body: Body;
  readonly #plane: Plane;
  readonly #rng: Rng;
  readonly #due: { readyMs: number; bytes: Uint8Array }[] = [];
  #stream: number[] = [];
  #slow: [number, number];
  #nextMs: number;
  #at = 0;
  #multipathLeft = 0;
  #multipathBy: [number, number] = [0, 0];

  constructor(body: Body, plane: Plane, rng: Rng, options: GnssOptions, utcMs: number) {
    this.#body = body;
    this.#plane = plane;
    this.#rng = rng;
    this.options = options;
    this.#slow = [rng.normal(0, options.slowM), rng.normal(0, options.slowM)];
    this.#nextMs = Math.ceil(utcMs / EVERY_MS) * EVERY_MS;
  }

  /** Once a millisecond of the world. */
  step(utcMs: number): void {
    if (utcMs >= this.#nextMs) {
      if (utcMs - this.#nextMs > 10 * EVERY_MS) this.#nextMs = Math.floor(utcMs / EVERY_MS) * EVERY_MS;
      const bytes = this.#fix(this.#nextMs);
      if (this.on) this.#due.push({ readyMs: this.#nextMs + this.options.latencyS * 1000, bytes });
      this.#nextMs += EVERY_MS;
    }
    while (this.#due[0] && this.#due[0].readyMs <= utcMs) {
      const { bytes } = this.#due.shift()!;
      if (this.#stream.length + bytes.length <= MOST_BYTES) this.#stream.push(...bytes);
    }
  }

  select(register: number): void {
    this.#at = register;
  }

  write(): void {
    this.#at++;
  }

  read(): number {
    const waiting = this.#stream.length;
    if (this.#at === 0xfd) {
      this.#at++;
      return waiting >> 8;
    }
    if (this.#at === 0xfe) {
      this.#at++;
      return waiting & 0xff;
    }
    return this.#stream.shift() ?? 0xff;
  }

  #fix(utcMs: number): Uint8Array {
    const { slowM, quickM, multipath } = this.options;
    const keep = Math.exp(-EVERY_MS / 1000 / SLOW_S);
    const renew = slowM * Math.sqrt(1 - keep * keep);
    this.#slow = [this.#slow[0] * keep + this.#rng.normal(0, renew), this.#slow[1] * keep + this.#rng.normal(0, renew)];
    // A reflection lasts a second or so.
    if (this.#multipathLeft > 0) this.#multipathLeft -= 1;
    else if (this.#rng.chance(multipath / 5)) {
      this.#multipathLeft = 5;
      const yaw = this.#rng.uniform(0, 2 * Math.PI);
      this.#multipathBy = [15 * Math.cos(yaw), 15 * Math.sin(yaw)];
    }
    const by = this.#multipathLeft > 0 ? this.#multipathBy : [0, 0];
    const { eastM, northM, speedMps, yawRad } = this.#body;
    const { lat, lon, altM } = this.#plane.geodetic({
      eastM: eastM + this.#slow[0] + this.#rng.normal(0, quickM) + by[0]!,
      northM: northM + this.#slow[1] + this.#rng.normal(0, quickM) + by[1]!,
      upM: this.#rng.normal(0, 2 * quickM),
    });
    const horizontalM = Math.hypot(slowM, quickM) * Math.SQRT2;
    return navPvt({
      timeOfWeekMs: utcMs % 604_800_000,
      lat,
      lon,
      altM,
      horizontalM,
      verticalM: 2 * horizontalM,
      northMps: speedMps * Math.sin(yawRad) + this.#rng.normal(0, 0.05),
      eastMps: speedMps * Math.cos(yawRad) + this.#rng.normal(0, 0.05),
      speedSigmaMps: 0.07,
    });
  }
}

/** UBX-NAV-PVT (u-blox M8 receiver description, 32.17.14), checksum of section 32.4. */
function navPvt(fix: {
  timeOfWeekMs: number;
  lat: number;
  lon: number;
  altM: number;
  horizontalM: number;
  verticalM: number;
  northMps: number;
  eastMps: number;
  speedSigmaMps: number;
}): Uint8Array {
  const frame = new Uint8Array(100);
  frame.set([0xb5, 0x62, 0x01, 0x07, 92, 0]);
  const view = new DataView(frame.buffer, 6, 92);
  view.setUint32(0, fix.timeOfWeekMs, true);
  view.setUint8(20, 3);
  view.setUint8(23, 14);
  view.setInt32(24, Math.round(fix.lon * 1e7), true);
  view.setInt32(28, Math.round(fix.lat * 1e7), true);
  view.setInt32(32, Math.round(fix.altM * 1000), true);
  view.setUint32(40, Math.round(fix.horizontalM * 1000), true);
  view.setUint32(44, Math.round(fix.verticalM * 1000), true);
  view.setInt32(48, Math.round(fix.northMps * 1000), true);
  view.setInt32(52, Math.round(fix.eastMps * 1000), true);
  view.setUint32(68, Math.round(fix.speedSigmaMps * 1000), true);
  let a = 0;
  let b = 0;
  for (let i = 2; i < 98; i++) {
    a = (a + frame[i]!) & 0xff;
    b = (b + a) & 0xff;
  }
  frame[98] = a;
  frame[99] = b;
  return frame;
}
