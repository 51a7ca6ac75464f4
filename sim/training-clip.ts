/**
 * Single clips with known truth, for training and measuring detectors.
 *
 *   const clip = renderTrainingClip(new Rng(7), { kind: "gunshot", minDistanceM: 60, maxDistanceM: 1000 });
 *   clip.samples     Float32Array, full scale 1, clip.rateHz (16000), 2 s
 *   clip.onsetS      true first arrival (of a firework: of its burst), seconds from sample 0, exact below a sample; undefined for "noise"
 *   clip.truth       kind, soundClass, distanceM, snrDb, arrivals (one per round or bang), echoes, weather, recorder
 *
 * The world behind a clip is one of a few whole cities (from an open field to a dense district): spreading, absorption, ground,
 * facade echoes, diffraction, wind, street noise, a microphone that clips, a random recorder. `node sim/render-clips.ts` writes many.
 */
import type { SoundClass } from "#contract/shot.ts";
import { Absorption, type Air, soundSpeedMps } from "./acoustics/air.ts";
import { type HeardTruth, hear } from "./acoustics/listen.ts";
import { digitise, fullScalePerPa, lamppostMicrophone, type MicrophoneModel } from "./acoustics/microphone.ts";
import { Propagation } from "./acoustics/propagation.ts";
import { type ChainStep, highPass, randomChain } from "./acoustics/recording-chain.ts";
import { Renderer } from "./acoustics/render.ts";
import type { EventKind, SoundSource } from "./acoustics/source.ts";
import { drawSource, gunshot } from "./acoustics/sources.ts";
import { StreetNoise } from "./acoustics/street-noise.ts";
import type { WeaponKind } from "./acoustics/weapons.ts";
import type { City } from "./city.ts";
import type { Rng } from "./rng.ts";
import { builtInCity, drawAir, drawPlaces, drawTrainingMicrophone } from "./training-scene.ts";

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
  /** Which round or bang, counted from 0. */
  emission: number;
  /** By the straight way, or diffracted over roofs or around a corner. */
  path: "direct" | "diffracted" | "echo";
  /** Against this arrival, dB; absent where there is no echo. */
  strongestEchoDb?: number;
  /** The echoes of this arrival: how much later, and how strong against it. */
  echoes: { afterS: number; levelDb: number }[];
}

