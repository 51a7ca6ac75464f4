/**
 * Keeps the site's fence on the autopilot while the drone waits, so that an order does not wait for it: set once for each time the vehicle is
 * heard anew, read back and compared again and again. What was not read back lately is read, and set if need be, at preflight.
 */
import type { Site } from "#core/handoff/site.ts";
import type { CommandResult, Geofence, Vehicle } from "../../vehicle-port.ts";

/** A fence read back longer ago than this is read again before a drone arms. */
export const freshS = 30;
const readEveryMs = 10_000;

type Fenced = CommandResult<{ readAgoS: number }>;

export class FenceAhead {
  readonly counters = { fenceReads: 0, fenceSets: 0, fenceFoundOther: 0 };
  readonly #vehicle: Vehicle;
  readonly #fence: Geofence;
  readonly #nowMs: () => number;
  /** When the vehicle's own fence was last seen to be the site's. */
  #seenMs = -Infinity;
  #lookedMs = -Infinity;
  #setSinceUp = false;
  /** Counts the times that the vehicle was away: what was asked of it before says nothing of it afterwards. */
  #away = 0;
  #work: Promise<unknown> | undefined;

  constructor(vehicle: Vehicle, site: Site, nowMs: () => number = () => performance.now()) {
    this.#vehicle = vehicle;
    this.#nowMs = nowMs;
    this.#fence = {
      polygons: [
        { kind: "inclusion", points: site.fence.keepIn },
        ...site.fence.keepOut.map(({ corners }) => ({ kind: "exclusion" as const, points: corners })),
      ],
    };
  }

  /** The vehicle was away: another may have come back, or the same without its memory. */
  forget(): void {
    this.#away++;
    this.#seenMs = -Infinity;
    this.#lookedMs = -Infinity;
    this.#setSinceUp = false;
  }

  /** While the drone waits in its dock under autonomy, as often as one likes. A fence that somebody changed meanwhile is left to preflight. */
  keep(): void {
    const nowMs = this.#nowMs();
    if (this.#work || this.#vehicle.state.link !== "up" || nowMs - this.#lookedMs < readEveryMs) return;
    this.#lookedMs = nowMs;
    void this.#alone(() => this.#look(!this.#setSinceUp));
  }

  /** The site's fence is on the vehicle, as read back at most `freshS` ago; read and set now where that is not known. */
  async ensure(): Promise<Fenced> {
    await this.#work;
    const agoS = (this.#nowMs() - this.#seenMs) / 1000;
    if (agoS <= freshS) return { ok: true, readAgoS: agoS };
    return this.#alone(() => this.#look(true));
  }

  #alone<T>(act: () => Promise<T>): Promise<T> {
    const work = act().finally(() => {
      this.#work = undefined;
    });
    this.#work = work.catch(() => undefined);
    return work;
  }

  async #look(set: boolean): Promise<Fenced> {
    const beganMs = this.#nowMs();
    const away = this.#away;
    const wasAway = { ok: false, why: "link", detail: "the vehicle was away while its fence was read" } as const;
    this.counters.fenceReads++;
    const held = await this.#vehicle.holdsGeofence(this.#fence);
    if (away !== this.#away) return wasAway;
    if (held.ok && held.same) return this.#seen(beganMs);
    // It was there and is no more, or cannot be read: not known from here on.
    this.#seenMs = -Infinity;
    if (held.ok && this.#setSinceUp) this.counters.fenceFoundOther++;
    if (!set) return held.ok ? { ok: false, why: "failed", detail: "the vehicle holds another geofence" } : held;
    this.counters.fenceSets++;
    const done = await this.#vehicle.setGeofence(this.#fence);
    if (!done.ok) return done;
    return away === this.#away ? this.#seen(beganMs) : wasAway;
  }

  #seen(atMs: number): Fenced {
    this.#setSinceUp = true;
    this.#seenMs = atMs;
    return { ok: true, readAgoS: (this.#nowMs() - atMs) / 1000 };
  }
}
