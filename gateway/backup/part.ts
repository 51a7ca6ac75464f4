/** Robots and the call for backup as a part of the gateway. Robots' words and events are taken in always; people are called where `backup` is configured. */
import { join } from "node:path";
import { backupAnswer, backupUnit } from "#contract/backup.ts";
import { robotPose, robotState } from "#contract/robot.ts";
import type { GatewayContext } from "../context.ts";
import { onFaceConfirmed } from "../faces/confirmed.ts";
import { addFigures } from "../metrics.ts";
import { RobotEvents } from "../robots/events.ts";
import { Robots } from "../robots/robots.ts";
import { addRobotRoutes } from "../robots/routes.ts";
import { Calls } from "./calls.ts";
import type { BackupConfig } from "./config.ts";
import { addBackupRoutes } from "./routes.ts";
import { BackupStore } from "./store.ts";
import { Units } from "./units.ts";

/** An event older than this calls nobody by itself any more. */
const STILL_FRESH_MS = 10 * 60_000;

export async function startBackup(context: GatewayContext): Promise<void> {
  const { config, bus, broadcast, signal } = context;
  const store = new BackupStore(join(config.dataDir, "backup.sqlite"));
  signal.addEventListener("abort", () => store.close(), { once: true });
  const robots = new Robots(bus);
  const events = new RobotEvents(context, store);
  addRobotRoutes(context, robots);
  if (config.backup) await startCalls(context, config.backup, { store, robots, events });
  robots.remember(await context.retained(robotState), await context.retained(robotPose));
  await robots.listen((channel, message) => broadcast({ type: "message", channel, message }));
  await events.listen();
}

async function startCalls(
  context: GatewayContext,
  config: BackupConfig,
  { store, robots, events }: { store: BackupStore; robots: Robots; events: RobotEvents },
): Promise<void> {
  const { bus, broadcast, log, metrics } = context;
  const units = new Units(config, robots);
  const { rings, district, detour, freshS } = config;
  const policy = { rings, district, travel: { detour, freshS } };
  const calls = new Calls({ context: { ...context, log: log.child({ part: "backup" }) }, store, units, policy });
  addBackupRoutes(context, calls, units);
  addFigures(metrics, [
    { name: "backup_calls", help: "Calls for backup since start", read: () => calls.counters.opened },
    { name: "backup_asked", help: "Units and robots asked", read: () => calls.counters.asked },
    { name: "backup_acknowledged", help: "Calls that somebody answered", read: () => calls.counters.acknowledged },
    { name: "backup_unanswered", help: "Calls that nobody answered", read: () => calls.counters.unanswered },
    { name: "backup_webhook_failures", help: "Units not reached", read: () => calls.counters.webhookFailures },
  ]);

  const automatic = (incident: string, rule: string, robot: string) => {
    const state = context.incident(incident);
    if (!state?.place || state.status === "dismissed" || !config.automaticRules.includes(rule)) return;
    const why = `${robot} reports ${state.what ?? rule}; the site has backup called for that without waiting for a person`;
    calls.call(incident, state.place, why, { how: "policy", by: robot, why });
  };
  events.onOpened((incident, event) => automatic(incident, event.rule, event.node));
  const confirmed = new Set<string>(config.onConfirmed);
  context.onIncident(({ incident, kind, status, verdict, place }) => {
    if (status !== "confirmed" || !verdict || !place || !confirmed.has(kind) || store.newestOf(incident)) return;
    // The words on a match are for those who judge matches; whoever comes can ask who confirmed it.
    const words = kind === "face" ? "" : `: ${verdict.reason}`;
    const why = `${kind} confirmed by ${verdict.by}${words}`.slice(0, 2000);
    calls.call(incident, place, why, { how: "person", by: verdict.by, why });
  });
  // A person has said so of the match itself: nobody has to say it of the incident once more.
  onFaceConfirmed(context, ({ incident, by, place }) => {
    const where = context.incident(incident)?.place ?? place;
    if (!where || !confirmed.has("face") || store.newestOf(incident)) return;
    const why = `possible match confirmed by ${by}`;
    calls.call(incident, where, why, { how: "person", by, why });
  });

  await units.listen(bus, await context.retained(backupUnit), (message) =>
    broadcast({ type: "message", channel: backupUnit.name, message }),
  );
  await bus.subscribe(backupAnswer, (said, { node }) => {
    if (context.signal.aborted) return;
    // A unit speaks for itself; a flow may speak for those that the configuration lets it speak for.
    const flow = node === "flows" && units.configOf(said.unit)?.contact.kind !== "mqtt";
    if (said.unit !== node && !flow) {
      log.warn({ node, unit: said.unit, call: said.call }, "an answer in another's name was not taken");
      return;
    }
    const outcome = calls.answer(said.call, said.unit, said.answer, said.text);
    if (outcome.kind !== "done") log.warn({ call: said.call, unit: said.unit, outcome }, "an answer was not taken");
  });
  calls.resume();
  // What opened an incident just before the gateway stopped, and had not called yet.
  for (const { incident, rule, robot } of store.eventsAfter(Date.now() - STILL_FRESH_MS))
    if (!store.newestOf(incident)) automatic(incident, rule, robot);
}
