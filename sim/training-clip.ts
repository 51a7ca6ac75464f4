/**
 * Single clips with known truth, for training and measuring detectors.
 *
 *   const clip = renderTrainingClip(new Rng(7), { kind: "gunshot", minDistanceM: 60, maxDistanceM: 1000 });
 *   clip.samples     Float32Array, full scale 1, clip.rateHz (16000), 2 s
 *   clip.onsetS      true first arrival, seconds from sample 0, exact below a sample; undefined for kind "noise"
 *   clip.truth       kind, soundClass, distanceM, snrDb, arrivals (one per round or bang), echoes, weather, recorder
 *
 * The world behind a clip is one of a few whole cities (from an open field to a dense district): spreading, absorption, ground,
 * facade echoes, diffraction, wind, street noise, a microphone that clips, a random recorder. `node sim/render-clips.ts` writes many.
 */
import type { SoundClass } from "#contract/shot.ts";
import { Absorption, type Air, soundSpeedMps } from "./acoustics/air.ts";
import { hear } from "./acoustics/listen.ts";
import { digitise, fullScalePerPa, lamppostMicrophone, type MicrophoneModel } from "./acoustics/microphone.ts";
import { Propagation, type Vec } from "./acoustics/propagation.ts";
import { type ChainStep, randomChain } from "./acoustics/recording-chain.ts";
import { Renderer } from "./acoustics/render.ts";
import { drawSource, type EventKind, gunshot, type SoundSource } from "./acoustics/sources.ts";
import { StreetNoise } from "./acoustics/street-noise.ts";
import type { WeaponKind } from "./acoustics/weapons.ts";
import { type City, makeCity, streetPlace } from "./city.ts";
import type { Rng } from "./rng.ts";

export type ClipKind = EventKind | "noise";
export const clipKinds: readonly ClipKind[] = [
  "gunshot",
  "firework",
  "firecrackers",
  "backfire",
  "door",
  "hammer",
  "metal",
  "glass",
  "balloon",
  "babble",
  "noise",
];

/** The classifier's class of each kind of clip. */
export const soundClassOf: Record<ClipKind, SoundClass> = {
  gunshot: "gunshot",
  firework: "firework",
  firecrackers: "firework",
  backfire: "vehicle",
  door: "impact",
  hammer: "impact",
  metal: "impact",
  glass: "glass",
  balloon: "other",
  babble: "other",
  noise: "other",
};

export interface ClipOptions {
  kind: ClipKind;
  /** 16000 by default; the physics is the same at any rate. */
  rateHz?: number;
  /** 2 by default. */
  lengthS?: number;
  /** Distance to the source is log-uniform in this range; by default 3 to 1000 m for shots and fireworks, 2 to 150 m for others. */
  minDistanceM?: number;
  maxDistanceM?: number;
  weapon?: WeaponKind;
  /** Rounds of a gunshot clip; 1 by default. */
  rounds?: number;
  /** Seconds between rounds, drawn in this range; [0.08, 0.5] by default. */
  roundEveryS?: readonly [number, number];
  /** Peak over noise in this range, dB: the noise is made to fit. By default the noise has a street's level and the ratio follows. */
  snrDb?: readonly [number, number];
  /** Level of the street noise in this range, dB SPL; [38, 68] by default. */
  noiseDbSpl?: readonly [number, number];
  /** No random recorder after the microphone. */
  clean?: boolean;
  /** Where in the clip the first arrival falls, s; by default anywhere from 0.25 to 0.9. */
  onsetS?: number;
  /** A city to use instead of the built-in ones. */
  city?: City;
}

export interface ClipArrival {
  /** True first arrival, seconds from sample 0. */
  onsetS: number;
  kind: "shock" | "blast";
  /** By the straight way, or diffracted over roofs or around a corner. */
  path: "direct" | "diffracted" | "echo";
  strongestEchoDb: number;
  /** The echoes of this arrival: how much later, and how strong against it. */
  echoes: { afterS: number; levelDb: number }[];
}

export interface ClipTruth {
  kind: ClipKind;
  soundClass: SoundClass;
  distanceM?: number;
  /** Peak within 50 ms of the first arrival over the noise's RMS before the recorder, dB. */
  snrDb?: number;
  /** Peak pressure within 50 ms of the first arrival, dB re 20 micropascals. */
  peakDbSpl?: number;
  noiseDbSpl: number;
  /** In time order; a supersonic round has two. */
  arrivals: ClipArrival[];
  clippedSamples: number;
  air: Air;
  detail: Record<string, string | number>;
  recorder: ChainStep[];
}

