/** Runs one subcommand of a table: `tocsin` has all of them, a pack for a node or a gateway only its own. */
import { Fault, whyUnopened, whyUnread, whyUnwritten } from "#contract/errors.ts";
import packageJson from "../package.json" with { type: "json" };
import { type Command, say } from "./command.ts";

/** Subcommand -> its line in the overview and its module, loaded only when asked for. */
export type CommandTable = Record<string, { summary: string; load: () => Promise<{ command: Command }> }>;

function overview(commands: CommandTable): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const rows = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `usage: tocsin <command> [options]\n\n${rows.join("\n")}\n\n'tocsin help <command>' tells more, 'tocsin --version' which one this is.`;
}

/** Resolves to the exit status; what a user can mend is said in a line, without a stack trace unless `--verbose`. */
export async function runCommand(commands: CommandTable, argv: readonly string[]): Promise<number> {
  // A reader that has seen enough (head, jq) closes the pipe: that is no failure of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  const [name, ...rest] = argv[0] === "help" && argv[1] !== undefined ? [argv[1], "--help"] : argv;
  if (name === "--version" || name === "-V") {
    process.stdout.write(`tocsin ${packageJson.version}\n`);
    return 0;
  }
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(`${overview(commands)}\n`);
    return name === undefined ? 64 : 0;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!entry) {
    say(`tocsin: there is no command '${name}'\n${overview(commands)}`);
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
    else if (isBadArgument(error)) say(`tocsin ${name}: ${inOneLine(error.message)} (see 'tocsin ${name} --help')`);
    else say(`tocsin ${name}: ${ofTheSystem(error) ?? (error instanceof Error ? error.message : String(error))}`);
    if (verbose && error instanceof Error) say(error.stack ?? "");
    return error instanceof Fault ? error.exitCode : isBadArgument(error) ? 64 : 1;
  }
}

/** What the operating system refused, in words; undefined for other errors. */
function ofTheSystem(error: unknown): string | undefined {
  const { path, syscall } = error as NodeJS.ErrnoException;
  if (!(error instanceof Error) || path === undefined || syscall === undefined) return undefined;
  const writes = /^(mkdir|rmdir|rename|unlink|chmod|copyfile|symlink|write|ftruncate)$/.test(syscall);
  // Opened to be read or to be written: the error does not say which.
  if (syscall === "open") return `${path}: ${whyUnopened(error)}`;
  return `${path}: ${writes ? whyUnwritten(error) : whyUnread(error)}`;
}

const inOneLine = (text: string) => text.replaceAll(/\s*\n\s*/g, " ");

/** `util.parseArgs` throws these for arguments that do not fit. */
function isBadArgument(error: unknown): error is Error {
  return error instanceof Error && String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS_");
}
