/**
 * Writes the face models into `.tocsin/faces/` (from the weights, MIT, of the npm package `@vladmandic/face-api`), and those for people,
 * vehicles and pose into `.tocsin/perception/` (NanoDet and MoveNet, Apache-2.0, as `@vladmandic/human` ships them), all as ONNX. Weights
 * and results are checked by SHA-256; neither is committed.
 * Plain JavaScript, like setup.mjs; the converter runs under the packaged Node.
 *   node bin/faces-setup.mjs
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const sha256 = (file) => createHash("sha256").update(readFileSync(file)).digest("hex");
const wrong = (folder, hashes) =>
  Object.entries(hashes).find(([name, hash]) => !existsSync(join(folder, name)) || sha256(join(folder, name)) !== hash);

/**
 * Sets a folder of models below `.tocsin/` up under `root`, unless it is there and right already.
 * `hashes`: a JSON file `{weights: {file: sha256}, models: {file: sha256}}`; `sources`: folder of each weights file below node_modules.
 * @param {{name: string, hashes: string, sources: Record<string, string>, converter: string}} what
 * @returns {{ok: true, written: boolean} | {ok: false, why: string}}
 */
export function writtenModels(root, say, { name, hashes, sources, converter }) {
  const folder = join(root, ".tocsin", name);
  const { weights, models } = JSON.parse(readFileSync(join(root, hashes), "utf8"));
  if (!wrong(folder, models)) return { ok: true, written: false };
  const folders = [...new Set(Object.values(sources))].map((each) => join(root, "node_modules", each));
  for (const [file, hash] of Object.entries(weights)) {
    const changed = wrong(join(root, "node_modules", sources[file] ?? Object.values(sources)[0]), { [file]: hash });
    if (changed)
      return {
        ok: false,
        why: `${file} of ${sources[file] ?? folders[0]} is missing or changed; run npm ci, then this again`,
      };
  }

  say(`writing the ${name} models ...`);
  mkdirSync(join(root, ".tocsin"), { recursive: true });
  const work = mkdtempSync(join(root, ".tocsin", `${name}-`));
  try {
    const node = join(root, "node_modules", "node", "bin", "node");
    const run = [join(root, converter), ...folders, work];
    const done = spawnSync(existsSync(node) ? node : process.execPath, run, { encoding: "utf8" });
    if (done.status !== 0) return { ok: false, why: `the converter failed: ${done.stderr || done.error?.message}` };
    const other = wrong(work, models);
    if (other) return { ok: false, why: `${other[0]} came out with another SHA-256 than ${hashes} names` };
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
    return { ok: true, written: true };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Sets `.tocsin/faces/` up. */
export function faceModels(root, say) {
  return writtenModels(root, say, {
    name: "faces",
    hashes: "edge-agent/devices/faces/model-hashes.json",
    sources: { default: "@vladmandic/face-api/model" },
    converter: "models/faces/write-models.ts",
  });
}

/** Sets `.tocsin/perception/` up: people and vehicles, and body pose. */
export function perceptionModels(root, say) {
  return writtenModels(root, say, {
    name: "perception",
    hashes: "edge-agent/devices/perception/model-hashes.json",
    sources: {
      "nanodet.json": "human-with-nanodet/models",
      "nanodet.bin": "human-with-nanodet/models",
      "movenet-lightning.json": "@vladmandic/human/models",
      "movenet-lightning.bin": "@vladmandic/human/models",
    },
    converter: "models/perception/write-models.ts",
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const say = (text) => process.stderr.write(`setup: ${text}\n`);
  const root = join(dirname(fileURLToPath(import.meta.url)), "..");
  for (const [name, done] of Object.entries({
    faces: faceModels(root, say),
    perception: perceptionModels(root, say),
  })) {
    say(done.ok ? `the ${name} models are in .tocsin/${name}` : done.why);
    if (!done.ok) process.exitCode = 1;
  }
}
