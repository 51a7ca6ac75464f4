/**
 * Compares the faces of each look with the lists in force, and tells the gateway of possible matches and of every look. Of a face that
 * matches nobody nothing leaves this file's buffers, and they are overwritten at the decision.
 */
import { ulid } from "ulid";
import { type FaceLooked, faceLooked, facePossible } from "#contract/face.ts";
import type { Place } from "#contract/geo.ts";
import { utcOfNs } from "#contract/units.ts";
import { CHIP_PX } from "#core/faces/align.ts";
import { EMBEDDING } from "#core/faces/distance.ts";
import { type DecidedTrack, FaceTracks, type ListInForce } from "#core/faces/face-tracks.ts";
import { measuredError } from "#core/faces/measured-error.ts";
import { directionOf, type Optics } from "#core/perception/directions.ts";
import type { Faces, Probes, Watchlists } from "../../faces-port.ts";
import type { StillPicture } from "../../perception-port.ts";
import type { Bus, Log } from "../../ports.ts";
import type { Watch } from "./watch.ts";

export interface ComparingContext {
  readonly node: string;
  readonly configSha256: string;
  readonly camera: string;
  readonly optics: Optics;
  readonly bus: Bus;
  readonly log: Log;
  readonly faces: Faces;
  readonly lists: Watchlists;
  readonly probes: Probes;
  readonly watch: Watch;
  readonly tellEveryS: number;
  /** Where the device is, and where its camera looks. */
  where(): { place?: Place; headingDeg?: number };
}

export interface SeenBox {
  readonly x: number;
  readonly y: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly score: number;
  readonly track: string;
}

/** What is told next: since when, with which lists, and what was counted before. */
interface Account {
  readonly fromNs: bigint;
  readonly lists: FaceLooked["lists"];
  readonly counts: FaceTracks["counts"];
}

const S = 1e9;
const TURN_DEG = 360;

export class Comparing {
  readonly #context: ComparingContext;
  readonly #tracks: FaceTracks;
  #told: Account | undefined;
  readonly #pending = new Set<Promise<void>>();

  constructor(context: ComparingContext) {
    this.#context = context;
    const inForce = (): ListInForce[] =>
      context.lists.inForce().map(({ list, rule, gallery }) => ({
        id: list.id,
        rule,
        nearest: (embedding, spread) => gallery.nearest(embedding, spread),
      }));
    this.#tracks = new FaceTracks(inForce, context.watch.suppressions, measuredError);
  }

  get counts(): FaceTracks["counts"] {
    return this.#tracks.counts;
  }

