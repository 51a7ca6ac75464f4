/** The drones as the gateway knows them: their newest words, and orders to them with the answer that comes back. */
import type { Logger } from "pino";
import { ulid } from "ulid";
import { type ControlState, type ControlToken, controlState, controlToken } from "#contract/control.ts";
import {
  type FlightAct,
  type FlightState,
  flightCommand,
  flightState,
  type Hop,
  type Station,
} from "#contract/flight.ts";
import type { HubBus } from "../context.ts";
import { nowUtc } from "../now.ts";

export interface Known {
  state?: FlightState;
  control?: ControlState;
  /** Monotonic milliseconds when it was last heard. */
  heardMs: number;
}

/** Who gives an order. */
export interface Giver {
  by: string;
  as: Station;
  /** What the giver had on the screen; the newest that the gateway has where it is left out. */
  epoch?: number | undefined;
  seenTickMs?: number | undefined;
}

export type Outcome =
  | { kind: "answered"; accepted: boolean; why: string }
  | { kind: "silent"; why: string }
  | { kind: "unknown"; why: string };

/** What happens to an order on its way. */
export interface Told {
  /** The broker has stored it or could not, or the drone has answered before: what need not be done before the drone knows is done now. */
  sent?(): void;
  /** Only who was connected has it: it is not said again to a drone that comes later. */
  unstored?(why: string): void;
}

const answerMs = 3000;

export const dispatchItself: Giver = { by: "dispatch", as: "dispatch" };

export class Drones {
  readonly counters = { orders: 0, refused: 0, silent: 0, unstored: 0 };
  readonly #bus: HubBus;
  readonly #log: Logger;
  readonly #known = new Map<string, Known>();
  readonly #waiting = new Map<string, (outcome: Outcome) => void>();
  readonly #listeners: { state: ((state: FlightState) => void)[]; control: ((control: ControlState) => void)[] } = {
    state: [],
    control: [],
  };

  constructor(bus: HubBus, log: Logger) {
    this.#bus = bus;
    this.#log = log;
  }

  /** Resolves when it listens. */
  async listen(): Promise<void> {
    await this.#bus.subscribe(flightState, (state) => {
      const known = this.#of(state.node);
      known.state = state;
      for (const listener of this.#listeners.state) listener(state);
    });
    await this.#bus.subscribe(controlState, (control) => {
      const known = this.#of(control.node);
      known.control = control;
      for (const { order, accepted, why } of control.answers)
        this.#waiting.get(order)?.({ kind: "answered", accepted, why });
      for (const listener of this.#listeners.control) listener(control);
    });
  }

  onState(listener: (state: FlightState) => void): void {
    this.#listeners.state.push(listener);
  }

  onControl(listener: (control: ControlState) => void): void {
    this.#listeners.control.push(listener);
  }

  get(id: string): Known | undefined {
    return this.#known.get(id);
  }

  all(): [string, Known][] {
    return [...this.#known];
  }

  /** Seconds since it was heard; Infinity when it never was. */
  ageS(id: string): number {
    const known = this.#known.get(id);
    return known ? (performance.now() - known.heardMs) / 1000 : Number.POSITIVE_INFINITY;
  }

  /** `told.sent` is called before the outcome, `told.unstored` behind it or before, as the broker's store goes. */
  order(drone: string, order: FlightAct, giver: Giver, hops?: readonly Hop[], told: Told = {}): Promise<Outcome> {
    return this.#say(
      drone,
      giver,
      (entries) =>
        this.#bus.publish(
          flightCommand,
          { ...entries, order, ...(hops && { hops: [...hops] }) },
          { to: drone, urgent: true },
        ),
      told,
    );
  }

  token(drone: string, act: ControlToken["act"], giver: Giver, to?: string): Promise<Outcome> {
    return this.#say(drone, giver, (entries) =>
      this.#bus.publish(
        controlToken,
        { ...entries, act, ...(to !== undefined && { to }) },
        { to: drone, urgent: true },
      ),
    );
  }

  async #say(
    drone: string,
    giver: Giver,
    publish: (entries: {
      v: 1;
      id: string;
      node: string;
      at: string;
      by: string;
      as: Station;
      epoch: number;
      seenTickMs: number;
    }) => Promise<void>,
    told: Told = {},
  ): Promise<Outcome> {
    const known = this.#known.get(drone);
    if (!known?.control) {
      told.sent?.();
      return { kind: "unknown", why: `drone "${drone}" was never heard` };
    }
    this.counters.orders++;
    const id = ulid();
    const seenTickMs = giver.seenTickMs ?? Math.max(known.control.tickMs, known.state?.tickMs ?? 0);
    let notStored: string | undefined;
    const answered = new Promise<Outcome>((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        this.counters.silent++;
        resolve({
          kind: "silent",
          why: `the drone did not answer within ${answerMs / 1000} s; it may be out of reach${notStored === undefined ? "" : `, and the broker has not stored the order: ${notStored}`}`,
        });
      }, answerMs);
      this.#waiting.set(id, (outcome) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        if (outcome.kind === "answered" && !outcome.accepted) this.counters.refused++;
        resolve(outcome);
      });
    });
    const entries = { v: 1 as const, id, node: "gateway", at: nowUtc(), by: giver.by, as: giver.as };
    const order = { ...entries, epoch: giver.epoch ?? known.control.epoch, seenTickMs };
    // Stored or not, it left past the store at once: only the drone's answer, or its silence, says what becomes of it.
    const stored = (async () => publish(order))().catch((error: Error) => {
      this.counters.unstored++;
      notStored = error.message;
      this.#log.error({ drone, order: id, error: notStored }, "the broker has not stored an order");
    });
    await Promise.race([stored, answered]);
    told.sent?.();
    void stored.then(() => notStored !== undefined && told.unstored?.(notStored));
    return answered;
  }

  #of(id: string): Known {
    let known = this.#known.get(id);
    if (!known) this.#known.set(id, (known = { heardMs: 0 }));
    known.heardMs = performance.now();
    return known;
  }
}
