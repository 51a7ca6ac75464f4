/** `npm run bench`: every *.bench.ts, one after the other, on a quiet machine please. */
import { spawnSync } from "node:child_process";
import { glob } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Fault } from "#contract/errors.ts";
import { type Command, printJson, say } from "../command.ts";

const root = join(import.meta.dirname, "..", "..");

/** One figure of a benchmark, a line of JSON on its stdout. */
interface Figure {
  bench: string;
  figure: string;
  value: number;
  unit: string;
  [more: string]: unknown;
}

export const command: Command = {
  summary: "the benchmarks",
  help: `
usage: tocsin bench [--json] [PATTERN ...]

Runs every *.bench.ts (those whose path contains a PATTERN) and prints its figures: one line each, or JSON with --json.
Times are this machine's; look at the ratios to the peer or the physical limit measured in the same run.`,
  async run(argv) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { json: { type: "boolean", default: false } },
    });
    const files: string[] = [];
    const exclude = (path: string) => /(^|\/)(node_modules|dist|\.tocsin|\.git)$/.test(path);
    for await (const file of glob("**/*.bench.ts", { cwd: root, exclude })) {
      if (positionals.length === 0 || positionals.some((pattern) => file.includes(pattern))) files.push(file);
    }
    if (files.length === 0) throw new Fault("usage", `no benchmark matches ${positionals.join(" ")}`);
    let failed = 0;
    for (const file of files.sort()) {
      say(`bench: ${file}`);
      const done = spawnSync(process.execPath, ["--expose-gc", "--import", "tsx", join(root, file)], {
        cwd: root,
        stdio: ["ignore", "pipe", "inherit"],
        timeout: 600_000,
        maxBuffer: 64 << 20,
      });
      if (done.status !== 0) {
        failed++;
        say(`bench: ${file} failed (${done.status ?? done.signal})`);
      }
      for (const line of done.stdout
        .toString()
        .split("\n")
        .filter((each) => each.startsWith("{"))) {
        const figure = JSON.parse(line) as Figure;
        if (values.json) printJson(figure);
        else process.stdout.write(`${inWords(figure)}\n`);
      }
    }
    return failed === 0 ? 0 : 1;
  },
};

function inWords({ bench, figure, value, unit, ...more }: Figure): string {
  const rest = Object.entries(more).map(([key, x]) => `${key} ${typeof x === "object" ? JSON.stringify(x) : x}`);
  return `${bench}: ${figure} ${Number(value.toPrecision(4))} ${unit}${rest.length > 0 ? `  (${rest.join(", ")})` : ""}`;
}
