/** What every subcommand is. Results go to stdout, messages and progress to stderr. */
export interface Command {
  /** One line for the table of commands. */
  readonly summary: string;
  /** The text of `--help`. */
  readonly help: string;
  /** Runs it; resolves to the exit status. Throws `Fault` for what the user can mend. */
  run(argv: readonly string[]): Promise<number>;
}

/** A line of JSON on stdout. `bigint` is written as a string. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, (_, x) => (typeof x === "bigint" ? x.toString() : x))}\n`);
}

/** A message for the person at the terminal. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
