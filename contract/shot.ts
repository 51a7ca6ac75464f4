/** The messages of a shot: what one node heard, and where the network places it. */
import * as v from "valibot";
import { channel, type MessageOf } from "./channel.ts";
import { Company } from "./company.ts";
import { Ellipse95, Place } from "./geo.ts";
import {
  BearingDeg,
  Count,
  Finite,
  Id,
  LatDeg,
  LonDeg,
  NodeId,
  NonNegative,
  PositiveS,
  Probability,
  Sha256,
  Text,
  UtcNs,
} from "./units.ts";

/** Calibrated probabilities of what made the sound; they sum to 1. */
export const Scores = v.object({
  gunshot: Probability,
  firework: Probability,
  vehicle: Probability,
  impact: Probability,
  glass: Probability,
  other: Probability,
});
export type Scores = v.InferOutput<typeof Scores>;
export type SoundClass = keyof Scores;
/** In the order of a model's outputs. */
export const soundClasses = [
  "gunshot",
  "firework",
  "vehicle",
  "impact",
  "glass",
  "other",
] as const satisfies readonly SoundClass[];

/** A shock wave heard `leadS` before the muzzle blast (supersonic round), and from where. */
export const ShockWave = v.object({
  leadS: PositiveS,
  sigmaS: PositiveS,
  bearingDeg: v.optional(BearingDeg),
  bearingSigmaDeg: v.optional(NonNegative),
});
export type ShockWave = v.InferOutput<typeof ShockWave>;

/** The two sides of a line of microphones. */
const BearingsDeg = v.strictTuple([BearingDeg, BearingDeg], "must be two bearings of 0 to 360 degrees");

/** One line of `tocsin locate`'s input; also the core of `shot/heard`. Position may come from the site file instead. */
export const arrivalEntries = {
  id: Id,
  node: NodeId,
  lat: v.optional(LatDeg),
  lon: v.optional(LonDeg),
  altM: v.optional(Finite),
  posSigmaM: v.optional(NonNegative),
  /** Time of arrival of the first wavefront at the microphone. */
  toa: UtcNs,
  /** One sigma of `toa`: onset picking and clock together. */
  toaSigmaS: PositiveS,
  airTempC: v.optional(Finite),
  probability: v.optional(Probability),
  peakDbSpl: v.optional(Finite),
  snrDb: v.optional(Finite),
  bearingDeg: v.optional(BearingDeg),
  bearingSigmaDeg: v.optional(NonNegative),
  /**
   * Two microphones, or all in a line, cannot tell its two sides apart: the sound came from one of these, each as likely. In place of
   * `bearingDeg`, which is always sure of its side; `bearingSigmaDeg` is then theirs.
   */
  bearingsDeg: v.optional(BearingsDeg),
  shockWave: v.optional(ShockWave),
  /** How likely this arrival is an echo of an earlier one at the same node. Marked, never dropped. */
  echoProbability: v.optional(Probability),
  /** Calibrated probabilities of all classes; `probability` is that of a gunshot. */
  scores: v.optional(Scores),
};
export const Arrival = v.object(arrivalEntries);
export type Arrival = v.InferOutput<typeof Arrival>;

/** One impulse that a node took for a possible shot. `from` the node. */
export const shotHeard = channel(
  "shot/heard",
  {
    ...arrivalEntries,
    scores: Scores,
    company: v.optional(Company),
    /** The lamppost's own correction of the classifier that `scores` are made with, and what the classifier as it ships had said. */
    siteHead: v.optional(v.object({ version: v.pipe(Count, v.minValue(1)), uncorrected: Probability })),
    peakDbFs: Finite,
    /** Parts of `toaSigmaS`, for whoever wants to know where it comes from. */
    onsetSigmaS: PositiveS,
    clockSigmaS: NonNegative,
    /** A clip of at most 2 s is kept on the node, encrypted, until then; `clip/want` fetches it. */
    clipUntil: v.optional(UtcNs),
  },
  {
    delivery: { priority: 8 },
    rights: { publish: ["node"], subscribe: ["triangulator", "gateway", "flows"] },
  },
);
export type ShotHeard = MessageOf<typeof shotHeard>;

/** The range is that from the node by lead and bearings of a shock wave; `side`: where the round passed, seen towards the muzzle. */
export const Cue = v.variant("kind", [
  v.object({ kind: v.literal("bearing"), residualDeg: Finite, sigmaDeg: NonNegative, weight: Probability }),
  v.object({
    kind: v.literal("range"),
    rangeM: NonNegative,
    sigmaM: NonNegative,
    residualM: Finite,
    weight: Probability,
    /** The shot was at least that far; a greater distance fits as well. */
    atLeast: v.optional(v.boolean()),
    side: v.optional(v.picklist(["left", "right"])),
  }),
]);

/** An arrival as the solver used it: everything a third party needs to recompute the fix. */
export const UsedArrival = v.object({
  id: Id,
  node: NodeId,
  lat: LatDeg,
  lon: LonDeg,
  altM: Finite,
  posSigmaM: v.optional(NonNegative),
  toa: UtcNs,
  toaSigmaS: PositiveS,
  probability: v.optional(Probability),
  peakDbSpl: v.optional(Finite),
  snrDb: v.optional(Finite),
  bearingDeg: v.optional(BearingDeg),
  bearingSigmaDeg: v.optional(NonNegative),
  bearingsDeg: v.optional(BearingsDeg),
  shockWave: v.optional(ShockWave),
  echoProbability: v.optional(Probability),
  scores: v.optional(Scores),
  /** What the node told besides the instant, told minus solved, and the weight it had; a wrong one has none. */
  cues: v.optional(v.array(Cue)),
  /** Observed minus predicted time of arrival at the solution. */
  residualS: Finite,
  /** Robust weight the solver gave it, 0 to 1. */
  weight: Probability,
});
export type UsedArrival = v.InferOutput<typeof UsedArrival>;

