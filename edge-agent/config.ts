/** A node's configuration: YAML in, every fault of it listed at once with its path. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import { parseDocument } from "yaml";
import { faultsOf } from "#contract/channel.ts";
import { Fault } from "#contract/errors.ts";
import { Position } from "#contract/geo.ts";
import { NodeRole } from "#contract/node.ts";
import { Count, Finite, Name, NodeId, NonNegative, PositiveS, SiteId, UtcNs } from "#contract/units.ts";
import { Neighbours, type NeighboursConfig, Port, withPaths } from "./neighbours-config.ts";

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

const microphoneEntries = {
  /** What a sound of 94 dB SPL reads in dB relative to full scale; turns dBFS into dB SPL. From the microphone's data sheet. */
  micSensitivityDbFsAt94Spl: v.optional(v.pipe(Finite, v.minValue(-120), v.maxValue(0))),
  /** Metres from the node's position, one per channel: two to four give a bearing. */
  places: v.optional(
    v.pipe(
      v.array(v.strictObject({ eastM: Finite, northM: Finite, upM: v.optional(Finite, 0) })),
      v.minLength(1),
      v.maxLength(4),
    ),
  ),
};

const Microphone = v.variant(
  "kind",
  [
    v.strictObject({
      kind: v.literal("alsa"),
      /** As `arecord -L` lists them. */
      device: v.optional(v.string(), "default"),
      sampleRateHz: v.optional(
        v.picklist([16_000, 32_000, 44_100, 48_000, 96_000], "must be 16000, 32000, 44100, 48000 or 96000"),
        48_000,
      ),
      channels: v.optional(v.pipe(Count, v.minValue(1), v.maxValue(8)), 1),
      format: v.optional(v.picklist(["s16", "s32"], "must be s16 or s32"), "s16"),
      /** Channel, from 0, that carries the receiver's pulse per second, with `clock.source: pps`. */
      ppsChannel: v.optional(v.pipe(Count, v.maxValue(7))),
      /** Delay from the microphone to the program's first look at a sample, and one sigma of it. */
      latencyS: v.optional(NonNegative, 0),
      latencySigmaS: v.optional(NonNegative, 5e-4),
      ...microphoneEntries,
    }),
    v.strictObject({
      kind: v.literal("file"),
      path: v.string(),
      /** Plays at the speed of a microphone; false: as fast as it goes. */
      realTime: v.optional(v.boolean(), true),
      /** UTC of the first sample; now, by the node's clock, where it is not given. */
      startUtc: v.optional(UtcNs),
      clockSigmaS: v.optional(NonNegative, 1e-4),
      ...microphoneEntries,
    }),
    v.strictObject({
      kind: v.literal("pcm-stream"),
      host: v.optional(v.string(), "127.0.0.1"),
      port: Port,
      /** Name of the sound source's microphone; the node's where it is not given. */
      microphone: v.optional(Name),
      ...microphoneEntries,
    }),
  ],
  "must be alsa, file or pcm-stream",
);

const Clock = v.strictObject({
  /** What disciplines the host's clock (or, for `pps`, the sample clock; for `sim`, the sound source). `system`: trusted as it is. */
  source: v.optional(v.picklist(["pps", "ptp", "ntp", "system", "sim"]), "ntp"),
  /** One sigma of the host's clock where nothing measures it (`system`), or the least that is believed of a measurement. */
  sigmaS: v.optional(PositiveS),
  /** With `source: pps`: our firmware on a serial port captures the pulse and counts the word clock of the sound card. See docs/dock.md. */
  bridge: v.optional(
    v.strictObject({
      path: v.pipe(v.string(), v.minLength(1)),
      baudRate: v.optional(v.pipe(Count, v.minValue(9600), v.maxValue(4_000_000)), 115_200),
      /** `with-capture`: the converter's word clock stands still until the sound card is listened to. */
      wordClock: v.optional(
        v.picklist(["continuous", "with-capture"], "must be continuous or with-capture"),
        "continuous",
      ),
    }),
  ),
});

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
        (roles) => Object.keys(roles).every((role) => v.is(NodeRole, role)),
        `each must be one of ${NodeRole.options.join(", ")}`,
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

/** Reads and checks the file; relative paths in it are relative to it. Throws `Fault` (config) that lists every fault. */
export async function readConfig(file: string, schemaOf: RoleSchemas): Promise<AgentConfig> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new Fault("config", `${file}: ${(cause as Error).message}`, { cause });
  }
  return parseConfig(text, file, schemaOf);
}

export async function parseConfig(text: string, file: string, schemaOf: RoleSchemas): Promise<AgentConfig> {
  const document = parseDocument(text);
  const faults = document.errors.map((error) => error.message.split("\n")[0]!);
  const json: unknown = document.errors.length > 0 ? undefined : document.toJS();
  const parsed = v.safeParse(AgentConfigSchema, json);
  if (faults.length === 0 && !parsed.success) faults.push(...faultsOf(parsed.issues));
  const roles: [NodeRole, Record<string, unknown>][] = [];
  for (const [role, options] of rolesIn(json)) {
    const checked = v.safeParse(await schemaOf(role), options ?? {});
    if (checked.success) roles.push([role, checked.output]);
    else faults.push(...faultsOf(checked.issues).map((line) => `roles.${role}.${line}`));
  }
  if (!parsed.success || faults.length > 0) {
    throw new Fault(
      "config",
      faults.map((line) => `${file}: ${line.replace(/^\(whole\): /, "")}`),
    );
  }
  const folder = dirname(resolve(file));
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
    broker: { ...checked.broker, secret: secret ?? readSecret(resolve(folder, secretFile!), `${file}: broker`) },
    neighbours: neighbours && {
      ...neighbours,
      secret: among ?? readSecret(resolve(folder, amongFile!), `${file}: neighbours`),
    },
    sha256: createHash("sha256")
      .update(JSON.stringify(sorted(checked)))
      .digest("hex"),
  };
}

/** The known roles that a configuration names, faulty or not otherwise. */
function rolesIn(json: unknown): [NodeRole, unknown][] {
  const roles = typeof json === "object" && json !== null && "roles" in json ? json.roles : undefined;
  if (typeof roles !== "object" || roles === null) return [];
  return Object.entries(roles).filter((entry): entry is [NodeRole, unknown] => v.is(NodeRole, entry[0]));
}

function readSecret(path: string, where: string): string {
  try {
    const secret = readFileSync(path, "utf8").trim();
    if (secret !== "") return secret;
  } catch (cause) {
    throw new Fault("config", `${where}.secretFile: ${(cause as Error).message}`, { cause });
  }
  throw new Fault("config", `${where}.secretFile: ${path} is empty`);
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
