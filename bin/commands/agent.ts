/** `tocsin agent`: runs a node. */
import { parseArgs } from "node:util";
import { type Logger, pino } from "pino";
import { Fault } from "#contract/errors.ts";
import { checkDataFolder } from "#edge-agent/devices/data-folder.ts";
import { readAgentConfig, runAgent } from "#edge-agent/main.ts";
import { type Command, printJson, say } from "../command.ts";

/** A role has 8 s, the outbox and the link 2 more; the service manager kills after 15. */
const STOP_MS = 13_000;
const LEFTOVER_MS = 2000;

const help = `
usage: tocsin agent --config FILE [--check] [--json]

Runs a node: a lamppost that listens, a drone's dock, a robot, the district's triangulation. Stops on SIGTERM or Ctrl-C.

  --config FILE  the node's configuration (YAML); docs/node.md explains it
  --check        only read the configuration and list its faults, also of the files and the folder that it names
  --json         print {"type":"ready", node, roles} on stdout once every role is up
`;

async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: { config: { type: "string" }, check: { type: "boolean" }, json: { type: "boolean" } },
  });
  if (values.config === undefined) throw new Fault("usage", "which configuration? Give --config FILE");
  const config = await readAgentConfig(values.config);
  if (values.check) {
    checkDataFolder(config.dataDir);
    say(`${values.config}: good`);
    return 0;
  }
  const log = pino({ level: config.logLevel, base: { node: config.node } }, pino.destination({ dest: 2, sync: true }));
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.once(name, () => {
      log.info({ signal: name }, "stopping");
      stop.abort();
      endWithin(STOP_MS, log);
    });
  }
  const onReady = () => {
    if (values.json) printJson({ type: "ready", node: config.node, roles: Object.keys(config.roles) });
  };
  try {
    await runAgent(config, log, stop.signal, { onReady });
  } finally {
    endWithin(LEFTOVER_MS, log);
  }
  return 0;
}

/** Whoever restarts the node waits for its end: a handle that somebody forgot must not keep a deaf process alive. */
function endWithin(ms: number, log: Logger): void {
  setTimeout(() => {
    log.error({}, "something keeps the process alive after its end: ended by force");
    process.exit(process.exitCode ?? 1);
  }, ms).unref();
}

export const command: Command = { summary: "run a node (lamppost, drone dock, robot, camera)", help, run };
