import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { Fault } from "#contract/errors.ts";
import { parseConfig } from "./config.ts";

const good = `
site: brownsville
node: lamp-01
position: { lat: 40.66, lon: -73.91, altM: 12 }
broker: { url: "mqtt://127.0.0.1:1883", secret: hush }
dataDir: data
microphone: { kind: pcm-stream, port: 7000, micSensitivityDbFsAt94Spl: -38 }
roles:
  listen: { publishAbove: 0.1 }
`;
const schemaOf = async () =>
  v.strictObject({ publishAbove: v.optional(v.pipe(v.number(), v.maxValue(1, "must be 0 to 1"))) });
const parse = (text: string) => parseConfig(text, "/etc/tocsin/lamp-01.yaml", schemaOf);

async function faultsOf(text: string): Promise<readonly string[]> {
  try {
    await parse(text);
  } catch (error) {
    assert.instance(error, Fault);
    assert.is((error as Fault).exitCode, 78);
    return (error as Fault).lines;
  }
  throw new Error("was accepted");
}

test("a good configuration: defaults filled in, paths made absolute, the user name is the node's", async () => {
  const config = await parse(good);
  assert.is(config.dataDir, "/etc/tocsin/data");
  assert.equal(config.broker, {
    url: "mqtt://127.0.0.1:1883",
    username: "lamp-01",
    secret: "hush",
    caFile: undefined,
    keepaliveS: 10,
  });
  assert.equal(config.roles, { listen: { publishAbove: 0.1 } });
  assert.equal(config.clock, { source: "ntp" });
});

