/** `tocsin gateway`: runs the hub, and makes the hashes that its configuration holds instead of secrets. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { pino } from "pino";
import { Fault } from "#contract/errors.ts";
import { checkDataFolder, dataFolderFaults, makeDataFolder } from "#edge-agent/devices/data-folder.ts";
import { type GatewayConfig, readGatewayConfig } from "#gateway/config.ts";
import { hashSecret, newSecret, PASSWORD_LOG2_N, SECRET_LOG2_N } from "#gateway/credentials.ts";
import { IncidentRecord } from "#gateway/incidents/record.ts";
import { startGateway } from "#gateway/main.ts";
import { type Command, printJson, say } from "../command.ts";

const help = `
usage: tocsin gateway --config FILE [--check] [--json]
       tocsin gateway hash [--new]
       tocsin gateway verify --config FILE

Runs the district's hub: MQTT broker, incident store, console, flows. Stops on SIGTERM or Ctrl-C.

  --config FILE  the gateway's configuration (YAML); docs/gateway.md explains it
  --check        only read the configuration and list its faults, also of the files and the folder that it names
  --json         print {"type":"listening", ports} on stdout once everything listens, and {"type":"editor", port}
                 once the flows' editor does, which takes some seconds more

  hash           reads a password or secret from stdin, prints its hash for 'passwordHash' or 'secretHash'
  hash --new     makes a random secret for a node, prints {"secret", "hash"} as JSON

  verify         recomputes the hash of every entry on every record, also while the gateway runs; prints
                 {"ok", "length", "head", "broken"?} as JSON, status 1 where the records are not what was written
`;

async function hash(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: { new: { type: "boolean" } } });
  if (values.new) {
    const secret = newSecret();
    printJson({ secret, hash: await hashSecret(secret, SECRET_LOG2_N) });
    return 0;
  }
  if (process.stdin.isTTY) say("type the secret, then Enter and Ctrl-D");
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const secret = Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
  if (secret.length < 8) throw new Fault("input", "the secret must have at least 8 characters");
  process.stdout.write(`${await hashSecret(secret, PASSWORD_LOG2_N)}\n`);
  return 0;
}

async function verify(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: { config: { type: "string" } } });
  if (values.config === undefined) throw new Fault("usage", "which configuration? Give --config FILE");
  const file = join(readGatewayConfig(values.config).dataDir, "incidents.sqlite");
  if (!existsSync(file)) throw new Fault("input", `${file} is not there: no gateway has run on this data directory`);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { readOnly: true });
    const record = new IncidentRecord(db);
    const result = record.verifyAll();
    printJson({ ...result, head: record.head() });
    return result.ok ? 0 : 1;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_SQLITE_ERROR") throw cause;
    const why = (cause as Error).message;
    throw new Fault(
      "input",
      `${file}: cannot be read as a gateway's record (${why}); restore dataDir from its backup`,
      {
        cause,
      },
    );
  } finally {
    db?.close();
  }
}

async function run(argv: readonly string[]): Promise<number> {
  if (argv[0] === "hash") return hash(argv.slice(1));
  if (argv[0] === "verify") return verify(argv.slice(1));
  const { values } = parseArgs({
    args: [...argv],
    options: { config: { type: "string" }, check: { type: "boolean" }, json: { type: "boolean" } },
  });
  if (values.config === undefined) throw new Fault("usage", "which configuration? Give --config FILE");
  const config = readGatewayConfig(values.config, dataFolderFaults);
  if (values.check) {
    checkDataFolder(config.dataDir);
    say(`${values.config}: good`);
    return 0;
  }
  const log = pino({ level: config.logLevel, base: null }, pino.destination({ dest: 2, sync: true }));
  const stopped = new Promise<void>((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
  makeDataFolder(config.dataDir);
  const gateway = await startGateway(config, log).catch((error: unknown) => {
    throw portFault(config, error) ?? dataFault(config, error) ?? error;
  });
  const { ports } = gateway;
  log.info(ports, `console at http://${config.listen.http.host}:${ports.http}/`);
  if (values.json) {
    printJson({ type: "listening", ...ports });
    void gateway.flows?.editor.then((port) => printJson({ type: "editor", port }));
  }
  await stopped;
  log.info("stopping");
  await gateway.close();
  return 0;
}

/** A port that cannot be had, by the name that it has in the configuration. */
function portFault({ listen }: GatewayConfig, error: unknown): Fault | undefined {
  const { code, syscall, port } = error as NodeJS.ErrnoException & { port?: number };
  if (syscall !== "listen") return undefined;
  const field = Object.entries(listen).find(([, one]) => one?.port === port)?.[0];
  const where = field === undefined ? `port ${port}` : `listen.${field}.port: ${port}`;
  const why =
    code === "EADDRINUSE"
      ? "is taken by another program; stop it, or choose another port"
      : `cannot be listened on (${code}); choose another port, or another listen.${field}.host`;
  return new Fault("config", `${where} ${why}`, { cause: error });
}

/** SQLite's errors do not say of which file they are. */
function dataFault({ dataDir }: GatewayConfig, error: unknown): Fault | undefined {
  if ((error as NodeJS.ErrnoException).code !== "ERR_SQLITE_ERROR") return undefined;
  const why = (error as Error).message;
  const text = `dataDir: ${dataDir}: a database in it cannot be used (${why}); give the disk room, or restore dataDir from its backup`;
  return new Fault("failed", text, { cause: error });
}

export const command: Command = { summary: "run the district's hub", help, run };
