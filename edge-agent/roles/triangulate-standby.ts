/**
 * Stands by to triangulate: while the gateway is out of reach the neighbours elect one of themselves, over the district's own
 * broker, and that one solves what they hear. Its fixes go to the neighbours at once (the local alarm) and into the outbox for
 * the gateway, under the names and times that the gateway itself would give them: handed over later, nothing is double.
 */
import { join } from "node:path";
import { ulid } from "ulid";
import * as v from "valibot";
import type { Channel, MessageOf } from "#contract/channel.ts";
import { type NodeState, nodeState } from "#contract/node.ts";
import { type ShotFixed, type ShotHeard, shotFixed, shotHeard } from "#contract/shot.ts";
import { Finite, utcOfNs } from "#contract/units.ts";
import {
  type ElectionCommand,
  type ElectionEvent,
  type ElectionOptions,
  electionOf,
  stepElection,
  usualElection,
} from "#core/localise/election.ts";
import type { Bus, Delivery, Log, RoleContext, Running } from "../ports.ts";
import { startTriangulate, TriangulateConfig } from "./triangulate.ts";

export const StandbyConfig = v.strictObject({
  ...TriangulateConfig.entries,
  /** Triangulates only while the gateway is out of reach and the neighbours have elected this node. */
  standby: v.optional(
    v.strictObject({
      /** The gateway must be gone this long. */
      graceS: v.optional(v.pipe(Finite, v.minValue(0.5), v.maxValue(600)), usualElection.graceS),
      /** How often a candidate says that it is there; a leader that is silent for three of these is replaced. */
      sayEveryS: v.optional(v.pipe(Finite, v.minValue(0.1), v.maxValue(60)), usualElection.sayEveryS),
    }),
  ),
});
export type StandbyConfig = v.InferOutput<typeof StandbyConfig>;

/** What the neighbours heard lately waits for whoever is elected; the oldest is dropped. */
const MOST_HEARD = 2_000;
const HEARD_MS = 120_000;

export interface StandbyContext extends RoleContext<TriangulateConfig> {
  /** The district's own broker, without the gateway. */
  neighbours: Bus;
  election?: ElectionOptions;
  /** Milliseconds between two looks at the clock. */
  tickMs?: number;
}

export async function startTriangulateStandby(context: StandbyContext): Promise<Running> {
  const { bus, neighbours, log, node, signal, election = usualElection } = context;
  const { tickMs = Math.min(500, 1000 * election.sayEveryS) } = context;
  let state = electionOf(node);
  let leading: { stop: AbortController; done: Promise<void> } | undefined;
  const counters = { elections: 0, handOvers: 0, localAlarms: 0, alarmsHeard: 0 };
  const ears = await listenEarly(neighbours);
  const utcNs = () => context.now()?.utcNs ?? BigInt(Date.now()) * 1_000_000n;
  // Not the time of day: set back by an hour it would keep a dead leader for an hour.
  const nowNs = () => process.hrtime.bigint();
  /** Commands are carried out one after the other. */
  let work: Promise<void> = Promise.resolve();

  function happen(event: ElectionEvent): void {
    const [next, commands] = stepElection(state, event, election);
    state = next;
    for (const command of commands) work = work.then(() => carryOut(command)).catch(failed);
  }

  async function carryOut(command: ElectionCommand): Promise<void> {
    if (command.kind === "say") {
      const message: NodeState = {
        v: 1,
        id: ulid(),
        node,
        at: utcOfNs(utcNs()),
        status: "online",
        roles: ["triangulate"],
      };
      await neighbours.publish(nodeState, message);
    } else if (command.kind === "lead") {
      counters.elections++;
      log.warn({ node }, "the gateway is out of reach: this node triangulates for its neighbours");
      const stop = new AbortController();
      const { done } = await startTriangulate({
        ...context,
        bus: districtBus(bus, neighbours, ears, (fix) => {
          if (fix.version > 1 || fix.withdrawn !== undefined) return;
          counters.localAlarms++;
          alarm(log, fix, "LOCAL ALARM: gunfire, placed while the gateway is out of reach");
        }),
        config: { ...context.config, solvedLocally: true },
        dataDir: join(context.dataDir, "standby"),
        signal: stop.signal,
      });
      leading = { stop, done };
    } else if (command.kind === "hand-over") {
      counters.handOvers++;
      log.info({ node }, "hands the triangulating over");
      await halt();
    } else log.info({ node, leader: command.leader }, "follows another node that triangulates");
    context.report({ counters: { ...counters } });
  }

  async function halt(): Promise<void> {
    leading?.stop.abort();
    await leading?.done;
    leading = undefined;
  }

  function failed(error: unknown): void {
    log.error({ err: error }, "an election step failed");
  }

  const heardPeers = await neighbours.subscribe(nodeState, (message) => {
    if (bus.connected) return;
    if (message.status === "online" && message.roles.includes("triangulate") && message.node !== node)
      happen({ kind: "peer", node: message.node, nowNs: nowNs() });
  });
  const heardFixes = await neighbours.subscribe(shotFixed, (fix) => {
    if (fix.node === node || fix.version > 1) return;
    counters.alarmsHeard++;
    alarm(log, fix, "local alarm of a neighbour: gunfire");
    context.report({ counters: { ...counters } });
  });
  if (!bus.connected) happen({ kind: "gateway", reachable: false, nowNs: nowNs() });
  const forgetLink = bus.onLink((reachable) => happen({ kind: "gateway", reachable, nowNs: nowNs() }));
  const timer = setInterval(() => happen({ kind: "tick", nowNs: nowNs() }), tickMs);

  const done = new Promise<void>((resolve, reject) => {
    const stop = async () => {
      clearInterval(timer);
      forgetLink();
      await work;
      await halt();
      await Promise.all([heardPeers.close(), heardFixes.close(), ears.close()]);
    };
    const stopOnce = () => void stop().then(resolve, reject);
    if (signal.aborted) stopOnce();
    else signal.addEventListener("abort", stopOnce, { once: true });
  });
  // Whoever starts the role takes `done`; until then a rejection is nobody's.
  done.catch(() => undefined);
  return { done };
}

