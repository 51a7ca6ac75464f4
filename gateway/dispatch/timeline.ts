/** Puts a flight on its incident's record: each hop with its time, each change of hands, each order of a person and what became of it. */
import * as v from "valibot";
import type { ControlState } from "#contract/control.ts";
import { FlightPhase, type FlightState } from "#contract/flight.ts";
import { phaseSaid } from "#core/handoff/phase-words.ts";
import type { GatewayContext } from "../context.ts";
import type { Drones } from "./drones.ts";

/** Hops that are no phases. */
const hopWords: Record<string, string> = {
  received: "has the order",
  authorised: "is authorised",
  refused: "does not fly",
  arm: "arms",
};
const wordsOf = (hop: string): string => hopWords[hop] ?? (isPhase(hop) ? phaseSaid(hop) : hop);
const isPhase = (hop: string): hop is FlightPhase => v.is(FlightPhase, hop);

/** What a person ordered, as the record says it of them. */
const orderWords: Record<string, string> = {
  ask: "asks for control",
  grant: "gives control to another",
  release: "gives control back",
  takeover: "takes over",
  hold: "orders a hold",
  return: "orders it home",
  recall: "orders it home",
  land: "orders it to land",
  stop: "presses the e-stop",
  cut: "cuts its motors",
  authorise: "authorises the flight",
  clear: "puts it back into service",
};

/** The gateway's own hops stand on the record already. */
const known = new Set(["fired", "alerted", "decided"]);

export class FlightTimeline {
  readonly #context: Pick<GatewayContext, "record" | "once">;
  readonly #drones: Drones;
  readonly #done = new Set<string>();

  constructor(context: Pick<GatewayContext, "record" | "once">, drones: Drones) {
    this.#context = context;
    this.#drones = drones;
    drones.onState((state) => this.#hops(state));
    drones.onControl((control) => this.#control(control));
  }

  #hops({ node, incident, flight, hops, phase, why, preflight }: FlightState): void {
    if (!incident || !flight) return;
    for (const [index, { hop, at }] of hops.entries()) {
      if (known.has(hop) || !this.#first("flight/state", `${flight}/${index}/${hop}`, incident)) continue;
      const last = index === hops.length - 1 && (hop === phase || hop === "refused");
      const text = `${node} ${wordsOf(hop)}${last && why ? `: ${why}` : ""}`;
      const checks = (hop === "opening" || hop === "refused") && preflight ? { preflight } : {};
      this.#context.record(incident, "flight", node, text.slice(0, 2000), { flight, drone: node, hop, at, ...checks });
    }
  }

  #control({ node, epoch, holder, why, answers }: ControlState): void {
    const state = this.#drones.get(node)?.state;
    const { incident, flight } = state ?? {};
    if (!incident) return;
    if (this.#first("control/state", `${node}/${epoch}`, incident)) {
      const who = holder.kind === "autonomy" ? "autonomy" : (holder.by ?? "the on-site pilot");
      this.#context.record(incident, "flight", node, `${who} has control of ${node}: ${why}`.slice(0, 2000), {
        flight,
        drone: node,
        holder,
        epoch,
      });
    }
    for (const answer of answers) {
      if (answer.by === "dispatch" || answer.act === "renew" || answer.act === "look" || answer.act === "goto")
        continue;
      if (!this.#first("control/answer", answer.order, incident)) continue;
      const did = `${answer.by} ${orderWords[answer.act] ?? answer.act} (${node})`;
      const text = `${did}: ${answer.accepted ? "" : "refused, "}${answer.why}`;
      this.#context.record(incident, "flight", answer.by, text.slice(0, 2000), { flight, drone: node, ...answer });
    }
  }

  /** Asks memory first: states repeat twice a second. */
  #first(kind: string, key: string, incident: string): boolean {
    const id = `${kind} ${key}`;
    if (this.#done.has(id)) return false;
    this.#done.add(id);
    if (this.#done.size > 5000) this.#done.delete(this.#done.keys().next().value!);
    return this.#context.once(kind, key, incident);
  }
}
