/** Who is called when: fixes that stand, fall apart, fall short, or come back after a restart. */

import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ShotFixed } from "#contract/shot.ts";
import { makeFolder, makeLog, makeShot } from "../testing.ts";
import { Alerts } from "./alerts.ts";
import { Incidents } from "./incidents.ts";
import { openDatabase } from "./schema.ts";

interface World {
  db: DatabaseSync;
  incidents: Incidents;
  alerts: Alerts;
  file: string;
  remove: () => void;
}
const policy = { minProbability: 0.5, minRoundProbability: 0.1, holdS: 0.15, holdUnverifiedS: 0.3 };
const test = suite<World>("alerts", {} as World);
const open = (world: World) => {
  world.db = openDatabase(world.file);
  world.incidents = new Incidents(world.db, policy.minRoundProbability);
  world.alerts = new Alerts(world.db, world.incidents, policy, makeLog().log);
};
const close = (world: World) => {
  world.alerts.close();
  world.db.close();
};
const total = ({ incidents }: World) => incidents.list({ limit: 10 }).total;
const shot = (version: number, probability: number, over: Partial<ShotFixed> = {}) =>
  makeShot({ version, probability, ...over });
/** Longer than the hold of a verified fix, shorter than that of an unverified one. */
const moment = () => sleep(220);

const begin = (world: World) => {
  const { folder, remove } = makeFolder();
  Object.assign(world, { file: join(folder, "incidents.sqlite"), remove });
  open(world);
};
const end = (world: World) => {
  close(world);
  world.remove();
};
// On a busy machine a process's first look and write take longer than a fix is held.
test.before((world) => {
  begin(world);
  world.alerts.take(shot(1, 0.6));
  end(world);
});
test.before.each(begin);
test.after.each(end);

test("a fix at 60 % calls people once it has stood for its moment, not before", async (world) => {
  world.alerts.take(shot(1, 0.6));
  assert.is(total(world), 0);
  await moment();
  assert.is(total(world), 1);
});

test("twelve nodes at 90 % wait for nothing", (world) => {
  const nodesUsed = Array.from({ length: 12 }, (_, i) => `n0${i}`);
  world.alerts.take(shot(1, 0.9, { nodesUsed }));
  assert.is(total(world), 1);
});

test("eight nodes at 90 % wait for nothing where their times tell that it was low, and for the moment where they do not", async (world) => {
  const nodesUsed = Array.from({ length: 8 }, (_, i) => `n0${i}`);
  world.alerts.take(shot(1, 0.9, { nodesUsed, elevation: { aboveM: 20, sigmaM: 20, gain: 1 } }));
  assert.is(total(world), 0, "60 m is within two sigmas");
  world.alerts.take(shot(2, 0.9, { nodesUsed, elevation: { aboveM: 20, sigmaM: 15, gain: 1 } }));
  assert.is(total(world), 1);
});

test("a fix that falls apart within its moment has called nobody, and is kept", async (world) => {
  world.alerts.take(shot(1, 0.8));
  world.alerts.take(shot(2, 0.8, { withdrawn: "its arrivals fit no single place" }));
  await moment();
  assert.is(total(world), 0);
  assert.is(world.alerts.counters.fellApart, 1);
  assert.is(world.db.prepare("SELECT count(*) AS kept FROM unlikely").get()!.kept, 2);
});

test("a version that comes behind its withdrawal calls nobody, however sure it was; one that follows does", async (world) => {
  const nodesUsed = Array.from({ length: 12 }, (_, i) => `n0${i}`);
  world.alerts.take(shot(3, 0.9, { nodesUsed, withdrawn: "its arrivals fit no single place" }));
  world.alerts.take(shot(2, 0.9, { nodesUsed }));
  await moment();
  assert.is(total(world), 0);
  world.alerts.take(shot(4, 0.9, { nodesUsed }));
  assert.is(total(world), 1);
});

test("a disk that takes nothing while a fix becomes ripe: it is tried again, and people are called", async (world) => {
  world.alerts.take(shot(1, 0.6));
  world.db.exec("PRAGMA query_only = 1");
  await moment();
  assert.is(world.alerts.counters.unstored, 1);
  world.db.exec("PRAGMA query_only = 0");
  for (const endMs = Date.now() + 10_000; total(world) === 0 && Date.now() < endMs; ) await sleep(50);
  assert.is(total(world), 1);
});

