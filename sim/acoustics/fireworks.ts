/** Fireworks and bangers. Levels and durations after Krahé, "Noise of fireworks" (DAGA 2006), drawn wide. */
import type { Rng } from "../rng.ts";
import { type Emission, here, type SoundSource } from "./source.ts";
import { friedlander, type Grain, grains, together, type Wave } from "./wave.ts";
import { pascalsOf } from "./weapons.ts";

/** A rocket or shell: lift, rising whistle (some), burst aloft, crackle (some). */
export function firework(rng: Rng): SoundSource {
  const burstM = rng.logUniform(25, 110);
  const riseS = rng.uniform(0.8, 1.8);
  const drift = [rng.normal(0, 6), rng.normal(0, 6)] as const;
  const lift = friedlander(pascalsOf(rng.uniform(118, 138)), rng.uniform(2.5, 6) * 1e-3, 1, rng.uniform(0.2, 1) * 1e-3);
  const emissions: Emission[] = [{ atS: 0, offset: here, wave: lift }];
  const whistles = rng.chance(0.5);
  if (whistles) {
    // Three stretches of the climb, each from its own height.
    const startHz = rng.uniform(900, 2600);
    const endHz = startHz * rng.uniform(1.3, 2.4);
    const level = pascalsOf(rng.uniform(104, 118));
    for (let part = 0; part < 3; part++) {
      const wave = whistle(rng, startHz, endHz, level, riseS, part / 3, (part + 1) / 3);
      const share = (part + 0.5) / 3;
      const offset = [drift[0] * share, drift[1] * share, burstM * share] as const;
      emissions.push({ atS: 0.05 + (riseS * part) / 3, offset, wave });
    }
  }
  const aloft = [drift[0], drift[1], burstM] as const;
  const burstAt = 0.05 + riseS;
  const burst = friedlander(
    pascalsOf(rng.uniform(146, 164)),
    rng.logUniform(0.6, 4) * 1e-3,
    rng.uniform(0.8, 1.4),
    rng.logUniform(0.01, 0.3) * 1e-3,
  );
  const burstIndex = emissions.push({ atS: burstAt, offset: aloft, wave: burst }) - 1;
  const crackles = rng.chance(0.6) ? rng.int(15, 80) : 0;
  if (crackles > 0) {
    const overS = rng.uniform(0.4, 1.6);
    const level = rng.uniform(122, 138);
    const wave = together(
      Array.from({ length: crackles }, () => ({
        atS: overS * rng.uniform() ** 1.3,
        wave: friedlander(pascalsOf(level + rng.normal(0, 4)), rng.uniform(0.06, 0.2) * 1e-3),
      })),
    );
    emissions.push({ atS: burstAt + rng.uniform(0.15, 0.7), offset: aloft, wave });
  }
  return {
    kind: "firework",
    emissions,
    main: burstIndex,
    heightM: 0.5,
    detail: { burstM, burstAtS: burstAt, crackles, whistles: whistles ? 1 : 0 },
  };
}

function whistle(
  rng: Rng,
  startHz: number,
  endHz: number,
  amplitudePa: number,
  riseS: number,
  from: number,
  to: number,
): Wave {
  const sigmaS = 0.006;
  const parts: Grain[] = [];
  let phase = rng.uniform(0, 2 * Math.PI);
  for (let t = from * riseS; t < to * riseS; t += sigmaS) {
    const frequencyHz = startHz * (endHz / startHz) ** (t / riseS) * (1 + rng.normal(0, 0.006));
    phase += 2 * Math.PI * frequencyHz * sigmaS;
    const swell = Math.min(1, (t + 0.05) / 0.3) * rng.uniform(0.7, 1.2) * 0.4;
    const atS = t - from * riseS + 4 * sigmaS;
    parts.push({ amplitudePa: amplitudePa * swell, frequencyHz, sigmaS, atS, phaseRad: phase });
    parts.push({
      amplitudePa: amplitudePa * swell * 0.3,
      frequencyHz: 2 * frequencyHz,
      sigmaS,
      atS,
      phaseRad: 2 * phase,
    });
  }
  return grains(parts);
}

/** Bangers on the ground, one or a string: the nearest thing to a pistol. */
export function firecrackers(rng: Rng): SoundSource {
  const count = rng.chance(0.4) ? 1 : rng.int(3, 25);
  const positiveMs = rng.logUniform(0.12, 0.6);
  const level = rng.uniform(138, 156);
  let atS = 0;
  const emissions = Array.from({ length: count }, (): Emission => {
    const emission: Emission = {
      atS,
      offset: [rng.normal(0, 0.4), rng.normal(0, 0.4), rng.uniform(0, 0.2)],
      wave: friedlander(
        pascalsOf(level + rng.normal(0, 3)),
        positiveMs * 1e-3 * rng.uniform(0.8, 1.25),
        rng.uniform(0.9, 1.4),
      ),
    };
    atS += 0.015 + rng.exponential(0.07);
    return emission;
  });
  return { kind: "firecrackers", emissions, heightM: 0.1, detail: { count } };
}
