import assert from "node:assert/strict";
import { test } from "uvu";
import {
  type Backup,
  type BackupCommands,
  type BackupEvent,
  type BackupPolicy,
  openBackup,
  stepBackup,
} from "./backup.ts";
import { chooseUnits, travelTime, type Unit } from "./units.ts";

const place = { lat: 40, lon: -80, ellipse95: { semiMajorM: 5, semiMinorM: 5, azimuthDeg: 0 } };
/** One degree of latitude at 40 degrees is 111,035 m. */
const north = (metres: number) => ({ lat: 40 + metres / 111_035, lon: -80, posSigmaM: 10, ageS: 0 });
const unit = (name: string, metres: number | undefined, over: Partial<Unit> = {}): Unit => ({
  name,
  robot: false,
  speedMps: 10,
  status: "available",
  at: metres === undefined ? undefined : north(metres),
  ...over,
});
const policy: BackupPolicy = {
  rings: [
    { withinS: 200, most: 2, answerS: 30 },
    { withinS: 600, most: 4, answerS: 45 },
  ],
  district: { answerS: 60, times: 2 },
  travel: { detour: 1.3, freshS: 120 },
};
const now = (s: number) => ({ ms: s * 1000, utc: new Date(s * 1000).toISOString() });
const first = {
  call: "b1",
  incident: "i1",
  place,
  why: "somebody lies still",
  calledBy: { how: "person" as const, by: "ann", at: now(0).utc, why: "seen" },
};
/** 130 s, 260 s and 520 s away, one of unknown place, a robot next door. */
const units = [
  unit("near", 1000),
  unit("mid", 2000),
  unit("far", 4000),
  unit("lost", undefined),
  unit("r1", 10, { robot: true, speedMps: 0.8 }),
];

interface Run {
  backup: Backup;
  commands: BackupCommands[];
}
const open = (who: readonly Unit[] = units): Run => {
  const { backup, commands } = openBackup(first, who, policy, now(0));
  return { backup, commands: [commands] };
};
function play(run: Run, ...events: [number, BackupEvent][]): Run {
  for (const [s, event] of events) {
    const outcome = stepBackup(run.backup, event, policy, now(s));
    if (outcome.kind === "changed") run = { backup: outcome.backup, commands: [...run.commands, outcome.commands] };
  }
  return run;
}
const time = (): BackupEvent => ({ kind: "time", units });
const said = (name: string, answer: "accepted" | "declined" | "onScene" | "done"): BackupEvent => ({
  kind: "answer",
  unit: name,
  answer,
  text: undefined,
  units,
});

test("1000 m of straight line at 10 m/s through streets 1.3 times as long take 130 s; 20 s of age are 20 s of doubt", () => {
  const time = travelTime(unit("a", 1000, { at: { ...north(1000), ageS: 20 } }), place, policy.travel);
  assert.ok(time && Math.abs(time.etaS - 130) < 0.5 && Math.abs(time.etaSpreadS - 21.3) < 0.1, JSON.stringify(time));
});

test("the nearest ring asks those within 200 s; the others are passed over, each with its reason", () => {
  const { backup, commands } = open();
  assert.deepEqual(commands[0], { ask: ["near"], over: [] });
  assert.deepEqual([backup.status, backup.ring, backup.nextAtMs, backup.version], ["calling", 1, 30_000, 1]);
  const why = Object.fromEntries(backup.passedOver.map((each) => [each.unit, each.why]));
  assert.match(why.mid ?? "", /260 s away, this ring ends at 200 s/);
  assert.match(why.lost ?? "", /nobody knows where it is/);
  assert.match(why.r1 ?? "", /a robot is sent by a person/);
});

test("a busy unit is not asked, nor one whose position is 3 minutes old; at most two of three", () => {
  const old = unit("old", 100, { at: { ...north(100), ageS: 180 } });
  const many = [unit("a", 300), unit("b", 200), unit("c", 100), unit("d", 50, { status: "busy" }), old];
  const { asked, passedOver } = chooseUnits(many, place, policy.rings[0], new Set(), policy.travel);
  assert.deepEqual(
    asked.map((each) => each.unit),
    ["c", "b"],
  );
  assert.deepEqual(passedOver.map((each) => each.unit).sort(), ["a", "d", "old"]);
});

