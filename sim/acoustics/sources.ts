/**
 * What makes sudden sounds in a street, as emissions: a wave, an instant and a place. Levels are peaks at one metre.
 * Firework figures after Krahé ("Noise of fireworks", DAGA 2006) and Sloan et al. on consumer fireworks; struck things as sums of modes.
 */
import type { Rng } from "../rng.ts";
import type { SoundPath } from "./render.ts";
import type { Shot } from "./shock-wave.ts";
import { friedlander, type Grain, grains, type Mode, modes, noiseBurst, together, type Wave } from "./wave.ts";
import { drawWeapon, muzzleBlast, pascalsOf, type WeaponKind } from "./weapons.ts";

export type EventKind =
  | "gunshot"
  | "firework"
  | "firecrackers"
  | "backfire"
  | "door"
  | "hammer"
  | "metal"
  | "glass"
  | "balloon"
  | "babble";

/** One sound of an event. Offsets are from the event's place, metres. */
export interface Emission {
  atS: number;
  offset: readonly [number, number, number];
  wave: Wave | ((path: SoundPath) => Wave);
  /** The bullet of a shot; its shock wave is heard where the geometry has it. */
  bullet?: Omit<Shot, "muzzle">;
}

export interface SoundSource {
  kind: EventKind;
  emissions: Emission[];
  /** The emission that people would call the event; 0 where absent; a firework's is its burst. */
  main?: number;
  /** Height of the event above ground, m. */
  heightM: number;
  /** What a table of truth should say beside place and time. */
  detail: Record<string, string | number>;
}

const here = [0, 0, 0] as const;

export interface GunshotOptions {
  weapon?: WeaponKind;
  /** Seconds after the first round at which each round is fired, the first 0. */
  roundsAtS?: readonly number[];
  /** Line of fire, clockwise from north. */
  azimuthDeg?: number;
}

/** Rounds from one gun: the same load with its spread (1.5 dB, 5 % of duration), the line of fire wandering by degrees. */
export function gunshot(rng: Rng, options: GunshotOptions = {}): SoundSource {
  const kind = options.weapon ?? rng.pick(["45", "40", "9mm", "rifle", "shotgun"] as const);
  const weapon = drawWeapon(rng, kind);
  const azimuthDeg = options.azimuthDeg ?? rng.uniform(0, 360);
  const emissions = (options.roundsAtS ?? [0]).map((atS): Emission => {
    const azimuth = ((azimuthDeg + rng.normal(0, 4)) * Math.PI) / 180;
    const climb = rng.normal(0, 0.04);
    const direction = [
      Math.sin(azimuth) * Math.cos(climb),
      Math.cos(azimuth) * Math.cos(climb),
      Math.sin(climb),
    ] as const;
    const round = {
      ...weapon,
      peakDbSpl: weapon.peakDbSpl + rng.normal(0, 0.8),
      positiveMs: weapon.positiveMs * (1 + rng.normal(0, 0.04)),
      muzzleMps: weapon.muzzleMps * (1 + rng.normal(0, 0.01)),
    };
    return {
      atS,
      offset: here,
      wave: ({ departure: d }) => muzzleBlast(round, d[0] * direction[0] + d[1] * direction[1] + d[2] * direction[2]),
      bullet: { direction, weapon: round, rangeM: rng.uniform(20, 250) },
    };
  });
  return {
    kind: "gunshot",
    emissions,
    heightM: rng.uniform(1.2, 1.7),
    detail: { weapon: kind, rounds: emissions.length, azimuthDeg },
  };
}

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

/** Speech-like sound: glottal pulses through formants in syllables, for masking; it says nothing. */
export function babble(rng: Rng, lengthS = 1.6): SoundSource {
  const amplitudePa = pascalsOf(rng.uniform(68, 84));
  const parts: Grain[] = [];
  const pitchHz = rng.uniform(95, 230);
  for (let syllableS = 0; syllableS < lengthS - 0.25; ) {
    const longS = rng.uniform(0.1, 0.22);
    const formants = [rng.uniform(280, 800), rng.uniform(900, 2200), rng.uniform(2300, 3100)] as const;
    const bend = rng.uniform(-0.15, 0.15);
    for (let t = 0; t < longS; ) {
      const f0 = pitchHz * (1 + (bend * t) / longS + rng.normal(0, 0.01));
      const loud = Math.sin((Math.PI * (t + 0.01)) / (longS + 0.02));
      formants.forEach((frequencyHz, i) => {
        parts.push({
          amplitudePa: (amplitudePa * loud) / (1 + i),
          frequencyHz,
          sigmaS: 0.002,
          atS: syllableS + t + 0.012,
        });
      });
      t += 1 / f0;
    }
    syllableS += longS + rng.uniform(0.03, 0.16);
  }
  return {
    kind: "babble",
    emissions: [{ atS: 0, offset: here, wave: grains(parts) }],
    heightM: 1.6,
    detail: { pitchHz },
  };
}

const makers: Record<EventKind, (rng: Rng) => SoundSource> = {
  gunshot,
  firework,
  firecrackers,
  backfire,
  door,
  hammer,
  metal,
  glass,
  balloon,
  babble,
};

/** A source of the kind with everything drawn at random. */
export function drawSource(rng: Rng, kind: EventKind): SoundSource {
  return makers[kind](rng);
}
