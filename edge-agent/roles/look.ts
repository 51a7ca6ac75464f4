/**
 * Looks: still pictures of a camera -> people and vehicles as detections without identity, for whoever fuses them on this node; and, only
 * where it is configured and a signed list is in force, faces compared with that list. Pictures are overwritten when they were looked at.
 */
import type { Place } from "#contract/geo.ts";
import { BoxTracks } from "#core/perception/box-tracks.ts";
import { bearingSigmaDeg, directionOf, type Optics } from "#core/perception/directions.ts";
import type { Faces, Probes, Watchlists } from "../faces-port.ts";
import type { Observation, ObservationLook, ObservedKind, StillCamera, StillPicture } from "../perception-port.ts";
import type { RoleContext, Running } from "../ports.ts";
import { Comparing } from "./look/comparing.ts";
import type { LookConfig } from "./look/config.ts";
import { Watch } from "./look/watch.ts";

export { LookConfig } from "./look/config.ts";

/** A person or vehicle in picture pixels; `fallen`: probability of lying, where it can be told. */
export interface Thing {
  readonly kind: "person" | "vehicle";
  readonly score: number;
  readonly x: number;
  readonly y: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly fallen?: number;
}

export interface LookContext extends RoleContext<LookConfig> {
  readonly camera: StillCamera;
  /** Absent: not configured, or no model. */
  readonly things: { look(picture: StillPicture): Promise<readonly Thing[]> } | undefined;
  /** Absent: faces are not configured. */
  readonly faces: { readonly finder: Faces; readonly lists: Watchlists; readonly probes: Probes } | undefined;
  /** To the other roles of this node. */
  say(look: ObservationLook): void;
  /** Where this device is; `context.position` where it stands still. */
  whereabouts(): { place: Place; headingDeg?: number } | undefined;
}

const SECOND_NS = 1e9;
const LOST_AFTER_S = 2;

/** Ready when orders are subscribed (without faces: at once); looks from the first moment, with or without a link. */
export async function startLook(context: LookContext): Promise<Running> {
  const looker = new Looker(context);
  const { subscribed } = await looker.start();
  const done = looker.run();
  done.catch(() => undefined);
  const stopped = new Promise<void>((resolve) =>
    context.signal.addEventListener("abort", () => resolve(), { once: true }),
  );
  if (!context.signal.aborted) await Promise.race([subscribed, stopped, done]);
  return { done };
}

class Looker {
  readonly #context: LookContext;
  readonly #optics: Optics;
  readonly #boxes = new BoxTracks<Thing>("t", LOST_AFTER_S);
  readonly #watch: Watch | undefined;
  readonly #comparing: Comparing | undefined;
  readonly #counters = { looks: 0, people: 0, vehicles: 0, failedLooks: 0 };

