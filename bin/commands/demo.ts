/** `npm run demo`: a city on one machine, from the sound of a shot to the alert, the record and the map. */
import { randomInt } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Command, printJson, say } from "../command.ts";
import { DEMO_NODES } from "../demo/demo-city.ts";
import { droneThere } from "../demo/drone.ts";
import { incident } from "../demo/incident.ts";
import { robotThere } from "../demo/robot.ts";
import { setStage } from "../demo/stage.ts";
import { hearStop, untilStopped } from "../demo/until-stopped.ts";
import { ffmpegThere } from "../demo/video.ts";

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
  --no-video     no cameras (nor where ffmpeg is missing)
  --no-robot     no patrol robot (nor where avr-gcc, which builds its firmware, is missing)
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
        "no-video": { type: "boolean", default: false },
        "no-robot": { type: "boolean", default: false },
      },
    });
    const seed = whole("seed", values.seed ?? String(randomInt(1, 1_000_000)), 0, 2 ** 31);
    const nodes = whole("nodes", values.nodes, 8, 60);
    const everyS = whole("every", values.every, 20, 86_400);
    const port = values.port === undefined ? undefined : whole("port", values.port, 1, 65_535);
    const told = (line: Record<string, unknown>, words: string) =>
      values.json ? printJson(line) : process.stdout.write(`${words}\n`);

    told({ type: "seed", seed }, `seed ${seed}`);
    const stop = hearStop("demo");
    const part = (name: "drone" | "video" | "robot", there: boolean, lack: string) => {
      if (!there && !values[`no-${name}`]) say(`demo: no ${name}: ${lack}`);
      return there && !values[`no-${name}`];
    };
    const drone = part("drone", droneThere(), "mavsdk_server is missing; npm run setup fetches it");
    const video = part("video", ffmpegThere(), "ffmpeg is missing; apt install ffmpeg");
    const robot = part("robot", robotThere(), "avr-gcc is missing; apt install gcc-avr avr-libc make");
    const setting = setStage({
      seed,
      nodes,
      drone,
      video,
      robot,
      httpPort: values.once ? port : (port ?? 8080),
      folder: values.keep,
      signal: stop.signal,
      say: (text) => say(`demo: ${text}`),
    });
    try {
      const stage = await untilStopped(setting, stop.signal);
      if (!stage) return values.once ? 1 : 0;
      stage.processes.onDeath = ({ name, logFile }, how) => {
        if (!stop.signal.aborted) say(`demo: ${name} ended (${how}); its log is ${logFile}`);
      };
      told(
        {
          type: "console",
          url: stage.url,
          user: stage.user,
          password: stage.password,
          ...(stage.editorUrl !== undefined && { editorUrl: stage.editorUrl }),
        },
        `console   ${stage.url}   user ${stage.user}   password ${stage.password}`,
      );
      if (stage.editorUrl !== undefined && !values.json)
        process.stdout.write(`flows     ${stage.editorUrl}   the same user and password\n`);
      for (let round = 0; !stop.signal.aborted; round++) {
        const summary = await untilStopped(incident(stage, seed, round, told, stop.signal), stop.signal);
        if (!summary) break;
        if (values.once) return summary.ok ? 0 : 1;
        say(`demo: the next incident in ${everyS} s; Ctrl-C ends the demo`);
        await pause(everyS * 1000, undefined, { signal: stop.signal }).catch(() => {});
      }
      return values.once ? 1 : 0;
    } finally {
      if (!stop.signal.aborted) say("demo: stopping ...");
      await (await setting.catch(() => undefined))?.close();
      stop.closed();
    }
  },
};

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw Object.assign(new Error(`--${name} must be a whole number from ${least} to ${most}, not '${text}'`), {
    code: "ERR_PARSE_ARGS_INVALID_OPTION_VALUE",
  });
}
