import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { until } from "#edge-agent/devices/bus-suite.ts";
import { reportSwitches, whatHolds } from "./still-running.ts";

const folder = mkdtempSync(join(tmpdir(), "tocsin-holds-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** What holds a program of these lines, once it has said a line. */
async function held(name: string, lines: string): Promise<string> {
  const child: ChildProcess = spawn(process.execPath, [...reportSwitches(folder, name), "-e", lines], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    await once(child.stdout!, "data");
    child.kill("SIGUSR2");
    const file = join(folder, name);
    let json = "";
    await until(
      "the whole report",
      () => existsSync(file) && (json = readFileSync(file, "utf8")).endsWith("}\n"),
      30_000,
    );
    return whatHolds(json, 0);
  } finally {
    child.kill("SIGKILL");
  }
}

test("a program that waits for another's end, a port and a timer is told to do so", async () => {
  const words = await held(
    "waits.json",
    `const child = require("node:child_process").spawn("sleep", ["86"], { stdio: "ignore" });
    process.on("SIGTERM", () => child.kill());
    setTimeout(() => child.kill(), 20_000);
    require("node:net").createServer().listen(0, "127.0.0.1", () => console.log("ready"));`,
  );
  assert.match(words, /the end of process \d+ \(sleep 86\)/);
  assert.match(words, /connections at port \d+/);
  assert.match(words, /a timer that is due in \d+ ms/);
});

test.run();
