/** Flies: orders from the bus -> the pure machine -> vehicle and dock; what became of it back to the bus, at least twice a second in flight. */
import { join } from "node:path";
import { controlState, controlToken } from "#contract/control.ts";
import { type FlightCommand, flightCommand, flightState, type Hop } from "#contract/flight.ts";
import { utcOfNs } from "#contract/units.ts";
import type { MissionPath } from "#core/handoff/flight.ts";
import { phaseRules } from "#core/handoff/phases.ts";
import type { Site } from "#core/handoff/site.ts";
import { type Drone, type DroneAction, type DroneEvent, needsToken, newDrone, step } from "#core/handoff/step.ts";
import type { Dock } from "../dock-port.ts";
import type { RoleContext, Running } from "../ports.ts";
import type { Vehicle } from "../vehicle-port.ts";
import { aborted } from "./fly/aborted.ts";
import { type FlyConfig, terrainOf } from "./fly/config.ts";
import { type DockAction, orderDock } from "./fly/dock-orders.ts";
import { FenceAhead } from "./fly/fence-ahead.ts";
import { Journal, type Kept } from "./fly/journal.ts";
import { LastHop } from "./fly/last-hop.ts";
import { prepare } from "./fly/prepare.ts";
import { controlStateOf, flightStateOf } from "./fly/reports.ts";
import { aircraftOf, dockSeen, vehicleSeen } from "./fly/seen.ts";
import { WriteFirst } from "./fly/write-first.ts";

export interface FlyContext extends RoleContext<FlyConfig> {
  vehicle: Vehicle;
  dock: Dock;
}

const tickMs = 200;
const airReportMs = 400;
const groundReportMs = 1000;

/** Ready when orders are subscribed, whether vehicle and dock are there or not: what is missing is said in `flight/state`. */
export async function startFly(context: FlyContext): Promise<Running> {
  const flyer = new Flyer(context);
  await flyer.subscribe();
  return { done: flyer.run() };
}

class Flyer {
  readonly #context: FlyContext;
  readonly #site: Site;
  readonly #journal: Journal;
  readonly #writeFirst: WriteFirst;
  readonly #lastHop: LastHop;
  readonly #fence: FenceAhead;
  readonly #counters = { orders: 0, refusedOrders: 0, steps: 0, resumed: 0 };
  readonly #closers: (() => void)[] = [];
  readonly #startTickMs: number;
  #drone: Drone;
  #hops: Hop[];
  #reportedMs = -Infinity;
  #writtenMs = -Infinity;
  #failed: ((error: unknown) => void) | undefined;

