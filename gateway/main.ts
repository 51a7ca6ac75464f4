/** The hub: broker, incidents, consoles; flows in a process of their own. The only place that chooses. */
import { mkdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { type IncidentState, incidentState } from "#contract/incident.ts";
import { nodeState } from "#contract/node.ts";
import type { Health, UserRole } from "#contract/ops-api.ts";
import { startBackup } from "./backup/part.ts";
import { startBroker } from "./broker.ts";
import { startCallers } from "./caller/part.ts";
import type { GatewayConfig } from "./config.ts";
import type { GatewayContext, Part } from "./context.ts";
import { newSecret, SecretChecker } from "./credentials.ts";
import { deletePastItsTime } from "./delete-past-its-time.ts";
import { startDispatch } from "./dispatch/part.ts";
import { startFaces } from "./faces/part.ts";
import { FlowsProcess } from "./flows-process.ts";
import { consoleFiles, serveConsole } from "./http/console-files.ts";
import { incidentFor } from "./http/for-role.ts";
import { addIncidentRoutes } from "./http/incident-routes.ts";
import { listenHttp, makeServer, sessionOf } from "./http/server.ts";
import { Sessions } from "./http/sessions.ts";
import { addSiteRoutes } from "./http/site-routes.ts";
import { startHub } from "./hub.ts";
import { Alerts } from "./incidents/alerts.ts";
import { Clips } from "./incidents/clips.ts";
import { HeardLog } from "./incidents/heard.ts";
import { Incidents } from "./incidents/incidents.ts";
import { openDatabase } from "./incidents/schema.ts";
import { readSealKey, readSigningKey } from "./keys.ts";
import { Live } from "./live.ts";
import { addFigures, makeMetrics } from "./metrics.ts";
import { Nodes } from "./nodes.ts";
import { startVideo } from "./video/part.ts";

const HEALTH_MS = 1_000;
const RETENTION_MS = 3_600_000;
/** Incidents in a console's first picture; it asks for older ones as it scrolls. */
const SNAPSHOT_INCIDENTS = 200;

export interface Gateway {
  ports: { mqtt: number; mqtts?: number; http: number; https?: number };
  /** Undefined where they are switched off. */
  flows: FlowsProcess | undefined;
  close(): Promise<void>;
}

/** What runs beside broker, incidents and console; each is independent of the others. */
const parts: readonly Part[] = [startDispatch, startVideo, startCallers, startBackup, startFaces];

/** Resolves when everything listens; nodes may have waited in front of the door. */
export async function startGateway(config: GatewayConfig, log: Logger): Promise<Gateway> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  // Closed in the opposite order, also when a later part cannot start.
  await using open = new AsyncDisposableStack();
  const stop = new AbortController();
  const metrics = makeMetrics();
  const db = openDatabase(join(config.dataDir, "incidents.sqlite"));
  open.defer(() => db.close());
  const broker = await startBroker(config, log.child({ part: "broker" }));
  const incidents = new Incidents(db, config.alerts.minRoundProbability);
  const alerts = new Alerts(db, incidents, config.alerts, log.child({ part: "alerts" }));
  open.defer(() => alerts.close());
  const clips = new Clips(db, incidents, readSealKey(config.dataDir));
  const heard = new HeardLog(db, log.child({ part: "heard" }));
  open.defer(() => heard.close());
  open.defer(() => broker.close());
  const signing = await readSigningKey(config.dataDir);
  const nodes = new Nodes();
  for (const state of await broker.retained(nodeState)) nodes.set(state);
  const live = new Live((incident) => incidents.state(incident)?.kind);
  const checker = new SecretChecker();
  const sessions = new Sessions(db, config.users, checker);

  const flowsSecret = newSecret();
  let flows: FlowsProcess | undefined;
  const moreHealth: (() => Partial<Health>)[] = [];
  const health = (): Health => ({
    ...Object.assign({}, ...moreHealth.map((more) => more())),
    bus: broker.healthy() ? "ok" : "down",
    flows: flows?.state.state ?? "down",
    flowsNote: config.flows.enabled ? flows?.state.note : "switched off in the configuration",
    clocks: nodes.clocks(),
    detail: {
      clients: broker.counters.clients(),
      diskFreeMb: diskFreeMb(config.dataDir),
      refused: Object.values(broker.counters.refused).reduce((sum, n) => sum + n, 0),
    },
  });

  const hub = await startHub({
    bus: broker.bus,
    incidents,
    alerts,
    clips,
    heard,
    nodes,
    log: log.child({ part: "hub" }),
    broadcast: (event) => live.broadcast(event),
  });
  broker.greet(incidentState, () =>
    incidents
      .list({ limit: SNAPSHOT_INCIDENTS, status: "unreviewed" })
      .incidents.map((state) => incidentFor(["pilot"], state)),
  );

  const app = await makeServer({ sessions, live, log: log.child({ part: "http" }) });
  open.defer(() => app.close());
  open.defer(() => live.close());
  addIncidentRoutes(app, { site: config.site, incidents, clips, heard, key: signing });
  addSiteRoutes(app, {
    config,
    live,
    metrics,
    health,
    snapshot: () => ({
      type: "snapshot",
      ...incidents.list({ limit: SNAPSHOT_INCIDENTS }),
      nodes: nodes.all(),
      health: health(),
    }),
    keys: [signing.publicJwk],
  });
  addFigures(metrics, [
    { name: "nodes", help: "Nodes by condition", label: "condition", read: () => nodes.conditions() },
    { name: "mqtt_clients", help: "Connected clients", read: broker.counters.clients },
    { name: "mqtt_published", help: "Messages let through since start", read: () => broker.counters.published },
    {
      name: "mqtt_refused",
      help: "Turned away at the broker, by reason",
      label: "why",
      read: () => broker.counters.refused,
    },
    { name: "mqtt_queue_drops", help: "Not queued for absent subscribers: full", read: broker.counters.queueDrops },
    { name: "journal_written", help: "Messages on disk before PUBACK", read: () => broker.counters.journal.written },
    { name: "journal_commits", help: "Commits of the journal", read: () => broker.counters.journal.commits },
    { name: "shots", help: "Shot versions taken in", read: () => incidents.counters.shots },
    { name: "shot_repeats", help: "Shot versions that came again", read: () => incidents.counters.repeats },
    { name: "incidents", help: "Incidents by status", label: "status", read: () => incidents.countByStatus() },
    { name: "ledger_entries", help: "Entries on all records", read: () => incidents.record.head().length },
    { name: "heard_dropped", help: "Arrivals not logged: disk too slow", read: () => heard.counters.dropped },
    { name: "live_consoles", help: "Consoles connected", read: () => live.clients },
    { name: "live_dropped", help: "Events left out for slow consoles", read: () => live.counters.dropped },
    { name: "live_closed_slow", help: "Consoles cut off as too slow", read: () => live.counters.closedSlow },
    { name: "flows_running", help: "1 while the flows run", read: () => (flows?.state.state === "ok" ? 1 : 0) },
    { name: "flows_restarts", help: "Restarts of the flows' process", read: () => flows?.counters.restarts ?? 0 },
    { name: "flows_stuck", help: "Times a flow did not give control back", read: () => flows?.counters.stuck ?? 0 },
    { name: "disk_free_megabytes", help: "Free on the data directory's disk", read: () => diskFreeMb(config.dataDir) },
  ]);

  /** Consoles that show an incident fetch its record anew. */
  const grown = (incident: string, kind: string) =>
    live.broadcast({ type: "message", channel: "incident/entry", message: { incident, kind } });
  /** In the next turn of the event loop: what `first` listeners have sent is out by then, whatever the disk does to the others. */
  const soon = (listener: (state: IncidentState) => void, state: IncidentState) => {
    try {
      listener(state);
    } catch (err) {
      log.error({ err, incident: state.incident }, "a part of the gateway failed at a new version of an incident");
    }
  };
  const context: GatewayContext = {
    config,
    bus: broker.bus,
    log,
    metrics,
    http: app,
    sessionOf,
    broadcast: (event) => live.broadcast(event),
    record: (incident, kind, by, text, data) => {
      grown(incident, kind);
      return incidents.fact(incident, kind, by, text, data);
    },
    recordOnce: (key, incident, kind, by, text, data) => {
      grown(incident, kind);
      return incidents.factOnce(key, incident, kind, by, text, data);
    },
    place: (incident, place, by, text) => incidents.place(incident, place, by, text),
    once: (kind, key, incident) => incidents.takeOnce(kind, key, incident),
    report: (report, by) => incidents.report(report, by),
    incident: (id) => incidents.state(id),
    recentIncidents: () => incidents.list({ limit: SNAPSHOT_INCIDENTS }).incidents,
    timeline: (incident) => incidents.record.entries(incident),
    onIncident: (listener, first = false) =>
      incidents.onVersion(
        first ? (state) => listener(state) : (state) => void setImmediate(soon, listener, state),
        first,
      ),
    retained: (channel) => broker.retained(channel),
    health: (more) => void moreHealth.push(more),
    onClose: (work) => open.defer(work),
    signal: stop.signal,
  };
  for (const start of parts) await start(context);

  // Nodes first: they must not wait for the console's bundle.
  const mqttPorts = await broker.listen();
  await hub.catchUp();
  alerts.resume();
  try {
    await serveConsole(app, await consoleFiles(join(config.dataDir, "console")));
  } catch (error) {
    log.error({ error: (error as Error).message }, "the console cannot be bundled; all else runs without it");
  }
  const httpPorts = await listenHttp(app, config.listen);
  if (config.flows.enabled) {
    broker.admit({ id: "flows", parties: ["flows"] }, flowsSecret);
    flows = startFlows(config, { port: mqttPorts.mqtt, secret: flowsSecret }, sessions, log.child({ part: "flows" }));
    open.defer(() => flows?.stop());
  }

  const clean = () => deletePastItsTime({ clips, heard, alerts, sessions }, config.retention, log);
  clean();
  const timers = [
    setInterval(() => live.broadcast({ type: "health", health: health() }), HEALTH_MS),
    setInterval(clean, RETENTION_MS),
  ];
  open.defer(() => {
    stop.abort();
    for (const timer of timers) clearInterval(timer);
  });
  const running = open.move();
  return { ports: { ...mqttPorts, ...httpPorts }, flows, close: () => running.disposeAsync() };
}

