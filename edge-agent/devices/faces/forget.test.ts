/**
 * What is left of a face that matches nobody, right after the decision: the memory of the deciding process is searched from outside, byte
 * by byte, for its embedding, landmarks and upright crop. A planted match, which is kept for review, must be found by the same search.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { embeddingToText } from "./embedding-text.ts";
import { makeFaceFinder } from "./face-finder.ts";
import { openFaceModels } from "./face-models.ts";
import { readPicture } from "./picture-file.ts";
import { needlesOf, search } from "./testing-memory.ts";

const modelsFolder = join(import.meta.dirname, "../../../.tocsin/faces");
const data = process.env.TOCSIN_DATA && join(process.env.TOCSIN_DATA, "faces");
const ready =
  existsSync(join(modelsFolder, "embedder.onnx")) && data && existsSync(data) && process.platform === "linux";
if (!ready) process.stderr.write("skipped: needs Linux, the face models (node bin/faces-setup.mjs) and $TOCSIN_DATA\n");

type Kind = "embedding" | "landmarks" | "chip";
async function tracesOf(file: string) {
  const models = await openFaceModels(modelsFolder, 1);
  const found: { text: string; needles: Record<Kind, Buffer[]> }[] = [];
  await makeFaceFinder(models).look(await readPicture(file), ({ embedding, landmarks, chip }) => {
    if (!embedding) return;
    const needles = { embedding: needlesOf(embedding), landmarks: needlesOf(landmarks), chip: needlesOf(chip) };
    found.push({ text: embeddingToText(embedding), needles });
  });
  await models.close();
  assert.is(found.length, 1);
  return found[0]!;
}

(ready ? test : test.skip)(
  "of a face that matches nobody nothing is left in memory or on disk; of the planted match all is",
  async () => {
    const [known, match, nobody] = ["sheldon/sheldon1.png", "sheldon/sheldon2.png", "amy/amy2.png"].map((name) =>
      join(data!, name),
    ) as [string, string, string];
    const gallery = (await tracesOf(known)).text;
    const planted = await tracesOf(match);
    const gone = await tracesOf(nobody);
    const folder = mkdtempSync(join(tmpdir(), "forget-"));
    const args = [join(import.meta.dirname, "testing-look.ts"), modelsFolder, gallery, match, nobody];
    const env = { ...process.env, TMPDIR: folder, NODE_OPTIONS: "", ORT_DISABLE_TELEMETRY: undefined };
    const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ["pipe", "pipe", "inherit"] });
    try {
      const [line] = await Promise.race([once(child.stdout, "data"), once(child, "exit").then(() => ["it ended"])]);
      // Stopped where it stands: however long the search takes, this is the memory right after the decision.
      child.kill("SIGSTOP");
      assert.equal(JSON.parse(String(line)), ["possible match", "unknown"]);
      const kinds: Kind[] = ["embedding", "landmarks", "chip"];
      const needles = [planted, gone].flatMap((each) => kinds.flatMap((kind) => each.needles[kind]));
      const found = search(child.pid!, needles);
      assert.equal(found.slice(0, 9), Array(9).fill(true), "the planted match is found: the search works");
      assert.equal(found.slice(9), Array(9).fill(false), "nothing is left of the other");
      assert.equal(readdirSync(folder), [], "nothing is written, onnxruntime's own telemetry included");
      child.kill("SIGCONT");
      child.stdin.end();
      const [code] = await once(child, "exit");
      assert.is(code, 0);
    } finally {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

test.run();
