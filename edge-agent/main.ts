/** A node: configuration -> devices -> roles. The only place that chooses. */
import { join } from "node:path";
import { Fault } from "#contract/errors.ts";
import type { NodeRole } from "#contract/node.ts";
import packageJson from "../package.json" with { type: "json" };
import { type AgentConfig, type RoleSchemas, readConfig } from "./config.ts";
import { MqttBus } from "./devices/mqtt-bus.ts";
import { openTime } from "./devices/node-time.ts";
import { defaultOutboxLimits } from "./devices/outbox.ts";
import { NodeReporter } from "./node-reporter.ts";
import type { Log, RoleContext } from "./ports.ts";
import { type RoleEntry, roleTable } from "./role-table.ts";

async function entryOf(role: NodeRole): Promise<RoleEntry> {
  const load = roleTable[role];
  if (!load) throw new Fault("config", `roles.${role}: this build has no such role`);
  return load();
}

const schemaOf: RoleSchemas = async (role) => (await entryOf(role)).schema;

/** Reads a node's configuration with the schemas of the roles in it. Throws `Fault` (config) with all faults. */
export function readAgentConfig(file: string): Promise<AgentConfig> {
  return readConfig(file, schemaOf);
}

export interface AgentEvents {
  /** All roles are up and the broker has confirmed their subscriptions. */
  onReady?: () => void;
}

/** Runs the node until the signal aborts or a role fails; the first failure stops the rest and is thrown. */
export async function runAgent(
  config: AgentConfig,
  log: Log,
  signal: AbortSignal,
  { onReady }: AgentEvents = {},
): Promise<void> {
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const time = openTime(config.clock, log, stopped);
  const reporter = new NodeReporter(config, time, packageJson.version);
  const bus = new MqttBus({
    site: config.site,
    node: config.node,
    broker: config.broker,
    outboxFile: join(config.dataDir, "outbox.sqlite"),
    outboxLimits: {
      ...defaultOutboxLimits,
      maxRows: config.outbox.maxMessages,
      maxBytes: config.outbox.maxMegabytes * 2 ** 20,
    },
    will: () => reporter.state("lost"),
    log,
  });
  reporter.start(bus, stopped);
  try {
    const base: Omit<RoleContext<unknown>, "config" | "report" | "dataDir"> = {
      site: config.site,
      node: config.node,
      position: config.position,
      bus,
      log,
      signal: stopped,
      configSha256: config.sha256,
      now: () => time.now(),
    };
    const running = await Promise.all(
      (Object.keys(config.roles) as NodeRole[]).map(async (role) => {
        const entry = await entryOf(role);
        const context = {
          ...base,
          config: config.roles[role],
          dataDir: join(config.dataDir, role),
          report: (part: Parameters<NodeReporter["take"]>[1]) => reporter.take(role, part),
        };
        const { done } = await entry.start(context as RoleContext<never>, { config, time });
        return { done: done.catch((cause: unknown) => failedAs(role, cause)) };
      }),
    );
    onReady?.();
    log.info({ roles: Object.keys(config.roles) }, "ready");
    await Promise.race([Promise.all(running.map(({ done }) => done)), aborted(stopped)]);
    stop.abort();
    await Promise.all(running.map(({ done }) => done));
    await reporter.say("stopping");
  } catch (error) {
    stop.abort();
    const text = error instanceof Error ? error.message : String(error);
    await reporter
      .say("fault", text)
      .catch((cause: unknown) => log.error({ err: cause }, "the fault could not be told"));
    throw error;
  } finally {
    stop.abort();
    await bus.close();
  }
}

function failedAs(role: NodeRole, cause: unknown): never {
  const text = cause instanceof Error ? cause.message : String(cause);
  throw new Fault(cause instanceof Fault ? cause.code : "failed", `role ${role}: ${text}`, { cause });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
