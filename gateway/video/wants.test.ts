/** How long a recording is wanted: as long as its own incident wants it, whoever else looks at the same camera. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { suite } from "uvu";
import { type VideoWant, videoWant } from "#contract/video.ts";
import type { HubBus } from "../context.ts";
import { makeLog, until } from "../testing.ts";
import { openVideoStore } from "./store.ts";
import { Wants } from "./wants.ts";

const WAIT_MS = 20_000;
const CAMERA = "lamp-3.front";
const test = suite<{ folder: string; db: DatabaseSync }>("wants");
test.before((world) => {
  world.folder = mkdtempSync(join(tmpdir(), "tocsin-wants-"));
});
test.before.each((world) => {
  world.db = openVideoStore(mkdtempSync(join(world.folder, "w-")));
});
test.after.each(({ db }) => db.close());
test.after(({ folder }) => rmSync(folder, { recursive: true }));

/** @param grantMs how long the next token takes, and the one after it. */
function open(db: DatabaseSync, grantMs: number[] = []) {
  const over: string[] = [];
  const places: Record<string, { lat: number; lon: number }> = {};
  const said: VideoWant[] = [];
  const bus = {
    publish: async (channel: unknown, message: unknown) => {
      if (channel === videoWant) said.push(message as VideoWant);
    },
    subscribe: async () => undefined,
  } as HubBus;
  const wants = new Wants({
    db,
    bus,
    log: makeLog().log,
    async grant(stream) {
      await new Promise((resolve) => setTimeout(resolve, grantMs.shift() ?? 0));
      return { token: "t", expires: "", url: `/video/whip/${stream}`, iceServers: [] };
    },
    urlOf: (path) => path,
    placeOf: (incident) => places[incident],
    over: (stream, incident) => over.push(`${stream} for ${incident}`),
  });
  return { wants, over, said, places };
}
const hour = { by: "gateway", forS: 3_600 };

test("of two incidents that want a camera the one that is over loses its recording, the other keeps its own", async ({
  db,
}) => {
  const { wants, over, said } = open(db);
  try {
    wants.want(CAMERA, { key: "incident:a", incident: "a", ...hour });
    wants.want(CAMERA, { key: "incident:b", incident: "b", ...hour });
    wants.want(CAMERA, { key: "record:b", incident: "b", ...hour });
    wants.unwant(CAMERA, "incident:a");
    assert.deepEqual(over, ["lamp-3.front for a"]);
    wants.unwant(CAMERA, "incident:b");
    assert.deepEqual(over, ["lamp-3.front for a"], "a person still wants b recorded");
    wants.unwant(CAMERA, "record:b");
    assert.deepEqual(over, ["lamp-3.front for a", "lamp-3.front for b"]);
    const last = await until("the withdrawal", () => said.find(({ at, until: end }) => end <= at), WAIT_MS);
    assert.equal(last.stream, CAMERA);
  } finally {
    wants.close();
  }
});

test("a withdrawal comes after its want, though the want's token took longer, and ends at its own time", async ({
  db,
}) => {
  const { wants, said } = open(db, [100]);
  try {
    wants.want(CAMERA, { key: "incident:a", incident: "a", ...hour });
    wants.unwant(CAMERA, "incident:a");
    await until("both", () => said.length === 2, WAIT_MS);
    const ends = said.map(({ at, until: end }) => Math.sign(Date.parse(end) - Date.parse(at)));
    assert.deepEqual(ends, [1, 0]);
  } finally {
    wants.close();
  }
});

test("who looks on keeps the picture coming, not the recording, though he looks for that incident", async ({ db }) => {
  const { wants, over } = open(db);
  try {
    wants.want(CAMERA, { key: "viewer:ann", incident: "a", by: "ann", forS: 3_600 });
    wants.want(CAMERA, { key: "incident:a", incident: "a", by: "gateway", forS: 0.05 });
    assert.deepEqual(wants.recordedFor(CAMERA), ["a"]);
    await until("the end of the recording", () => over.length > 0, WAIT_MS);
    assert.deepEqual(over, ["lamp-3.front for a"]);
    assert.deepEqual(wants.recordedFor(CAMERA), []);
    assert.ok((wants.untilMs(CAMERA) ?? 0) > Date.now());
    wants.unwant(CAMERA, "viewer:ann");
    assert.equal(over.length, 1, "a viewer's end ends no recording");
  } finally {
    wants.close();
  }
});

test("a node that says idle of what is wanted is told again at once, and not twice in half a second", async ({
  db,
}) => {
  const { wants, said } = open(db);
  try {
    wants.idle(CAMERA);
    wants.want(CAMERA, { key: "incident:a", incident: "a", ...hour });
    wants.idle(CAMERA);
    await until("the want", () => said.length > 0, WAIT_MS);
    assert.equal(said.length, 1);
    await new Promise((resolve) => setTimeout(resolve, 600));
    wants.idle(CAMERA);
    wants.idle(CAMERA);
    await until("the want again", () => said.length > 1, WAIT_MS);
    assert.equal(said.length, 2);
  } finally {
    wants.close();
  }
});