test("a role's files are beside the configuration, not where the agent was started, and told by the check where they are missing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-config-"));
  const any = async () => v.looseObject({});
  const text = (terrain: string) =>
    good.replace(
      "listen: { publishAbove: 0.1 }",
      `fly: { mavsdkFolder: sky, terrain: { file: ${terrain} } }\n  look: { modelsFolder: models, faces: { keysFile: /nowhere/keys.json } }`,
    );
  try {
    writeFileSync(join(folder, "terrain.json"), "{}");
    const file = join(folder, "lamp-01.yaml");
    try {
      await parseConfig(text("hills.json"), file, any);
      assert.unreachable("was accepted");
    } catch (error) {
      assert.equal((error as Fault).lines, [
        `${file}: roles.fly.terrain.file: ${folder}/hills.json: there is no such file`,
        `${file}: roles.look.faces.keysFile: /nowhere/keys.json: there is no such file`,
      ]);
    }
    const { roles } = await parseConfig(text("terrain.json").replace(/, faces: .*/, " }"), file, any);
    assert.equal(roles, {
      fly: { mavsdkFolder: join(folder, "sky"), terrain: { file: join(folder, "terrain.json") } },
      look: { modelsFolder: join(folder, "models") },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("every fault is listed at once, with its path", async () => {
  const lines = await faultsOf(
    good
      .replace("lat: 40.66", "lat: 140.66")
      .replace("secret: hush", "keepaliveS: 0")
      .replace("port: 7000", "port: 70000")
      .replace("publishAbove: 0.1", "publishAbove: 2"),
  );
  assert.equal(
    lines.map((line) => line.replace("/etc/tocsin/lamp-01.yaml: ", "")).sort(),
    [
      "broker.keepaliveS: must be 1 to 600 seconds",
      "broker: give either secret or secretFile",
      "microphone.port: must be 1 to 65535",
      "position.lat: must be -90 to 90 degrees",
      "roles.listen.publishAbove: must be 0 to 1",
    ].sort(),
  );
});

test("microphones in one place, or above one another, are a fault that names the field and what to do; one place alone is none", async () => {
  const withPlaces = (places: string) => good.replace("port: 7000", `port: 7000, places: [${places}]`);
  const here = "{ eastM: 0, northM: 0 }";
  for (const places of [`${here}, ${here}`, `${here}, { eastM: 0, northM: 0.005, upM: 0.2 }`]) {
    const lines = await faultsOf(withPlaces(places));
    assert.is(lines.length, 1);
    assert.match(lines[0]!, "microphone.places: must differ by 1 cm or more in eastM or northM");
    assert.match(lines[0]!, "or leave `places` out");
  }
  for (const places of [here, `${here}, { eastM: 0, northM: 0, upM: 0.2 }, { eastM: 0.2, northM: 0 }`]) {
    assert.is((await parse(withPlaces(places))).microphone?.kind, "pcm-stream");
  }
});

test("what does not go together is a fault as well", async () => {
  assert.match(
    (await faultsOf(good.replace(/microphone: .*\n/, "")))[0]!,
    "microphone: is missing; the role listen needs one",
  );
  assert.match((await faultsOf(good.replace("secret: hush", "")))[0]!, "give either secret or secretFile");
  assert.match(
    (await faultsOf(good.replace("listen: { publishAbove: 0.1 }", "shoot: {}")))[0]!,
    "must be one of listen",
  );
  assert.match(
    (await faultsOf(good.replace("kind: pcm-stream, port: 7000", "kind: alsa, ppsChannel: 1")))[0]!,
    "ppsChannel: must be below",
  );
  assert.match((await faultsOf(`${good}\nnode: twice`))[0]!, "unique");
  assert.match((await faultsOf(""))[0]!, "/etc/tocsin/lamp-01.yaml");
});

test("a pulse per second comes on a channel of the sound card or over the bridge, not both and not neither", async () => {
  const alsa = (microphone: string, clock: string) =>
    good.replace("kind: pcm-stream, port: 7000", `kind: alsa${microphone}`).replace(/(clock: .*\n)?$/, `${clock}\n`);
  const bridge = "bridge: { path: /dev/ttyACM0 }";
  const bare = alsa("", "clock: { source: pps }");
  assert.match((await faultsOf(bare))[0]!, "microphone.ppsChannel: is missing");
  const config = await parse(alsa("", `clock: { source: pps, ${bridge} }`));
  assert.equal(config.clock.bridge, { path: "/dev/ttyACM0", baudRate: 115_200, wordClock: "continuous" });
  const both = alsa(", channels: 2, ppsChannel: 1", `clock: { source: pps, ${bridge} }`);
  assert.match((await faultsOf(both))[0]!, "clock.bridge: goes with clock.source pps");
  assert.match((await faultsOf(alsa("", `clock: { source: ntp, ${bridge} }`)))[0]!, "clock.bridge: goes with");
});

test("a camera that turns to incidents needs the node's place, and is none of a drone's or a robot's", async () => {
  const mounted = `${good}  stream: { cameras: [{ panTilt: { path: /dev/ttyACM0 } }] }\n`;
  const where = "roles.stream.cameras.0.panTilt";
  const without = (text: string) => text.replace(/^position: .*\n/m, "").replace(/^ {2}listen: .*\n/m, "");
  const told = await faultsOf(without(mounted));
  assert.ok(told.some((line) => line.includes(`position: is missing; ${where} turns from there to incidents`)));
  const moving = await faultsOf(`${mounted}  patrol: {}\n`);
  assert.ok(moving.some((line) => line.includes(`${where}: is for a node that stands still`)));
});

test("the hash follows the configuration but not its secret or the order of its lines", async () => {
  const hash = async (text: string) => (await parse(text)).sha256;
  assert.match(await hash(good), /^[0-9a-f]{64}$/);
  assert.is(await hash(good.replace("hush", "other")), await hash(good));
  assert.is(
    await hash(good.replace("site: brownsville\nnode: lamp-01", "node: lamp-01\nsite: brownsville")),
    await hash(good),
  );
  assert.is.not(await hash(good.replace("0.1", "0.2")), await hash(good));
});

test("the secret may come from a file; an empty or missing one is named", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-config-"));
  try {
    const text = good.replace("secret: hush", `secretFile: ${join(folder, "secret")}`);
    assert.match((await faultsOf(text))[0]!, `broker.secretFile: ${join(folder, "secret")}: there is no such file`);
    writeFileSync(join(folder, "secret"), "\n");
    assert.match((await faultsOf(text))[0]!, "is empty");
    writeFileSync(join(folder, "secret"), "from a file\n");
    assert.is((await parse(text)).broker.secret, "from a file");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("files that are missing are listed beside every other fault", async () => {
  const lines = await faultsOf(
    good.replace("secret: hush", "secretFile: none, caFile: ca.pem, tls: yes").replace("lat: 40.66, ", ""),
  );
  assert.equal(
    lines.map((line) => line.replace("/etc/tocsin/lamp-01.yaml: ", "")),
    [
      "position.lat: is missing",
      "broker.tls: is no known key",
      "broker.secretFile: /etc/tocsin/none: there is no such file",
      "broker.caFile: /etc/tocsin/ca.pem: there is no such file",
    ],
  );
});

test("a role that is none is named; a gateway's configuration and broken YAML are one line each", async () => {
  assert.match(
    (await faultsOf(`${good}  dance: {}\n`))[0]!,
    "roles: no role is named dance; each must be one of listen,",
  );
  const gateways = await faultsOf("site: brownsville\ndataDir: data\nnodes: []\nusers: []\n");
  assert.equal(gateways, [
    "/etc/tocsin/lamp-01.yaml: is a gateway's configuration (it has users); give a node's (docs/node.md)",
  ]);
  const broken = await faultsOf("site: a: b\nnode: [\n");
  assert.is(broken.length, 1);
  assert.match(broken[0]!, /lamp-01\.yaml: is not YAML: [^\n]* at line 1, column \d+$/);
});

const hash = `scrypt$12$8$1$${"A".repeat(22)}$${"A".repeat(43)}`;
const neighbours = (listen: string) => `${good}
neighbours:
  secret: hush-hush
  brokers: ["mqtt://10.20.0.11:1884"]
  listen: ${listen}
`;

test("neighbours: paths are relative to the file, and their secret is no part of the configuration's hash", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-config-"));
  try {
    for (const name of ["a.pem", "a.key"]) writeFileSync(join(folder, name), "pem\n");
    const here = (text: string) => parseConfig(text, join(folder, "lamp-01.yaml"), schemaOf);
    const text = neighbours(
      `{ port: 1884, certFile: a.pem, keyFile: a.key, nodes: [{ node: lamp-01, secretHash: "${hash}" }] }`,
    );
    const config = await here(text);
    assert.is(config.neighbours?.secret, "hush-hush");
    assert.is(config.neighbours?.listen?.certFile, join(folder, "a.pem"));
    assert.is(config.neighbours?.listen?.host, "0.0.0.0");
    assert.is((await here(text.replace("hush-hush", "other"))).sha256, config.sha256);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("neighbours: a plain secret in place of a hash, half a certificate and a standby without neighbours are refused", async () => {
  const lines = await faultsOf(neighbours("{ port: 1884, nodes: [{ node: lamp-01, secretHash: hush }] }"));
  assert.match(lines.join("\n"), "neighbours.listen.nodes.0.secretHash: must be what `tocsin gateway hash` prints");
  const half = await faultsOf(
    neighbours(`{ port: 1884, certFile: a, nodes: [{ node: lamp-01, secretHash: "${hash}" }] }`),
  );
  assert.match(half.join("\n"), "neighbours.listen: give both certFile and keyFile, or neither");
  const alone = await faultsOf(`${good}  triangulate: { standby: {} }\n`);
  assert.match(alone.join("\n"), "neighbours: is missing; roles.triangulate.standby needs them");
});

test.run();
