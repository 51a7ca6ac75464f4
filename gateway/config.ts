/** The gateway's configuration: YAML in, every fault of it listed at once with its path. */
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import { parseDocument } from "yaml";
import { faultsOf } from "#contract/channel.ts";
import { Fault, whyUnread } from "#contract/errors.ts";
import { Position } from "#contract/geo.ts";
import { isSecretHash } from "#contract/secret-hash.ts";
import { Name, NodeId, Probability, SiteId } from "#contract/units.ts";
import { DispatchConfig } from "#core/dispatch/policy.ts";
import { BackupConfig } from "./backup/config.ts";
import { CallersConfig } from "./caller/config.ts";
import { FacesConfig } from "./faces/config.ts";
import { VideoConfig } from "./video/config.ts";

const Port = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(0, "must be 0 to 65535"),
  v.maxValue(65535, "must be 0 to 65535"),
);
const Loopback = v.pipe(
  v.string(),
  v.regex(
    /^(127(\.\d{1,3}){3}|::1|localhost)$/,
    "plain connections are for this machine only (127.0.0.1 or ::1); use the TLS listener for other interfaces",
  ),
);
const SecretHash = v.pipe(
  v.string("is missing; make one with 'tocsin gateway hash'"),
  v.check(isSecretHash, "is not a hash; make one with 'tocsin gateway hash'"),
);
const tls = (port: number) =>
  v.optional(
    v.strictObject({
      host: v.optional(v.string(), "0.0.0.0"),
      port: v.optional(Port, port),
      certFile: v.string(),
      keyFile: v.string(),
    }),
  );

const NodeParty = v.picklist(["node", "triangulator", "drone", "robot", "unit"]);
const Role = v.picklist(["dispatch", "pilot", "technician", "reviewer", "admin"]);

const NodeEntry = v.strictObject({
  id: NodeId,
  position: v.optional(Position),
  label: v.optional(v.pipe(v.string(), v.maxLength(80))),
  /** What the credential may act as; rights of each follow from the channel table of the contract. */
  parties: v.optional(v.pipe(v.array(NodeParty), v.minLength(1)), ["node"]),
  secretHash: SecretHash,
});
const UserEntry = v.strictObject({
  name: Name,
  roles: v.pipe(v.array(Role), v.minLength(1, "a user needs at least one role")),
  passwordHash: SecretHash,
});

/** Names under which the gateway itself speaks; no node or user may carry them. */
const reserved = new Set(["gateway", "flows", "network"]);

const Schema = v.pipe(
  v.strictObject({
    site: SiteId,
    title: v.optional(v.pipe(v.string(), v.maxLength(80))),
    timeZone: v.optional(
      v.pipe(v.string(), v.check(isTimeZone, "is no IANA time zone, such as America/New_York")),
      "UTC",
    ),
    dataDir: v.string(),
    streets: v.optional(v.string()),
    listen: v.optional(
      v.strictObject({
        mqtt: v.optional(v.strictObject({ host: v.optional(Loopback, "127.0.0.1"), port: v.optional(Port, 1883) }), {}),
        mqtts: tls(8883),
        http: v.optional(v.strictObject({ host: v.optional(Loopback, "127.0.0.1"), port: v.optional(Port, 8080) }), {}),
        https: tls(8443),
      }),
      {},
    ),
    nodes: v.array(NodeEntry),
    users: v.array(UserEntry),
    /** A fix below this probability of a gunshot is kept beside the records and calls nobody. */
    alerts: v.optional(
      v.strictObject({
        minProbability: v.optional(Probability, 0.5),
        /** For another round of an incident that is open: less, since the place is known. */
        minRoundProbability: v.optional(Probability, 0.1),
        /** Seconds that a fix must stand before it opens an incident, unless it is sure; the same where it may be an echo's. */
        holdS: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(10)), 1),
        holdUnverifiedS: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(10)), 2),
      }),
      {},
    ),
    retention: v.optional(
      v.strictObject({
        clipsDays: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(3650)), 90),
        heardDays: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(3650)), 30),
        videoDays: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(3650)), 30),
      }),
      {},
    ),
    flows: v.optional(
      v.strictObject({
        enabled: v.optional(v.boolean(), true),
        port: v.optional(Port, 1880),
        /** Node-RED's own folder with the flows that technicians edit; made on the first start. */
        folder: v.optional(v.string()),
        /** Seconds without an answer after which a flow counts as stuck and the flows are stopped. */
        probeTimeoutS: v.optional(v.pipe(v.number(), v.minValue(2), v.maxValue(600)), 5),
        /** Where the default flow posts each new incident; nothing is posted without it. */
        webhookUrl: v.optional(v.pipe(v.string(), v.url("must be a URL"))),
      }),
      {},
    ),
    metrics: v.optional(v.strictObject({ tokenHash: v.optional(SecretHash) }), {}),
    /** Policy of the drone dispatch; none flies without it. */
    dispatch: v.optional(DispatchConfig),
    /** Units that can be called for backup; nobody is called without it. */
    backup: v.optional(BackupConfig),
    /** Live video; it runs with what stands here by default unless `enabled` is false. */
    video: v.optional(VideoConfig, {}),
    /** Links for callers' phones; none are made without it. */
    callers: v.optional(CallersConfig),
    /** Face matching; no list is delivered and no match is taken without it. */
    faces: v.optional(FacesConfig),
    logLevel: v.optional(v.picklist(["debug", "info", "warn", "error"]), "info"),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const seen = new Map<string, string>();
    const { nodes, users } = dataset.value;
    const named: [string, string][] = [
      ...nodes.map(({ id }, i): [string, string] => [id, `nodes.${i}.id`]),
      ...users.map(({ name }, i): [string, string] => [name, `users.${i}.name`]),
    ];
    for (const [name, path] of named) {
      const first = seen.get(name);
      if (reserved.has(name)) addIssue({ message: `${path}: the name '${name}' is the gateway's own; choose another` });
      else if (first) addIssue({ message: `${path}: the name '${name}' is taken by ${first}; names are unique` });
      else seen.set(name, path);
    }
    // Streams are named after their nodes, and those of callers have sound.
    for (const [i, { id }] of nodes.entries()) {
      if (/^(caller|operator)-/.test(id))
        addIssue({
          message: `nodes.${i}.id: names that begin with caller- or operator- are those of callers' streams`,
        });
    }
    for (const [i, { name, contact }] of (dataset.value.backup?.units ?? []).entries()) {
      const node = nodes.find(({ id }) => id === name);
      if (contact.kind === "mqtt" && !node?.parties.includes("unit"))
        addIssue({ message: `backup.units.${i}: '${name}' needs an entry under nodes with parties: [unit]` });
    }
  }),
);