test("what fell apart before a restart, and comes once more after it, calls nobody", async (world) => {
  const said = [shot(1, 0.8), shot(2, 0.8, { withdrawn: "its arrivals fit no single place" })];
  for (const each of said) world.alerts.take(each);
  close(world);
  await moment();
  open(world);
  for (const each of said) world.alerts.take(each);
  world.alerts.resume();
  await moment();
  assert.is(total(world), 0);
});

test("a disk that takes nothing: the surest fix calls as soon as it does, a withdrawn one never", async (world) => {
  const nodesUsed = Array.from({ length: 12 }, (_, i) => `n0${i}`);
  world.alerts.take(shot(1, 0.6, { id: "s9", incident: "i9" }));
  world.db.exec("PRAGMA query_only = 1");
  world.alerts.take(shot(1, 0.9, { nodesUsed }));
  world.alerts.take(shot(2, 0.6, { id: "s9", incident: "i9", withdrawn: "its arrivals fit no single place" }));
  await moment();
  assert.is(total(world), 0);
  world.db.exec("PRAGMA query_only = 0");
  for (const endMs = Date.now() + 10_000; total(world) === 0 && Date.now() < endMs; ) await sleep(50);
  await moment();
  assert.equal([total(world), world.incidents.state("i9")], [1, undefined]);
});

test("what may be an echo waits twice as long", async (world) => {
  world.alerts.take(shot(1, 0.8, { unverified: true }));
  await moment();
  assert.is(total(world), 0);
  await moment();
  assert.is(total(world), 1);
});

test("40 % calls nobody where 50 % are asked; the version at 60 % does once it has stood as likely, and one that falls back is taken in", async (world) => {
  world.alerts.take(shot(1, 0.4));
  await moment();
  world.alerts.take(shot(2, 0.6));
  assert.is(total(world), 0, "at 40 % it had not stood");
  await moment();
  assert.is(world.incidents.state("i1")?.probability, 0.6);
  world.alerts.take(shot(3, 0.3));
  assert.is(world.incidents.state("i1")?.probability, 0.3);
});

test("a fix that was unlikely for long and is at 51 % for one version calls nobody", async (world) => {
  world.alerts.take(shot(1, 0.4));
  await moment();
  world.alerts.take(shot(2, 0.51));
  world.alerts.take(shot(3, 0.18));
  await moment();
  assert.is(total(world), 0);
  assert.is(world.alerts.counters.fellApart, 0);
});

test("a second round at 20 % belongs to an incident that is open, also when it came first; one at 0.4 % does not", async (world) => {
  world.alerts.take(shot(1, 0.2, { id: "s2" }));
  world.alerts.take(shot(1, 0.004, { id: "s3" }));
  world.alerts.take(shot(1, 0.9, { id: "s1" }));
  await moment();
  assert.is(world.incidents.state("i1")?.rounds.length, 2);
});

test("nodes that go on joining put the moment off, three times at most", async (world) => {
  const startMs = Date.now();
  const nodesUsed = ["n01", "n02", "n03", "n04", "n05"];
  for (let version = 1; total(world) === 0; version++) {
    world.alerts.take(shot(version, 0.6, { nodesUsed: [...nodesUsed] }));
    nodesUsed.push(`m${version}`);
    assert.ok(Date.now() - startMs < 20_000, "nobody was ever called");
    await sleep(30);
  }
  assert.ok(Date.now() - startMs >= 3 * 150 - 20, `${Date.now() - startMs} ms`);
});

test("at 1 % a second round counts where it comes from the very place of the first, not 15 m beside it", async (world) => {
  world.alerts.take(shot(1, 0.9, { id: "s1" }));
  await moment();
  const { lat, ellipse95 } = shot(1, 0.9);
  const awayM = 15 + 2 * ellipse95.semiMajorM;
  world.alerts.take(shot(1, 0.01, { id: "s2", lat: lat + awayM / 111_200 }));
  assert.is(world.incidents.state("i1")?.rounds.length, 1);
  world.alerts.take(shot(1, 0.01, { id: "s3" }));
  assert.is(world.incidents.state("i1")?.rounds.length, 2);
});

