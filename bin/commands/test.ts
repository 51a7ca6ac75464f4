/** `npm test`: types, lint, then every test file in a process of its own; the last line is `N passed, N failed`. */
import { spawn } from "node:child_process";
import { glob, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Fault } from "#contract/errors.ts";
import { type Command, say } from "../command.ts";
import { reportSwitches, whatHolds } from "../still-running.ts";

const root = join(import.meta.dirname, "..", "..");
const fileLimitMs = { short: 360_000, long: 3_600_000 };

/** Tests of whole processes wait more than they compute: two cores take four of them. */
const AT_ONCE = availableParallelism() < 2 ? 1 : 4;

/** How long each file took the last time, on this machine. */
const secondsFile = join(root, ".tocsin", "test-seconds.json");
/** Begun first where there was no run before: each takes over 20 s, and none shall be left to run alone at the end. */
export const LONGEST: readonly string[] = [
  "edge-agent/roles/privacy.test.ts",
  "bin/demo/console.test.ts",
  "bin/demo/robot.process.test.ts",
  "edge-agent/roles/fly-faults.test.ts",
  "gateway/ops/accessibility.test.ts",
  "gateway/caller/page/page.quiet.test.ts",
  "edge-agent/devices/mavsdk/failsafes.test.ts",
  "edge-agent/devices/mavsdk/faults.test.ts",
  "edge-agent/roles/fly-orders.test.ts",
  "gateway/caller/page/page.test.ts",
  "core/handoff/model-check.test.ts",
  "gateway/ops/console.dispatch.test.ts",
  "edge-agent/roles/without-gateway.process.test.ts",
  "gateway/ops/accessibility.flight.test.ts",
  "gateway/ops/console.states.test.ts",
  "edge-agent/devices/faces/face-finder.test.ts",
  "edge-agent/devices/mavsdk/vehicle.test.ts",
  "edge-agent/roles/look.process.test.ts",
  "gateway/caller/page/page.media.test.ts",
  "gateway/caller/page/page.media-back.test.ts",
  "gateway/ops/accessibility.field.test.ts",
  "firmware-bridge/dock.test.ts",
  "gateway/ops/console.live.test.ts",
  "firmware-bridge/robot-board.test.ts",
  "gateway/dispatch/dispatch.test.ts",
  "gateway/caller/page/page.accessibility.test.ts",
  "gateway/ops/console.map.test.ts",
  "firmware-bridge/serial-dock.test.ts",
  "bin/commands/faces.test.ts",
  "core/acoustics/bearing.test.ts",
  "gateway/ops/console.field.test.ts",
  "edge-agent/devices/mavsdk/ardupilot.test.ts",
  "gateway/ops/console.flight-states.test.ts",
  "edge-agent/stream.process.test.ts",
  "core/fusion/pose-consistency.test.ts",
  "gateway/backup/backup.test.ts",
];

/** What was begun within the time has so long to end. */
const GRACE_MS = 60_000;
/** More failures than these are no accident of a loaded machine. */
const MAX_REPEATS = 8;

interface Outcome {
  name: string;
  passed: number;
  failed: number;
  skipped: number;
  seconds: number;
  output: string;
}

