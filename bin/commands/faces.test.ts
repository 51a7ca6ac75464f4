/** `tocsin faces` and `tocsin watchlist` as they are called, on `$TOCSIN_DATA/faces`. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { embedderSha256 } from "#edge-agent/devices/faces/face-models.ts";

const root = join(import.meta.dirname, "../..");
const data = process.env.TOCSIN_DATA && join(process.env.TOCSIN_DATA, "faces");
const ready = data !== undefined && existsSync(data) && existsSync(join(root, ".tocsin/faces/embedder.onnx"));
if (!ready)
  process.stderr.write("skipped in part: needs the face models (node bin/faces-setup.mjs) and $TOCSIN_DATA\n");

const folder = mkdtempSync(join(tmpdir(), "faces-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

function tocsin(...args: string[]) {
  const done = spawnSync(process.execPath, [join(root, "bin/tocsin.ts"), ...args], { cwd: folder, encoding: "utf8" });
  const lines = done.stdout.split("\n").filter((line) => line.startsWith('{"'));
  return { status: done.status, stderr: done.stderr, lines: lines.map((line) => JSON.parse(line)) };
}

test("wrong use exits 64, a missing file 65, each with what to do", () => {
  assert.is(tocsin("faces", "match", "x.jpg").status, 64);
  const missing = tocsin("faces", "match", "--gallery", at("none.json"), "x.jpg");
  assert.is(missing.status, 65);
  assert.match(missing.stderr, "tocsin faces enrol");
  assert.is(tocsin("watchlist", "sign", folder).status, 64);
  writeFileSync(at("film.mp4"), "");
  writeFileSync(at("empty.json"), JSON.stringify({ v: 1, embedderSha256, people: [] }));
  const film = tocsin("faces", "match", "--gallery", at("empty.json"), at("film.mp4"));
  assert.is(film.status, 65);
  assert.match(film.stderr, "recorded video is never searched for faces");
});

test("a key is made once, readable by its owner only, and is never overwritten; its public part holds no secret", () => {
  const made = tocsin("watchlist", "key", "--authority", "Police", "--out", at("key"), "--json");
  assert.is(made.status, 0);
  assert.is(statSync(at("key")).mode & 0o077, 0);
  assert.not.match(readFileSync(at("key.pub"), "utf8"), '"d"');
  assert.is(tocsin("watchlist", "key", "--authority", "Police", "--out", at("key")).status, 64);
});

const onData = ready ? test : test.skip;

onData(
  "two people enrolled by three pictures each: their other pictures are possible matches, strangers are unknown",
  () => {
    for (const person of ["raj", "penny"])
      for (const i of [1, 2, 3]) {
        mkdirSync(at(`people/${person}`), { recursive: true });
        cpSync(join(data!, person, `${person}${i}.png`), at(`people/${person}/${i}.png`));
      }
    const enrolled = tocsin("faces", "enrol", "--gallery", at("g.json"), at("people"), "--json");
    assert.is(enrolled.status, 0);
    assert.equal(enrolled.lines.at(-1).people, 2);
    assert.is(statSync(at("g.json")).mode & 0o077, 0);
    writeFileSync(at("broken.png"), "no picture");
    const pictures = ["raj/raj4.png", "raj/raj5.png", "penny/penny4.png", "amy/amy2.png", "howard/howard4.png"];
    const files = pictures.map((name) => join(data!, name));
    const matched = tocsin(
      "faces",
      "match",
      "--gallery",
      at("g.json"),
      at("none.jpg"),
      ...files,
      at("broken.png"),
      "--json",
    );
    assert.is(matched.status, 0);
    assert.match(matched.stderr, "broken.png: not a picture that can be read");
    assert.match(matched.stderr, "none.jpg: ");
    const faces = matched.lines.slice(0, -1);
    assert.equal(
      faces.map((each) => [each.decision, each.person]),
      [
        ["possible match", "raj"],
        ["possible match", "raj"],
        ["possible match", "penny"],
        ["unknown", undefined],
        ["unknown", undefined],
      ],
    );
    const summary = matched.lines.at(-1);
    assert.is(summary.unreadable, 2);
    assert.is(summary.error.byDemographicGroup, "not measured");
    const strict = tocsin("faces", "match", "--gallery", at("g.json"), files[0]!, "--false-alert-rate", "0.001");
    assert.is(strict.status, 65);
    assert.match(strict.stderr, "too large: 2 people are more than the 0");
  },
);

onData("a folder is signed, verified in and out of its area and time, and shown without embeddings", () => {
  const terms = [
    "id: missing",
    "authority: Police",
    "legalBasis: Section 1",
    "purpose: find two people",
    "area: [{lat: 40, lon: -80}, {lat: 41, lon: -80}, {lat: 41, lon: -79}, {lat: 40, lon: -79}]",
    "start: 2026-11-20T00:00:00Z",
    "end: 2026-12-10T00:00:00Z",
  ];
  writeFileSync(at("people/list.yaml"), terms.join("\n").replace("authority: Police", "authority: Someone"));
  const foreign = tocsin("watchlist", "sign", at("people"), "--key", at("key"));
  assert.is(foreign.status, 65);
  assert.match(foreign.stderr, 'the key is that of "Police"');
  writeFileSync(at("people/list.yaml"), terms.join("\n"));
  assert.is(tocsin("watchlist", "sign", at("people"), "--key", at("key")).status, 0);
  const verify = (...more: string[]) =>
    tocsin("watchlist", "verify", at("people"), "--keys", at("key.pub"), "--json", ...more);
  const now = ["--time", "2026-11-22T12:00:00Z"];
  const good = verify(...now, "--at", "40.5,-79.5");
  assert.equal([good.status, good.lines[0].loads, good.lines[0].people], [0, true, 2]);
  const outside = verify(...now, "--at", "42,-79.5");
  assert.equal([outside.status, outside.lines[0].loads], [1, false]);
  assert.match(outside.lines[0].why.join(), "out of its area");
  assert.match(verify("--time", "2026-12-11T00:00:00Z").lines[0].why.join(), "expired");
  assert.match(verify(...now, "--longest-days", "10").lines[0].why.join(), "too long: 20 days");
  const shown = tocsin("watchlist", "show", at("people"), "--keys", at("key.pub"), "--json").lines[0];
  assert.is(shown.signature, "good");
  assert.equal(shown.people, [
    { person: "penny", pictures: 3 },
    { person: "raj", pictures: 3 },
  ]);
  const revoked = tocsin("watchlist", "revoke", "missing", "--key", at("key"), "--why", "found", "--out", at("r.jws"));
  assert.is(revoked.status, 0);
  assert.is(readFileSync(at("r.jws"), "utf8").split(".").length, 3);
});

test.run();
