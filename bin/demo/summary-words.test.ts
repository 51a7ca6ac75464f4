import { test } from "uvu";
import * as assert from "uvu/assert";
import { judge } from "./judge.ts";
import { summaryWords } from "./summary-words.ts";

test("a burst that gave no incident has no record that could be broken, nor a fix, nor an alert", () => {
  const summary = judge(7, [{ lat: 40, lon: -80, utcNs: 0n }], [], undefined, true);
  assert.is(
    summaryWords(summary),
    "not as it should be: the burst gave no incident\n  no incident, so no fix, alert or record, 0 false incidents",
  );
  assert.match(summaryWords({ ...summary, recorded: true }), /, flow's alert not seen, record broken$/);
});

test.run();
