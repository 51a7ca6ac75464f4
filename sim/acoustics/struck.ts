/** Sudden sounds of a street that are no explosions, and an exhaust's that is one: sums of modes, bursts of noise. */
import type { Rng } from "../rng.ts";
import { type Emission, here, type SoundSource } from "./source.ts";
import { friedlander, type Mode, modes, noiseBurst, together } from "./wave.ts";
import { pascalsOf } from "./weapons.ts";

/** Unburnt mixture going off in an exhaust: a slow pressure rise, the pipe's resonance and a rush of gas; often several. */
export function backfire(rng: Rng): SoundSource {
  const count = rng.chance(0.5) ? 1 : rng.int(2, 4);
  const pipeHz = rng.uniform(45, 140);
  const level = rng.uniform(122, 138);
  let atS = 0;
  const emissions = Array.from({ length: count }, (): Emission => {
    const peakPa = pascalsOf(level + rng.normal(0, 2.5));
    const resonance: Mode[] = [1, 2, 3, 4].map((n) => ({
      amplitudePa: (peakPa * rng.uniform(0.15, 0.5)) / n,
      frequencyHz: pipeHz * n * rng.uniform(0.97, 1.03),
      decayPerS: rng.uniform(18, 60) * Math.sqrt(n),
      riseS: 0.8e-3,
    }));
    const wave = together([
      { atS: 0, wave: friedlander(peakPa, rng.uniform(1.5, 4.5) * 1e-3, 1, rng.uniform(0.25, 1.2) * 1e-3) },
      { atS: 0, wave: modes(resonance) },
      {
        atS: 0.5e-3,
        wave: noiseBurst(rng, {
          rmsPa: peakPa * rng.uniform(0.05, 0.15),
          lowHz: 200,
          highHz: 5000,
          decayPerS: rng.uniform(30, 90),
          riseS: 1e-3,
        }),
      },
    ]);
    const emission: Emission = { atS, offset: here, wave };
    atS += rng.uniform(0.09, 0.6);
    return emission;
  });
  return { kind: "backfire", emissions, heightM: 0.35, detail: { count, pipeHz } };
}

/** A house or car door: latch, slam of the leaf (low modes), rattle. */
export function door(rng: Rng): SoundSource {
  const peakPa = pascalsOf(rng.uniform(100, 117));
  const leaf: Mode[] = Array.from({ length: 14 }, () => {
    const frequencyHz = rng.logUniform(45, 700);
    return {
      amplitudePa: peakPa * rng.uniform(0.1, 0.45) * (90 / (90 + frequencyHz / 3)),
      frequencyHz,
      decayPerS: rng.uniform(18, 70) * (1 + frequencyHz / 500),
      phaseRad: rng.uniform(0, 6.28),
      riseS: 1.2e-3,
    };
  });
  const latchS = rng.uniform(0.008, 0.05);
  const click = () =>
    noiseBurst(rng, {
      rmsPa: peakPa * rng.uniform(0.03, 0.12),
      lowHz: 1200,
      highHz: 6500,
      decayPerS: rng.uniform(200, 500),
      count: 30,
      riseS: 0.1e-3,
    });
  const wave = together([
    { atS: 0, wave: modes(leaf) },
    {
      atS: 0,
      wave: noiseBurst(rng, {
        rmsPa: peakPa * 0.12,
        lowHz: 100,
        highHz: 2500,
        decayPerS: rng.uniform(40, 120),
        riseS: 0.8e-3,
      }),
    },
    { atS: latchS, wave: click() },
    { atS: latchS + rng.uniform(0.01, 0.05), wave: click() },
  ]);
  return { kind: "door", emissions: [{ atS: 0, offset: here, wave }], heightM: rng.uniform(0.8, 1.4), detail: {} };
}