  constructor(context: LookContext) {
    this.#context = context;
    const { camera, faces: policy } = context.config;
    this.#optics = camera;
    if (!context.faces || !policy) return;
    const { node, bus, log, configSha256 } = context;
    const { lists, probes, finder } = context.faces;
    const { keysFile: _, tellEveryS, ...rest } = policy;
    this.#watch = new Watch({
      node,
      bus,
      log,
      lists,
      probes,
      policy: rest,
      here: () => this.#where().place,
      now: () => this.#now(),
      onLists: () => this.#comparing?.forget(this.#now().ns),
    });
    this.#comparing = new Comparing({
      node,
      configSha256,
      camera: camera.name,
      optics: camera,
      bus,
      log,
      faces: finder,
      lists,
      probes,
      watch: this.#watch,
      tellEveryS,
      where: () => this.#where(),
    });
  }

  /** In an object: a promise that is returned bare would be waited for, and nobody looks while the link is down. */
  async start(): Promise<{ subscribed: Promise<void> | undefined }> {
    return { subscribed: (await this.#watch?.start())?.subscribed };
  }

  async run(): Promise<void> {
    const { camera, signal, log, report } = this.#context;
    try {
      for await (const picture of camera.pictures(signal)) {
        try {
          await this.#look(picture);
        } catch (error) {
          this.#counters.failedLooks++;
          log.error({ error: (error as Error).message }, "a look failed");
        } finally {
          picture.rgb.fill(0);
        }
        const { pictures, dropped, restarts } = camera.counters;
        report({
          counters: {
            ...this.#counters,
            ...this.#watch?.counters,
            ...this.#comparing?.counts,
            pictures,
            picturesDropped: dropped,
            cameraRestarts: restarts,
          },
        });
      }
    } finally {
      await this.#comparing?.stop(this.#now().ns);
      await this.#watch?.stop();
    }
  }

  async #look(picture: StillPicture): Promise<void> {
    const { things, camera, config, say } = this.#context;
    this.#counters.looks++;
    const sees: ObservedKind[] = [];
    const observations: Observation[] = [];
    if (things) {
      sees.push("person", "vehicle");
      const found = await things.look(picture);
      const hints = this.#boxes.look(Number(picture.at) / SECOND_NS, found);
      for (const [i, thing] of found.entries()) {
        this.#counters[thing.kind === "person" ? "people" : "vehicles"]++;
        const marks = thing.fallen === undefined ? {} : { marks: { fallen: thing.fallen } };
        observations.push({ ...this.#observed(picture.at, thing.kind, thing, hints[i]!), ...marks });
      }
    }
    if (this.#comparing) {
      sees.push("face");
      for (const face of await this.#comparing.look(picture))
        observations.push(this.#observed(picture.at, "face", face, face.track));
    }
    const { horizontalFovDeg, maxRangeM } = config.camera;
    const view = { widthDeg: horizontalFovDeg, maxRangeM };
    say({ at: picture.at, sensor: camera.name, view, sees, observations });
  }

  #observed(
    at: bigint,
    kind: ObservedKind,
    box: { x: number; y: number; widthPx: number; heightPx: number; score: number },
    trackHint: string,
  ): Observation {
    const middle = directionOf(this.#optics, box.x + box.widthPx / 2, box.y + box.heightPx / 2);
    const foot = directionOf(this.#optics, box.x + box.widthPx / 2, box.y + box.heightPx);
    const head = directionOf(this.#optics, box.x + box.widthPx / 2, box.y);
    // Feet that the picture's lower edge cuts off stand somewhere below it.
    const cut = box.y + box.heightPx > 0.99 * this.#optics.heightPx;
    const standing = kind !== "face" && !cut;
    return {
      at,
      kind,
      azimuthDeg: middle.azimuthDeg + (this.#context.position ? 0 : this.#context.config.camera.headingDeg),
      sigmaDeg: bearingSigmaDeg(this.#optics, box),
      ...(standing && {
        elevationDeg: foot.elevationDeg,
        elevationSigmaDeg: Math.max(0.3, (head.elevationDeg - foot.elevationDeg) / 20),
      }),
      score: box.score,
      trackHint,
    };
  }

  #now(): { ns: bigint; sure: boolean } {
    const now = this.#context.now();
    return { ns: now?.utcNs ?? BigInt(Date.now()) * 1_000_000n, sure: now?.clock.synchronised ?? false };
  }

  #where(): { place?: Place; headingDeg?: number } {
    const { whereabouts, position, config } = this.#context;
    const moving = whereabouts();
    if (moving) {
      const heading =
        moving.headingDeg === undefined ? {} : { headingDeg: (moving.headingDeg + config.camera.headingDeg) % 360 };
      return { place: moving.place, ...heading };
    }
    if (!position) return {};
    const { lat, lon, posSigmaM = 1 } = position;
    const semiM = 2.45 * posSigmaM;
    return {
      place: { lat, lon, ellipse95: { semiMajorM: semiM, semiMinorM: semiM, azimuthDeg: 0 } },
      headingDeg: config.camera.headingDeg,
    };
  }
}