export const command: Command = {
  summary: "types, lint, layout and all tests",
  help: `
usage: tocsin test [--long] [--within MINUTES] [PATTERN ...]

Checks types (tsc) and style (biome), then runs every *.test.ts, four files at a time, the longest first, each in a process of its own.
PATTERN keeps the files whose path contains it, and leaves types and style out.
  --long            runs the *.long.test.ts instead: soaks and long flights
  --within MINUTES  begins no file after so long; what was not begun counts as failed, so that a slow machine still gives a result
A file that failed beside another is run once more alone: what passes then counts as passed and is named as unsteady, with the
first run's output; at most ${MAX_REPEATS} files.
Recordings of live fire are looked for in $TOCSIN_DATA; without it the tests that want them are skipped and say so.
Exit status 0 when nothing failed, 1 otherwise.`,
  async run(argv) {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { long: { type: "boolean", default: false }, within: { type: "string" } },
    });
    const files = await testFiles(values.long, positionals);
    if (files.length === 0) throw new Fault("usage", `no test file matches ${positionals.join(" ")}`);
    const endMs = performance.now() + 60_000 * minutesOf(values.within);
    const outcomes: Outcome[] = [];
    const limitMs = values.long ? fileLimitMs.long : fileLimitMs.short;
    const jobs = (await longestFirst(files)).map(
      (file) => () => (performance.now() < endMs ? testFile(file, limitMs, endMs) : notBegun(file, values.within!)),
    );
    if (positionals.length === 0 && !values.long) {
      const program = (name: string) => join(root, "node_modules/.bin", name);
      jobs.unshift(
        () => check("types", program("tsc"), ["--noEmit", "-p", root]),
        () => check("style", program("biome"), ["check", "--max-diagnostics=40", root]),
      );
    }
    const workers = Array.from({ length: values.long ? 1 : AT_ONCE }, async () => {
      for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) outcomes.push(await job());
    });
    await Promise.all(workers);
    await repeatAlone(outcomes, new Set(files), limitMs, endMs);
    await noteSeconds(outcomes.filter(({ name, failed }) => failed === 0 && files.includes(name)));
    for (const outcome of outcomes.filter((each) => each.failed > 0)) {
      process.stdout.write(`\n---- ${outcome.name}\n${outcome.output}\n`);
    }
    const sum = (key: "passed" | "failed" | "skipped") => outcomes.reduce((total, each) => total + each[key], 0);
    const skipped = sum("skipped");
    process.stdout.write(
      `\n${sum("passed")} passed, ${sum("failed")} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`,
    );
    return sum("failed") === 0 ? 0 : 1;
  },
};

function minutesOf(within: string | undefined): number {
  const minutes = Number(within ?? Number.POSITIVE_INFINITY);
  if (!(minutes > 0)) throw new Fault("usage", `--within: "${within}" is no number of minutes`);
  return minutes;
}

async function notBegun(name: string, within: string): Promise<Outcome> {
  const output = `not begun: the ${within} minutes were over`;
  return report({ name, passed: 0, failed: 1, skipped: 0, seconds: 0, output });
}

async function testFiles(long: boolean, patterns: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  const exclude = (path: string) => /(^|\/)(node_modules|dist|\.tocsin|\.git)$/.test(path);
  for await (const file of glob("**/*.test.ts", { cwd: root, exclude })) {
    if (file.endsWith(".long.test.ts") !== long) continue;
    if (patterns.length === 0 || patterns.some((pattern) => file.includes(pattern))) files.push(file);
  }
  return files.sort();
}

/** By what the last run took; of files that it did not know, those that are named here come first. */
async function longestFirst(files: readonly string[]): Promise<string[]> {
  const known = await secondsOfLastRun();
  const guess = (file: string) => (LONGEST.includes(file) ? 20 + LONGEST.length - LONGEST.indexOf(file) : 1);
  const rank = (file: string) => known[file] ?? guess(file);
  return [...files].sort((a, b) => rank(b) - rank(a));
}

async function secondsOfLastRun(): Promise<Record<string, number>> {
  try {
    return JSON.parse(await readFile(secondsFile, "utf8")) as Record<string, number>;
  } catch {
    // The first run here, or a file that was cut short: the order is all that depends on it.
    return {};
  }
}

async function noteSeconds(outcomes: readonly Outcome[]): Promise<void> {
  const known = await secondsOfLastRun();
  for (const { name, seconds } of outcomes) known[name] = Math.round(10 * seconds) / 10;
  await mkdir(join(root, ".tocsin"), { recursive: true });
  await writeFile(secondsFile, `${JSON.stringify(known, null, 1)}\n`);
}

async function check(name: string, program: string, args: string[]): Promise<Outcome> {
  const { code, output, seconds } = await run(program, args, 300_000);
  return report({ name, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, seconds, output });
}

