/**
 * Stands by to triangulate: while the gateway is out of reach the neighbours elect one of themselves, over the district's own
 * broker, and that one solves what they hear. Its fixes go to the neighbours at once (the local alarm) and into the outbox for
 * the gateway, under the names and times that the gateway itself would give them: handed over later, nothing is double.
 */
import { join } from "node:path";
import { ulid } from "ulid";
import type { Channel, MessageOf } from "#contract/channel.ts";
import { type NodeState, nodeState } from "#contract/node.ts";
import { shotHeard } from "#contract/shot.ts";
import { utcOfNs } from "#contract/units.ts";
import {
  type ElectionCommand,
  type ElectionEvent,
  type ElectionOptions,
  electionOf,
  stepElection,
  usualElection,
} from "#core/localise/election.ts";
import type { Bus, RoleContext, Running } from "../ports.ts";
import { startTriangulate, type TriangulateConfig } from "./triangulate.ts";

export interface StandbyContext extends RoleContext<TriangulateConfig> {
  /** The district's own broker, without the gateway. */
  neighbours: Bus;
  election?: ElectionOptions;
  /** Milliseconds between two looks at the clock. */
  tickMs?: number;
}

export async function startTriangulateStandby(context: StandbyContext): Promise<Running> {
  const { bus, neighbours, log, node, signal, election = usualElection, tickMs = 500 } = context;
  let state = electionOf(node);
  let leading: { stop: AbortController; done: Promise<void> } | undefined;
  const counters = { elections: 0, handOvers: 0 };
  const nowNs = () => context.now()?.utcNs ?? BigInt(Date.now()) * 1_000_000n;
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
        at: utcOfNs(nowNs()),
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
        bus: districtBus(bus, neighbours),
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
    if (message.status === "online" && message.roles.includes("triangulate") && message.node !== node)
      happen({ kind: "peer", node: message.node, nowNs: nowNs() });
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
      await heardPeers.close();
    };
    const stopOnce = () => void stop().then(resolve, reject);
    if (signal.aborted) stopOnce();
    else signal.addEventListener("abort", stopOnce, { once: true });
  });
  // Whoever starts the role takes `done`; until then a rejection is nobody's.
  done.catch(() => undefined);
  return { done };
}

/** Hears the neighbours; tells them and, over the outbox, the gateway. */
function districtBus(gateway: Bus, neighbours: Bus): Bus {
  return {
    async publish<C extends Channel>(channel: C, message: MessageOf<C>, options?: { to?: string }): Promise<void> {
      await Promise.all([neighbours.publish(channel, message, options), gateway.publish(channel, message, options)]);
    },
    subscribe: (channel, handler, options) => neighbours.subscribe(channel, handler, options),
    get connected() {
      return neighbours.connected;
    },
    onLink: (listener) => neighbours.onLink(listener),
    counters: neighbours.counters,
    close: async () => undefined,
  };
}

/** A node's bus that also tells the neighbours what it hears while the gateway is out of reach. */
export function toldToNeighbours(gateway: Bus, neighbours: Bus): Bus {
  return {
    async publish<C extends Channel>(channel: C, message: MessageOf<C>, options?: { to?: string }): Promise<void> {
      const alone = channel.name === shotHeard.name && !gateway.connected;
      await Promise.all([
        gateway.publish(channel, message, options),
        alone ? neighbours.publish(channel, message, options) : undefined,
      ]);
    },
    subscribe: (channel, handler, options) => gateway.subscribe(channel, handler, options),
    get connected() {
      return gateway.connected;
    },
    onLink: (listener) => gateway.onLink(listener),
    counters: gateway.counters,
    close: () => gateway.close(),
  };
}
