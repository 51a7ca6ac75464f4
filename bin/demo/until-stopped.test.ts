import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { OpsClient } from "./ops-client.ts";
import { untilStopped } from "./until-stopped.ts";

/** What waits for an hour, in an incident and beside it, as the demo does. */
const program = `
import { hearStop, untilStopped } from ${JSON.stringify(new URL("until-stopped.ts", import.meta.url).href)};
const stop = hearStop("demo");
setInterval(() => {}, 1000);
console.log("up");
const incident = new Promise((resolve) => setTimeout(resolve, 3_600_000, "over"));
console.log("left with " + (await untilStopped(incident, stop.signal)));
process.exitCode = 3;
stop.closed();
`;

test("Ctrl-C during an incident is answered by a word, and ends the process though timers of an hour wait", async () => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
  });
  const said: string[] = [];
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  createInterface({ input: child.stderr }).on("line", (line) => said.push(line));
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (line === "up") child.kill("SIGINT");
  }
  assert.is(await ended, 3, said.join("\n"));
  assert.ok(said.includes("left with undefined"), said.join("\n"));
  assert.ok(said.includes("demo: stopping ... (once more ends it at once)"), said.join("\n"));
});

test("a console that is closed leaves nobody waiting a minute for what no longer comes", async () => {
  const ops = new OpsClient("http://127.0.0.1:9", "");
  const waits = ops
    .until("an incident", 60_000, () => undefined)
    .then(
      () => "came",
      (error: Error) => error.message,
    );
  ops.close();
  assert.is(await waits, "closed while it waited for an incident");
  assert.is(await ops.until("another", 60_000, () => undefined).catch(() => "refused"), "refused");
});

test("what fails after the stop is of no interest, what fails before it is", async () => {
  const stop = new AbortController();
  const broken = () => Promise.reject(new Error("broken"));
  assert.is(await untilStopped(broken(), stop.signal).catch((error: Error) => error.message), "broken");
  stop.abort();
  assert.is(await untilStopped(broken(), stop.signal), undefined);
});

test.run();
