import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { utcOfNs } from "#contract/units.ts";
import { frameAt } from "#core/localise/geo.ts";

const tocsin = join(import.meta.dirname, "..", "tocsin");
const folder = mkdtempSync(join(tmpdir(), "locate-"));
const frame = frameAt({ lat: 40.44, lon: -79.99, altM: 0 });
const ring = [
  [-200, -180],
  [20, -230],
  [210, -150],
  [190, 160],
  [-40, 220],
  [-220, 50],
] as const;
const nodes = ring.map(([x, y], k) => ({ id: `post-${k}`, ...frame.toWgs84(x, y, 6), altM: 6 }));
const site = join(folder, "site.json");
writeFileSync(site, JSON.stringify({ site: "town", nodes, airTempC: 20 }));

const startNs = 1_800_000_000_000_000_000n;
const speedMps = 331.3 * Math.sqrt(1 + 20 / 273.15);
/** Arrivals of a shot at (30, -20), without noise. */
const lines = ring.map(([x, y], k) => {
  const toaNs = startNs + BigInt(Math.round((Math.hypot(x - 30, y + 20, 4.5) / speedMps) * 1e9));
  return JSON.stringify({ id: `a${k}`, node: `post-${k}`, toa: utcOfNs(toaNs), toaSigmaS: 5e-4 });
});

function locate(args: string[], input = "") {
  const run = spawnSync(tocsin, ["locate", ...args], { input, encoding: "utf8" });
  return { code: run.status, shots: run.stdout.split("\n").filter(Boolean), told: run.stderr };
}

test("six arrivals from stdin are one shot in the right place with all fields that other tools read", () => {
  const { code, shots } = locate(["--site", site, "--json"], `${lines.join("\n")}\n`);
  assert.is(code, 0);
  assert.is(shots.length, 1);
  const shot = JSON.parse(shots[0]!);
  const at = frame.toLocal(shot.lat, shot.lon, 0);
  assert.ok(Math.hypot(at.eastM - 30, at.northM + 20) < 0.05, JSON.stringify(at));
  assert.match(shot.time, /^2027-01-15T08:00:00\.0000\d+Z$|^2027-01-15T07:59:59\.9999\d+Z$/);
  for (const field of "id ellipse95 probability nodesUsed rejected incident version rmsResidualS solvedMs".split(" "))
    assert.ok(field in shot, field);
  assert.is(shot.nodesUsed.length, 6);
});

test("a node that says a thousand things at once is cut short and named; a time eight minutes ahead costs its node nothing else", () => {
  const said = (k: number, id: string, afterS: number) => ({
    ...JSON.parse(lines[k]!),
    id,
    toa: utcOfNs(startNs + BigInt(Math.round(afterS * 1e9))),
  });
  const flood = Array.from({ length: 1000 }, (_, i) => JSON.stringify(said(0, `f${i}`, 60 + i * 1e-6)));
  const ahead = JSON.stringify(said(1, "ahead", 480));
  const { shots, told } = locate(["--site", site, "--json"], [ahead, ...flood, ...lines].join("\n"));
  assert.match(told, "401 arrivals left out: post-0 said more than 600 at once and 60 a second");
  assert.equal(
    shots.map((line) => JSON.parse(line).nodesUsed.length),
    [5],
  );
});

test("bad lines are told by number and field and skipped; the others still make the shot", () => {
  const bad = [
    "{",
    '{"id":"x","node":"post-1","toa":"yesterday","toaSigmaS":0.001}',
    '{"id":"y","node":"post-9","toa":"2027-01-15T08:00:00Z","toaSigmaS":0.001}',
  ];
  const file = join(folder, "arrivals.jsonl");
  writeFileSync(file, [...bad, ...lines].join("\n"));
  const { code, shots, told } = locate(["--site", site, "--json", file]);
  assert.is(code, 0);
  assert.is(shots.length, 1);
  assert.match(told, /line 1: is not JSON/);
  assert.match(told, /line 2: toa: must be RFC 3339 UTC/);
  assert.match(told, /line 3: node: 'post-9' is not in the site file; add it there, or give lat, lon and altM/);
  assert.match(told, /3 of 9 lines were bad/);
});

