import { test } from "uvu";
import * as assert from "uvu/assert";
import { foldSounds, newestLineFirst, withRoundNumbers } from "./record.ts";

test("neighbouring sounds are one group, other entries stand alone, none is lost", () => {
  const entries = ["opened", "clip", "clip", "shot", "clip", "verdict"].map((kind, seq) => ({ kind, seq }) as never);
  const groups = foldSounds<{ kind: "clip"; seq: number }>(entries);
  assert.equal(
    groups.map((group) => group.map(({ seq }) => seq)),
    [[0], [1, 2], [3], [4], [5]],
  );
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
