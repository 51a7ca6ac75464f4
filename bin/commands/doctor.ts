/** `tocsin doctor`: each thing that the roles need of this machine: ok, or what to do. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Fault } from "#contract/errors.ts";
import type { NodeRole } from "#contract/node.ts";
import { STEADY_FROM_S } from "#edge-agent/check-card.ts";
import { checkEyes } from "#edge-agent/check-eyes.ts";
import { checkSerial, serialPortsOf } from "#edge-agent/check-serial.ts";
import type { AgentConfig } from "#edge-agent/config.ts";
import {
  type Check,
  checkBroker,
  checkCameras,
  checkData,
  checkFfmpeg,
  checkMavsdkServer,
  checkModel,
  checkRobot,
} from "#edge-agent/health-checks.ts";
import { readAgentConfig } from "#edge-agent/main.ts";
import type { ListenConfig } from "#edge-agent/roles/listen.ts";
import type { LookConfig } from "#edge-agent/roles/look/config.ts";
import { checkAdaptation, checkClock, checkMicrophone, checkSpeaker } from "#edge-agent/sound-checks.ts";
import { type Command, printJson } from "../command.ts";
import { newestModel } from "../newest-model.ts";

const help = `
usage: tocsin doctor [--config FILE] [--listen S] [--json]

Looks at what the roles need of this machine: clock, each microphone, speaker, what was learned from verdicts, serial ports, ffmpeg, cameras, mavsdk_server, models, broker, disk.
With a node's configuration, only what its roles need counts: the command ends with 1 where something of that is wrong.
Without one, everything is looked at, nothing is needed, and the command ends with 0.

  --config FILE  a node's configuration (YAML)
  --listen S     listens to the configured sound card for so long, 20 to 3600 s: a minute tells of one that steadily loses 1 % (else 1 to 3 s)
  --json         one line of JSON a check: {name, ok, needed, detail, fix?}
`;

/** What a role cannot do without. */
const needs: Record<NodeRole, readonly string[]> = {
  listen: ["clock", "microphone", "models", "speaker", "adaptation"],
  triangulate: ["clock"],
  fly: ["clock", "mavsdk_server"],
  patrol: ["serial"],
  stream: ["ffmpeg", "cameras"],
  look: ["clock", "ffmpeg", "eyes"],
};

async function modelOf(config: AgentConfig | undefined): Promise<string | undefined> {
  const named = config?.roles.listen?.model;
  return newestModel(typeof named === "string" ? named : undefined).catch(() => undefined);
}

/** One after the other where it is the same card. */
function soundChecks(config: AgentConfig | undefined, listenS: number | undefined): Promise<Check>[] {
  const microphone = checkMicrophone(config, "arecord", listenS);
  const listen = config?.roles.listen as ListenConfig | undefined;
  if (!config || !listen) return [microphone];
  const speaker = listen.selfTest ? [microphone.then(() => checkSpeaker(config))] : [];
  return [microphone, ...speaker, checkAdaptation(config)];
}

function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= STEADY_FROM_S && seconds <= 3600) return seconds;
  throw new Fault("usage", `--listen ${text}: whole seconds from ${STEADY_FROM_S} to 3600`);
}

async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: { config: { type: "string" }, listen: { type: "string" }, json: { type: "boolean" } },
  });
  const listenS = secondsOf(values.listen);
  const config = values.config === undefined ? undefined : await readAgentConfig(values.config);
  const mavsdk = config?.roles.fly?.vehicle as { mavsdkFolder?: string } | undefined;
  const ports = config && serialPortsOf(config);
  const checks: Check[] = await Promise.all([
    checkClock(config),
    ...soundChecks(config, listenS),
    ...(ports?.length === 0 ? [] : [checkSerial(ports)]),
    checkFfmpeg(),
    checkMavsdkServer(mavsdk?.mavsdkFolder ?? join(import.meta.dirname, "..", "..", ".tocsin", "mavsdk")),
    modelOf(config).then(checkModel),
    ...(config ? [checkBroker(config), checkData(config)] : []),
    ...(config?.roles.stream ? [checkCameras(config)] : []),
    ...(config?.roles.look ? [checkEyes(config.roles.look as LookConfig)] : []),
    ...(config?.roles.patrol ? [checkRobot(config)] : []),
  ]);
  const roles = Object.keys(config?.roles ?? {}) as NodeRole[];
  const needed = new Set(config ? ["broker", "data", ...roles.flatMap((role) => needs[role])] : []);
  for (const check of checks) {
    if (values.json) printJson({ ...check, needed: needed.has(check.name) });
    else process.stdout.write(`${inWords(check, needed.has(check.name))}\n`);
  }
  return checks.some(({ ok, name }) => !ok && needed.has(name)) ? 1 : 0;
}

function inWords({ name, ok, detail, fix }: Check, isNeeded: boolean): string {
  const mark = ok ? "ok     " : isNeeded ? "WRONG  " : "missing";
  return `${mark}  ${name.padEnd(13)}  ${detail}${fix ? `\n${" ".repeat(24)}-> ${fix}` : ""}`;
}

export const command: Command = { summary: "check what this machine has and what it lacks", help, run };
