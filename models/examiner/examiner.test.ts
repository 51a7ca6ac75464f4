import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Heard, judge, type Row } from "./hear.ts";
import { table } from "./table.ts";

const folder = import.meta.dirname;
const read = (ending: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));

test("what makes the sounds imports nothing but its own files, numpy, scipy, soundfile and Python's library: a mistake shared with sim/ or models/train would not show", () => {
  const sources = read(".py");
  const own = sources.map(({ name }) => name.replace(".py", ""));
  const lent = [
    "numpy",
    "scipy",
    "soundfile",
    "argparse",
    "hashlib",
    "json",
    "pathlib",
    "subprocess",
    "tempfile",
    "typing",
  ];
  const imports = sources.flatMap(({ name, text }) =>
    [...text.matchAll(/^(?:from|import) (\S+)/gm)].map(([, module]) => ({ name, module: module! })),
  );
  assert.ok(sources.length >= 10 && imports.length > 40, `${sources.length} files, ${imports.length} imports`);
  assert.equal(
    imports.filter(({ module }) => ![...own, ...lent].includes(module)),
    [],
  );
});

test("what hears them knows neither the simulator nor the training", () => {
  const imports = read(".ts").flatMap(({ text }) => [...text.matchAll(/from "([^"]+)"/g)].map(([, module]) => module!));
  assert.ok(imports.length > 10, `${imports.length} imports`);
  assert.equal(
    imports.filter((module) => /^#sim|train/.test(module)),
    [],
  );
});

const burst: Row = {
  file: "g0000.wav",
  set: "gun",
  half: "open",
  recorder: "field",
  surroundings: "open",
  background: "quiet",
  rateHz: 48000,
  mode: "auto",
  roundsS: [1, 1.08, 1.16],
  blastLagS: 0,
};
const impulse = (onsetS: number, probability: number) => ({ onsetS, probability });

test("of three rounds two found and one told, 1 ms late; a gunshot 0.5 s later is beyond the truth", () => {
  const heard = judge(burst, [impulse(1.001, 0.9), impulse(1.165, 0.2), impulse(1.66, 0.8)], 0.45);
  assert.equal(heard.found, [true, false, true]);
  assert.equal(heard.told, [true, false, false]);
  assert.ok(Math.abs(heard.errorsS[0]! - 0.001) < 1e-9);
  assert.is(heard.beyond, 1);
  assert.is(heard.probability, 0.9);
});

test("a bullet's shock and its blast 60 ms later are one round", () => {
  const heard = judge({ ...burst, roundsS: [1], blastLagS: 0.06 }, [impulse(1.061, 0.7)], 0.45);
  assert.equal([heard.told, heard.beyond], [[true], 0]);
});

test("of a file without a shot what begins with it is not counted, an impulse over the threshold is false", () => {
  const { roundsS: _, ...door } = { ...burst, set: "other" as const, sound: "door_slam" };
  assert.is(judge(door, [impulse(0.01, 0.9)], 0.45).isFalse, false);
  assert.is(judge(door, [impulse(0.01, 0.9), impulse(1, 0.5)], 0.45).isFalse, true);
});

test("the table tells one of two files with shots, one of two without, and one later round of two", () => {
  const { roundsS: _, ...door } = { ...burst, set: "other" as const, sound: "door_slam" };
  const heard: Heard[] = [
    judge(burst, [impulse(1, 0.9), impulse(1.08, 0.7), impulse(1.16, 0.1)], 0.45),
    judge(burst, [], 0.45),
    judge(door, [impulse(1, 0.5)], 0.45),
    judge(door, [impulse(1, 0.3)], 0.45),
  ];
  const lines = table("Both", heard).join("\n");
  assert.match(lines, /files with shots told +50\.0 % \(9 to 91\), 1 of 2/);
  assert.match(lines, /told as a shot +50\.0 % \(9 to 91\), 1 of 2/);
  assert.match(lines, /rounds, auto: 2 files.*of the later ones told 25\.0 % .*1 of 4/);
  assert.match(lines, /false by kind: door_slam 1\/2/);
});

test.run();
