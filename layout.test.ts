/** The walls of the house: which folder may import which. See "Arrows" in docs/decisions.md. */
import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LONGEST } from "./bin/commands/test.ts";
import { plans } from "./bin/pack/plans.ts";

const root = import.meta.dirname;

/** Room -> rooms it may import. The longest matching prefix decides; tests, benches and fixtures may also use `sim`. */
const permitted: Record<string, readonly string[]> = {
  contract: [],
  core: ["contract"],
  "edge-agent/ports": ["contract"],
  "edge-agent/roles": ["edge-agent/ports", "core", "contract"],
  "edge-agent/devices": ["edge-agent/ports", "core", "contract"],
  "edge-agent/config": [
    "edge-agent/ports",
    "edge-agent/neighbours-config",
    "edge-agent/role-paths",
    "edge-agent/sound-config",
    "core",
    "contract",
  ],
  "edge-agent/sound-config": ["edge-agent/neighbours-config", "contract"],
  "edge-agent/neighbours-config": ["contract"],
  "edge-agent/role-paths": ["contract"],
  "edge-agent/main": ["edge-agent", "firmware-bridge", "core", "contract", "package.json"],
  // Parts of main.
  "edge-agent/role-table": ["edge-agent", "firmware-bridge", "core", "contract"],
  "edge-agent/role-devices": ["edge-agent", "firmware-bridge", "core", "contract"],
  "edge-agent/microphones": ["edge-agent", "contract"],
  "edge-agent/listening": ["edge-agent", "contract"],
  "edge-agent/robots": ["edge-agent", "firmware-bridge", "contract"],
  "edge-agent/check-eyes": ["edge-agent"],
  "edge-agent/check-card": ["edge-agent", "core"],
  "edge-agent/check-serial": ["edge-agent"],
  "edge-agent/looking": ["edge-agent", "core", "contract"],
  "edge-agent/node-reporter": ["edge-agent", "contract"],
  "edge-agent/health-checks": ["edge-agent", "contract"],
  "edge-agent/sound-checks": ["edge-agent"],
  "firmware-bridge": ["edge-agent/ports", "core", "contract"],
  gateway: ["contract", "core"],
  flows: ["contract"],
  // Training and measuring hear recordings with the very code of the device.
  models: ["core", "contract", "sim", "edge-agent/devices", "edge-agent/ports"],
  sim: ["contract", "edge-agent/ports"],
  systemd: [],
  bin: ["contract", "core", "edge-agent", "firmware-bridge", "gateway", "flows", "models", "sim", "package.json"],
};

/** Files of the edge agent's root that are ports: small interfaces, no code that runs. */
const isPort = (room: string) => room === "edge-agent/ports" || /^edge-agent\/[a-z-]+-port$/.test(room);

const isTest = (file: string) =>
  /\.(test|bench|suite)\.tsx?$/.test(file) || /(^|\/)(testing|fixtures?|fake|screenshots)[-/.]/.test(file);

/** `edge-agent/roles` for edge-agent/roles/listen.ts, `edge-agent/ports` for edge-agent/ports.ts, `core` for core/x/y.ts. */
function roomOf(file: string): string {
  const parts = file.split("/");
  if (parts[0] !== "edge-agent") return parts[0] ?? "";
  return `edge-agent/${(parts[1] ?? "").replace(/\.ts$/, "")}`;
}

interface Import {
  file: string;
  target: string;
}

const imports: Import[] = [];
const sources: string[] = [];
const exclude = (path: string) => /(^|\/)(node_modules|dist|\.tocsin|\.git)$/.test(path);
for await (const file of glob(
  "{bin,contract,core,edge-agent,firmware-bridge,flows,gateway,models,sim,systemd}/**/*.{ts,tsx}",
  {
    cwd: root,
    exclude,
  },
)) {
  sources.push(file);
  const text = readFileSync(join(root, file), "utf8");
  for (const match of text.matchAll(
    /^\s*(?:import|export)[^;]*?from\s+"([^"]+)"|^\s*import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm,
  )) {
    const target = match[1] ?? match[2] ?? match[3] ?? "";
    if (target.startsWith("#")) imports.push({ file, target: target.slice(1) });
    else if (target.startsWith(".")) imports.push({ file, target: relative(root, join(root, dirname(file), target)) });
  }
}

function mayImport({ file, target }: Import): boolean {
  const from = roomOf(file);
  const to = roomOf(target);
  if (from === to) return true;
  const allowed = (isPort(from) ? permitted["edge-agent/ports"] : permitted[from]) ?? [];
  if (isTest(file)) return true;
  return allowed.some(
    (room) => to === room || to.startsWith(`${room}/`) || (room === "edge-agent/ports" && isPort(to)),
  );
}

test("found the source: more than 20 files and 40 imports", () => {
  assert.ok(sources.length > 20, `${sources.length} files`);
  assert.ok(imports.length > 40, `${imports.length} imports`);
});

test("every import goes where the table permits", () => {
  const wrong = imports.filter((each) => !mayImport(each)).map(({ file, target }) => `${file} -> ${target}`);
  assert.equal(wrong, []);
});

test("the check can fail: core may not import a device", () => {
  assert.not.ok(mayImport({ file: "core/localise/solve.ts", target: "edge-agent/devices/mqtt-bus.ts" }));
  assert.not.ok(mayImport({ file: "gateway/main.ts", target: "sim/city.ts" }));
  assert.ok(mayImport({ file: "edge-agent/roles/fly.ts", target: "edge-agent/vehicle-port.ts" }));
});

test("sources that a pack takes along import only what it takes along", () => {
  for (const { assets, subpaths } of Object.values(plans)) {
    if (!subpaths) continue;
    const taken = (file: string) => assets.some((asset) => file === asset || file.startsWith(`${asset}/`));
    const inside = imports.filter(({ file }) => taken(file) && !isTest(file));
    assert.ok(inside.length > 40, `${inside.length} imports`);
    const left = inside.filter(({ target }) => !taken(target)).map(({ file, target }) => `${file} -> ${target}`);
    assert.equal(left, []);
  }
});

test("core is pure: no I/O, clock, randomness or logger", () => {
  const impure =
    /from "(node:(?!assert)[a-z/_]+|pino|mqtt|fs)"|\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bperformance\.now\(|\bprocess\./;
  const wrong = sources.filter(
    (file) => file.startsWith("core/") && !isTest(file) && impure.test(readFileSync(join(root, file), "utf8")),
  );
  assert.equal(wrong, []);
});

test("the simulated world borrows no thinking from core or the roles", () => {
  const wrong = imports.filter(
    ({ file, target }) => file.startsWith("sim/") && !isTest(file) && /^(core|edge-agent\/roles)\//.test(target),
  );
  assert.equal(wrong, []);
});

test("every test file runs its tests", () => {
  const tests = sources.filter((file) => file.endsWith(".test.ts") || file.endsWith(".test.tsx"));
  assert.ok(tests.length > 5, `${tests.length} test files`);
  const silent = tests.filter((file) => !readFileSync(join(root, file), "utf8").includes(".run()"));
  assert.equal(silent, []);
});

test("the files that npm test begins with are there", () => {
  assert.equal(
    LONGEST.filter((file) => !sources.includes(file)),
    [],
  );
});

test.run();
