import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readAudioFile } from "#edge-agent/devices/audio-file.ts";

const has = (tool: string) => spawnSync(tool, ["--version"]).error === undefined;
const scratch = mkdtempSync(join(tmpdir(), "tocsin-examiner-"));
const python = join(scratch, "venv", "bin", "python");
const requirements = join(import.meta.dirname, "requirements.txt");

/** Why nothing can be rendered here, if so. */
function lacks(): string | undefined {
  const tools = ["python3", "ffmpeg", "espeak-ng"].filter((tool) => !has(tool));
  if (tools.length > 0) return `not installed: ${tools.join(", ")}`;
  if (spawnSync("python3", ["-m", "venv", join(scratch, "venv")]).status !== 0) return "python3 has no venv";
  const pip = spawnSync(python, ["-m", "pip", "-q", "install", "-r", requirements], { encoding: "utf8" });
  return pip.status === 0 ? undefined : `pip: ${pip.stderr.slice(-200)}`;
}

function render(name: string, each: number, seed?: number): string {
  const folder = join(scratch, name);
  const script = join(import.meta.dirname, "render_sets.py");
  const seeded = seed === undefined ? [] : ["--seed", String(seed)];
  execFileSync(python, ["-B", script, folder, "--each", String(each), ...seeded], { stdio: "ignore" });
  return join(folder, "sets");
}
const digest = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");

test("the examiner's first files are finite sounds, the same again from the same seed, and others from another", async () => {
  const why = lacks();
  if (why) {
    process.stdout.write(`render-sets: skipped, ${why}\n`);
    return;
  }
  const folder = render("one", 13);
  const files = readdirSync(folder);
  assert.is(files.length, 39);
  for (const file of files) {
    const { channels, sampleRateHz } = await readAudioFile(join(folder, file));
    const seconds = channels[0]!.length / sampleRateHz;
    assert.ok(seconds > 2.5 && seconds < 6.5, `${file}: ${seconds} s`);
    assert.ok(channels[0]!.every(Number.isFinite), `${file}: not finite`);
    assert.ok(
      channels[0]!.some((x) => Math.abs(x) > 0.001),
      `${file}: silent`,
    );
  }
  const again = render("two", 3);
  for (const file of readdirSync(again)) assert.is(digest(join(again, file)), digest(join(folder, file)), file);
  const other = render("three", 1, 1);
  const gun = (from: string) => readdirSync(from).find((file) => file.startsWith("g0000"))!;
  assert.is.not(digest(join(other, gun(other))), digest(join(folder, gun(folder))));
});

test.after(() => rmSync(scratch, { recursive: true, force: true }));
test.run();
