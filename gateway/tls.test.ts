import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { get } from "node:https";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { test } from "uvu";
import { startGateway } from "./main.ts";
import { makeConfig, makeFolder, makeLog, secretOf } from "./testing.ts";

const openssl = spawnSync("openssl", ["version"]).status === 0;
const run = openssl ? test : test.skip;
if (!openssl) process.stderr.write("skipped: openssl is not installed, so no certificate can be made\n");

run("nodes and consoles from other machines come in over TLS, and the cookie is then for TLS only", async () => {
  const { folder, remove } = makeFolder();
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const made = spawnSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"],
    ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ...["-keyout", keyFile, "-out", certFile],
  ]);
  assert.equal(made.status, 0, String(made.stderr));
  const config = await makeConfig(folder);
  const listener = { host: "127.0.0.1", port: 0, certFile, keyFile };
  const listen = { ...config.listen, mqtts: listener, https: listener };
  const gateway = await startGateway({ ...config, listen }, makeLog().log);
  const ca = readFileSync(certFile);
  const n01 = await connectAsync(`mqtts://127.0.0.1:${gateway.ports.mqtts}`, {
    ca,
    clientId: "n01",
    username: "n01",
    password: secretOf("n01"),
  });
  assert.ok(n01.connected);
  await n01.endAsync();
  const headers = await new Promise<NodeJS.Dict<string | string[]>>((resolve, reject) => {
    get({ host: "127.0.0.1", port: gateway.ports.https, path: "/healthz", ca }, (answer) => {
      answer.resume();
      resolve(answer.headers);
    }).on("error", reject);
  });
  assert.match(String(headers["strict-transport-security"]), /max-age=/);
  await gateway.close();
  remove();
});

test.run();
