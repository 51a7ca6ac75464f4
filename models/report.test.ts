import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type ReportRow, reportRows, withRows } from "./report.ts";

const page = `# Hearing

| figure | asked | measured | command |
|---|---|---|---|
| Told | >= 98 % | 99 % | evaluate |
| Speed | >= 300 | 1942 | bench |

Told is told.
`;
const told: ReportRow = { figure: "Told", asked: ">= 98 %", measured: "97 %", isMissed: true };

test("a measured figure takes its row's place, bold where it misses; others' rows and the text stay", () => {
  const after = withRows(page, [told, { figure: "New", asked: "", measured: "3" }]);
  assert.is(
    after,
    page.replace("99 %", "**97 %**").replace("| 1942 | bench |", "| 1942 | bench |\n| New |  | 3 | evaluate |"),
  );
});

test("another table of four columns before it stays as it is", () => {
  const other = "| gun | told | missed | Told |\n|---|---|---|---|\n| Told | 1 | 2 | 3 |\n\n";
  assert.is(withRows(other + page, [told]), other + page.replace("99 %", "**97 %**"));
});

test("a document without the table gets one", () => {
  assert.ok(withRows("", [told]).endsWith("|---|---|---|---|\n| Told | >= 98 % | **97 %** | evaluate |\n"));
});

test("the table of docs/bench/hear.md has what the card of the shipped model says", () => {
  const root = join(import.meta.dirname, "..");
  const { version, metrics, calibration } = JSON.parse(
    readFileSync(join(root, "models", "gunshot", "8", "card.json"), "utf8"),
  );
  const report = readFileSync(join(root, "docs", "bench", "hear.md"), "utf8");
  const rows = reportRows(String(version), metrics, calibration.eceGunshot);
  assert.ok(rows.length > 12, `${rows.length} rows`);
  assert.is(withRows(report, rows), report);
});

test.run();
