/** A node's configuration: YAML in, every fault of it listed at once with its path. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import { parseDocument } from "yaml";
import { faultsOf } from "#contract/channel.ts";
import { Fault, whyUnread } from "#contract/errors.ts";
import { Position } from "#contract/geo.ts";
import { NodeRole } from "#contract/node.ts";
import { Count, Finite, Name, NodeId, SiteId } from "#contract/units.ts";
import { horizontalSpreadM, LEAST_SPREAD_M } from "#core/acoustics/bearing.ts";
import { Neighbours, type NeighboursConfig, withPaths } from "./neighbours-config.ts";
import { withRolePaths } from "./role-paths.ts";
import { Clock, Microphone } from "./sound-config.ts";

const Broker = v.pipe(
  v.strictObject({
    url: v.pipe(
      v.string("is missing, such as mqtts://gateway.example:8883"),
      v.regex(/^mqtts?:\/\/[^/\s]+$/, "must be mqtt://host:port or mqtts://host:port"),
    ),
    /** The node's name where it is not given. */
    username: v.optional(Name),
    secret: v.optional(v.pipe(v.string(), v.minLength(1))),
    secretFile: v.optional(v.string()),
    caFile: v.optional(v.string()),
    keepaliveS: v.optional(
      v.pipe(Count, v.minValue(1, "must be 1 to 600 seconds"), v.maxValue(600, "must be 1 to 600 seconds")),
      10,
    ),
  }),
  v.check(
    ({ secret, secretFile }) => (secret === undefined) !== (secretFile === undefined),
    "give either secret or secretFile",
  ),
);

const strangers = (roles: object) => Object.keys(roles).filter((role) => !v.is(NodeRole, role));

export const AgentConfigSchema = v.pipe(
  v.strictObject({
    site: SiteId,
    node: NodeId,
    position: v.optional(Position),
    broker: Broker,
    neighbours: v.optional(Neighbours),
    dataDir: v.string(),
    microphone: v.optional(Microphone),
    clock: v.optional(Clock, {}),
    /** Role -> its options; each role has a schema of its own. */
    roles: v.pipe(
      v.record(v.string(), v.nullable(v.record(v.string(), v.unknown()))),
      v.check((roles) => Object.keys(roles).length > 0, "name at least one role"),
      v.check(
        (roles) => strangers(roles).length === 0,
        ({ input }) =>
          `no role is named ${strangers(input).join(", ")}; each must be one of ${NodeRole.options.join(", ")}`,
      ),
    ),
    heartbeatS: v.optional(v.pipe(Finite, v.minValue(0.1), v.maxValue(3600)), 10),
    outbox: v.optional(
      v.strictObject({
        maxMessages: v.optional(v.pipe(Count, v.minValue(100)), 50_000),
        maxMegabytes: v.optional(v.pipe(Finite, v.minValue(1)), 256),
      }),
      {},
    ),
    logLevel: v.optional(v.picklist(["debug", "info", "warn", "error"]), "info"),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { roles, microphone, clock, neighbours } = dataset.value;
    if (roles.triangulate?.standby !== undefined && !neighbours)
      addIssue({ message: "neighbours: is missing; roles.triangulate.standby needs them" });
    if ("listen" in roles && !microphone) addIssue({ message: "microphone: is missing; the role listen needs one" });
    // A robot's arrivals bear the place where it stood.
    if ("listen" in roles && !("patrol" in roles) && !dataset.value.position)
      addIssue({ message: "position: is missing; an arrival needs a place" });
    const cameras = roles.stream?.cameras;
    for (const [index, camera] of (Array.isArray(cameras) ? cameras : []).entries()) {
      const where = `roles.stream.cameras.${index}.panTilt`;
      if (camera?.panTilt === undefined) continue;
      if ("fly" in roles || "patrol" in roles)
        addIssue({ message: `${where}: is for a node that stands still; leave it out beside fly or patrol` });
      else if (!dataset.value.position)
        addIssue({ message: `position: is missing; ${where} turns from there to incidents` });
    }
    const { places = [] } = microphone ?? {};
    if (places.length >= 2 && horizontalSpreadM(places) < LEAST_SPREAD_M) {
      addIssue({
        message:
          "microphone.places: must differ by 1 cm or more in eastM or northM: microphones in one place, or above one another, tell no direction; give their real places, or leave `places` out",
      });
    }
    const pulsed = clock.source === "pps" && microphone?.kind === "alsa";
    if (pulsed && microphone.ppsChannel === undefined && clock.bridge === undefined) {
      addIssue({
        message:
          "microphone.ppsChannel: is missing; clock.source pps needs the pulse on a channel of the sound card, or clock.bridge",
      });
    }
    if (clock.bridge && (!pulsed || microphone.ppsChannel !== undefined)) {
      addIssue({
        message: "clock.bridge: goes with clock.source pps and a microphone of kind alsa without ppsChannel",
      });
    }
    if (
      microphone?.kind === "alsa" &&
      microphone.ppsChannel !== undefined &&
      microphone.ppsChannel >= microphone.channels
    ) {
      addIssue({ message: `microphone.ppsChannel: must be below microphone.channels (${microphone.channels})` });
    }
  }),
);

type Parsed = v.InferOutput<typeof AgentConfigSchema>;
export type MicrophoneConfig = NonNullable<Parsed["microphone"]>;
export type ClockConfig = Parsed["clock"];
export type AgentConfig = Omit<Parsed, "broker" | "roles" | "neighbours"> & {
  neighbours: NeighboursConfig | undefined;
  broker: { url: string; username: string; secret: string; caFile: string | undefined; keepaliveS: number };
  roles: Partial<Record<NodeRole, Record<string, unknown>>>;
  /** SHA-256 of the configuration as JSON with sorted keys, without the secret. */
  sha256: string;
};