test("cameras are told where the incident is, at once where it is known better, and no longer when nobody wants it for that", async ({
  db,
}) => {
  const { wants, said, places } = open(db);
  const lookAts = () => said.map(({ lookAt }) => lookAt && [lookAt.lat, lookAt.lon]);
  try {
    wants.want(CAMERA, { key: "viewer:ann", by: "ann", forS: 3_600 });
    await until("the viewer's want", () => said.length === 1, WAIT_MS);
    places.a = { lat: 40.66, lon: -73.91 };
    wants.want(CAMERA, { key: "incident:a", incident: "a", preRollS: 30, ...hour });
    await until("the incident's want", () => said.length === 2, WAIT_MS);
    wants.placed("a");
    places.a = { lat: 40.661, lon: -73.91 };
    wants.placed("a");
    await until("the better place", () => said.length === 3, WAIT_MS);
    wants.unwant(CAMERA, "incident:a");
    await until("the viewer's want again", () => said.length === 4, WAIT_MS);
    assert.deepEqual(lookAts(), [undefined, [40.66, -73.91], [40.661, -73.91], undefined]);
  } finally {
    wants.close();
  }
});

test("a shorter wish does not shorten a longer one, also not over a restart", ({ db }) => {
  const { wants } = open(db);
  wants.want(CAMERA, { key: "incident:a", incident: "a", by: "gateway", forS: 3_600 });
  wants.want(CAMERA, { key: "incident:a", incident: "a", by: "gateway", forS: 10 });
  const untilMs = wants.untilMs(CAMERA) ?? 0;
  wants.close();
  const again = open(db).wants;
  try {
    assert.equal(again.untilMs(CAMERA), untilMs);
    assert.deepEqual(again.recordedFor(CAMERA), ["a"]);
  } finally {
    again.close();
  }
});

test("what still wants a camera is prolonged, also over a restart; what was taken back is not wanted again", ({
  db,
}) => {
  const { wants } = open(db);
  wants.want(CAMERA, { key: "incident:a", incident: "a", by: "gateway", forS: 600 });
  const beganMs = Date.now();
  assert.equal(wants.prolong(CAMERA, "incident:a", 3_600), true);
  const untilMs = wants.untilMs(CAMERA) ?? 0;
  assert.ok(untilMs >= beganMs + 3_600_000, `${untilMs - beganMs} ms`);
  assert.equal(wants.prolong(CAMERA, "incident:a", 600), true, "it lasts longer already");
  wants.close();
  const again = open(db).wants;
  try {
    assert.equal(again.untilMs(CAMERA), untilMs);
    again.unwant(CAMERA, "incident:a");
    assert.equal(again.prolong(CAMERA, "incident:a", 3_600), false);
    assert.equal(again.untilMs(CAMERA), undefined);
  } finally {
    again.close();
  }
});

test("one that ran out while the gateway was away can be told from one that holds, and is wanted anew", async ({
  db,
}) => {
  const { wants } = open(db);
  wants.want(CAMERA, { key: "incident:a", incident: "a", by: "gateway", forS: 0.01 });
  wants.close();
  await new Promise((resolve) => setTimeout(resolve, 30));
  const { wants: again, said } = open(db);
  try {
    assert.equal(again.prolong(CAMERA, "incident:a", 600), false);
    again.want(CAMERA, { key: "incident:a", incident: "a", by: "gateway", forS: 600 });
    await until("the want", () => said.length === 1, WAIT_MS);
    assert.deepEqual([said[0]?.incident, again.recordedFor(CAMERA)], ["a", ["a"]]);
  } finally {
    again.close();
  }
});

test("a disk that takes nothing keeps no camera from being asked, and the want is on disk when it takes something again", async ({
  db,
}) => {
  const { wants, said } = open(db);
  try {
    const pages = (db.prepare("PRAGMA page_count").get() as { page_count: number }).page_count;
    db.exec(`PRAGMA max_page_count = ${pages}`);
    const by = "x".repeat(20_000);
    wants.want(CAMERA, { key: "incident:a", incident: "a", by, forS: 600 });
    await until("the want", () => said.length === 1, WAIT_MS);
    const rows = () => (db.prepare("SELECT key FROM want").all() as { key: string }[]).map(({ key }) => key);
    assert.deepEqual(rows(), []);
    db.exec("PRAGMA max_page_count = 100000");
    wants.want(CAMERA, { key: "viewer:ann", by: "ann", forS: 600 });
    assert.deepEqual(rows().sort(), ["incident:a", "viewer:ann"]);
  } finally {
    wants.close();
  }
});

test.run();
