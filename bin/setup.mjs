/**
 * Sets the machine up, on whatever Node the machine has: packages by npm, system packages by apt when root.
 * Plain JavaScript without imports of ours or of packages: it runs before there are any.
 *   node bin/setup.mjs [--for demo|test]
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { faceModels, perceptionModels } from "./faces-setup.mjs";
import { mavsdkServer } from "./mavsdk-setup.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const purpose = process.argv[process.argv.indexOf("--for") + 1] === "test" ? "test" : "demo";
const say = (text) => process.stderr.write(`setup: ${text}\n`);

/** Programs that are not npm packages, the Debian package that has each, and what lacks without it. */
const programs = [
  { program: "ffmpeg", apt: "ffmpeg", for: ["demo", "test"] },
  { program: "arecord", apt: "alsa-utils", for: ["test"] },
  { program: "chromium", apt: "chromium", for: ["test"] },
  { program: "mosquitto", apt: "mosquitto", for: ["test"] },
  { program: "avr-gcc", apt: "gcc-avr", for: ["demo", "test"] },
  { program: "/usr/lib/avr/include/avr/io.h", apt: "avr-libc", for: ["demo", "test"] },
  { program: "make", apt: "make", for: ["demo", "test"] },
  { program: "cc", apt: "gcc", for: ["test"] },
  { program: "socat", apt: "socat", for: ["test"] },
  { program: "turnserver", apt: "coturn", for: ["test"] },
  { program: "flite", apt: "flite", for: ["test"] },
  { program: "pip3", apt: "python3-pip", for: ["demo", "test"] },
];

function onPath(program) {
  if (program.startsWith("/")) return existsSync(program);
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** npm keeps what it installed in node_modules/.package-lock.json: up to date when every package of ours is there at its version. */
function isInstalled() {
  const hidden = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(hidden)) return false;
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const there = JSON.parse(readFileSync(hidden, "utf8")).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional, devOptional }]) =>
      path === "" || optional || devOptional || there[path]?.version === version,
  );
}

/** Runs a program to its end, its standard output kept from whoever reads ours. @returns {Promise<boolean>} whether it ended well. */
function ended(program, args, env, output = "ignore") {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env, stdio: ["ignore", output, 2] });
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
  });
}

/** @returns {Promise<boolean>} whether the packages are there. */
async function npmPackages() {
  if (isInstalled()) return true;
  say("installing npm packages (about a minute) ...");
  // The two packages whose install scripts download from outside the registry are told not to.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip", NODE_OPTIONS: "" };
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  if (await ended("npm", args, env, 2)) return true;
  say("npm ci failed; trying once more ...");
  if (await ended("npm", args, env, 2)) return true;
  say("npm ci failed twice; look at its messages above, then run it again.");
  return false;
}

async function systemPackages() {
  const missing = programs.filter((each) => each.for.includes(purpose) && !onPath(each.program));
  if (missing.length === 0) return;
  const names = missing.map((each) => each.apt);
  const root_ = typeof process.getuid === "function" && process.getuid() === 0;
  if (!root_ || !onPath("apt-get")) {
    say(`missing: ${names.join(" ")}. Install them, for example: sudo apt-get install ${names.join(" ")}`);
    return;
  }
  say(`installing ${names.join(" ")} by apt ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = ["install", "-y", "-qq", "--no-install-recommends", ...names];
  const tried = async () => (await ended("apt-get", ["update", "-qq"], env)) && (await ended("apt-get", install, env));
  if (await tried()) return;
  say("apt failed; trying once more ...");
  if (!(await tried())) say(`apt failed twice; install by hand: ${names.join(" ")}`);
}

/** The recogniser that the privacy test tries to hear speech with: CMU PocketSphinx, whose wheel ships its model. */
function recogniser() {
  const folder = join(root, ".tocsin", "pocketsphinx");
  if (purpose !== "test" || existsSync(join(folder, "pocketsphinx"))) return;
  say("fetching the speech recogniser of the privacy test (29 MB) ...");
  const options = ["--quiet", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--target", folder];
  const done = spawnSync("python3", ["-m", "pip", "install", ...options, "pocketsphinx==5.1.1"], {
    stdio: ["ignore", "ignore", 2],
  });
  if (done.status !== 0) say("python3 with pip could not fetch pocketsphinx 5.1.1; the privacy test will be skipped");
}

/** What pip fetches; pip itself may come by apt. */
async function withPip() {
  await systemPackages();
  recogniser();
  const vehicle = await mavsdkServer(root, say);
  if (!vehicle.ok) say(`no drones on this machine: ${vehicle.why}`);
}

mkdirSync(join(root, ".tocsin"), { recursive: true });
// npm and apt wait for the network most of their time: side by side they take a minute less. A half-done apt is never left behind.
const [hasPackages] = await Promise.all([npmPackages(), withPip()]);
if (!hasPackages) process.exit(1);
const faces = faceModels(root, say);
if (!faces.ok) say(`no faces on this machine: ${faces.why}`);
const perception = perceptionModels(root, say);
if (!perception.ok) say(`no people or vehicles seen on this machine: ${perception.why}`);
