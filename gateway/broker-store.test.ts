/** The broker's store on a disk that is full when the gateway starts. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import { Fault } from "#contract/errors.ts";
import { openBrokerStore } from "./broker-store.ts";
import { makeFolder, makeLog } from "./testing.ts";

/** A real file system of 512 kB; only root may mount one. */
function mountSmallDisk(at: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=512k", "tmpfs", at], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test("a full disk is told as one; nothing is repaired, so nothing of the store is moved or lost", async () => {
  const { folder, remove } = makeFolder();
  const disk = join(folder, "disk");
  mkdirSync(disk);
  if (!mountSmallDisk(disk)) {
    remove();
    return console.log("skipped: mounting a small disk needs root");
  }
  try {
    const { log, lines } = makeLog();
    const store = join(disk, "broker");
    const first = await openBrokerStore(store, log);
    await (first.persistence as { storeRetained(packet: object): Promise<void> }).storeRetained({
      ...{ cmd: "publish", topic: "a/b", payload: Buffer.from("kept"), qos: 1, retain: true },
    });
    await first.close();
    const before = readdirSync(store).sort();
    assert.throws(() => writeFileSync(join(disk, "hog"), new Uint8Array(2 ** 20)), { code: "ENOSPC" });
    await assert.rejects(openBrokerStore(store, log), (error: Fault) => {
      assert.ok(error instanceof Fault);
      assert.equal(error.exitCode, 1, "the service manager tries again");
      assert.match(error.message, /No space left on device; give the gateway a disk that it can write/);
      return true;
    });
    assert.deepEqual(lines, []);
    assert.ok(before.filter((name) => name.endsWith(".log")).every((name) => readdirSync(store).includes(name)));
    rmSync(join(disk, "hog"));
    const again = await openBrokerStore(store, log);
    const kept = [];
    for await (const { topic, payload } of again.retained("#")) kept.push([topic, String(payload)]);
    assert.deepEqual(kept, [["a/b", "kept"]]);
    await again.close();
  } finally {
    execFileSync("umount", [disk]);
    remove();
  }
});

test.run();
