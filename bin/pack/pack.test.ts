/** A packed gateway, started from a folder of its own. (A packed node hears in edge-agent/main.test.ts.) */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Fault } from "#contract/errors.ts";
import { bundleProcess, type PackPlan } from "./bundle.ts";

const root = join(import.meta.dirname, "..", "..");
const tocsin = join(root, "bin/tocsin");

test("a packed gateway serves the console and runs relay and flows as processes of its own", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-pack-"));
  const pack = join(folder, "pack");
  const made = spawnSync(tocsin, ["pack", "gateway", "--out", pack, "--json"], { encoding: "utf8" });
  assert.is(made.status, 0, made.stderr);
  const { packages } = JSON.parse(made.stdout) as { packages: Record<string, string> };
  assert.ok("node-red" in packages);
  for (const name of ["onnxruntime-node", "serialport", "@tensorflow/tfjs-node"]) assert.not(name in packages, name);
  // What npm would put there: the packages that the pack names, each of which finds its own where it really lies, and no other.
  for (const name of [...Object.keys(packages), "node"]) {
    mkdirSync(dirname(join(pack, "node_modules", name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(pack, "node_modules", name));
  }
  const config = join(folder, "gateway.yaml");
  writeFileSync(
    config,
    "site: test\nnodes: []\nusers: []\ndataDir: data\nlisten: { mqtt: { port: 0 }, http: { port: 0 } }\nflows: { port: 0 }\n",
  );
  const child = spawn(join(pack, "bin/tocsin"), ["gateway", "--config", config, "--json"]);
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk));
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  try {
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once("line", resolve);
      void ended.then((code) => reject(new Error(`ended with ${code}: ${log}`)));
    });
    const { http } = JSON.parse(line) as { http: number };
    const page = await (await fetch(`http://127.0.0.1:${http}/`)).text();
    assert.match(page, "Tocsin", `the page: ${page.slice(0, 500)}`);
    const deadline = Date.now() + 60_000;
    let health = "";
    while (!/"flows":"ok"/.test(health)) {
      assert.ok(Date.now() < deadline, `${health}\n${log}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
      health = await (await fetch(`http://127.0.0.1:${http}/healthz`)).text();
    }
    assert.match(log, "the relay listens");
    child.kill("SIGTERM");
    assert.is(await ended, 0, log);
    const again = spawnSync(tocsin, ["pack", "gateway", "--out", pack], { encoding: "utf8" });
    assert.is(again.status, 0, `one that ran is replaced: ${again.stderr}`);
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});

test("what no pack put there is never deleted: a file, a folder of others, a pack that somebody added to", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-pack-"));
  // The smallest source there is: what is refused is refused before anything is read.
  const plan: PackPlan = {
    entry: "bin/command.ts",
    children: [],
    packages: [],
    subpaths: false,
    assets: [],
    documents: [],
    scripts: {},
  };
  const refusal = async (name: string) => {
    try {
      await bundleProcess(plan, join(folder, name));
      return "replaced";
    } catch (error) {
      assert.is((error as Fault).exitCode, 64, String(error));
      return (error as Fault).message.slice(`--out ${folder}/`.length);
    }
  };
  try {
    writeFileSync(join(folder, "hostname"), "n1\n");
    mkdirSync(join(folder, "precious"));
    writeFileSync(join(folder, "precious/thesis.txt"), "years");
    symlinkSync("precious", join(folder, "link"));
    assert.match(await refusal("hostname"), /^hostname: is there and is no folder/);
    assert.match(await refusal("link"), /^link: is there and is no folder/);
    assert.match(await refusal("precious"), /^precious: is not empty and no earlier pack/);
    assert.is(readFileSync(join(folder, "hostname"), "utf8"), "n1\n");
    assert.is(readFileSync(join(folder, "precious/thesis.txt"), "utf8"), "years");
    assert.is(await refusal("pack"), "replaced");
    mkdirSync(join(folder, "pack/node_modules"));
    assert.is(await refusal("pack"), "replaced");
    writeFileSync(join(folder, "pack/notes.txt"), "mine");
    assert.match(await refusal("pack"), /^pack: holds what no pack put there \(notes.txt\)/);
    assert.is(readFileSync(join(folder, "pack/notes.txt"), "utf8"), "mine");
    assert.equal(readdirSync(folder).sort(), ["hostname", "link", "pack", "precious"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
