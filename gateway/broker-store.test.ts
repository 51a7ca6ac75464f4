/** The broker's store on a disk that is full: when the gateway starts, and while it runs. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import { Fault } from "#contract/errors.ts";
import { openBrokerStore } from "./broker-store.ts";
import { makeFolder, makeLog, until } from "./testing.ts";

/** A real file system; only root may mount one. */
function mountSmallDisk(at: string, size = "512k"): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", at], { stdio: "ignore" });
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
    execFileSync("umount", ["-l", disk]);
    remove();
  }
});

test("a disk that is full for a while leaves no store that takes nothing, and none that forgets what it takes afterwards", async () => {
  const { folder, remove } = makeFolder();
  const disk = join(folder, "disk");
  mkdirSync(disk);
  if (!mountSmallDisk(disk, "24m")) {
    remove();
    return console.log("skipped: mounting a small disk needs root");
  }
  try {
    const { log, lines } = makeLog();
    const path = join(disk, "broker");
    const store = await openBrokerStore(path, log);
    let count = 0;
    // Noise: the store packs what it writes.
    const put = async (broker = store) => {
      const packet = { cmd: "publish", topic: `a/${count}`, payload: randomBytes(4000), qos: 1, retain: true };
      await (broker.persistence as { storeRetained(packet: object): Promise<void> }).storeRetained(packet);
      count++;
    };
    for (let n = 0; n < 900; n++) await put();
    // Room for the log until it is turned over, and not for the table that is made of it then.
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, "hog"), new Uint8Array(bavail * bsize - 1_500_000));
    let why = "";
    for (let n = 0; n < 1000 && !why; n++)
      await put().catch((error: Error) => {
        why = error.message;
      });
    assert.match(why, /No space left on device/);
    assert.equal(store.failing, true);
    rmSync(join(disk, "hog"));
    await assert.rejects(put());
    await until("the store", () => !store.failing);
    for (let n = 0; n < 10; n++) await put();
    assert.equal(lines.filter((line) => line.includes("cannot be written")).length, 1);
    await store.close();
    const again = await openBrokerStore(path, log);
    const topics = new Set<string>();
    for await (const { topic } of again.retained("#")) topics.add(topic);
    assert.deepEqual(
      [...Array(count).keys()].filter((n) => !topics.has(`a/${n}`)),
      [],
    );
    await again.close();
  } finally {
    execFileSync("umount", ["-l", disk]);
    remove();
  }
});

test.run();
