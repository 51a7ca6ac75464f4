/** `npm run demo`: a city on one machine, from the sound of a shot to the alert, the record and the map. */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import type { IncidentState } from "#contract/incident.ts";
import type { IncidentDetail } from "#contract/ops-api.ts";
import { utcOfNs } from "#contract/units.ts";
import { type Command, printJson, say } from "../command.ts";
import { DEMO_NODES, demoScenario } from "../demo/demo-city.ts";
import { droneThere, followFlight, judgeFlight } from "../demo/drone.ts";
import { isOf, judge, type Summary } from "../demo/judge.ts";
import { type Stage, setStage } from "../demo/stage.ts";

export const command: Command = {
  summary: "a city on one machine",
  help: `
usage: npm run demo [-- OPTIONS]      (or: tocsin demo OPTIONS)

Runs a simulated city: lampposts that hear, each an agent of its own, the gateway, Node-RED, the console. Without
--once it stays: open the console's address, an incident happens every minute; Ctrl-C ends it.

  --once         one incident to its end, prints its timeline, exits 0 if all of it is as it should be, 1 otherwise
  --json         one JSON object a line; the last is {"type":"summary", ...}
  --seed N       the city and what happens in it; random by default, and printed
  --nodes N      lampposts, 8 to 60 (20)
  --port N       the console's port (8080; a free one with --once)
  --every S      seconds between incidents (60)
  --no-drone     leave the drone in its shed (it is left there anyway where mavsdk_server could not be fetched)
  --keep DIR     keep configuration, logs and data in DIR`,
  async run(argv) {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        once: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        seed: { type: "string" },
        nodes: { type: "string", default: String(DEMO_NODES) },
        port: { type: "string" },
        every: { type: "string", default: "60" },
        keep: { type: "string" },
        "no-drone": { type: "boolean", default: false },
      },
    });
    const seed = whole("seed", values.seed ?? String(randomInt(1, 1_000_000)), 0, 2 ** 31);
    const nodes = whole("nodes", values.nodes, 8, 60);
    const everyS = whole("every", values.every, 20, 86_400);
    const port = values.port === undefined ? undefined : whole("port", values.port, 1, 65_535);
    const told = (line: Record<string, unknown>, words: string) =>
      values.json ? printJson(line) : process.stdout.write(`${words}\n`);

    told({ type: "seed", seed }, `seed ${seed}`);
    const stop = new AbortController();
    process.once("SIGINT", () => stop.abort());
    process.once("SIGTERM", () => stop.abort());
    const drone = !values["no-drone"] && droneThere();
    if (!drone && !values["no-drone"]) say("demo: no mavsdk_server, no drone; npm run setup fetches it");
    const stage = await setStage({
      seed,
      nodes,
      drone,
      httpPort: values.once ? port : (port ?? 8080),
      folder: values.keep,
      say: (text) => say(`demo: ${text}`),
    });
    stage.processes.onDeath = ({ name, logFile }, how) => say(`demo: ${name} ended (${how}); its log is ${logFile}`);
    try {
      told(
        { type: "console", url: stage.url, user: stage.user, password: stage.password },
        `console   ${stage.url}   user ${stage.user}   password ${stage.password}`,
      );
      for (let round = 0; !stop.signal.aborted; round++) {
        const summary = await incident(stage, seed, round, told, stop.signal);
        if (!summary) break;
        if (values.once) return summary.ok ? 0 : 1;
        say(`demo: the next incident in ${everyS} s; Ctrl-C ends the demo`);
        await pause(everyS, stop.signal);
      }
      return 0;
    } finally {
      say("demo: stopping ...");
      await stage.close();
    }
  },
};

type Tell = (line: Record<string, unknown>, words: string) => void;

