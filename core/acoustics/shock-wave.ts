/**
 * A supersonic round is heard twice: the bullet's shock wave (an N of a fraction of a millisecond), then the muzzle blast.
 * Their lead and directions give range and side from one node: a ray of the shock leaves the trajectory at the Mach angle's complement,
 * so its travel time is that of the muzzle-to-node line projected on the ray, whatever the bullet's speed
 * (R. C. Maher, "Acoustical characterization of gunshots", IEEE SAFE 2007, fig. 2).
 */

/** How an impulse resembles an N-wave. */
export interface NWave {
  /** Correlation with the best-fitting N, 0 to 1; a blast's is below 0.8. */
  likeness: number;
  /** Duration of the best-fitting N, seconds. */
  durationS: number;
}

const shortestS = 1.2e-4;
const longestS = 8e-4;

/**
 * Fits N-waves of 0.12 to 0.8 ms to the sound that begins at `onsetIndex`. Needs a sampling rate of 32 kHz or more: below it an N has
 * too few samples to have a shape, and `likeness` is 0.
 */
export function nWaveAt(samples: Float32Array, onsetIndex: number, sampleRateHz: number): NWave {
  const best: NWave = { likeness: 0, durationS: 0 };
  if (sampleRateHz < 32_000) return best;
  // The window is wider than the N: a blast goes on where an N has ended.
  const before = Math.round(1e-4 * sampleRateHz);
  const window = Math.round(1.6e-3 * sampleRateHz);
  for (let durationS = shortestS; durationS <= longestS; durationS *= 1.12) {
    for (let shift = -before; shift <= before; shift += 0.5) {
      let dot = 0;
      let modelPower = 0;
      let soundPower = 0;
      for (let i = -before; i < window; i++) {
        const x = samples[Math.round(onsetIndex) + i] ?? 0;
        const u = (i - shift) / sampleRateHz / durationS;
        const model = u >= 0 && u <= 1 ? 1 - 2 * u : 0;
        dot += x * model;
        modelPower += model * model;
        soundPower += x * x;
      }
      const likeness = dot / Math.sqrt(modelPower * soundPower + 1e-30);
      if (likeness > best.likeness) Object.assign(best, { likeness, durationS });
    }
  }
  return best;
}

export interface RangeAndSide {
  rangeM: number;
  rangeSigmaM: number;
  /** On which side of the line from muzzle to node the round passed, seen from the node towards the muzzle. */
  side: "left" | "right";
}

/**
 * Range to the muzzle from the lead of the shock wave over the blast and the bearings of both.
 * @returns undefined where the two come from nearly one direction: the range is then not determined.
 */
export function rangeFromShockWave(ask: {
  leadS: number;
  leadSigmaS: number;
  blastBearingDeg: number;
  blastSigmaDeg: number;
  shockBearingDeg: number;
  shockSigmaDeg: number;
  speedOfSoundMps: number;
}): RangeAndSide | undefined {
  const turn = ((ask.shockBearingDeg - ask.blastBearingDeg + 540) % 360) - 180;
  const angle = (Math.abs(turn) * Math.PI) / 180;
  const angleSigma = (Math.hypot(ask.blastSigmaDeg, ask.shockSigmaDeg) * Math.PI) / 180;
  if (angle < 2 * angleSigma || ask.leadS <= 0) return undefined;
  const gap = 1 - Math.cos(angle);
  const rangeM = (ask.speedOfSoundMps * ask.leadS) / gap;
  const rangeSigmaM = rangeM * Math.hypot(ask.leadSigmaS / ask.leadS, (Math.sin(angle) / gap) * angleSigma);
  return { rangeM, rangeSigmaM, side: turn > 0 ? "right" : "left" };
}