function alarm(log: Log, fix: ShotFixed, text: string): void {
  const { id, incident, time, lat, lon, probability, node } = fix;
  log.warn({ shot: id, incident, time, lat, lon, probability, solvedBy: node }, text);
}

type HeardHandler = (message: ShotHeard, from: Delivery) => void | Promise<void>;

interface Ears {
  /** Gives what was heard lately, then all that comes. */
  attach(handler: HeardHandler): Promise<() => void>;
  close(): Promise<void>;
}

/** Hears the neighbours from the start: a shot that is fired before somebody is elected is not lost on the elected. */
async function listenEarly(neighbours: Bus): Promise<Ears> {
  const handlers = new Set<HeardHandler>();
  let heard: { message: ShotHeard; from: Delivery; atMs: number }[] = [];
  const subscription = await neighbours.subscribe(shotHeard, async (message, from) => {
    heard.push({ message, from, atMs: performance.now() });
    if (heard.length > MOST_HEARD) heard.shift();
    await Promise.all([...handlers].map((handler) => handler(message, from)));
  });
  return {
    async attach(handler) {
      const sinceMs = performance.now() - HEARD_MS;
      heard = heard.filter(({ atMs }) => atMs >= sinceMs);
      const before = [...heard];
      handlers.add(handler);
      for (const { message, from } of before) await handler(message, from);
      return () => void handlers.delete(handler);
    },
    close: () => subscription.close(),
  };
}

/** Hears the neighbours; tells them and, over the outbox, the gateway. */
function districtBus(gateway: Bus, neighbours: Bus, ears: Ears, onFix: (fix: ShotFixed) => void): Bus {
  return {
    async publish<C extends Channel>(channel: C, message: MessageOf<C>, options?: { to?: string }): Promise<void> {
      if (channel.name === shotFixed.name) onFix(message as ShotFixed);
      await Promise.all([neighbours.publish(channel, message, options), gateway.publish(channel, message, options)]);
    },
    async subscribe(channel, handler, options) {
      if (channel.name !== shotHeard.name) return neighbours.subscribe(channel, handler, options);
      const detach = await ears.attach(handler as HeardHandler);
      return { close: async () => detach() };
    },
    get connected() {
      return neighbours.connected;
    },
    onLink: (listener) => neighbours.onLink(listener),
    counters: neighbours.counters,
    close: async () => undefined,
  };
}
