/** Two rehearsed drones, d1 and d2, and dispatch, on a bus within this process. */
import * as v from "valibot";
import type { Channel, MessageOf } from "#contract/channel.ts";
import { controlState } from "#contract/control.ts";
import { type FlightCommand, flightCommand, flightState } from "#contract/flight.ts";
import type { IncidentState } from "#contract/incident.ts";
import { DispatchConfig } from "#core/dispatch/policy.ts";
import { movedBy } from "#core/handoff/local.ts";
import { Rehearsal } from "#core/handoff/rehearsal.ts";
import { dockAt, rehearsalSite } from "#core/handoff/rehearsal-site.ts";
import { controlStateOf, flightStateOf } from "#edge-agent/roles/fly/reports.ts";
import type { HubBus } from "../context.ts";
import { makeLog, now } from "../testing.ts";
import { Dispatcher } from "./dispatcher.ts";
import { Drones } from "./drones.ts";

const at = (eastM: number, northM: number) => movedBy(dockAt, { eastM, northM });

class TableBus implements HubBus {
  readonly handlers: { channel: string; handler: (message: never, from: { node: string }) => unknown }[] = [];
  readonly sent: { channel: string; to: string | undefined; message: FlightCommand }[] = [];
  /** What the broker's store does with an order, once it has left past it. */
  store: () => Promise<void> = async () => {};
  toDrone: (to: string, channel: string, message: FlightCommand) => void = () => {};
  async publish<C extends Channel>(channel: C, message: MessageOf<C>, options?: { to?: string }) {
    this.sent.push({ channel: channel.name, to: options?.to, message: message as unknown as FlightCommand });
    this.toDrone(options?.to ?? "", channel.name, message as unknown as FlightCommand);
    await this.store();
  }
  async subscribe<C extends Channel>(channel: C, handler: (message: MessageOf<C>, from: { node: string }) => void) {
    this.handlers.push({ channel: channel.name, handler: handler as never });
  }
  say(channel: string, node: string, message: unknown) {
    for (const one of this.handlers) if (one.channel === channel) one.handler(message as never, { node });
  }
}

/** Two drones, a dispatcher, and a bus between them. */
export class World {
  readonly bus = new TableBus();
  readonly drones = new Map<string, Rehearsal>();
  readonly notes: { incident: string; text: string }[] = [];
  recordFull = false;
  readonly incidents = new Map<string, IncidentState>();
  readonly stop = new AbortController();
  readonly known = new Drones(this.bus, makeLog().log);
  /** Drones that hear nothing. */
  readonly deaf = new Set<string>();
  dispatcher!: Dispatcher;

  async start(): Promise<this> {
    const corner = (eastM: number, northM: number) => at(eastM, northM);
    for (const [id, lane] of [
      ["d1", 50],
      ["d2", 65],
    ] as const) {
      const drone = new Rehearsal(rehearsalSite({ failsafes: { ...rehearsalSite().failsafes, returnHeightM: lane } }));
      drone.failsafes = { ...drone.failsafes, returnHeightM: lane };
      this.drones.set(id, drone);
    }
    this.bus.toDrone = (to, channel, message) => {
      const drone = this.drones.get(to);
      if (!drone || this.deaf.has(to)) return;
      const { id, by, as, epoch, seenTickMs } = message;
      const payload = channel === flightCommand.name ? message.order : undefined;
      const act = payload?.act ?? "renew";
      const flight = payload && "flight" in payload ? { flight: payload.flight } : {};
      drone.send({
        type: "order",
        tickMs: drone.tickMs,
        order: { id, by, as, epoch, seenTickMs, act, ...flight },
        ...(payload && { payload }),
        utc: now(),
      });
      this.report(to);
    };
    await this.known.listen();
    const config = v.parse(DispatchConfig, {
      drones: [
        { id: "d1", laneHeightM: 50 },
        { id: "d2", laneHeightM: 65 },
      ],
      policy: { automatic: {} },
      fence: { keepIn: [corner(-2000, -2000), corner(2000, -2000), corner(2000, 2000), corner(-2000, 2000)] },
      onSceneS: 60,
    });
    this.dispatcher = new Dispatcher(
      {
        config,
        drones: this.known,
        log: makeLog().log,
        note: (incident, _by, text) => {
          if (this.recordFull) throw new Error("disk full");
          this.notes.push({ incident, text });
        },
        incident: (id) => this.incidents.get(id),
      },
      this.stop.signal,
      { settleMs: 0, retryMs: 20 },
    );
    this.report("d1");
    this.report("d2");
    return this;
  }

  report(id: string): void {
    const drone = this.drones.get(id)!;
    const envelope = { node: id, at: now(), configSha256: "0".repeat(64) };
    this.bus.say(controlState.name, id, controlStateOf(drone.drone, envelope));
    const hops = drone.hops.map((hop) => ({ hop, at: now() }));
    const state = flightStateOf(drone.drone, drone.site, hops, envelope);
    // The rehearsed ones share a dock; here the second stands a kilometre away.
    if (id === "d2") state.dock.position = { ...at(-900, -400), altM: dockAt.altM };
    this.bus.say(flightState.name, id, state);
  }

  run(id: string, seconds: number): void {
    this.drones.get(id)!.run(seconds);
    this.report(id);
  }

  fire(incident: string, eastM: number, northM: number, over: Partial<IncidentState> = {}): void {
    const state: IncidentState = {
      v: 1,
      id: "m",
      node: "gateway",
      at: now(),
      incident,
      version: 1,
      kind: "gunfire",
      status: "unreviewed",
      firedAt: now(),
      alertedAt: now(),
      place: { ...at(eastM, northM), ellipse95: { semiMajorM: 5, semiMinorM: 3, azimuthDeg: 0 } },
      probability: 0.97,
      rounds: [],
      hash: "0".repeat(64),
      ...over,
    };
    this.incidents.set(incident, state);
    this.dispatcher.take(state);
  }

  asks(): { to: string | undefined; incident: string }[] {
    return this.bus.sent.flatMap(({ to, message }) =>
      message.order?.act === "ask" ? [{ to, incident: message.order.incident }] : [],
    );
  }
}
