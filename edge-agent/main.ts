/** A node: configuration -> devices -> roles. The only place that chooses. */
import { join } from "node:path";
import { Fault } from "#contract/errors.ts";
import type { NodeRole } from "#contract/node.ts";
import packageJson from "../package.json" with { type: "json" };
import { type AgentConfig, type RoleSchemas, readConfig } from "./config.ts";
import { dataFolderFaults, makeDataFolder } from "./devices/data-folder.ts";
import type { LocalBroker } from "./devices/local-broker.ts";
import { MqttBus } from "./devices/mqtt-bus.ts";
import { NeighbourBus } from "./devices/neighbour-bus.ts";
import { openTime } from "./devices/node-time.ts";
import { defaultOutboxLimits } from "./devices/outbox.ts";
import { NodeReporter } from "./node-reporter.ts";
import type { Log, RoleContext } from "./ports.ts";
import { type RoleEntry, roleTable } from "./role-table.ts";

const STOP_WITHIN_MS = 8000;

async function entryOf(role: NodeRole): Promise<RoleEntry> {
  const load = roleTable[role];
  if (!load) throw new Fault("config", `roles.${role}: this build has no such role`);
  return load();
}

const schemaOf: RoleSchemas = async (role) => (await entryOf(role)).schema;

/** Reads a node's configuration with the schemas of the roles in it. Throws `Fault` (config) with all faults, those of its data folder among them. */
export function readAgentConfig(file: string): Promise<AgentConfig> {
  return readConfig(file, schemaOf, dataFolderFaults);
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
  makeDataFolder(config.dataDir);
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const time = openTime(config.clock, log, stopped);
  const reporter = new NodeReporter(config, time, packageJson.version);
  const bus = openBus(config, reporter, log, stop);
  reporter.start(bus, stopped);
  const running: Promise<void>[] = [];
  let carried: LocalBroker | undefined;
  let neighbours: NeighbourBus | undefined;
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);
  try {
    const { neighbours: around, node, site } = config;
    if (around?.listen) {
      const { startLocalBroker } = await import("./devices/local-broker.ts");
      carried = await startLocalBroker({ ...around.listen, site, log });
    }
    if (around) neighbours = new NeighbourBus({ ...around, site, node, log });
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
    const roles = Object.keys(config.roles) as NodeRole[];
    const starting = roles.map(async (role) => {
      const entry = await entryOf(role);
      const context = {
        ...base,
        config: config.roles[role],
        dataDir: join(config.dataDir, role),
        report: (part: Parameters<NodeReporter["take"]>[1]) => reporter.take(role, part),
      };
      const { done } = await entry.start(context as RoleContext<never>, { config, time, neighbours });
      running.push(done.catch((cause: unknown) => failure.reject(failedAs(role, cause))));
    });
    const ended = Promise.all(starting).then(() => {
      if (!stopped.aborted) {
        onReady?.();
        log.info({ roles }, "ready");
      }
      return Promise.all(running);
    });
    ended.catch(failure.reject);
    // Without a broker some roles are never ready; the others may fail and all must stop all the same.
    await Promise.race([ended, failure.promise, aborted(stopped)]);
    stop.abort();
    await stoppedWithin(running, log);
    await reporter.say("stopping");
  } catch (error) {
    stop.abort();
    const text = error instanceof Error ? error.message : String(error);
    await stoppedWithin(running, log);
    await reporter
      .say("fault", text)
      .catch((cause: unknown) => log.error({ err: cause }, "the fault could not be told"));
    throw error;
  } finally {
    stop.abort();
    // Ends the subscriptions that still wait, and so the roles that still start.
    await bus.close();
    await neighbours?.close();
    await carried?.close();
  }
}

/** Where it cannot be opened, what was started before it ends, so that nothing keeps the process. */
function openBus(config: AgentConfig, reporter: NodeReporter, log: Log, stop: AbortController): MqttBus {
  try {
    return new MqttBus({
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
  } catch (error) {
    stop.abort();
    throw error;
  }
}

/** Roles put their devices away; one that hangs does not keep the others' last words. */
async function stoppedWithin(running: readonly Promise<void>[], log: Log): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), STOP_WITHIN_MS);
  });
  if ((await Promise.race([Promise.all(running), patience])) === "late") log.error({}, "a role did not stop in time");
  clearTimeout(timer);
}

function failedAs(role: NodeRole, cause: unknown): Fault {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new Fault(cause instanceof Fault ? cause.code : "failed", `role ${role}: ${text}`, { cause });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