/** Fires a burst among distractors and watches what becomes of it. Undefined when the demo was stopped meanwhile. */
async function incident(
  stage: Stage,
  seed: number,
  round: number,
  told: Tell,
  signal: AbortSignal,
): Promise<Summary | undefined> {
  const { ops, world } = stage;
  const before = new Set(ops.incidents.keys());
  const fired = await world.fire(demoScenario(stage.city, `${seed}/${round}`));
  const shots = fired.shots.map(({ lat, lon, utcNs }) => ({ lat, lon, utcNs }));
  const happenings = [
    ...fired.shots.map(({ utcNs, weapon, lat, lon }) => ({ utcNs, what: `a shot (${weapon})`, lat, lon })),
    ...fired.distractors.map(({ utcNs, kind, lat, lon }) => ({ utcNs, what: `a ${kind}`, lat, lon })),
  ].sort((a, b) => Number(a.utcNs - b.utcNs));
  for (const { utcNs, what, lat, lon } of happenings) {
    const at = utcOfNs(utcNs);
    told(
      { type: "truth", at, what, lat, lon },
      `${clock(at)}  the city: ${what} at ${lat.toFixed(5)}, ${lon.toFixed(5)}`,
    );
  }
  const fresh = () => [...ops.incidents.values()].filter((each) => !before.has(each.incident));
  const flight = stage.drone && followed(stage, fired.shots, fresh);
  await Promise.race([fired.over, aborted(signal)]);
  if (signal.aborted) return undefined;
  const found = await complete(stage, shots, fresh);
  if (flight && found) say("demo: the drone is on its way; a pilot takes it on scene and gives it back ...");
  const flightFault = await flight;
  const detail = found && (await ops.detail(found.incident));
  for (const entry of detail?.timeline ?? []) {
    const { seq, at, kind, by, text, hash } = entry;
    told(
      { type: "timeline", seq, at, kind, by, text, hash },
      `${clock(at)}  ${kind.padEnd(12)} ${by.padEnd(9)} ${text}`,
    );
  }
  const summary = judge(seed, shots, fresh(), detail, true);
  if (stage.drone && detail) {
    summary.drone = judgeFlight(detail.timeline, detail.incident.alertedAt, stage.drone);
    if (flightFault) summary.faults.push(flightFault);
    for (const [fact, is] of Object.entries(summary.drone)) if (is === false) summary.faults.push(`drone: not ${fact}`);
    summary.ok = summary.faults.length === 0;
  }
  told({ ...summary }, inWords(summary));
  return summary;
}

const flightLimitMs = 180_000;

/** Follows the flight to this burst's incident; resolves to what went wrong, if anything did. */
async function followed(
  { ops, drone }: Stage,
  shots: { lat: number; lon: number; utcNs: bigint }[],
  fresh: () => IncidentState[],
): Promise<string | undefined> {
  try {
    const { incident } = await ops.until("an incident for the drone", 60_000, () =>
      fresh().find((each) => isOf(each, shots)),
    );
    await followFlight(ops, drone!, incident, flightLimitMs);
    return undefined;
  } catch (error) {
    return `drone: ${(error as Error).message}`;
  }
}

/** Waits until the record has all that it should, or until nothing more can be expected. */
async function complete(
  stage: Stage,
  shots: { lat: number; lon: number; utcNs: bigint }[],
  fresh: () => IncidentState[],
): Promise<IncidentState | undefined> {
  const look = () => fresh().find((each) => isOf(each, shots));
  const end = Date.now() + 15_000;
  for (;;) {
    const found = look();
    const detail: IncidentDetail | undefined = found && (await stage.ops.detail(found.incident));
    const whole =
      detail !== undefined &&
      detail.incident.rounds.length >= shots.length &&
      detail.timeline.some(({ kind }) => kind === "notice") &&
      detail.clips.length > 0;
    if (whole || Date.now() > end) return found;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function inWords(summary: Summary): string {
  const number = (x: number | null, digits: number) => (x === null ? "-" : x.toFixed(digits));
  const facts = [
    `fix ${number(summary.fixErrorM, 1)} m from the truth`,
    `${summary.rounds} rounds`,
    `${summary.falseIncidents} false incidents`,
    `alert ${number(summary.firingToAlertS, 2)} s after firing (${number(summary.alertLatencyS, 2)} s after the sound)`,
    `flow's alert ${summary.flowAlertSeen ? "seen" : "not seen"}`,
    `record ${summary.chainOk ? "unbroken" : "broken"}`,
  ];
  return `${summary.ok ? "as it should be" : `not as it should be: ${summary.faults.join("; ")}`}\n  ${facts.join(", ")}`;
}

const clock = (utc: string) => utc.slice(11, 23);

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw Object.assign(new Error(`--${name} must be a whole number from ${least} to ${most}, not '${text}'`), {
    code: "ERR_PARSE_ARGS_INVALID_OPTION_VALUE",
  });
}

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return Promise.race([new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000)), aborted(signal)]);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}
