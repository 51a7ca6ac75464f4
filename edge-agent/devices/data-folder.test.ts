import fs, { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Fault } from "#contract/errors.ts";
import { checkDataFolder, dataFolderFaults, makeDataFolder } from "./data-folder.ts";

function within(run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-data-"));
  try {
    run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function faultOf(dataDir: string): Fault {
  try {
    makeDataFolder(dataDir);
  } catch (error) {
    assert.instance(error, Fault);
    return error as Fault;
  }
  throw new Error("was accepted");
}

test("two folders that are missing are made, for their owner only; once there, none is made", () =>
  within((folder) => {
    const data = join(folder, "a", "b");
    assert.equal(makeDataFolder(data), [join(folder, "a"), data]);
    assert.is(statSync(data).mode & 0o777, 0o700);
    assert.equal(makeDataFolder(data), []);
  }));

test("a check leaves nothing behind, and what was there stays", () =>
  within((folder) => {
    checkDataFolder(join(folder, "a", "b"));
    assert.equal(readdirSync(folder), []);
    mkdirSync(join(folder, "a"));
    checkDataFolder(join(folder, "a"));
    assert.ok(existsSync(join(folder, "a")));
  }));

/** Runs with somebody who is a moment earlier with every folder that is made. */
function outrun(first: (path: string) => void, run: () => void): void {
  const make = fs.mkdirSync;
  fs.mkdirSync = ((path: string, options) => {
    first(path);
    return make(path, options);
  }) as typeof make;
  syncBuiltinESMExports();
  try {
    run();
  } finally {
    fs.mkdirSync = make;
    syncBuiltinESMExports();
  }
}

test("a folder above that another agent makes at the same moment is used, and left to it by a check", () =>
  within((folder) => {
    const shared = join(folder, "shared");
    const make = fs.mkdirSync;
    const other = (path: string) => path === shared && !existsSync(shared) && make(path);
    outrun(other, () => assert.equal(makeDataFolder(join(shared, "a")), [join(shared, "a")]));
    rmSync(shared, { recursive: true });
    outrun(other, () => checkDataFolder(join(shared, "b")));
    assert.equal(readdirSync(shared), []);
    rmSync(shared, { recursive: true });
    outrun(
      (path) => writeFileSync(path, "a file instead"),
      () => assert.match(faultOf(join(shared, "c")).message, "this account cannot make it (EEXIST)"),
    );
  }));

test("a full disk is told as one: no fault of the configuration, and not 78, so that the start is tried again", () =>
  within((folder) => {
    const data = join(folder, "a");
    const full = () => {
      throw Object.assign(new Error("ENOSPC: no space left on device, mkdir"), { code: "ENOSPC" });
    };
    outrun(full, () => {
      const fault = faultOf(data);
      assert.is(fault.exitCode, 1);
      assert.is(fault.message, `dataDir: ${data}: the disk is full (ENOSPC); free it`);
      assert.equal(dataFolderFaults(data), []);
    });
  }));

test("a file in its place or above it is named; exit 78", () =>
  within((folder) => {
    const file = join(folder, "file");
    writeFileSync(file, "precious");
    for (const dataDir of [file, join(file, "below")]) {
      const fault = faultOf(dataDir);
      assert.is(fault.exitCode, 78);
      assert.is(
        fault.message,
        `dataDir: ${dataDir}: ${file} is a file, not a folder; name a folder that this account can write`,
      );
    }
  }));

// There `mkdir` says ENOENT of a folder whose parent is there: a loop that makes parents first would never end.
if (existsSync("/proc/self"))
  test("a file system that takes no folders is refused at once", () => {
    assert.match(
      faultOf("/proc/nothere/x").message,
      /^dataDir: \/proc\/nothere\/x: this account cannot make it \(E[A-Z]+\)/,
    );
  });

test.run();
