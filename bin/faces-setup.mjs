/**
 * Writes the face models into `.tocsin/faces/`: detector, landmarks and embedder as ONNX, from the weights (MIT) of the npm package
 * `@vladmandic/face-api`. Weights and results are checked by SHA-256; neither is committed.
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
 * Sets `.tocsin/faces/` up under `root`, unless it is there and right already.
 * @returns {{ok: true, written: boolean} | {ok: false, why: string}}
 */
export function faceModels(root, say) {
  const folder = join(root, ".tocsin", "faces");
  const { weights, models } = JSON.parse(
    readFileSync(join(root, "edge-agent", "devices", "faces", "model-hashes.json"), "utf8"),
  );
  if (!wrong(folder, models)) return { ok: true, written: false };
  const source = join(root, "node_modules", "@vladmandic", "face-api", "model");
  const changed = wrong(source, weights);
  if (changed)
    return { ok: false, why: `${join(source, changed[0])} is missing or changed; run npm ci, then this again` };

  say("writing the face models ...");
  mkdirSync(join(root, ".tocsin"), { recursive: true });
  const work = mkdtempSync(join(root, ".tocsin", "faces-"));
  try {
    const node = join(root, "node_modules", "node", "bin", "node");
    const converter = join(root, "models", "faces", "write-models.ts");
    const done = spawnSync(existsSync(node) ? node : process.execPath, [converter, source, work], { encoding: "utf8" });
    if (done.status !== 0) return { ok: false, why: `the converter failed: ${done.stderr || done.error?.message}` };
    const other = wrong(work, models);
    if (other) return { ok: false, why: `${other[0]} came out with another SHA-256 than model-hashes.json names` };
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
    return { ok: true, written: true };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const say = (text) => process.stderr.write(`setup: ${text}\n`);
  const done = faceModels(join(dirname(fileURLToPath(import.meta.url)), ".."), say);
  say(done.ok ? "the face models are in .tocsin/faces" : done.why);
  if (!done.ok) process.exit(1);
}
