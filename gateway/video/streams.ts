/** The streams of the site as consoles see them: what nodes say of their cameras, and what the relay measures. */
import type { CameraState, StreamView, VideoState } from "#contract/video.ts";
import type { StreamFigures } from "../relay/stream.ts";
import { nodeOf } from "./wants.ts";

/** A node that wants nothing said says so every 5 s: one that is silent longer while its camera is wanted is not known of. */
const SILENT_MS = 20_000;

export interface StreamsOptions {
  recordingFor(stream: string): string[];
  wantedUntilMs(stream: string): number | undefined;
  changed(views: StreamView[]): void;
}

export class Streams {
  readonly #options: StreamsOptions;
  readonly #cameras = new Map<string, { state: CameraState; heardMs: number }>();
  #relay: Record<string, StreamFigures> = {};
  #said = new Map<string, string>();

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  /** @param heardMs 0 for what was kept from before the gateway's start. */
  setNode({ node, cameras }: VideoState, heardMs: number): void {
    for (const stream of this.#cameras.keys()) if (nodeOf(stream) === node) this.#cameras.delete(stream);
    for (const state of cameras) {
      // A node speaks for its own cameras only.
      if (nodeOf(state.stream) === node) this.#cameras.set(state.stream, { state, heardMs });
    }
    this.tell();
  }

  setRelay(figures: Record<string, StreamFigures>): void {
    this.#relay = figures;
    this.tell();
  }

  list(): StreamView[] {
    const names = new Set([...this.#cameras.keys(), ...Object.keys(this.#relay)]);
    return [...names].sort().map((name) => this.view(name) as StreamView);
  }

  /** Cameras that nodes have told of. */
  get cameras(): CameraState[] {
    return [...this.#cameras.values()].map(({ state }) => state);
  }

  view(name: string): StreamView | undefined {
    const camera = this.#cameras.get(name);
    const figures = this.#relay[name];
    if (!camera && !figures) return undefined;
    const node = nodeOf(name);
    const until = this.#options.wantedUntilMs(name);
    const silent = camera !== undefined && until !== undefined && Date.now() - camera.heardMs > SILENT_MS;
    const { label, why, codec, widthPx, heightPx, framesPerS, phase = "unknown" as const } = camera?.state ?? {};
    const live = figures?.live ?? false;
    return {
      stream: name,
      node,
      camera: name.slice(node.length + 1),
      ...(label !== undefined && { label }),
      phase: live ? "live" : silent ? "unknown" : phase,
      live,
      ...(why !== undefined && { why }),
      ...((figures?.codec ?? codec) !== undefined && { codec: (figures?.codec ?? codec) as string }),
      ...(widthPx !== undefined && { widthPx }),
      ...(heightPx !== undefined && { heightPx }),
      ...(framesPerS !== undefined && { framesPerS }),
      ...(figures && { bitrateBps: figures.bitrateBps, lossRatio: figures.lossRatio }),
      viewers: figures?.viewers ?? 0,
      watchedBy: figures?.watchedBy ?? [],
      ...(figures && figures.thinnedFor.length > 0 && { thinnedFor: figures.thinnedFor }),
      recordingFor: this.#options.recordingFor(name),
      ...(until !== undefined && { wantedUntil: new Date(until).toISOString() }),
    };
  }

  /** To consoles: what is not as it was said last. */
  tell(): void {
    const changed = [];
    const said = new Map<string, string>();
    for (const view of this.list()) {
      // The end of a want moves on all the time: it is no news.
      const { wantedUntil, ...rest } = view;
      const text = JSON.stringify({ ...rest, wanted: wantedUntil !== undefined });
      said.set(view.stream, text);
      if (this.#said.get(view.stream) !== text) changed.push(view);
    }
    for (const gone of this.#said.keys()) {
      if (said.has(gone)) continue;
      const node = nodeOf(gone);
      const camera = gone.slice(node.length + 1);
      changed.push({
        stream: gone,
        node,
        camera,
        phase: "idle",
        live: false,
        viewers: 0,
        watchedBy: [],
        recordingFor: [],
      } satisfies StreamView);
    }
    this.#said = said;
    if (changed.length > 0) this.#options.changed(changed);
  }
}