async function testFile(file: string, mostMs: number, endMs: number): Promise<Outcome> {
  const limitMs = Math.min(mostMs, endMs - performance.now() + GRACE_MS);
  const folder = await mkdtemp(join(tmpdir(), "tocsin-test-"));
  const args = [...reportSwitches(folder, REPORT), "--import", "tsx", join(root, file)];
  const { code, output, seconds } = await run(process.execPath, args, limitMs, () => holding(join(folder, REPORT)));
  await rm(folder, { recursive: true, force: true });
  const tally = (word: string) =>
    [...output.matchAll(new RegExp(`^\\s*${word}:\\s+(\\d+)`, "gm"))].reduce((sum, match) => sum + Number(match[1]), 0);
  const total = tally("Total");
  const passed = tally("Passed");
  const skipped = tally("Skipped");
  // A file that dies, hangs or knows no test has failed, whatever it counted before; one whose tests are all skipped says why.
  const known = total + skipped > 0;
  const failed = Math.max(total - passed, code === 0 && known ? 0 : 1);
  const note = !known && code === 0 ? "\n(ran no test: is .run() called?)" : "";
  return report({ name: file, passed, failed, skipped, seconds, output: output + note });
}

const REPORT = "report.json";
/** How long Node has for it, on a busy machine. */
const REPORT_MS = 10_000;
/** tsx's own. */
const LOADER_THREADS = 1;

/** Of a file that is asked what it waits for: its own words. */
async function holding(report: string): Promise<string> {
  const endMs = performance.now() + REPORT_MS;
  for (;;) {
    try {
      return whatHolds(await readFile(report, "utf8"), LOADER_THREADS);
    } catch (error) {
      // Not written yet, or not to its end.
      const why = (error as NodeJS.ErrnoException).code === "ENOENT" ? "it was busy without a pause" : String(error);
      if (performance.now() > endMs) return `what it waits for it did not tell: ${why}`;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Tests of whole processes share two cores with whatever ran beside them: only what fails alone, too, has failed. */
async function repeatAlone(
  outcomes: Outcome[],
  files: ReadonlySet<string>,
  limitMs: number,
  endMs: number,
): Promise<void> {
  const failed = outcomes.filter((each) => each.failed > 0 && files.has(each.name));
  if (failed.length > MAX_REPEATS) return;
  for (const first of failed) {
    if (performance.now() >= endMs) return;
    const second = await testFile(first.name, limitMs, endMs);
    if (second.failed > 0) continue;
    process.stdout.write(`\n---- unsteady: ${first.name} failed beside another, passed alone\n${first.output}\n`);
    outcomes[outcomes.indexOf(first)] = second;
  }
}

function report(outcome: Outcome): Outcome {
  const mark = outcome.failed === 0 ? "ok  " : "FAIL";
  const skipped = outcome.skipped > 0 ? `, ${outcome.skipped} skipped` : "";
  say(`${mark} ${outcome.name} (${outcome.passed} passed${skipped}, ${outcome.seconds.toFixed(1)} s)`);
  const why = /^skip(ped)?: .*/gim;
  for (const line of outcome.output.match(why) ?? []) say(`     ${line}`);
  return outcome;
}

/**
 * Runs a program to its end, or kills it and its children at the limit.
 * @param asked what it waits for, once SIGUSR2 has asked it.
 */
function run(
  program: string,
  args: string[],
  limitMs: number,
  asked?: () => Promise<string>,
): Promise<{ code: number; output: string; seconds: number }> {
  return new Promise((resolve) => {
    const begun = performance.now();
    const child = spawn(program, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], detached: true });
    let output = "";
    const keep = (chunk: Buffer) => {
      if (output.length < 4_000_000) output += chunk.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const timer = setTimeout(async () => {
      if (asked) child.kill("SIGUSR2");
      const holds = await asked?.();
      output += `\n(killed: still running after ${Math.round(limitMs / 1000)} s${holds ? `; ${holds}` : ""})`;
      endGroup(child.pid);
    }, limitMs);
    const finish = (code: number) => {
      clearTimeout(timer);
      resolve({ code, output, seconds: (performance.now() - begun) / 1000 });
    };
    child.on("error", (error) => {
      output += `\n${error.message}`;
      finish(1);
    });
    child.on("exit", (code) => {
      // What a test left running would hold its pipes open for good.
      endGroup(child.pid);
      setTimeout(() => finish(code ?? 1), 50);
    });
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
