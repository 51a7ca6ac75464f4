/** `tocsin <command>`: a table from subcommand to module, loaded only when asked for. */
import { type CommandTable, runCommand } from "./run-command.ts";

const commands: CommandTable = {
  agent: { summary: "run a node (lamppost, drone dock, robot, camera)", load: () => import("./commands/agent.ts") },
  gateway: { summary: "run the district's hub", load: () => import("./commands/gateway.ts") },
  doctor: { summary: "check what this machine has and what it lacks", load: () => import("./commands/doctor.ts") },
  detect: {
    summary: "find impulses in WAV or FLAC files and say what they were",
    load: () => import("./commands/detect.ts"),
  },
  locate: { summary: "place shots from arrivals, one JSON a line", load: () => import("./commands/locate.ts") },
  replay: { summary: "place the shots of a recorded live-fire test", load: () => import("./commands/replay.ts") },
  evidence: { summary: "recompute an evidence bundle", load: () => import("./commands/evidence.ts") },
  watchlist: { summary: "sign, verify, show and revoke watchlists", load: () => import("./commands/watchlist.ts") },
  faces: { summary: "enrol and compare faces in pictures, offline", load: () => import("./commands/faces.ts") },
  pack: { summary: "bundle one process for its machine", load: () => import("./commands/pack.ts") },
  demo: { summary: "a city on one machine", load: () => import("./commands/demo.ts") },
  test: { summary: "types, lint, layout and all tests", load: () => import("./commands/test.ts") },
  bench: { summary: "the benchmarks", load: () => import("./commands/bench.ts") },
};

process.exitCode = await runCommand(commands, process.argv.slice(2));