/** A role's own schema, asked for by name before the whole is checked. */
export type RoleSchemas = (role: NodeRole) => Promise<v.GenericSchema<unknown, Record<string, unknown>>>;

/** What is wrong with a `dataDir`, a line each, beginning with its name. Asked only beside other faults: the start finds it out itself. */
export type FolderFaults = (dataDir: string) => readonly string[];

/** Reads and checks the file; relative paths in it are relative to it. Throws `Fault` (config) that lists every fault. */
export async function readConfig(
  file: string,
  schemaOf: RoleSchemas,
  folderFaults?: FolderFaults,
): Promise<AgentConfig> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new Fault("config", `${file}: ${whyUnread(cause)}; give a node's configuration (docs/node.md)`, { cause });
  }
  return parseConfig(text, file, schemaOf, folderFaults);
}

export async function parseConfig(
  text: string,
  file: string,
  schemaOf: RoleSchemas,
  folderFaults: FolderFaults = () => [],
): Promise<AgentConfig> {
  const document = parseDocument(text);
  // What follows the first fault of the form is mostly its echo.
  const [broken] = document.errors;
  if (broken) throw new Fault("config", `${file}: is not YAML: ${broken.message.split("\n")[0]!.replace(/:$/, "")}`);
  const json: unknown = document.toJS();
  if (isGateways(json))
    throw new Fault("config", `${file}: is a gateway's configuration (it has users); give a node's (docs/node.md)`);
  const faults: string[] = [];
  const parsed = v.safeParse(AgentConfigSchema, json);
  if (!parsed.success) faults.push(...faultsOf(parsed.issues));
  const folder = dirname(resolve(file));
  const roles: [NodeRole, Record<string, unknown>][] = [];
  for (const [role, options] of rolesIn(json)) {
    const checked = v.safeParse(await schemaOf(role), options ?? {});
    if (checked.success) roles.push([role, withRolePaths(role, checked.output, folder, faults)]);
    else faults.push(...faultsOf(checked.issues).map((line) => `roles.${role}.${line}`));
  }
  const secrets = filesIn(json, folder, faults);
  if (!parsed.success || faults.length > 0) {
    const named = (json as { dataDir?: unknown } | null)?.dataDir;
    if (typeof named === "string") faults.push(...folderFaults(resolve(folder, named)));
    throw new Fault(
      "config",
      faults.map((line) => `${file}: ${line.replace(/^\(whole\): /, "")}`),
    );
  }
  const { broker, roles: _, microphone, dataDir, neighbours: around, ...rest } = parsed.output;
  const { secret, secretFile, ...address } = broker;
  const { secret: among, secretFile: amongFile, ...near } = around ?? {};
  const neighbours = around && withPaths(near as Omit<NeighboursConfig, "secret">, folder);
  const checked = {
    ...rest,
    dataDir: resolve(folder, dataDir),
    microphone: microphone?.kind === "file" ? { ...microphone, path: resolve(folder, microphone.path) } : microphone,
    roles: Object.fromEntries(roles) as AgentConfig["roles"],
    ...(neighbours && { neighbours }),
    broker: {
      ...address,
      username: address.username ?? rest.node,
      caFile: address.caFile && resolve(folder, address.caFile),
    },
  };
  return {
    ...checked,
    broker: { ...checked.broker, secret: secret ?? secrets.broker! },
    neighbours: neighbours && { ...neighbours, secret: among ?? secrets.neighbours! },
    sha256: createHash("sha256")
      .update(JSON.stringify(sorted(checked)))
      .digest("hex"),
  };
}

/** A mix-up that a list of missing keys would not explain. */
function isGateways(json: unknown): boolean {
  return typeof json === "object" && json !== null && "users" in json && !("broker" in json) && !("roles" in json);
}

/** The known roles that a configuration names, faulty or not otherwise. */
function rolesIn(json: unknown): [NodeRole, unknown][] {
  const roles = typeof json === "object" && json !== null && "roles" in json ? json.roles : undefined;
  if (typeof roles !== "object" || roles === null) return [];
  return Object.entries(roles).filter((entry): entry is [NodeRole, unknown] => v.is(NodeRole, entry[0]));
}

interface NamedFiles {
  secretFile?: unknown;
  caFile?: unknown;
  listen?: { certFile?: unknown; keyFile?: unknown };
}

/** The secrets that stand in files of their own; what of the files that a configuration names cannot be read is added to the faults. */
function filesIn(json: unknown, folder: string, faults: string[]): { broker?: string; neighbours?: string } {
  const secrets: { broker?: string; neighbours?: string } = {};
  const read = (field: string, path: unknown): string | undefined => {
    if (typeof path !== "string") return undefined;
    const file = resolve(folder, path);
    try {
      const text = readFileSync(file, "utf8").trim();
      if (text === "") faults.push(`${field}: ${file} is empty`);
      return text;
    } catch (cause) {
      faults.push(`${field}: ${file}: ${whyUnread(cause)}`);
      return undefined;
    }
  };
  for (const part of ["broker", "neighbours"] as const) {
    const named = (json as Partial<Record<typeof part, NamedFiles>> | null)?.[part];
    if (typeof named !== "object" || named === null) continue;
    const secret = read(`${part}.secretFile`, named.secretFile);
    if (secret !== undefined) secrets[part] = secret;
    read(`${part}.caFile`, named.caFile);
    read(`${part}.listen.certFile`, named.listen?.certFile);
    read(`${part}.listen.keyFile`, named.listen?.keyFile);
  }
  return secrets;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}
