import assert from "node:assert/strict";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { suite } from "uvu";
import { makeFolder, makeShot } from "../testing.ts";
import { Incidents } from "./incidents.ts";
import { openDatabase } from "./schema.ts";

interface World {
  db: DatabaseSync;
  incidents: Incidents;
  remove: () => void;
}
const test = suite<World>("one round, two solvers", {} as World);

test.before.each((world) => {
  const { folder, remove } = makeFolder();
  world.db = openDatabase(join(folder, "incidents.sqlite"));
  world.incidents = new Incidents(world.db);
  world.remove = remove;
});
test.after.each((world) => {
  world.db.close();
  world.remove();
});

/** As solved by `node` from these arrivals. */
const solvedBy = (node: string, id: string, heard: string[], over: Partial<ReturnType<typeof makeShot>> = {}) => {
  const [one] = makeShot().arrivals;
  const arrivals = heard.map((arrival) => ({ ...one!, id: arrival }));
  return makeShot({ id, node, arrivals, ...(node === "n01" && { solvedLocally: true }), ...over });
};

test("a neighbour solved a round without the gateway, the hub solves it again under another name: one incident, one round", (world) => {
  const { incidents } = world;
  const local = { incident: "inc-local", time: "2026-11-22T18:04:12.100000000Z" };
  assert.equal(incidents.ingest(solvedBy("n01", "local-1", ["a", "b", "c", "d"], local)), "taken");
  assert.equal(
    incidents.ingest(solvedBy("n01", "local-1", ["a", "b", "c", "d", "e"], { ...local, version: 2 })),
    "taken",
  );
  // The hub heard an earlier arrival first, so it names the round, and the burst, otherwise.
  for (const [i, heard] of [
    ["z", "a", "b", "c"],
    ["z", "a", "b", "c", "d", "e"],
  ].entries())
    incidents.ingest(solvedBy("tri", "hub-1", heard, { incident: "inc-hub", version: i + 1 }));
  incidents.ingest(
    solvedBy("tri", "hub-2", ["p", "q", "r", "s"], { incident: "inc-hub", time: "2026-11-22T18:04:13Z" }),
  );
  const { total, incidents: list } = incidents.list({ limit: 10 });
  assert.equal(total, 1);
  assert.deepEqual([list[0]!.incident, list[0]!.firedAt], ["inc-local", local.time]);
  assert.deepEqual(
    list[0]!.rounds.map(({ shot, shotVersion }) => [shot, shotVersion]),
    [
      ["local-1", 2],
      ["hub-2", 1],
    ],
  );
  const [round] = incidents.shots("inc-local").filter(({ id }) => id === "local-1");
  assert.deepEqual([round!.node, round!.arrivals.length], ["tri", 6], "the solver that heard more has the last word");
});

test("the same name and version of two solvers: the one with more arrivals stands, whichever comes first", (world) => {
  const { incidents } = world;
  incidents.ingest(solvedBy("tri", "s1", ["a", "b", "c", "d", "e"]));
  incidents.ingest(solvedBy("n01", "s1", ["a", "b", "c", "d"], { incident: "other" }));
  assert.deepEqual(
    incidents.list({ limit: 10 }).incidents.map(({ incident }) => incident),
    ["i1"],
  );
  assert.equal(incidents.shots("i1")[0]!.node, "tri");
  incidents.ingest(solvedBy("n01", "s1", ["a", "b", "c", "d", "e", "f"], { incident: "other", version: 2 }));
  assert.equal(incidents.shots("i1")[0]!.node, "n01");
  assert.equal(incidents.state("i1")!.rounds.length, 1);
});

test("both opened an incident before one round told that they are one: the rounds come together, the other is dismissed", (world) => {
  const { incidents } = world;
  incidents.ingest(solvedBy("n01", "r1", ["a", "b", "c", "d"], { incident: "inc-local" }));
  incidents.ingest(solvedBy("tri", "r2", ["p", "q", "r", "s"], { incident: "inc-hub", time: "2026-11-22T18:04:13Z" }));
  incidents.ingest(solvedBy("tri", "r1", ["a", "b", "c", "d", "e"], { incident: "inc-hub" }));
  const open = incidents.list({ limit: 10 }).incidents.filter(({ status }) => status !== "dismissed");
  assert.deepEqual(
    open.map(({ incident, rounds }) => [incident, rounds.length]),
    [["inc-local", 2]],
  );
  assert.equal(incidents.state("inc-hub")!.verdict!.by, "network");
});

test.run();
