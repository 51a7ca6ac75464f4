/** The hourly deletion on a disk that takes nothing for a while. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "uvu";
import { deletePastItsTime } from "./delete-past-its-time.ts";
import { HeardLog } from "./incidents/heard.ts";
import { openDatabase } from "./incidents/schema.ts";
import { makeFolder, makeLog } from "./testing.ts";

test("what the database does not let go is said and ends nothing; the next hour deletes it", () => {
  const { folder, remove } = makeFolder();
  const db = openDatabase(join(folder, "incidents.sqlite"));
  const other = new DatabaseSync(join(folder, "incidents.sqlite"));
  try {
    const { log, lines } = makeLog();
    const heard = new HeardLog(db);
    for (const id of ["a1", "a2"]) heard.add({ id, node: "n01" } as never);
    heard.flush();
    db.exec("UPDATE heard SET stored_ms = 0 WHERE id = 'a1'");
    // The database refuses as a full disk does: with an exception from the statement. It would wait five seconds for the other first.
    db.exec("PRAGMA busy_timeout = 0");
    const nothing = { expire: () => 0 };
    const hourly = () =>
      deletePastItsTime(
        { heard, clips: nothing, alerts: { expire: () => undefined }, sessions: nothing as never },
        { clipsDays: 1, heardDays: 1 },
        log,
      );
    other.exec("BEGIN IMMEDIATE");
    hourly();
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /what is past its time is not deleted; free or replace the disk/);
    other.exec("ROLLBACK");
    assert.equal(heard.of(["a1", "a2"]).length, 2);
    hourly();
    assert.deepEqual(
      heard.of(["a1", "a2"]).map(({ id }) => id),
      ["a2"],
    );
    assert.match(lines[1]!, /deleted what is past its time/);
  } finally {
    other.close();
    db.close();
    remove();
  }
});

test("what cannot be deleted keeps nothing else beyond its time", () => {
  const { log, lines } = makeLog();
  const asked: string[] = [];
  const fails = (what: string) => ({
    expire: () => {
      asked.push(what);
      throw new Error("database or disk is full");
    },
  });
  deletePastItsTime(
    { clips: fails("clips"), heard: fails("heard"), alerts: fails("alerts"), sessions: fails("sessions") },
    { clipsDays: 1, heardDays: 1 },
    log,
  );
  assert.deepEqual(asked, ["clips", "heard", "alerts", "sessions"]);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).what),
    asked,
  );
});

test.run();
