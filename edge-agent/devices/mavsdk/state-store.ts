/** The newest of everything heard, as frozen snapshots at a bounded rate. It outlives the driver: a restart loses nothing of a flight. */
import type { LinkState, VehicleState, VehicleText } from "#edge-agent/vehicle-port.ts";

/** What telemetry may set; the rest the store computes. */
export type Draft = Omit<VehicleState, "link" | "linkAgeS" | "atMs" | "texts" | "counters">;

const keptTexts = 20;
const quietMs = 500;

export class StateStore {
  readonly counters = { driverRestarts: 0, linkLosses: 0, commands: 0, refused: 0, streamRestarts: 0 };
  readonly #listeners = new Set<(state: VehicleState) => void>();
  readonly #timer: NodeJS.Timeout;
  #draft: Draft = {};
  #texts: readonly VehicleText[] = [];
  #link: LinkState = "absent";
  #heardMs = -Infinity;
  #dirty = false;
  #emittedMs = -Infinity;

  constructor(stateHz: number) {
    this.#timer = setInterval(() => this.#emit(), 1000 / stateHz);
  }

  get snapshot(): VehicleState {
    const atMs = performance.now();
    return Object.freeze({
      ...this.#draft,
      link: this.#link,
      linkAgeS: Math.max(0, (atMs - this.#heardMs) / 1000),
      atMs,
      texts: this.#texts,
      counters: Object.freeze({ ...this.counters }),
    });
  }

  get draft(): Readonly<Draft> {
    return this.#draft;
  }

  get link(): LinkState {
    return this.#link;
  }

  get texts(): readonly VehicleText[] {
    return this.#texts;
  }

  set(part: Partial<Draft>): void {
    this.#draft = { ...this.#draft, ...part };
    this.#dirty = true;
  }

  heartbeat(atMs: number): void {
    this.#heardMs = atMs;
    this.#dirty = true;
  }

  /** True when it changed. */
  setLink(link: LinkState): boolean {
    if (this.#link === link) return false;
    if (link === "lost") this.counters.linkLosses++;
    this.#link = link;
    this.#dirty = true;
    return true;
  }

  addText(text: VehicleText): void {
    this.#texts = [...this.#texts, text].slice(-keptTexts);
    this.#dirty = true;
  }

  listen(listener: (state: VehicleState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #emit(): void {
    const nowMs = performance.now();
    if (!this.#dirty && nowMs - this.#emittedMs < quietMs) return;
    this.#dirty = false;
    this.#emittedMs = nowMs;
    const state = this.snapshot;
    for (const listener of this.#listeners) listener(state);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
  }
}
