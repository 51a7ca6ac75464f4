/** A microphone with its converter: pressure in, samples of full scale 1 out. */
import type { Rng } from "../rng.ts";
import { flatPickup, type Pickup } from "./block.ts";

export interface MicrophoneModel extends Pickup {
  /** dBFS that 94 dB SPL gives, both of the same kind (peak to peak or RMS to RMS): a sample of 1 is 10^(-x/20) Pa. */
  sensitivityDbFsAt94Spl: number;
  /** Noise of microphone and converter, dB SPL over the whole band. */
  selfNoiseDbSpl: number;
  bits: number;
}

/** A MEMS microphone as lampposts carry: overloads at 124 dB SPL peak. */
export const lamppostMicrophone: MicrophoneModel = {
  ...flatPickup,
  highPassHz: 25,
  sensitivityDbFsAt94Spl: -30,
  selfNoiseDbSpl: 32,
  bits: 16,
};

/** Specimens differ by a decibel or so, and in their low end. */
export function drawMicrophone(rng: Rng, model: MicrophoneModel = lamppostMicrophone): MicrophoneModel {
  return {
    ...model,
    sensitivityDbFsAt94Spl: model.sensitivityDbFsAt94Spl + rng.normal(0, 1),
    highPassHz: model.highPassHz * rng.uniform(0.8, 1.3),
  };
}

/** Full-scale samples per pascal. */
export function fullScalePerPa(model: MicrophoneModel): number {
  return 10 ** (model.sensitivityDbFsAt94Spl / 20);
}

/** Self-noise, clipping and rounding, in place: pascals become full scale. */
export function digitise(samples: Float32Array, model: MicrophoneModel, rng: Rng): void {
  const gain = fullScalePerPa(model);
  const noise = gain * 20e-6 * 10 ** (model.selfNoiseDbSpl / 20);
  const steps = 2 ** (model.bits - 1);
  for (let i = 0; i < samples.length; i++) {
    // Two uniforms: triangular, of the noise's power; it dithers the rounding too.
    const hiss = (rng.uniform() + rng.uniform() - 1) * Math.sqrt(6) * noise;
    const level = Math.round((samples[i]! * gain + hiss) * steps);
    samples[i] = Math.max(-steps, Math.min(steps - 1, level)) / steps;
  }
}
