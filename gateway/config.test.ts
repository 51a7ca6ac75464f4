import assert from "node:assert/strict";
import { test } from "uvu";
import { Fault } from "#contract/errors.ts";
import { isSecretHash } from "#contract/secret-hash.ts";
import { parseGatewayConfig } from "./config.ts";
import { hashSecret, SecretChecker } from "./credentials.ts";
import { makeConfigText } from "./testing.ts";

function faultsOf(text: string): Fault {
  try {
    parseGatewayConfig(text, "/etc/tocsin/gateway.yaml");
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("no fault was found");
}

test("a configuration with three faults gets three lines, each with its path, and exit status 78", async () => {
  const good = await makeConfigText("data");
  const bad = good
    .replace("mqtt: { port: 0 }", "mqtt: { host: 0.0.0.0 }")
    .replace("timeZone: America/New_York", "timeZone: Mars/Olympus")
    .replace(/secretHash: "[^"]*"/, 'secretHash: "hunter2hunter2"');
  const fault = faultsOf(bad);
  assert.equal(fault.exitCode, 78);
  assert.equal(fault.lines.length, 3, fault.lines.join("\n"));
  assert.match(fault.lines.join("\n"), /timeZone: is no IANA time zone/);
  assert.match(fault.lines.join("\n"), /listen\.mqtt\.host: plain connections are for this machine only/);
  assert.match(fault.lines.join("\n"), /nodes\.0\.secretHash: is not a hash/);
});

test("an unknown key is a fault: a misspelt 'retention' must not silently keep sounds for ever", async () => {
  const fault = faultsOf(`${await makeConfigText("data")}retentoin: { clipsDays: 1 }\n`);
  assert.match(fault.lines[0] ?? "", /: retentoin: is no known key$/);
  assert.match(faultsOf("site: a\n").message, /: dataDir: is missing\n/);
});

test("two nodes of one name, and a node with the gateway's own name, are refused", async () => {
  const good = await makeConfigText("data");
  assert.match(
    faultsOf(good.replace("id: n02", "id: n01")).message,
    /nodes\.1\.id: the name 'n01' is taken by nodes\.0\.id/,
  );
  assert.match(
    faultsOf(good.replace("name: ann", "name: flows")).message,
    /users\.0\.name: the name 'flows' is the gateway's own/,
  );
  assert.match(
    faultsOf(good.replace("id: n02", "id: caller-2")).message,
    /nodes\.1\.id: names that begin with caller- .* callers' streams/,
  );
});

test("a file that is not there and broken YAML are said with the file's name", async () => {
  const good = await makeConfigText("data");
  assert.match(
    faultsOf(`${good}streets: nowhere.geojson\n`).message,
    /streets: \/etc\/tocsin\/nowhere\.geojson: there is no such file$/,
  );
  assert.match(faultsOf(`${good}streets: ${import.meta.dirname}\n`).message, /gateway: is a folder, not a file$/);
  assert.match(faultsOf("site: [").message, /^\/etc\/tocsin\/gateway\.yaml: /);
});

test("what is wrong with the data folder is told beside the other faults, and asked for beside them only", async () => {
  const good = await makeConfigText("/proc/x");
  const folderFaults = (dataDir: string) => [`dataDir: ${dataDir}: is full`];
  assert.equal(parseGatewayConfig(good, "g.yaml", folderFaults).dataDir, "/proc/x");
  const bad = good.replace("name: ann", "name: flows");
  assert.throws(
    () => parseGatewayConfig(bad, "g.yaml", folderFaults),
    (error: Fault) =>
      error.lines.length === 2 &&
      error.lines[0]!.includes("users.0.name") &&
      error.lines[1] === "g.yaml: dataDir: /proc/x: is full",
  );
});

test("paths are relative to the file; MQTT and HTTP bind to loopback unless told otherwise", async () => {
  const config = parseGatewayConfig(
    (await makeConfigText("data")).replace(/listen:.*\n/, ""),
    "/etc/tocsin/gateway.yaml",
  );
  assert.equal(config.dataDir, "/etc/tocsin/data");
  assert.equal(config.flows.folder, "/etc/tocsin/data/flows");
  assert.deepEqual(config.listen.mqtt, { host: "127.0.0.1", port: 1883 });
  assert.deepEqual(config.listen.http, { host: "127.0.0.1", port: 8080 });
});

test("a secret is right against its own hash only, and a hash is never made twice", async () => {
  const stored = await hashSecret("correct horse", 10);
  const checker = new SecretChecker();
  assert.ok(isSecretHash(stored) && stored !== (await hashSecret("correct horse", 10)));
  assert.equal(await checker.check("a", "correct horse", stored), true);
  assert.equal(await checker.check("a", "correct horse", stored), true);
  assert.equal(await checker.check("a", "wrong horse", stored), false);
  assert.equal(await checker.check("a", "correct horse", undefined), false);
  assert.equal(isSecretHash("scrypt$1$8$1$AAAAAAAAAAAAAAAAAAAAAA$AAAA"), false);
});

test.run();
