import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { failures, phasesTried, rehearse } from "./fault-table.ts";

const table = suite("docs/flight.md: every failure in every phase");

/** Failure -> phase -> what follows, as the document has it. */
const written = new Map<string, Map<string, string>>();
const text = readFileSync(new URL("../../docs/flight.md", import.meta.url), "utf8");
const part = text.slice(text.indexOf("## Every failure in every phase"), text.indexOf("## The named faults"));
let failure = "";
for (const [, name, phases, then] of part.matchAll(/^\| ([^|\n]*?) ?\| ([^|\n]+) \| ([^|\n]+) \|$/gm)) {
  if (phases === "in") continue;
  failure = name || failure;
  const row = written.get(failure) ?? new Map<string, string>();
  for (const phase of phases!.split(", ")) row.set(phase, then!);
  written.set(failure, row);
}

table(`has the ${failures.length} failures, each in ${phasesTried.length} phases`, () => {
  assert.equal(
    [...written.keys()],
    failures.map(({ name }) => name),
  );
  for (const [name, row] of written) assert.equal([...row.keys()].sort(), [...phasesTried].sort(), name);
});

for (const one of failures) {
  table(one.name, () => {
    const row = written.get(one.name);
    for (const phase of phasesTried) {
      assert.is(rehearse(one, phase).join(", ") || "-", row?.get(phase), `in ${phase}`);
    }
  });
}

table.run();