test("at 20 % what was heard 200 m from an incident is no round of it, whatever its solver calls it; at 60 % it is", async (world) => {
  world.alerts.take(shot(1, 0.9, { id: "s1" }));
  await moment();
  const { lat } = shot(1, 0.9);
  const away = { id: "s2", lat: lat + 200 / 111_200 };
  world.alerts.take(shot(1, 0.2, away));
  await moment();
  assert.is(world.incidents.state("i1")?.rounds.length, 1);
  world.alerts.take(shot(2, 0.6, away));
  await moment();
  assert.is(world.incidents.state("i1")?.rounds.length, 2);
});

test("a round that joined at 20 % and is at 4 % by now counts no more, nor does its place; the record keeps both; back at 20 % it counts", async (world) => {
  world.alerts.take(shot(1, 0.9, { id: "s1" }));
  await moment();
  const { place } = world.incidents.state("i1")!;
  const { lat, ellipse95 } = shot(1, 0.9);
  const beside = { id: "s2", lat: lat + (15 + 2 * ellipse95.semiMajorM) / 111_200 };
  const told = () => {
    const { rounds, unlikelyRounds } = world.incidents.state("i1")!;
    return [rounds, unlikelyRounds ?? []].map((list) => list.map((round) => round.shot).join(" "));
  };
  world.alerts.take(shot(1, 0.2, beside));
  assert.equal(told(), ["s1 s2", ""]);
  assert.is.not(world.incidents.state("i1")!.place!.lat, place!.lat);
  world.alerts.take(shot(2, 0.04, beside));
  assert.equal(told(), ["s1", "s2"]);
  assert.equal(world.incidents.state("i1")!.place, place);
  world.alerts.take(shot(3, 0.2, beside));
  assert.equal(told(), ["s1 s2", ""]);
  const texts = world.incidents.record.entries("i1").map(({ text }) => text);
  assert.match(texts[1] ?? "", /s2 version 1: 20 %/);
  assert.match(texts[2] ?? "", /s2 version 2: 4 %.*too unlikely by now to count as a round$/);
  assert.match(texts[3] ?? "", /s2 version 3: 20 %.*counts as a round again$/);
});

test("the round that called people falls to 0.5 %: the incident is as likely and stands where the other round is; fallen alone it stays open at 0.5 %", async (world) => {
  world.alerts.take(shot(1, 0.9, { id: "s1" }));
  await moment();
  const { lat, ellipse95 } = shot(1, 0.9);
  const other = { id: "s2", lat: lat + (15 + 2 * ellipse95.semiMajorM) / 111_200 };
  world.alerts.take(shot(1, 0.6, other));
  world.alerts.take(shot(2, 0.005, { id: "s1" }));
  const state = () => world.incidents.state("i1")!;
  assert.equal([state().probability, state().rounds.length, state().place?.lat], [0.6, 1, other.lat]);
  world.alerts.take(shot(2, 0.7, { ...other, withdrawn: "its arrivals fit no single place" }));
  assert.equal([state().probability, state().rounds.length, state().status], [0.005, 1, "unreviewed"]);
});

test("a restart within the moment forgets nothing", async (world) => {
  world.alerts.take(shot(1, 0.8));
  close(world);
  open(world);
  world.alerts.resume();
  await moment();
  assert.is(total(world), 1);
});

test("a killed gateway's record grows by nothing that it held or took in before, and by a version that it never got", async (world) => {
  const nodesUsed = Array.from({ length: 12 }, (_, i) => `n0${i}`);
  for (const version of [1, 2, 3]) world.alerts.take(shot(version, 0.4));
  for (const version of [5, 6, 7]) world.alerts.take(shot(version, 0.95, { nodesUsed }));
  const record = () => world.incidents.record.entries("i1").map(({ text }) => text);
  assert.is(record().length, 3);
  close(world);
  open(world);
  world.alerts.resume();
  for (const version of [1, 2, 3]) world.alerts.take(shot(version, 0.4));
  for (const version of [5, 6, 7]) world.alerts.take(shot(version, 0.95, { nodesUsed }));
  assert.is(record().length, 3, record().join("\n"));
  world.alerts.take(shot(4, 0.4));
  world.alerts.take(shot(4, 0.4));
  assert.is(record().length, 4);
  assert.match(record().at(-1) ?? "", /^came late: .*version 4.*older than the version 7 known/);
});

test.run();