/** Wrong passwords in a minute after which the editor takes none for the rest of it. */
const EDITOR_LOGINS_PER_MINUTE = 10;

function startFlows(
  config: GatewayConfig,
  mqtt: { port: number; secret: string },
  sessions: Sessions,
  log: Logger,
): FlowsProcess {
  const mayEdit = (roles: readonly UserRole[]) => roles.includes("technician") || roles.includes("admin");
  let wrong: number[] = [];
  const flows = new FlowsProcess({
    log,
    probeTimeoutS: config.flows.probeTimeoutS,
    start: {
      site: config.site,
      timeZone: config.timeZone,
      mqtt: { host: config.listen.mqtt.host, port: mqtt.port, user: "flows", secret: mqtt.secret },
      folder: config.flows.folder,
      port: config.flows.port,
      editors: config.users.filter(({ roles }) => mayEdit(roles)).map(({ name }) => name),
      ...(config.flows.webhookUrl !== undefined && { webhookUrl: config.flows.webhookUrl }),
    },
    login: async (name, password) => {
      wrong = wrong.filter((atMs) => Date.now() - atMs < 60_000);
      if (wrong.length >= EDITOR_LOGINS_PER_MINUTE) return false;
      const user = await sessions.verify(name, password);
      const granted = user !== undefined && mayEdit(user.roles);
      if (!granted) wrong.push(Date.now());
      log[granted ? "info" : "warn"](
        { user: name },
        granted ? "logged in to the editor" : "log-in to the editor refused",
      );
      return granted;
    },
  });
  flows.start();
  return flows;
}

function diskFreeMb(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return Math.floor((bavail * bsize) / 1e6);
}
