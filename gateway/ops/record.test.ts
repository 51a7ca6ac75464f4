import { test } from "uvu";
import * as assert from "uvu/assert";
import { foldRoutine, newestLineFirst, routineWords, withRoundNumbers } from "./record.ts";

const line = (kind: string, text: string, data: unknown = {}, by = "hub") =>
  ({ kind, text, data, by }) as never as Line;
type Line = Parameters<typeof routineWords>[0][number];
const version = (n: number, probability: number, more = {}) => ({ id: "s1", version: n, probability, ...more });
const fix = (text = "round s1 version 4: 96 %", shot: object = version(4, 0.96)) =>
  line("shot", text, { kind: "shot", shot });
const opened = line("opened", "round s1 version 1: 97 %", { kind: "shot", shot: version(1, 0.97) });
const sound = line("clip", "1.35 s of sound from n03");
const piece = line("video", "10.3 s of n13.front recorded", { recording: "r1", seq: 3 });
const given = line("viewed", "was given the sound of n03", { arrival: "a1" }, "maria");

test("what machines add by the dozen is one group between two acts of people, and none is lost", () => {
  const taken = line("taken", "taken");
  const groups = foldRoutine([fix(), sound, sound, piece, taken, given, given, sound, opened]);
  assert.equal(
    groups.map((group) => group.length),
    [4, 1, 3, 1],
  );
  assert.is(routineWords(groups[0]!), "1 newer fix of a round, 2 sounds from the nodes, 1 piece of video kept");
  assert.is(routineWords(groups[2]!), "2 sounds given to maria, 1 sound from a node");
});

test("a first version, a version of another class, a late one, a withheld sound, a withdrawn round, a changed count, a look at the incident and a gap stand alone", () => {
  const alone = [
    line("clip", "n05 withheld its sound: speech (91 %)"),
    fix("round s2 version 1: 96 %", { id: "s2", version: 1, probability: 0.96 }),
    fix("round s1 version 5: 12 %", version(5, 0.12)),
    fix("came late: round s1 version 0: 97 %, older than the version 1 known", version(0, 0.97)),
    fix("round s1 withdrawn: merged", version(5, 0.97, { withdrawn: "merged" })),
    fix("round s1 version 5: 40 %; too unlikely by now to count as a round"),
    line("viewed", "looked at the incident", {}, "maria"),
    line("video", "no picture of n13.front: none has come yet"),
  ];
  for (const entry of alone) assert.is(foldRoutine([sound, entry, sound, opened]).length, 4, entry.text);
});

test("a newer fix is newer than one told in time; a round that was withdrawn and came back is none", () => {
  const late = fix("came late: round s1 version 2: 97 %", version(2, 0.97));
  assert.is(foldRoutine([sound, fix("round s1 version 7: 97 %", version(7, 0.97)), late]).length, 3);
  const gone = fix("round s1 withdrawn: merged", version(2, 0.97, { withdrawn: "merged" }));
  assert.is(foldRoutine([sound, fix(), gone, opened]).length, 4);
  assert.is(foldRoutine([sound, fix(), opened]).length, 2);
});

test("a round is named by its number, a withdrawn one by its last four characters", () => {
  const rounds = ["shot-mwscnz6t-aa", "shot-mwscnzle-bb"];
  assert.is(withRoundNumbers("round shot-mwscnzle-bb version 1: 98 %", rounds), "round 2 version 1: 98 %");
  assert.is(withRoundNumbers("round shot-mwscnzfv-2u4m3l782p8mk withdrawn", rounds), "round …P8MK withdrawn");
  assert.is(withRoundNumbers("the last round withdrawn", rounds), "the last round withdrawn");
});

test("newest first, but versions 1 and 2 of a round that came behind its version 7 stand below it", () => {
  const shot = (version: number, id = "s1") => ({
    name: `${id} ${version}`,
    data: { kind: "shot", shot: { id, version } },
  });
  const note = { name: "note", data: { kind: "note" } };
  const withheld = { name: "withheld", data: null };
  const entries = [shot(5), shot(7), note, shot(1), shot(2), shot(1, "s2"), withheld];
  assert.equal(
    newestLineFirst(entries).map(({ name }) => name),
    ["withheld", "s2 1", "note", "s1 7", "s1 5", "s1 2", "s1 1"],
  );
});

test.run();