  /** Nobody is looked for: nothing is detected, embedded or remembered. @returns the boxes of the faces, without the faces. */
  async look(picture: StillPicture): Promise<SeenBox[]> {
    const { faces, lists, tellEveryS } = this.#context;
    const atS = Number(picture.at) / S;
    if (lists.inForce().length === 0) {
      this.#tracks.wipe();
      await this.#tell(picture.at);
      return [];
    }
    this.#told ??= this.#account(picture.at);
    const found: SeenBox[] = [];
    const onDecided = (decided: DecidedTrack) => this.#decided(decided, picture.at);
    await faces.look(
      picture,
      (face) => void this.#tracks.take(atS, face, onDecided),
      (box) => {
        const { hint, wanted } = this.#tracks.meet(atS, box);
        const { x, y, widthPx, heightPx, confidence } = box;
        found.push({ x, y, widthPx, heightPx, score: confidence, track: hint });
        return wanted;
      },
    );
    this.#tracks.settle(atS, onDecided);
    if (Number(picture.at - this.#told.fromNs) >= tellEveryS * S) await this.#tell(picture.at, true);
    return found;
  }

  /** The lists changed: looks at people under other lists are not decided under these, and stand on an account of their own. */
  async forget(nowNs: bigint): Promise<void> {
    this.#tracks.wipe();
    await this.#tell(nowNs, true);
  }

  async stop(nowNs: bigint): Promise<void> {
    this.#tracks.wipe();
    await this.#tell(nowNs);
    await Promise.allSettled(this.#pending);
  }

  #decided(decided: DecidedTrack, atNs: bigint): void {
    if (decided.outcome.kind !== "possible match" || !decided.list) return;
    const { person, distance, score } = decided.outcome;
    const list = this.#context.lists.inForce().find(({ list }) => list.id === decided.list?.id);
    if (!list) return;
    const match = ulid();
    // Copies that live until the probe is sealed.
    const embedding = Float32Array.from(decided.embedding);
    const chip = Uint8Array.from(decided.chip);
    const { rule } = list;
    const sending = this.#sealed(match, embedding, decided.spread, chip).then(async (probe) => {
      const { node, camera, configSha256, bus, log } = this.#context;
      const { place, headingDeg } = this.#context.where();
      const bearingDeg = headingDeg === undefined ? undefined : this.#bearing(headingDeg, decided);
      await bus.publish(facePossible, {
        v: 1,
        id: ulid(),
        node,
        at: utcOfNs(atNs),
        configSha256,
        match,
        list: { id: list.list.id, sha256: list.sha256, people: list.gallery.size },
        person,
        score: { distance, thresholdDistance: rule.thresholdDistance, ...score },
        looks: decided.looks,
        quality: decided.quality,
        camera,
        seenFrom: utcOfNs(BigInt(Math.round(decided.firstS * 1e3)) * 1_000_000n),
        seenUntil: utcOfNs(BigInt(Math.round(decided.lastS * 1e3)) * 1_000_000n),
        ...(place && { place }),
        ...(bearingDeg !== undefined && { bearingDeg }),
        falseMatchRateUpper: rule.falseMatchRateUpper,
        falseAlertRateUpper: rule.falseAlertRateUpper,
        ...(probe !== undefined && { probe }),
      });
      log.info({ match, list: list.list.id, person }, "possible match: a person decides");
    });
    const done = sending.catch((error: Error) =>
      this.#context.log.error({ match, error: error.message }, "a possible match could not be said"),
    );
    this.#pending.add(done);
    void done.finally(() => this.#pending.delete(done));
  }

  async #sealed(match: string, embedding: Float32Array, spread: number, chip: Uint8Array): Promise<string | undefined> {
    const { probes } = this.#context;
    try {
      return await probes.seal({
        match,
        chipJpeg: await probes.jpeg(chip, CHIP_PX, CHIP_PX),
        embedding: textOf(embedding),
        spread,
      });
    } finally {
      embedding.fill(0);
      chip.fill(0);
    }
  }

  #bearing(headingDeg: number, { box }: DecidedTrack): number {
    const { azimuthDeg } = directionOf(this.#context.optics, box.x + box.widthPx / 2, box.y + box.heightPx / 2);
    return (headingDeg + azimuthDeg + TURN_DEG) % TURN_DEG;
  }

  #account(fromNs: bigint): Account {
    const lists = this.#context.lists.inForce().map(({ list, sha256 }) => ({ id: list.id, sha256 }));
    return { fromNs, lists, counts: { ...this.#tracks.counts } };
  }

  /** Says how many faces were compared since the last time: every look is on the record. */
  async #tell(nowNs: bigint, goesOn = false): Promise<void> {
    const since = this.#told;
    if (!since) return;
    const { bus, node, camera } = this.#context;
    this.#told = goesOn ? this.#account(nowNs) : undefined;
    const { facesSeen, tracks, possible, unknown, undecided, suppressed } = this.#tracks.counts;
    if (since.lists.length === 0 && facesSeen === since.counts.facesSeen && tracks === since.counts.tracks) return;
    const message = {
      v: 1 as const,
      id: ulid(),
      node,
      at: utcOfNs(nowNs),
      from: utcOfNs(since.fromNs),
      until: utcOfNs(nowNs),
      camera,
      lists: since.lists,
      facesSeen: facesSeen - since.counts.facesSeen,
      tracks: tracks - since.counts.tracks,
      possible: possible - since.counts.possible,
      unknown: unknown - since.counts.unknown,
      undecided: undecided - since.counts.undecided,
      suppressed: suppressed - since.counts.suppressed,
    };
    await bus
      .publish(faceLooked, message)
      .catch((error: Error) => this.#context.log.error({ error: error.message }, "a look could not be said"));
  }
}

/** 128 float32, little-endian, base64. */
function textOf(embedding: Float32Array): string {
  const bytes = Buffer.alloc(EMBEDDING * 4);
  for (let i = 0; i < EMBEDDING; i++) bytes.writeFloatLE(embedding[i]!, 4 * i);
  const text = bytes.toString("base64");
  bytes.fill(0);
  return text;
}
