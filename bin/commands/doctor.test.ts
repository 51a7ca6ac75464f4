import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { wavOf } from "#core/acoustics/wav-file.ts";
import { startBroker } from "#gateway/broker.ts";
import { joinBroker, makeConfig, makeLog, SITE, secretOf } from "#gateway/testing.ts";

const tocsin = fileURLToPath(new URL("../tocsin", import.meta.url));

function doctor(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(tocsin, ["doctor", ...args], (error, out, err) => resolve({ code: Number(error?.code ?? 0), out, err }));
  });
}

interface Line {
  name: string;
  ok: boolean;
  needed: boolean;
  detail: string;
  fix?: string;
}
const linesOf = (out: string) =>
  new Map(
    out
      .trim()
      .split("\n")
      .map((line) => [(JSON.parse(line) as Line).name, JSON.parse(line) as Line]),
  );

test("without a configuration: every part of the machine has its line, nothing is needed, 0", async () => {
  const { code, out } = await doctor("--json");
  assert.is(code, 0);
  const lines = linesOf(out);
  assert.equal([...lines.keys()].sort(), ["clock", "ffmpeg", "mavsdk_server", "microphone", "models", "serial"]);
  for (const { name, ok, needed, fix } of lines.values()) {
    assert.is(needed, false);
    assert.is(typeof fix, ok ? "undefined" : "string", `${name}: what is not fine says what to do`);
  }
  assert.is(lines.get("models")!.ok, true);
});

test("with a configuration, against the gateway's broker beside the running agent: 0 when what its roles need is there, 1 with a wrong secret, 78 for a bad file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-doctor-"));
  const broker = await startBroker(await makeConfig(folder), makeLog().log);
  const { mqtt: port } = await broker.listen();
  // The agent itself: a visit must not throw it out.
  const running = await joinBroker(port, "n01");
  const file = join(folder, "node.yaml");
  const write = (secret: string) =>
    writeFileSync(
      file,
      `site: ${SITE}\nnode: n01\nposition: { lat: 1, lon: 2, altM: 3 }\nbroker: { url: "mqtt://127.0.0.1:${port}", secret: "${secret}" }\ndataDir: agent\n` +
        "clock: { source: system, sigmaS: 0.01 }\nmicrophone: { kind: file, path: sound.wav }\noutbox: { maxMegabytes: 1 }\nroles: { listen: {} }\n",
    );
  try {
    write(secretOf("n01"));
    writeFileSync(join(folder, "sound.wav"), "no sound");
    const mute = linesOf((await doctor("--config", file, "--json")).out).get("microphone")!;
    assert.equal([mute.ok, mute.needed], [false, true], mute.detail);
    writeFileSync(join(folder, "sound.wav"), wavOf(new Uint8Array(3200), 16_000));
    const good = await doctor("--config", file, "--json");
    assert.is(good.code, 0, good.out + good.err);
    assert.not.ok(linesOf(good.out).has("serial"), "no board is configured, none is missing");
    assert.is(linesOf(good.out).get("broker")!.detail, `mqtt://127.0.0.1:${port} lets n01 in`);
    assert.ok(running.connected, "the running agent was thrown out");
    write("wrong");
    const bad = await doctor("--config", file, "--json");
    assert.is(bad.code, 1);
    const told = linesOf(bad.out).get("broker")!;
    assert.equal([told.ok, told.needed], [false, true]);
    assert.match(told.fix!, "check broker.username and broker.secret");
    write(secretOf("n01"));
    const mount = "panTilt: { path: /dev/serial/by-id/none, heightM: 6, azimuthDeg: 90 }";
    const camera = `{ name: front, kind: sim, ${mount} }`;
    writeFileSync(
      file,
      readFileSync(file, "utf8").replace(
        "listen: {}",
        `listen: {}, stream: { gatewayUrl: "http://127.0.0.1:9", cameras: [${camera}] }`,
      ),
    );
    const withMount = linesOf((await doctor("--config", file, "--json")).out);
    assert.is(withMount.get("serial")?.detail, "no serial port at /dev/serial/by-id/none", "its mount has a board");
    const blind = withMount.get("cameras")!;
    assert.equal([blind.ok, blind.needed], [false, true]);
    assert.match(blind.detail, "its mount's board at /dev/serial/by-id/none is not there");
    writeFileSync(file, "site: test\n");
    const broken = await doctor("--config", file);
    assert.is(broken.code, 78);
    assert.match(broken.err, "node: ");
  } finally {
    await running.endAsync(true);
    await broker.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