test("no good line is 65, a missing site file 78, an unknown option 64, each with one clear line and no stack", () => {
  const none = locate(["--site", site, "--json"], "nonsense\n");
  const noSite = locate(["--site", join(folder, "nowhere.yaml"), "--json"]);
  const noOption = locate(["--sight", site]);
  assert.equal([none.code, noSite.code, noOption.code], [65, 78, 64]);
  assert.match(noSite.told, /--site .*nowhere\.yaml: there is no such file/);
  for (const { told } of [none, noSite, noOption]) assert.not.match(told, /\n\s+at /);
});

test("a slip in a key of the site file is named; arrivals that make no shot are told with the reason", () => {
  const slip = join(folder, "slip.json");
  writeFileSync(
    slip,
    JSON.stringify({ site: "town", nodes: [{ ...nodes[0], altitude: 3 }, ...nodes.slice(1)], airTemp: 20 }),
  );
  const { code, shots, told } = locate(["--site", slip, "--json"], lines.join("\n"));
  assert.equal([code, shots.length], [0, 1]);
  assert.equal(
    told
      .split("\n")
      .filter(Boolean)
      .map((line) => line.replace(/^.*slip\.json: /, "")),
    ["nodes.0.altitude: is no known key; left out", "airTemp: is no known key; left out"],
  );
  // Times that are spread over 0.6 s without regard to any place.
  const apart = lines.map((line, k) => {
    const { toa, ...rest } = JSON.parse(line);
    return JSON.stringify({ ...rest, toa: utcOfNs(startNs + BigInt(Math.round(Math.abs(Math.sin(7 * k)) * 0.6e9))) });
  });
  const none = locate(["--site", site, "--json"], apart.join("\n"));
  assert.equal([none.code, none.shots], [0, []]);
  assert.match(none.told, "no shot: 6 arrivals of 6 nodes fit no place better than chance would");
  const stray = JSON.stringify({ ...JSON.parse(lines[0]!), id: "stray", toa: utcOfNs(startNs + 90_000_000_000n) });
  assert.match(locate(["--site", site], [...lines, stray].join("\n")).told, "1 of 7 arrivals are in no shot");
});

test("30 February is no day, 29 February 2028 is; without a site file an arrival without a place says what to give", () => {
  const at = (toa: string) => JSON.stringify({ ...JSON.parse(lines[0]!), toa });
  const days = locate(["--site", site], [at("2026-02-30T05:00:00Z"), at("2028-02-29T05:00:00Z")].join("\n"));
  assert.is(days.code, 0);
  assert.match(days.told, "line 1: toa: there is no such day as 2026-02-30; skipped");
  assert.match(days.told, "1 of 2 lines were bad");
  const placeless = locate([], lines[0]);
  assert.is(placeless.code, 65);
  assert.match(placeless.told, "line 1: lat, lon, altM: are missing; give them with the arrival, or --site FILE");
});

test("an argument that does not fit and broken YAML are one line each", () => {
  const argument = locate(["--site", site, "--max-range-m", "-5"]);
  assert.is(argument.code, 64);
  const broken = join(folder, "broken.yaml");
  writeFileSync(broken, "site: a: b\nnodes: [\n");
  const yaml = locate(["--site", broken]);
  assert.is(yaml.code, 78);
  assert.match(yaml.told, /is not YAML: [^\n]* at line 1, column \d+\n$/);
  for (const { told } of [argument, yaml]) assert.is(told.trim().split("\n").length, 1, told);
});

test("a site file with three faults gets three lines", () => {
  const faulty = join(folder, "faulty.yaml");
  writeFileSync(
    faulty,
    "site: town\nwindMps: -1\nnodes:\n  - {id: a, lat: 91, lon: 0, altM: 1}\n  - {id: b, lat: 1, lon: 0}\n",
  );
  const { code, told } = locate(["--site", faulty, "--json"], lines.join("\n"));
  assert.is(code, 78);
  assert.match(told, /windMps: must not be negative/);
  assert.match(told, /nodes\.0\.lat: must be -90 to 90/);
  assert.match(told, /nodes\.1\.altM/);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
