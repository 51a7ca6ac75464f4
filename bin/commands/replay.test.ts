import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";

const tocsin = join(import.meta.dirname, "..", "tocsin");
const data = process.env.TOCSIN_DATA;
if (data === undefined)
  console.log("skipped: live fire needs the recordings; set TOCSIN_DATA to the folder that holds pittsburgh/");
const withData = data === undefined ? test.skip : test;

function replay(...args: string[]) {
  const run = spawnSync(tocsin, ["replay", ...args], { encoding: "utf8", maxBuffer: 2 ** 28 });
  return {
    code: run.status,
    told: run.stderr,
    shots: run.stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  };
}

test("a folder without a test is told so with exit 65", () => {
  const { code, told } = replay(import.meta.dirname, "--json");
  assert.is(code, 65);
  assert.match(told, /holds no live-fire test/);
  assert.match(
    replay(join(import.meta.dirname, "nope")).told,
    /nope: there is no such folder; name a folder with test_/,
  );
  assert.match(
    replay(import.meta.filename).told,
    /replay\.test\.ts: is a file, not a folder; name a folder with test_/,
  );
});

withData("live fire of position 1 from raw pulses: each of its 36 rounds once, within 10 m of the survey", () => {
  const { code, shots } = replay(join(data!, "pittsburgh", "FP1"), "--from", "pulses", "--json");
  assert.is(code, 0);
  assert.is(shots.length, 36);
  for (const shot of shots) assert.ok(shot.errorM <= 10, `${shot.test}: ${shot.errorM} m`);
  const perTest = new Map<string, number>();
  for (const shot of shots) perTest.set(shot.test, (perTest.get(shot.test) ?? 0) + 1);
  for (const shot of shots) assert.is(shot.rounds, perTest.get(shot.test));
});

withData("survey and the vendor's grouping deleted, the fixes are the same", () => {
  const source = join(data!, "pittsburgh", "FP4", "test_056");
  const copy = mkdtempSync(join(tmpdir(), "replay-"));
  try {
    cpSync(source, copy, { recursive: true, filter: (file) => !/\.(survey|nlos-tuples)\.json$/.test(file) });
    const places = ({ shots }: ReturnType<typeof replay>) =>
      shots.map(({ time, eastM, northM }) => [time, eastM, northM]);
    const without = replay(copy, "--from", "pulses", "--json");
    assert.is(without.shots.length, 3);
    assert.is(without.shots[0].errorM, undefined);
    assert.equal(places(without), places(replay(source, "--from", "pulses", "--json")));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});

withData(
  "a round with four pulses among eight sensors is found by the gaps that it keeps to the two others, and marked",
  () => {
    const { shots } = replay(join(data!, "pittsburgh", "FP4", "test_055"), "--from", "pulses", "--json");
    assert.equal(
      shots.map(({ nodesUsed }) => nodesUsed.length),
      [4, 8, 8],
    );
    for (const shot of shots) assert.ok(shot.errorM <= 10, `${shot.errorM} m`);
    assert.is(shots[0].unverified, true);
  },
);

withData("from audio of five sensors, one of which hears a loud echo of each round: three rounds within 15 m", () => {
  const { shots } = replay(join(data!, "pittsburgh", "FP6", "test_116"), "--from", "audio", "--json");
  assert.is(shots.length, 3);
  for (const shot of shots) assert.ok(shot.errorM <= 15, `${shot.errorM} m`);
});

test.run();