export interface ClipTruth {
  kind: ClipKind;
  soundClass: SoundClass;
  distanceM?: number;
  /** Peak within 50 ms of the onset over the RMS of all noise, both above 150 Hz and before the recorder, dB. */
  snrDb?: number;
  /** The same of the first arrival itself: peak within 2.5 ms of the onset, before what is scattered or comes by the ground or a facade. */
  firstSnrDb?: number;
  /** Peak pressure within 50 ms of the onset, dB re 20 micropascals. */
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

/** A wave has its first peak within this; what street furniture scatters comes 3 ms behind. */
const FIRST_S = 0.0025;

/** One clip; every draw comes from `rng`. */
export function renderTrainingClip(rng: Rng, options: ClipOptions): TrainingClip {
  const rateHz = options.rateHz ?? 16_000;
  const length = Math.round((options.lengthS ?? 2) * rateHz);
  const microphone = options.clean ? { ...lamppostMicrophone } : drawTrainingMicrophone(rng);
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
  const selfNoise = 20e-6 * 10 ** (microphone.selfNoiseDbSpl / 20);
  let snrDb: number | undefined;
  let firstSnrDb: number | undefined;
  if (event) {
    // Rumble and wind say little about what can be heard: both sides above 150 Hz.
    const eventBand = pressure.slice();
    const noiseBand = noise.slice();
    highPass(eventBand, 150, rateHz);
    highPass(noiseBand, 150, rateHz);
    const peakPa = peakAfter(eventBand, event.onsetS, rateHz);
    let noiseRms = rmsOf(noiseBand);
    if (options.snrDb) {
      const gain = peakPa / 10 ** (rng.uniform(...options.snrDb) / 20) / noiseRms;
      for (let i = 0; i < length; i++) noise[i] = noise[i]! * gain;
      noiseRms *= gain;
      // Whoever records in such noise turns the gain down.
      const loudestFs = rmsOf(noise) * fullScalePerPa(microphone);
      if (loudestFs > 0.1) microphone.sensitivityDbFsAt94Spl -= 20 * Math.log10(loudestFs / rng.logUniform(0.02, 0.1));
      noiseDbSpl += 20 * Math.log10(gain);
    }
    const noisePa = Math.hypot(noiseRms, selfNoise);
    snrDb = 20 * Math.log10(peakPa / noisePa);
    firstSnrDb = 20 * Math.log10(peakAfter(eventBand, event.onsetS, rateHz, FIRST_S) / noisePa);
  }
  const peakPa = event ? peakAfter(pressure, event.onsetS, rateHz) : 0;
  for (let i = 0; i < length; i++) pressure[i] = pressure[i]! + noise[i]!;
  const overload = 1 / fullScalePerPa(microphone);
  const clippedSamples = pressure.reduce((n, x) => n + (Math.abs(x) >= overload ? 1 : 0), 0);
  digitise(pressure, microphone, rng);
  const recorder = options.clean ? [] : randomChain(pressure, rateHz, rng);
  return {
    samples: pressure,
    rateHz,
    onsetS: event?.onsetS,
    truth: {
      kind: options.kind,
      soundClass: soundClassOf[options.kind],
      ...(event
        ? {
            distanceM: event.distanceM,
            snrDb: snrDb!,
            firstSnrDb: firstSnrDb!,
            peakDbSpl: 20 * Math.log10(peakPa / 20e-6),
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
  const arrivals = truth.flatMap(arrivalsOf).sort((a, b) => a.onsetS - b.onsetS);
  // A firework's first sound may be its lift; the clip shows its burst. A supersonic shot's first arrival is the shock wave.
  const main = arrivals.find((a) => a.emission === (source.main ?? 0))!;
  const shift = Math.round((atS - main.onsetS) * rateHz) + rough;
  for (const { start, samples } of segments) {
    for (let i = Math.max(0, -(start + shift)); i < samples.length; i++) {
      const at = start + shift + i;
      if (at >= out.length) break;
      out[at] = out[at]! + samples[i]!;
    }
  }
  const lateS = (shift - rough) / rateHz;
  const onsetS = main.onsetS + lateS;
  const moved = arrivals
    .map((a) => ({ ...a, onsetS: a.onsetS + lateS }))
    .filter((a) => a.onsetS >= 0 && a.onsetS < out.length / rateHz);
  return { arrivals: moved, onsetS, distanceM, detail: source.detail };
}

function arrivalsOf(heard: HeardTruth): ClipArrival[] {
  const { emission, strongestEchoDb, echoes } = heard;
  const blast: ClipArrival = {
    onsetS: heard.arrivalS,
    kind: "blast",
    emission,
    path: heard.firstKind,
    echoes,
    ...(strongestEchoDb === undefined ? {} : { strongestEchoDb }),
  };
  if (heard.shockLeadS === undefined || heard.shockLeadS <= 0) return [blast];
  return [
    { onsetS: heard.arrivalS - heard.shockLeadS, kind: "shock", emission, path: heard.firstKind, echoes: [] },
    blast,
  ];
}

/** Largest size within `forS` from `fromS`. */
function peakAfter(samples: Float32Array, fromS: number, rateHz: number, forS = 0.05): number {
  let peak = 1e-9;
  const end = Math.min(samples.length, (fromS + forS) * rateHz);
  for (let i = Math.max(0, Math.floor(fromS * rateHz)); i < end; i++) peak = Math.max(peak, Math.abs(samples[i]!));
  return peak;
}

function rmsOf(samples: Float32Array): number {
  return Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
}
