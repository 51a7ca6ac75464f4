/** `tocsin <command>`: a table from subcommand to module, loaded only when asked for. */
import { Fault } from "#contract/errors.ts";
import { type Command, say } from "./command.ts";

const commands: Record<string, { summary: string; load: () => Promise<{ command: Command }> }> = {
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
  demo: { summary: "a city on one machine", load: () => import("./commands/demo.ts") },
  test: { summary: "types, lint, layout and all tests", load: () => import("./commands/test.ts") },
  bench: { summary: "the benchmarks", load: () => import("./commands/bench.ts") },
};

function overview(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const rows = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `usage: tocsin <command> [options]\n\n${rows.join("\n")}\n\n'tocsin <command> --help' tells more.`;
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(`${overview()}\n`);
    return name === undefined ? 64 : 0;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!entry) {
    say(`tocsin: there is no command '${name}'\n${overview()}`);
    return 64;
  }
  const { command } = await entry.load();
  if (rest.includes("--help") || rest.includes("-h")) {
    process.stdout.write(`${command.help.trim()}\n`);
    return 0;
  }
  const verbose = rest.includes("--verbose");
  try {
    return await command.run(rest.filter((arg) => arg !== "--verbose"));
  } catch (error) {
    if (error instanceof Fault) for (const line of error.lines) say(`tocsin ${name}: ${line}`);
    else if (isBadArgument(error)) say(`tocsin ${name}: ${error.message} (see 'tocsin ${name} --help')`);
    else say(`tocsin ${name}: ${error instanceof Error ? error.message : String(error)}`);
    if (verbose && error instanceof Error) say(error.stack ?? "");
    return error instanceof Fault ? error.exitCode : isBadArgument(error) ? 64 : 1;
  }
}

/** `util.parseArgs` throws these for arguments that do not fit. */
function isBadArgument(error: unknown): error is Error {
  return error instanceof Error && String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS_");
}

// A reader that has seen enough (head, jq) closes the pipe: that is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await main(process.argv.slice(2));