export interface TrainingClip {
  samples: Float32Array;
  rateHz: number;
  onsetS: number | undefined;
  truth: ClipTruth;
}

const settings = [
  { density: 0, tall: 0 },
  { density: 0.35, tall: 0.02 },
  { density: 0.6, tall: 0.04 },
  { density: 0.82, tall: 0.06 },
  { density: 0.9, tall: 0.25 },
  { density: 0.97, tall: 0.7 },
];
const cities: City[] = [];

function builtInCity(rng: Rng): City {
  const index = rng.int(0, 2 * settings.length - 1);
  return (cities[index] ??= makeCity(`training-${index}`, { nodes: 4, ...settings[index % settings.length]! }));
}

function drawAir(rng: Rng): Air {
  return {
    tempC: rng.uniform(-12, 36),
    humidityPercent: rng.uniform(20, 95),
    pressureKPa: rng.uniform(96, 103),
    windFromDeg: rng.uniform(0, 360),
    windMps: rng.chance(0.3) ? 0 : rng.uniform(0, 8),
    turbulence: rng.logUniform(3e-7, 1e-5),
  };
}

export function drawTrainingMicrophone(rng: Rng): MicrophoneModel {
  return {
    highPassHz: rng.logUniform(8, 120),
    passShare: rng.uniform(0.38, 0.46),
    sensitivityDbFsAt94Spl: rng.uniform(-42, -14),
    selfNoiseDbSpl: rng.uniform(28, 42),
    bits: 16,
  };
}

/** One clip; every draw comes from `rng`. */
export function renderTrainingClip(rng: Rng, options: ClipOptions): TrainingClip {
  const rateHz = options.rateHz ?? 16_000;
  const length = Math.round((options.lengthS ?? 2) * rateHz);
  const microphone = options.clean ? lamppostMicrophone : drawTrainingMicrophone(rng);
  const air = drawAir(rng);
  const pressure = new Float32Array(length);
  const event =
    options.kind === "noise" ? undefined : renderEvent(rng, options, options.kind, air, microphone, rateHz, pressure);
  const noise = new Float32Array(length);
  let noiseDbSpl = rng.uniform(...(options.noiseDbSpl ?? [38, 68]));
  new StreetNoise(rng, {
    rateHz,
    levelDbSpl: noiseDbSpl,
    vehiclesPerMinute: rng.chance(0.5) ? rng.uniform(0, 15) : 0,
    windMps: rng.chance(0.5) ? 0 : rng.uniform(0, 6),
    highPassHz: microphone.highPassHz,
  }).addTo(noise, 0, length);
  let noiseRms = Math.sqrt(noise.reduce((sum, x) => sum + x * x, 0) / length);
  if (event && options.snrDb) {
    const gain = event.peakPa / 10 ** (rng.uniform(...options.snrDb) / 20) / noiseRms;
    for (let i = 0; i < length; i++) noise[i] = noise[i]! * gain;
    noiseRms *= gain;
    noiseDbSpl += 20 * Math.log10(gain);
  }
  for (let i = 0; i < length; i++) pressure[i] = pressure[i]! + noise[i]!;
  const overload = 1 / fullScalePerPa(microphone);
  const clippedSamples = pressure.reduce((n, x) => n + (Math.abs(x) >= overload ? 1 : 0), 0);
  digitise(pressure, microphone, rng);
  const recorder = options.clean ? [] : randomChain(pressure, rateHz, rng);
  return {
    samples: pressure,
    rateHz,
    onsetS: event?.arrivals[0]?.onsetS,
    truth: {
      kind: options.kind,
      soundClass: soundClassOf[options.kind],
      ...(event
        ? {
            distanceM: event.distanceM,
            snrDb: 20 * Math.log10(event.peakPa / noiseRms),
            peakDbSpl: 20 * Math.log10(event.peakPa / 20e-6),
          }
        : {}),
      noiseDbSpl,
      arrivals: event?.arrivals ?? [],
      clippedSamples,
      air,
      detail: event?.detail ?? {},
      recorder,
    },
  };
}

