/** `tocsin watchlist deliver` to a running gateway: the list, then its revocation. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { FaceListView } from "#contract/face-api.ts";
import { sign } from "#contract/watchlist-jws.ts";
import { makeAuthority, makeList, openOffice, pictureOf, revocationOf } from "#gateway/faces/testing.ts";
import { startGateway } from "#gateway/main.ts";
import { makeConfig, makeLog, PASSWORD } from "#gateway/testing.ts";

const root = join(import.meta.dirname, "../..");

function tocsin(password: string, ...args: string[]): Promise<{ status: number | null; out: string; said: string }> {
  const child = spawn(process.execPath, [join(root, "bin/tocsin.ts"), "watchlist", "deliver", ...args, "--json"]);
  child.stdin.end(`${password}\n`);
  let [out, said] = ["", ""];
  child.stdout.on("data", (text) => (out += text));
  child.stderr.on("data", (text) => (said += text));
  return new Promise((resolve) => child.once("close", (status) => resolve({ status, out, said })));
}

test("a signed folder arrives with its pictures; a wrong password, a list for a file and a foreign signature are refused with words; then the revocation", async () => {
  const police = await makeAuthority("k1", "Police of Testville");
  const foreign = await makeAuthority("k2", "Police of Elsewhere");
  const office = await openOffice([police]);
  const folder = mkdtempSync(join(tmpdir(), "deliver-"));
  try {
    const to = ["--gateway", `http://127.0.0.1:${office.gateway.ports.http}`, "--user", "eve"];
    mkdirSync(join(folder, "review"));
    writeFileSync(join(folder, "review/p1.jpg"), Buffer.from(pictureOf("p1"), "base64"));
    writeFileSync(join(folder, "watchlist.jws"), await sign(makeList(foreign.authority), foreign));
    const refused = await tocsin(PASSWORD, folder, ...to);
    assert.is(refused.status, 65);
    assert.match(refused.said, "not trusted here");
    writeFileSync(join(folder, "watchlist.jws"), await sign(makeList(police.authority), police));
    const none = await tocsin("", folder, ...to);
    assert.equal([none.status, /password of eve: is missing/.test(none.said)], [64, true], none.said);
    const wrong = await tocsin("no", folder, ...to);
    assert.equal([wrong.status, /wrong name or password/.test(wrong.said)], [1, true]);
    const done = await tocsin(PASSWORD, folder, ...to);
    assert.is(done.status, 0, done.said);
    const list = JSON.parse(done.out) as FaceListView;
    assert.equal([list.id, list.state, list.pictures], ["missing", "inForce", 1]);
    assert.is((await tocsin(PASSWORD, join(folder, "watchlist.jws"), ...to)).status, 65);
    writeFileSync(join(folder, "r.jws"), await sign(revocationOf(police.authority), police));
    const revoked = await tocsin(PASSWORD, join(folder, "r.jws"), ...to);
    assert.is((JSON.parse(revoked.out) as FaceListView).state, "revoked");
  } finally {
    await office.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a gateway without faces says so, not that a path is unknown", async () => {
  const folder = mkdtempSync(join(tmpdir(), "deliver-"));
  const { log } = makeLog();
  const gateway = await startGateway(await makeConfig(folder, "flows: { enabled: false }"), log);
  try {
    const police = await makeAuthority("k1", "Police of Testville");
    writeFileSync(join(folder, "r.jws"), await sign(revocationOf(police.authority), police));
    const to = ["--gateway", `http://127.0.0.1:${gateway.ports.http}`, "--user", "ann"];
    const { status, said } = await tocsin(PASSWORD, join(folder, "r.jws"), ...to);
    assert.equal([status, /takes no watchlists: its configuration has no 'faces'/.test(said)], [1, true], said);
  } finally {
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
