import { test } from "uvu";
import * as assert from "uvu/assert";
import { FOLDS, foldsOf, readManifest, type SoundRow } from "./sounds.ts";

const row = (label: string, group: string): SoundRow => ({ file: "", label, group, source: "s", licence: "CC0-1.0" });

test("a group is in one fold, and six groups of a label are in six folds", () => {
  const rows = ["rain", "drum", "bark"].flatMap((label) =>
    Array.from({ length: 12 }, (_, i) => row(label, `s/${label}${i % 6}`)),
  );
  const folds = foldsOf(rows);
  for (const label of ["rain", "drum", "bark"]) {
    const held = new Set(rows.filter((each) => each.label === label).map(({ group }) => folds.get(group)));
    assert.is(held.size, FOLDS, label);
  }
});

test("the order of the rows does not change a fold", () => {
  const rows = Array.from({ length: 40 }, (_, i) => row(`label${i % 5}`, `s/${i % 17}`));
  assert.equal([...foldsOf(rows)].sort(), [...foldsOf(rows.toReversed())].sort());
});

const data = process.env.TOCSIN_DATA;
if (data) {
  test("of the recorded sounds every label of 7 recordists or more is in every fold, and no fold holds half of one", () => {
    const rows = readManifest(`${data}/sounds`);
    const folds = foldsOf(rows);
    for (const [label, of] of Map.groupBy(rows, (each) => each.label)) {
      if (new Set(of.map(({ group }) => group)).size < 7) continue;
      const counts = Array.from({ length: FOLDS }, (_, k) => of.filter(({ group }) => folds.get(group) === k).length);
      assert.ok(Math.min(...counts) > 0, `${label}: ${counts}`);
      assert.ok(Math.max(...counts) < of.length / 2, `${label}: ${counts}`);
    }
  });
} else process.stdout.write("TOCSIN_DATA is not set: the recorded sounds' folds are not tested\n");

test.run();