function drawEvent(rng: Rng, options: ClipOptions, kind: EventKind): SoundSource {
  if (kind !== "gunshot") return drawSource(rng, kind);
  const [least, most] = options.roundEveryS ?? [0.08, 0.5];
  const roundsAtS = [0];
  while (roundsAtS.length < (options.rounds ?? 1))
    roundsAtS.push(roundsAtS[roundsAtS.length - 1]! + rng.uniform(least, most));
  return gunshot(rng, { roundsAtS, ...(options.weapon ? { weapon: options.weapon } : {}) });
}

function renderEvent(
  rng: Rng,
  options: ClipOptions,
  kind: EventKind,
  air: Air,
  microphone: MicrophoneModel,
  rateHz: number,
  out: Float32Array,
) {
  const city = options.city ?? builtInCity(rng);
  const loud = kind === "gunshot" || kind === "firework" || kind === "firecrackers";
  const least = options.minDistanceM ?? (loud ? 3 : 2);
  const most = options.maxDistanceM ?? (loud ? 1000 : 150);
  const source = drawEvent(rng, options, kind);
  const { place, mic, distanceM } = drawPlaces(rng, city, source.heightM, least, most);
  const propagation = new Propagation(city.buildings, air);
  const soundMps = soundSpeedMps(air);
  const renderer = new Renderer({ rateHz, absorption: new Absorption(air), soundMps, pickup: microphone });
  const atS = options.onsetS ?? rng.uniform(0.25, 0.9);
  // Heard once with the source's clock, then put where the first arrival belongs: the fraction of a sample stays.
  const rough = Math.floor((distanceM / soundMps) * rateHz);
  const { segments, truth } = hear(source, place, mic, propagation, renderer, rng, (s) => s * rateHz - rough);
  const arrivals = truth
    .flatMap((each): ClipArrival[] => {
      const blast: ClipArrival = {
        onsetS: each.arrivalS,
        kind: "blast",
        path: each.firstKind,
        strongestEchoDb: each.strongestEchoDb,
        echoes: each.echoes,
      };
      if (each.shockLeadS === undefined || each.shockLeadS <= 0) return [blast];
      return [
        {
          ...blast,
          onsetS: each.arrivalS - each.shockLeadS,
          kind: "shock",
          echoes: [],
          strongestEchoDb: Number.NEGATIVE_INFINITY,
        },
        blast,
      ];
    })
    .sort((a, b) => a.onsetS - b.onsetS);
  // A firework's first sound may be its lift; the clip shows the loudest part, the burst.
  const lead = kind === "firework" ? Number(source.detail.burstAtS) : 0;
  const shown = arrivals.find((a) => a.onsetS >= lead) ?? arrivals[0]!;
  const shift = Math.round((atS - shown.onsetS) * rateHz) + rough;
  for (const { start, samples } of segments) {
    for (let i = Math.max(0, -(start + shift)); i < samples.length; i++) {
      const at = start + shift + i;
      if (at >= out.length) break;
      out[at] = out[at]! + samples[i]!;
    }
  }
  const moved = arrivals
    .map((a) => ({ ...a, onsetS: a.onsetS + (shift - rough) / rateHz }))
    .filter((a) => a.onsetS >= 0 && a.onsetS < out.length / rateHz);
  const first = moved.find((a) => a.onsetS >= atS - 1 / rateHz) ?? moved[0]!;
  let peakPa = 1e-9;
  for (let i = Math.floor(first.onsetS * rateHz); i < Math.min(out.length, (first.onsetS + 0.05) * rateHz); i++) {
    peakPa = Math.max(peakPa, Math.abs(out[i]!));
  }
  return { arrivals: moved, peakPa, distanceM, detail: source.detail };
}

function drawPlaces(rng: Rng, city: City, heightM: number, least: number, most: number) {
  for (let turn = 0; ; turn++) {
    const place = streetPlace(rng, city);
    const rangeM = rng.logUniform(least, most);
    const angle = rng.uniform(0, 2 * Math.PI);
    const at = [place[0] + rangeM * Math.sin(angle), place[1] + rangeM * Math.cos(angle)] as const;
    if (city.buildings.covers(at[0], at[1], 0.3)) continue;
    if (turn < 200 && Math.max(Math.abs(at[0]), Math.abs(at[1])) > 620) continue;
    // Lampposts, walls and hands.
    const upM = rng.chance(0.75) ? rng.uniform(3, 12) : rng.uniform(1, 2.2);
    const mic: Vec = [at[0], at[1], upM];
    return { place, mic, distanceM: Math.hypot(rangeM, upM - heightM) };
  }
}