  constructor(context: FlyContext) {
    this.#context = context;
    const { config, dataDir, log, vehicle } = context;
    this.#site = { ...config.flight, terrain: terrainOf(config) };
    this.#journal = new Journal(join(dataDir, "flight.json"));
    this.#writeFirst = new WriteFirst(this.#journal, log, {
      perform: (action) => this.#perform(action),
      refused: (action, why) => this.#done(action.do, false, why),
      failed: (error) => this.#fail(error),
    });
    const kept = this.#journal.read();
    const intact = kept && "drone" in kept ? kept : undefined;
    // A second of margin: what the last agent said after its last write was not later than that.
    this.#startTickMs = (intact ? intact.tickMs + 1000 : 0) - performance.now();
    this.#drone = intact?.drone ?? newDrone(this.#nowMs());
    this.#hops = intact?.hops ?? [];
    this.#fence = new FenceAhead(vehicle, this.#site);
    this.#lastHop = new LastHop({
      vehicle,
      authority: () => this.#drone.authority,
      nowMs: () => performance.now(),
      onDone: (action, { ok, why }) => this.#done(action.do, ok, why),
    });
    if (kept && "unreadable" in kept) this.#unknownPast(kept.unreadable);
    else if (intact) {
      this.#counters.resumed = 1;
      log.info(
        { phase: intact.drone.flight.phase, flight: intact.drone.flight.mission?.flight },
        "picks up the flight that was written",
      );
      this.#take({ type: "resumed", tickMs: this.#nowMs() });
    }
  }

  /** Nobody knows what the last agent did: as if it had been in the air, so that the vehicle is asked first. */
  #unknownPast(why: string): void {
    this.#context.log.error({ why }, "the flight's journal cannot be read; it is taken for a flight under way");
    const { flight } = this.#drone;
    this.#drone = { ...this.#drone, flight: { ...flight, phase: "returning", why: `journal: ${why}` } };
    this.#take({ type: "resumed", tickMs: this.#nowMs() });
  }

  async subscribe(): Promise<void> {
    const { bus, node, vehicle, dock } = this.#context;
    const own = { node };
    const subscriptions = Promise.all([
      bus.subscribe(flightCommand, (command) => this.#ordered(command), own),
      bus.subscribe(
        controlToken,
        ({ id, node: sender, by, as, epoch, seenTickMs, act, to }) => {
          if (!this.#speaksForItself({ node: sender, by })) return;
          this.#order({ id, by, as, epoch, seenTickMs, act, ...(to !== undefined && { to }) });
        },
        own,
      ),
    ]);
    const now = () => this.#nowMs();
    this.#closers.push(
      vehicle.onState((state) => this.#take({ type: "vehicle", tickMs: now(), seen: vehicleSeen(state) })),
      vehicle.onModeChange(({ to, cause, evidence }) =>
        this.#take({ type: "mode", tickMs: now(), to, cause, evidence }),
      ),
      vehicle.onStick(({ deflection }) => this.#take({ type: "stick", tickMs: now(), deflection })),
      vehicle.onTraffic((traffic) =>
        this.#take({ type: "aircraft", tickMs: now(), aircraft: aircraftOf(traffic, now()) }),
      ),
      vehicle.onLink((link) => {
        this.#context.log.info({ link }, "vehicle link");
        if (link !== "up") this.#fence.forget();
        this.#take({ type: "vehicle", tickMs: now(), seen: vehicleSeen(vehicle.state) });
      }),
      dock.onState((state) => this.#take({ type: "dock", tickMs: now(), seen: dockSeen(state) })),
      bus.onLink((up) => this.#take({ type: "bus", tickMs: now(), up })),
    );
    this.#take({ type: "bus", tickMs: now(), up: bus.connected });
    this.#take({ type: "vehicle", tickMs: now(), seen: vehicleSeen(vehicle.state) });
    this.#take({ type: "dock", tickMs: now(), seen: dockSeen(dock.state) });
    const timer = setInterval(() => {
      this.#take({ type: "tick", tickMs: now() });
      const { phase, autonomy } = this.#drone.flight;
      if (autonomy && (phase === "docked" || phase === "charging")) this.#fence.keep();
    }, tickMs);
    this.#closers.push(() => clearInterval(timer));
    const stopped = aborted(this.#context.signal);
    // With the link down the flight goes on and the orders come later.
    const closing = subscriptions.then((all) => () => Promise.all(all.map((one) => one.close())));
    this.#closers.push(() => void closing.then((close) => close()));
    await Promise.race([subscriptions, stopped]);
  }

  async run(): Promise<void> {
    const { signal } = this.#context;
    try {
      await Promise.race([
        aborted(signal),
        new Promise<never>((_, reject) => {
          this.#failed = reject;
        }),
      ]);
    } finally {
      for (const close of this.#closers) close();
      await this.#writeFirst.write(this.#kept());
    }
  }

  #fail(error: unknown): void {
    if (!this.#failed) throw error;
    this.#failed(error);
  }

  #nowMs(): number {
    return Math.round(this.#startTickMs + performance.now());
  }

  #utc(): string {
    const now = this.#context.now();
    return utcOfNs(now?.utcNs ?? BigInt(Date.now()) * 1_000_000n);
  }

  /** The broker vouches for the sender; only the gateway may speak for others, whom it has logged in. */
  #speaksForItself({ node, by }: { node: string; by: string }): boolean {
    if (node === "gateway" || node === by) return true;
    this.#counters.refusedOrders++;
    this.#context.log.warn({ node, by }, "an order in somebody else's name is not taken");
    return false;
  }

  #ordered({ id, node, by, as, epoch, seenTickMs, order, hops }: FlightCommand): void {
    if (!this.#speaksForItself({ node, by })) return;
    if (
      order.act === "ask" &&
      !this.#drone.flight.flown.includes(order.flight) &&
      this.#drone.flight.phase !== "asked"
    ) {
      this.#asked = { flight: order.flight, hops: hops ?? [] };
    }
    const flight = "flight" in order ? { flight: order.flight } : {};
    this.#order({ id, by, as, epoch, seenTickMs, act: order.act, ...flight }, order);
  }

  #asked: { flight: string; hops: Hop[] } | undefined;

  #order(order: (DroneEvent & { type: "order" })["order"], payload?: FlightCommand["order"]): void {
    const before = this.#drone.authority.answers.at(-1)?.order;
    this.#take({ type: "order", tickMs: this.#nowMs(), order, utc: this.#utc(), ...(payload && { payload }) });
    const answer = this.#drone.authority.answers.at(-1);
    if (answer === undefined || answer.order === before) return;
    this.#counters.orders++;
    if (!answer.accepted) this.#counters.refusedOrders++;
    this.#context.log.info({ by: order.by, act: order.act, accepted: answer.accepted, why: answer.why }, "order");
  }

  /** One event through the machine; what changed is on disk before anything of it is done. */
  #take(event: DroneEvent): void {
    let actions: DroneAction[];
    const before = this.#drone;
    try {
      [this.#drone, actions] = step(before, event, this.#site);
    } catch (error) {
      this.#context.log.error(
        { err: error, event: event.type },
        "the flight machine failed; the autopilot's failsafes have the vehicle",
      );
      this.#fail(error);
      return;
    }
    this.#counters.steps++;
    const { flight, authority } = this.#drone;
    for (const action of actions) if (action.do === "hop") this.#hop(action.hop);
    const moved =
      flight.phase !== before.flight.phase ||
      flight.flown !== before.flight.flown ||
      flight.mission !== before.flight.mission ||
      authority.epoch !== before.authority.epoch ||
      authority.seen !== before.authority.seen;
    const nowMs = performance.now();
    const airborne = phaseRules[flight.phase].airborne;
    const report = moved || nowMs - this.#reportedMs >= (airborne ? airReportMs : groundReportMs);
    if (moved || actions.length > 0) {
      const written = this.#writeFirst.thenDo(this.#kept(), airborne, actions, (kept) => report && this.#report(kept));
      for (const action of actions) if (action.do === "prepare") this.#prepare(action.path, written);
    } else {
      if (nowMs - this.#writtenMs > (airborne ? 1000 : 10_000)) void this.#writeFirst.write(this.#kept());
      if (report && this.#writeFirst.waiting === 0) this.#report({ drone: this.#drone, hops: this.#hops });
    }
    if (!moved) return;
    const { phase, why, mission } = flight;
    const { holder, epoch } = authority;
    this.#context.log.info({ phase, why, holder, epoch, flight: mission?.flight }, "flight");
  }

  #hop(hop: string): void {
    if (hop === "received") this.#hops = [...(this.#asked?.hops ?? [])];
    this.#hops = [...this.#hops, { hop, at: this.#utc() }].slice(-64);
  }

  /** Moves nothing, so it need not wait for the disk; but what comes of it does. */
  async #prepare(path: MissionPath, written: Promise<boolean>): Promise<void> {
    const { vehicle, now } = this.#context;
    const utc = now()?.utcNs;
    const utcMs = utc === undefined ? undefined : Number(utc / 1_000_000n);
    const read = await prepare(vehicle, this.#site, this.#fence, path, utcMs).catch((error) => ({
      why: String(error),
    }));
    const facts = (await written) ? read : { why: "the flight cannot be written to disk" };
    this.#take({ type: "facts", tickMs: this.#nowMs(), facts });
  }

  #perform(action: DroneAction): void {
    if (action.do === "openDoor" || action.do === "closeDoor" || action.do === "charger") void this.#toDock(action);
    else if (needsToken(action) && action.do !== "prepare") {
      if (action.do === "arm") this.#hop("arm");
      this.#lastHop.send(action);
    }
  }

  async #toDock(action: DockAction): Promise<void> {
    const { dock, log } = this.#context;
    const result = await orderDock(dock, action, log);
    this.#done(action.do, result.ok, result.ok ? "" : result.detail);
  }

  #done(what: DroneAction["do"], ok: boolean, why: string): void {
    this.#take({ type: "done", tickMs: this.#nowMs(), what, ok, why });
  }

  #kept(): Kept {
    this.#writtenMs = performance.now();
    return { version: 1, tickMs: this.#nowMs(), drone: this.#drone, hops: this.#hops };
  }

  /** What is told is what was written, or it moved nothing that is. */
  #report({ drone, hops }: Pick<Kept, "drone" | "hops">): void {
    this.#reportedMs = performance.now();
    const { bus, node, configSha256, log, report } = this.#context;
    const envelope = { node, at: this.#utc(), configSha256 };
    const failed = (err: unknown) => log.error({ err }, "a report could not be published");
    bus.publish(controlState, controlStateOf(drone, envelope)).catch(failed);
    bus.publish(flightState, flightStateOf(drone, this.#site, hops, envelope)).catch(failed);
    const parts = [this.#counters, this.#lastHop.counters, this.#fence.counters, this.#writeFirst.counters];
    report({ counters: { ...Object.assign({}, ...parts), journalWrites: this.#journal.writes } });
  }
}
