import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { addBlast, noise } from "#core/acoustics/testing-sounds.ts";
import { pcm16Of, wavOf as wavFile } from "#core/acoustics/wav-file.ts";

const tocsin = join(import.meta.dirname, "..", "tocsin");
const folder = mkdtempSync(join(tmpdir(), "tocsin-detect-"));
const RATE = 48000;

const wavOf = (samples: Float32Array) => Buffer.from(wavFile(pcm16Of(samples), RATE).buffer);

const shot = noise(3 * RATE, 0.002, 5);
addBlast(shot, RATE, 1.2345678, 0.6, 0.0011);
addBlast(shot, RATE, 1.2405, 0.25, 0.0014);
addBlast(shot, RATE, 1.29, -0.06, 0.002);
const shotFile = join(folder, "shot.wav");
const brokenFile = join(folder, "broken.wav");
writeFileSync(shotFile, wavOf(shot));
writeFileSync(brokenFile, "RIFF\0\0\0\0WAVE nothing more");

function detect(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(tocsin, ["detect", ...args]);
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => (out += chunk));
    child.stderr.on("data", (chunk) => (err += chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

const linesOf = (out: string) =>
  out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

test("a shot at 1.2345678 s is found within 0.05 ms, with every promised field; a broken file beside it costs one line", async () => {
  const { code, out, err } = await detect(brokenFile, shotFile, "--json", "--all");
  assert.is(code, 0);
  const found = linesOf(out);
  const first = found.find(({ onsetS }) => Math.abs(onsetS - 1.2345678) < 5e-5);
  assert.ok(first, out);
  assert.is(first.file, shotFile);
  assert.ok(first.onsetSigmaS > 0 && first.onsetSigmaS < 2e-4);
  assert.is(first.gunshot, true);
  assert.is(first.probability, first.scores.gunshot);
  assert.equal(Object.keys(first.scores), ["gunshot", "firework", "vehicle", "impact", "glass", "other"]);
  for (const field of ["echoProbability", "snrDb", "peakDbFs"]) assert.type(first[field], "number");
  const complaints = err.trim().split("\n");
  assert.is(complaints.length, 1, err);
  assert.match(complaints[0]!, /broken\.wav: no fmt chunk/);
});

test("a WAV cut in the middle is heard as far as it goes, and one line says where it ends", async () => {
  const cutFile = join(folder, "cut.wav");
  writeFileSync(cutFile, wavOf(shot).subarray(0, 44 + 2 * 1.5 * RATE));
  const { code, out, err } = await detect(cutFile, "--json");
  assert.is(code, 0);
  assert.ok(linesOf(out).some(({ onsetS }) => Math.abs(onsetS - 1.2345678) < 5e-5));
  assert.match(err, "cut.wav: is cut short or damaged at sample 72000 of 144000; what comes before was heard");
  assert.is(err.trim().split("\n").length, 1);
});

test("a folder without a model is named with what to give; help names a command's options, --version the version", async () => {
  const none = await detect(shotFile, "--model", folder);
  assert.is(none.code, 78);
  assert.match(none.err, "card.json: there is no such file; name a model's folder, one with model.onnx and card.json");
  const told = (...args: string[]) => spawnSync(tocsin, args, { encoding: "utf8" }).stdout;
  assert.match(told("help", "detect"), "usage: tocsin detect FILE...");
  assert.match(told("--version"), /^tocsin \d+\.\d+\.\d+\n$/);
});

test("without --all only gunshots are told", async () => {
  const { out } = await detect(shotFile, "--json");
  for (const line of linesOf(out)) assert.is(line.gunshot, true);
  const help = spawnSync(tocsin, ["help", "detect"], { encoding: "utf8" }).stdout;
  const listed = /\{(file[^}]+)\}/.exec(help)![1]!.split(/,\s+/);
  assert.equal(Object.keys(linesOf(out)[0]!).sort(), listed.sort(), "help lists every field");
});

test("a file without a gunshot is not passed over in silence: how many impulses there were, and how near the likeliest came", async () => {
  const quietFile = join(folder, "quiet.wav");
  writeFileSync(quietFile, wavOf(noise(2 * RATE, 0.002, 6)));
  const bellFile = join(folder, "bell.wav");
  const bell = noise(2 * RATE, 0.002, 7);
  for (let k = 0; k < RATE; k++)
    bell[RATE + k]! += 0.5 * Math.exp((-8 * k) / RATE) * Math.sin((2 * Math.PI * 2500 * k) / RATE);
  writeFileSync(bellFile, wavOf(bell));
  const { code, out, err } = await detect(quietFile, bellFile);
  assert.is(code, 0);
  assert.is(out, "");
  const [quiet, rung] = err.trim().split("\n");
  assert.match(quiet!, /quiet\.wav: no impulse in 2\.0 s$/);
  assert.match(
    rung!,
    /bell\.wav: 1 impulse in 2\.0 s, no gunshot: the likeliest, at 1\.00 s, has 0\.\d{3} of the 0\.\d+ that make one \(--all lists each\)$/,
  );
});

test("only broken files: exit 65 and no stack trace; no files: exit 64", async () => {
  const broken = await detect(brokenFile, join(folder, "none.flac"));
  assert.is(broken.code, 65);
  assert.is(broken.err.trim().split("\n").length, 2);
  assert.not.match(broken.err, /\n\s+at /);
  assert.is((await detect()).code, 64);
});

test("--png draws and --html holds picture and table", async () => {
  const png = join(folder, "seen.png");
  const html = join(folder, "seen.html");
  assert.is((await detect(shotFile, "--png", png, "--html", html)).code, 0);
  const bytes = readFileSync(png);
  assert.equal(
    [...bytes.subarray(1, 4)],
    [..."PNG"].map((c) => c.charCodeAt(0)),
  );
  assert.is(bytes.readUInt32BE(16), 1200);
  const page = readFileSync(html, "utf8");
  assert.match(page, /data:image\/png;base64,/);
  assert.match(page, /1\.2345[67]/);
});

test("cleans up", () => rmSync(folder, { recursive: true }));

test.run();