type Parsed = v.InferOutput<typeof Schema>;
export type User = Parsed["users"][number];
export type GatewayConfig = Omit<Parsed, "flows"> & { title: string; flows: Parsed["flows"] & { folder: string } };

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** What is wrong with a `dataDir`, a line each, beginning with its name. Asked only beside other faults: the start finds it out itself. */
export type FolderFaults = (dataDir: string) => readonly string[];

/** @throws Fault (config) with one line per fault. Paths in the file are relative to the file. */
export function readGatewayConfig(file: string, folderFaults?: FolderFaults): GatewayConfig {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Fault("config", `${file}: ${whyUnread(error)}; give a gateway's configuration (docs/gateway.md)`, {
      cause: error,
    });
  }
  return parseGatewayConfig(text, file, folderFaults);
}

/** @param file where the text came from: names it in faults, and is the base of relative paths. */
export function parseGatewayConfig(text: string, file: string, folderFaults: FolderFaults = () => []): GatewayConfig {
  const document = parseDocument(text);
  // What follows the first fault of the form is mostly its echo.
  const [broken] = document.errors;
  if (broken) throw new Fault("config", `${file}: is not YAML: ${broken.message.split("\n")[0]!.replace(/:$/, "")}`);
  const json: unknown = document.toJS() ?? {};
  if (typeof json === "object" && json !== null && "broker" in json && "roles" in json)
    throw new Fault("config", `${file}: is a node's configuration (it has roles); give a gateway's (docs/gateway.md)`);
  const result = v.safeParse(Schema, json);
  const faults = result.success ? [] : faultsOf(result.issues).map((line) => line.replace(/^\(whole\): /, ""));
  const base = dirname(resolve(file));
  const at = (path: string) => resolve(base, path);
  const raw = json as { dataDir?: unknown; streets?: unknown; listen?: Record<string, Record<string, unknown>> };
  const files: [string, unknown][] = [
    ["streets", raw.streets],
    ...["mqtts", "https"].flatMap((name): [string, unknown][] => [
      [`listen.${name}.certFile`, raw.listen?.[name]?.certFile],
      [`listen.${name}.keyFile`, raw.listen?.[name]?.keyFile],
    ]),
  ];
  for (const [path, name] of files) {
    const why = typeof name === "string" ? whyNot(at(name)) : undefined;
    if (why !== undefined) faults.push(`${path}: ${at(name as string)}: ${why}`);
  }
  if (!result.success || faults.length > 0) {
    if (typeof raw.dataDir === "string") faults.push(...folderFaults(at(raw.dataDir)));
    throw new Fault(
      "config",
      faults.map((fault) => `${file}: ${fault}`),
    );
  }
  const config = result.output;
  const dataDir = at(config.dataDir);
  for (const listener of [config.listen.mqtts, config.listen.https]) {
    if (listener) Object.assign(listener, { certFile: at(listener.certFile), keyFile: at(listener.keyFile) });
  }
  return {
    ...config,
    title: config.title ?? config.site,
    dataDir,
    ...(config.streets !== undefined && { streets: at(config.streets) }),
    flows: { ...config.flows, folder: config.flows.folder ? at(config.flows.folder) : resolve(dataDir, "flows") },
  };
}

/** Why a file cannot be used, if so. */
function whyNot(file: string): string | undefined {
  try {
    accessSync(file, constants.R_OK);
    return statSync(file).isDirectory() ? "is a folder, not a file" : undefined;
  } catch (error) {
    return whyUnread(error);
  }
}