export const RejectedArrival = v.object({
  id: Id,
  node: NodeId,
  why: v.picklist(["echo", "late", "early", "unrelated", "duplicate", "clock", "weak"]),
  residualS: Finite,
});
export type RejectedArrival = v.InferOutput<typeof RejectedArrival>;

/** The fields of one line of `tocsin locate`'s output. */
export const shotEntries = {
  /** Instant of firing. */
  time: UtcNs,
  lat: LatDeg,
  lon: LonDeg,
  ellipse95: Ellipse95,
  probability: Probability,
  nodesUsed: v.array(NodeId),
  rejected: v.array(RejectedArrival),
  /** Other places that fit as well (three nodes give two); never hidden. */
  alternatives: v.optional(v.array(v.object({ ...Place.entries, probability: Probability }))),
  /** True where one of the arrivals may be an echo and nothing contradicts it: a flight then needs a person. */
  unverified: v.optional(v.boolean()),
  /** Rounds of one burst share it. */
  incident: Id,
  /** 1 for the first fix, counted up as arrivals come. */
  version: v.pipe(Count, v.minValue(1)),
  rmsResidualS: NonNegative,
  solvedMs: NonNegative,
};

/** Under what assumptions a shot was solved: with its arrivals, everything that a recomputation needs. */
export const SolverRecord = v.object({
  /** Flat frame in which it was solved. */
  frame: v.object({ lat: LatDeg, lon: LonDeg, altM: Finite }),
  /** Height of the muzzle above the ellipsoid: expected, its sigma, and as solved. */
  muzzleAltM: Finite,
  muzzleAltSigmaM: NonNegative,
  solvedAltM: Finite,
  /** Speed of sound expected, and its relative sigma; 0 where the air was believed. */
  expectedSpeedMps: v.pipe(Finite, v.gtValue(0)),
  speedSigma: NonNegative,
  propagationSigmaS: NonNegative,
  /** Sigmas beyond which a residual counted linearly. */
  huberK: v.pipe(Finite, v.gtValue(0)),
  /** Log odds of the association against chance, and this place's share of the belief among its rivals. */
  logOdds: Finite,
  share: Probability,
  /** How much the belief in a gunshot counted what was heard: they change with each model. Absent in records of model 6 and before. */
  beliefWeights: v.optional(v.pipe(v.array(Finite), v.minLength(1), v.maxLength(16))),
});
export type SolverRecord = v.InferOutput<typeof SolverRecord>;

/** A shot placed by the network; `id` is the shot's and stays over its versions. `from` the triangulating node. */
export const shotFixed = channel(
  "shot/fixed",
  {
    ...shotEntries,
    arrivals: v.array(UsedArrival),
    solver: v.optional(SolverRecord),
    /** Height above the muzzle's at which the sound seems to have been made, where six nodes or more tell; a rocket's is far above the roofs. */
    elevation: v.optional(v.object({ aboveM: Finite, sigmaM: NonNegative, gain: Finite })),
    airTempC: Finite,
    speedOfSoundMps: v.pipe(Finite, v.gtValue(0)),
    windFromDeg: v.optional(BearingDeg),
    windMps: v.optional(NonNegative),
    /** Set when an earlier version of this shot turned out to be no shot (merged or withdrawn), with the reason. */
    withdrawn: v.optional(Text),
    /** Set when a district node solved it while the gateway was out of reach. */
    solvedLocally: v.optional(v.boolean()),
  },
  {
    delivery: { priority: 9 },
    rights: { publish: ["triangulator"], subscribe: ["gateway", "flows", "node", "triangulator"] },
    key: (shot) => `${shot.id}/${shot.version}`,
  },
);
export type ShotFixed = MessageOf<typeof shotFixed>;

/** Asks a node for the clips of arrivals that an incident uses. `to` the node. */
export const clipWant = channel(
  "clip/want",
  { arrivals: v.pipe(v.array(Id), v.maxLength(100)), incident: Id },
  { rights: { publish: ["gateway"], subscribe: ["node"] }, addressed: "to" },
);
export type ClipWant = MessageOf<typeof clipWant>;

/** At most 2 s of sound around one impulse, after the voice gate. `from` the node. */
export const clipCut = channel(
  "clip/cut",
  {
    arrival: Id,
    incident: Id,
    /** Instant of the first sample. */
    start: UtcNs,
    sampleRateHz: v.pipe(Count, v.minValue(8000), v.maxValue(96000)),
    /** Seconds from the first sample to the onset. */
    onsetS: NonNegative,
    /** Base64 of little-endian signed 16-bit mono samples, 2 s at most; absent where the voice gate withheld it. */
    pcm16: v.optional(v.pipe(v.string(), v.base64(), v.maxLength(600_000))),
    /** SHA-256 of the decoded `pcm16` bytes. */
    pcmSha256: v.optional(Sha256),
    /** What the voice gate did and what it measured. */
    voice: v.object({ speechProbability: Probability, action: v.picklist(["passed", "filtered", "withheld"]) }),
  },
  { delivery: { priority: 2 }, rights: { publish: ["node"], subscribe: ["gateway"] } },
);
export type ClipCut = MessageOf<typeof clipCut>;
