/** Learns from finished shots where nodes may stand, or listen, other than their files say, and tells the technician; nothing is corrected. */
import { frameAt } from "#core/localise/geo.ts";
import { doubtBook, type PositionDoubt } from "#core/localise/position-doubt.ts";
import { type Shot, SURE } from "#core/localise/shot-record.ts";
import type { Log } from "../ports.ts";
import { BearingDoubts } from "./triangulate-bearings.ts";

/** Fewer nodes leave too little of a residual to learn from. */
const LEAST_NODES = 6;
const MOST_OPEN = 500;
/** A node is told of again when its offset changed by this much. */
const TOLD_AGAIN_M = 1;

export class PositionDoubts {
  readonly #book = doubtBook();
  readonly #open = new Map<string, { shot: Shot; atNs: bigint }>();
  readonly #told = new Map<string, PositionDoubt>();
  readonly #bearings: BearingDoubts;
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
    this.#bearings = new BearingDoubts(log);
  }

  /** Nodes whose bearings are turned or mirrored against the fixes. */
  get bearings(): number {
    return this.#bearings.count;
  }

  /** Takes the newest version of a shot; it counts once no newer one has come for a while. */
  newest(shot: Shot, atNs: bigint): void {
    this.#open.delete(shot.id);
    // One hidden echo that could mislead a fix is no reason to learn nothing from it: over many shots echoes do not point one way.
    const sure = (shot.solver?.share ?? 1) >= SURE;
    if (shot.withdrawn !== undefined || !sure || shot.arrivals.length < LEAST_NODES) return;
    this.#open.set(shot.id, { shot, atNs });
    if (this.#open.size > MOST_OPEN) for (const oldest of this.#open.keys()) if (this.#open.delete(oldest)) break;
  }

  /** Counts the shots that have not changed since then. @returns how many nodes are doubted. */
  learn(unchangedSinceNs: bigint): number {
    let learned = false;
    for (const [id, { shot, atNs }] of this.#open) {
      if (atNs > unchangedSinceNs) continue;
      this.#open.delete(id);
      this.#add(shot);
      this.#bearings.add(shot);
      learned = true;
    }
    const suspicious = learned ? this.#book.suspicious() : [];
    for (const { node, doubt } of suspicious) {
      const before = this.#told.get(node);
      if (before && Math.hypot(before.eastM - doubt.eastM, before.northM - doubt.northM) < TOLD_AGAIN_M) continue;
      this.#told.set(node, doubt);
      this.#log.warn({ node, ...doubt }, "this node seems to stand elsewhere than its file says; survey it again");
    }
    return this.#told.size;
  }

  doubtOf(node: string): PositionDoubt | undefined {
    return this.#book.of(node);
  }

  #add(shot: Shot): void {
    const frame = frameAt({ lat: shot.lat, lon: shot.lon, altM: 0 });
    const n = shot.arrivals.length;
    for (const one of shot.arrivals) {
      const { eastM, northM } = frame.toLocal(one.lat, one.lon, 0);
      const rangeM = Math.hypot(eastM, northM);
      if (rangeM < 10) continue;
      // A fix follows its own arrivals, the more the more weight they have: of an offset, the rest is left in the residual.
      const stretch = 1 / (1 - (one.weight * 3) / n);
      const propagationS = shot.solver?.propagationSigmaS ?? 0;
      this.#book.add({
        node: one.node,
        eastward: eastM / rangeM,
        northward: northM / rangeM,
        residualS: one.residualS * stretch,
        sigmaS: Math.hypot(one.toaSigmaS, propagationS) * Math.sqrt(stretch),
        speedMps: shot.speedOfSoundMps,
      });
    }
  }
}