test("acknowledged: nothing more is awaited, and whoever was asked beside is told that nobody else is needed", () => {
  const run = play(open([...units, unit("near2", 1100)]), [10, said("near2", "accepted")]);
  assert.deepEqual([run.backup.status, run.backup.nextAtMs], ["acknowledged", undefined]);
  assert.deepEqual(run.commands.at(-1)?.over, [{ unit: "near", why: "near2 comes" }]);
  const later = play(run, [400, time()], [100, said("near2", "onScene")], [900, said("near2", "done")]);
  assert.equal(later.backup.status, "done");
});

test("nobody answers: ring 1 at 0 s, ring 2 at 30 s, the district twice, then it ends as unanswered at 195 s and stays so", () => {
  let run = open();
  const asked: [number, string[]][] = [[0, run.commands[0]!.ask]];
  for (let s = 1; s <= 1000; s++) {
    const before = run.commands.length;
    run = play(run, [s, time()]);
    if (run.commands.length > before) asked.push([s, run.commands.at(-1)!.ask]);
  }
  assert.deepEqual(asked, [
    [0, ["near"]],
    [30, ["mid", "far"]],
    [75, ["near", "mid", "far", "lost"]],
    [135, ["near", "mid", "far", "lost"]],
    [195, []],
  ]);
  assert.deepEqual([run.backup.status, run.backup.nextAtMs], ["unanswered", undefined]);
  assert.match(run.backup.text, /nobody comes: 4 asked/);
  const late = play(run, [1200, said("far", "accepted")]);
  assert.equal(late.backup.status, "acknowledged", "a late yes is a yes");
});

test("a no moves on at once, without waiting for the clock; who said no is not asked again", () => {
  const run = play(open(), [5, said("near", "declined")]);
  assert.deepEqual([run.backup.ring, run.commands.at(-1)?.ask], [2, ["mid", "far"]]);
  const both = play(run, [6, said("mid", "declined")], [7, said("far", "declined")]);
  assert.deepEqual([both.backup.ring, both.commands.at(-1)?.ask], [3, ["lost"]]);
});

test("who said yes and then no: the search goes on", () => {
  const run = play(open(), [5, said("near", "accepted")], [20, said("near", "declined")]);
  assert.deepEqual([run.backup.status, run.commands.at(-1)?.ask], ["calling", ["mid", "far"]]);
});

test("nobody on duty at all: unanswered at once, and it says that there was nobody to ask", () => {
  const { backup } = open([unit("off", 10, { status: "off" })]);
  assert.equal(backup.status, "unanswered");
  assert.match(backup.text, /nobody to ask/);
});

test("a robot is sent by a person only, and its yes ends no search for people", () => {
  const robot = units[4]!;
  const sent = play(open(), [3, { kind: "robot", robot, by: "ann", why: "to have a look" }]);
  assert.deepEqual(sent.commands.at(-1), { ask: ["r1"], over: [] });
  const accepted = play(sent, [5, said("r1", "accepted")]);
  assert.deepEqual([accepted.backup.status, accepted.backup.nextAtMs], ["calling", 30_000]);
  assert.equal(play(accepted, [30, time()]).backup.ring, 2);
});

test("an answer of somebody who was not asked is refused; the same answer again changes nothing; a cancelled call tells all", () => {
  const { backup } = open();
  assert.equal(stepBackup(backup, said("far", "accepted"), policy, now(1)).kind, "refused");
  const run = play(open(), [5, said("near", "accepted")]);
  assert.equal(stepBackup(run.backup, said("near", "accepted"), policy, now(6)).kind, "same");
  const gone = play(run, [7, { kind: "cancel", by: "ann", why: "false alarm" }]);
  assert.deepEqual(
    [gone.backup.status, gone.commands.at(-1)?.over],
    ["cancelled", [{ unit: "near", why: "ann: false alarm" }]],
  );
});

test.run();
