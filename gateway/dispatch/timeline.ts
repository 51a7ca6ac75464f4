/** Puts a flight on its incident's record: each hop with its time, each change of hands, each order of a person and what became of it. */
import type { ControlState } from "#contract/control.ts";
import type { FlightState } from "#contract/flight.ts";
import type { GatewayContext } from "../context.ts";
import type { Drones } from "./drones.ts";

const words: Record<string, string> = {
  received: "has the order",
  asked: "waits for a person's authorisation",
  authorised: "is authorised",
  preflight: "checks itself before take-off",
  refused: "does not fly",
  opening: "opens its dock",
  arming: "is told to arm",
  arm: "arms",
  climbing: "takes off",
  transit: "is on its way",
  onScene: "is on scene",
  piloted: "is flown by a pilot",
  holding: "holds",
  returning: "comes home",
  diverting: "flies to another place to land",
  landing: "lands",
  unreached: "is out of reach of its own agent; its autopilot has it",
  closing: "has landed; the dock closes",
  charging: "is in its dock, door closed",
  landedAway: "has landed away from its dock: a person must fetch it",
  outOfService: "is out of service: a person must look at it",
  docked: "is in its dock",
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
      const text = `${node} ${words[hop] ?? hop}${last && why ? `: ${why}` : ""}`;
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
      const text = `${answer.act}${answer.accepted ? "" : " refused"}: ${answer.why}`;
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
