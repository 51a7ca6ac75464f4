/** A robot's event opens an incident; the same rule at the same place soon after joins it instead of opening another. */
import { percent } from "#contract/certainty.ts";
import { type RobotEvent, robotEvent } from "#contract/robot.ts";
import { nsOfUtc } from "#contract/units.ts";
import { distanceM } from "#core/handoff/local.ts";
import type { BackupStore } from "../backup/store.ts";
import type { GatewayContext } from "../context.ts";

const SAME_WITHIN_MS = 5 * 60_000;
const SAME_WITHIN_M = 40;

/** Of the rules that robots come with; another's own name says what it is. */
const whatByRule: Record<string, string> = {
  "fallen-person": "somebody on the ground",
  loitering: "somebody stays",
  "running-crowd": "people running",
  "glass-break": "breaking glass",
};

const whatOf = (rule: string) => whatByRule[rule] ?? rule.replaceAll(/[-_]/g, " ");

type Context = Pick<GatewayContext, "bus" | "report" | "recordOnce" | "incident" | "log" | "signal">;

export class RobotEvents {
  readonly counters = { opened: 0, joined: 0, repeats: 0 };
  readonly #context: Context;
  readonly #store: BackupStore;
  readonly #listeners: ((incident: string, event: RobotEvent) => void)[] = [];

  constructor(context: Context, store: BackupStore) {
    this.#context = context;
    this.#store = store;
  }

  /** Called with each event that opened an incident, when that is on disk. */
  onOpened(listener: (incident: string, event: RobotEvent) => void): void {
    this.#listeners.push(listener);
  }

  listen(): Promise<void> {
    const { bus, signal } = this.#context;
    return bus.subscribe(robotEvent, (event) => {
      if (!signal.aborted) this.take(event);
    });
  }

  take(event: RobotEvent): void {
    const before = this.#store.event(event.event);
    const incident = before?.incident ?? this.#standing(event) ?? event.event;
    const { report, recordOnce } = this.#context;
    if (before && this.#context.incident(incident)) {
      this.counters.repeats += 1;
      return;
    }
    const { place } = event;
    const atMs = Number(nsOfUtc(event.at) / 1_000_000n);
    this.#store.putEvent({
      id: event.event,
      incident,
      robot: event.node,
      rule: event.rule,
      ...(place && { lat: place.lat, lon: place.lon }),
      atMs,
    });
    const sure = event.probabilityKnown ? percent(event.probability) : "probability not measured";
    const text = `${event.node} reports, ${sure}: ${event.text}`.slice(0, 2000);
    if (this.#context.incident(incident)) {
      this.counters.joined += 1;
      recordOnce({ of: robotEvent.name, is: event.event }, incident, "note", event.node, text, event);
      return;
    }
    this.counters.opened += 1;
    const opened = report(
      {
        incident,
        of: "event",
        firedAt: event.since,
        ...(place && { place }),
        probability: event.probability,
        probabilityKnown: event.probabilityKnown,
        what: whatOf(event.rule),
        text,
        facts: event,
      },
      event.node,
    );
    if (opened.kind === "refused") this.#context.log.error({ incident, why: opened.why }, "an event was not taken in");
    else for (const listener of this.#listeners) listener(incident, event);
  }

  #standing({ node, rule, place, at }: RobotEvent): string | undefined {
    const sinceMs = Number(nsOfUtc(at) / 1_000_000n) - SAME_WITHIN_MS;
    for (const { incident, lat, lon } of this.#store.eventsSince(node, rule, sinceMs)) {
      const status = this.#context.incident(incident)?.status;
      if (status === undefined || status === "dismissed") continue;
      if (!place || lat === null || lon === null || distanceM(place, { lat, lon }) < SAME_WITHIN_M) return incident;
    }
    return undefined;
  }
}
