/** Says `node/state`: at once when something changes, and as a heartbeat. The last will is made of the same. */
import { ulid } from "ulid";
import { type NodeRole, type NodeState, nodeState } from "#contract/node.ts";
import { utcOfNs } from "#contract/units.ts";
import type { AgentConfig } from "./config.ts";
import type { NodeTime } from "./devices/node-time.ts";
import type { Bus, RoleContext } from "./ports.ts";

type Report = Parameters<RoleContext<unknown>["report"]>[0];

export class NodeReporter {
  readonly #config: AgentConfig;
  readonly #time: NodeTime;
  readonly #version: string;
  readonly #counters: Record<string, number> = {};
  #extra: NonNullable<Report["state"]> = {};
  #bus: Bus | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(config: AgentConfig, time: NodeTime, softwareVersion: string) {
    this.#config = config;
    this.#time = time;
    this.#version = softwareVersion;
  }

  /** Takes a role's part of the state; it goes out with the next heartbeat, at once where the clock or the self-test changed. */
  take(role: NodeRole, { counters = {}, state = {} }: Report): void {
    for (const [name, value] of Object.entries(counters)) this.#counters[`${role}.${name}`] = value;
    const urgent =
      (state.clock && state.clock.synchronised !== this.#extra.clock?.synchronised) ||
      (state.selfTest && state.selfTest.at !== this.#extra.selfTest?.at) ||
      (state.fault !== undefined && state.fault !== this.#extra.fault);
    this.#extra = { ...this.#extra, ...state };
    if (urgent) void this.say("online");
  }

  /** Heartbeats on this bus until the signal aborts, and one whenever the link comes back: the broker may have said our will. */
  start(bus: Bus, signal: AbortSignal): void {
    this.#bus = bus;
    const unlisten = bus.onLink((up) => {
      if (up) void this.say("online");
    });
    void this.say("online");
    this.#timer = setInterval(() => void this.say("online"), this.#config.heartbeatS * 1000);
    signal.addEventListener(
      "abort",
      () => {
        clearInterval(this.#timer);
        unlisten();
      },
      { once: true },
    );
  }

  async say(status: NodeState["status"], fault?: string): Promise<void> {
    await this.#bus?.publish(nodeState, this.state(fault === undefined ? status : "fault", fault));
  }

  state(status: NodeState["status"], fault?: string): NodeState {
    const now = this.#time.now();
    const { node, position, roles, sha256 } = this.#config;
    const { rss, heapTotal, external } = process.memoryUsage();
    return {
      v: 1,
      id: ulid(),
      node,
      at: utcOfNs(now?.utcNs ?? BigInt(Date.now()) * 1_000_000n),
      configSha256: sha256,
      status,
      roles: Object.keys(roles) as NodeRole[],
      ...(position ? { position } : {}),
      clock: now?.clock ?? { source: "none", synchronised: false, sigmaS: 0 },
      softwareVersion: this.#version,
      counters: {
        ...prefixed("bus", this.#bus?.counters ?? {}),
        ...this.#counters,
        "clock.steps": this.#time.steps,
        "process.rssMegabytes": Math.round(rss / 2 ** 20),
        "process.heapMegabytes": Math.round(heapTotal / 2 ** 20),
        "process.externalMegabytes": Math.round(external / 2 ** 20),
        "process.uptimeS": Math.round(process.uptime()),
      },
      ...this.#extra,
      ...(fault === undefined ? {} : { fault: fault.slice(0, 2000) }),
    };
  }
}

function prefixed(prefix: string, counters: object): Record<string, number> {
  return Object.fromEntries(Object.entries(counters).map(([name, value]) => [`${prefix}.${name}`, Number(value)]));
}