/** Hammer blows on wood or metal, a nail gun among them. */
export function hammer(rng: Rng): SoundSource {
  const blows = rng.int(1, 5);
  const peakPa = pascalsOf(rng.uniform(104, 120));
  const onMetal = rng.chance(0.5);
  const [low, high] = onMetal ? [700, 6500] : [150, 1800];
  const struck: Mode[] = Array.from({ length: onMetal ? 14 : 9 }, () => ({
    amplitudePa: peakPa * rng.uniform(0.05, 0.35),
    frequencyHz: rng.logUniform(low!, high!),
    decayPerS: onMetal ? rng.logUniform(15, 180) : rng.uniform(80, 300),
    phaseRad: rng.uniform(0, 6.28),
    riseS: rng.uniform(0.02, 0.25) * 1e-3,
  }));
  const everyS = rng.uniform(0.3, 0.8);
  const emissions = Array.from({ length: blows }, (_, i): Emission => {
    const strength = rng.uniform(0.6, 1);
    const wave = together([
      {
        atS: 0,
        wave: modes(struck.map((m) => ({ ...m, amplitudePa: m.amplitudePa * strength * rng.uniform(0.8, 1.2) }))),
      },
      {
        atS: 0,
        wave: noiseBurst(rng, {
          rmsPa: peakPa * 0.15 * strength,
          lowHz: 300,
          highHz: 7000,
          decayPerS: 400,
          count: 30,
          riseS: 0.05e-3,
        }),
      },
    ]);
    return { atS: i * everyS * rng.uniform(0.93, 1.07), offset: here, wave };
  });
  return { kind: "hammer", emissions, heightM: rng.uniform(0.8, 4), detail: { blows, on: onMetal ? "metal" : "wood" } };
}

/** A skip's lid, a dropped plate, a lorry over a steel cover. */
export function metal(rng: Rng): SoundSource {
  const peakPa = pascalsOf(rng.uniform(106, 124));
  const plate: Mode[] = Array.from({ length: 24 }, () => {
    const frequencyHz = rng.logUniform(70, 4500);
    return {
      amplitudePa: peakPa * rng.uniform(0.04, 0.25),
      frequencyHz,
      decayPerS: rng.uniform(4, 30) * (1 + frequencyHz / 1500),
      phaseRad: rng.uniform(0, 6.28),
      riseS: 0.3e-3,
    };
  });
  const bounces = rng.int(1, 3);
  let atS = 0;
  const emissions = Array.from({ length: bounces }, (_, i): Emission => {
    const emission: Emission = {
      atS,
      offset: here,
      wave: modes(plate.map((m) => ({ ...m, amplitudePa: m.amplitudePa * 0.6 ** i * rng.uniform(0.6, 1.3) }))),
    };
    atS += rng.uniform(0.06, 0.3);
    return emission;
  });
  return { kind: "metal", emissions, heightM: 0.8, detail: { bounces } };
}

/** A pane: the crack, then shards ringing as they fall. */
export function glass(rng: Rng): SoundSource {
  const peakPa = pascalsOf(rng.uniform(100, 116));
  const shards = rng.int(25, 70);
  const fallS = rng.uniform(0.25, 0.8);
  const ringing: Mode[] = Array.from({ length: shards }, () => ({
    amplitudePa: peakPa * rng.uniform(0.02, 0.2),
    frequencyHz: rng.logUniform(1800, 12_000),
    decayPerS: rng.logUniform(25, 200),
    phaseRad: rng.uniform(0, 6.28),
    atS: rng.chance(0.35) ? rng.uniform(0, 0.02) : Math.abs(fallS + rng.normal(0, 0.15)),
  }));
  const wave = together([
    {
      atS: 0,
      wave: noiseBurst(rng, {
        rmsPa: peakPa * 0.3,
        lowHz: 500,
        highHz: 10_000,
        decayPerS: rng.uniform(80, 250),
        riseS: 0.1e-3,
      }),
    },
    { atS: 0, wave: modes(ringing) },
  ]);
  return { kind: "glass", emissions: [{ atS: 0, offset: here, wave }], heightM: rng.uniform(1, 4), detail: { shards } };
}

/** A balloon or paper bag: a short N without a gun's strength. */
export function balloon(rng: Rng): SoundSource {
  const wave = friedlander(
    pascalsOf(rng.uniform(112, 130)),
    rng.logUniform(0.15, 0.8) * 1e-3,
    rng.uniform(1, 2),
    rng.uniform(0.02, 0.15) * 1e-3,
  );
  return { kind: "balloon", emissions: [{ atS: 0, offset: here, wave }], heightM: 1.5, detail: {} };
}
