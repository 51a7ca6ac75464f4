/** The console's bundle and a power cut: its name stands for whole files. */
import assert from "node:assert/strict";
import fs, { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { test } from "uvu";
import { makeFolder } from "../testing.ts";
import { nameWhenOnDisk } from "./console-files.ts";

test("each file and folder is forced to the disk before the bundle has its name", () => {
  const { folder, remove } = makeFolder();
  const [making, named] = [join(folder, "making"), join(folder, "named")];
  mkdirSync(join(making, "fonts"), { recursive: true });
  for (const file of ["index.html", join("fonts", "a.woff2")]) writeFileSync(join(making, file), "x");
  const { openSync: open, fsyncSync: force } = fs;
  const opened = new Map<number, string>();
  const forced: string[] = [];
  fs.openSync = ((path: string, flags: string) => {
    const handle = open(path, flags);
    opened.set(handle, path);
    return handle;
  }) as typeof open;
  fs.fsyncSync = (handle) => {
    assert.equal(existsSync(named), false, "still without its name");
    force(handle);
    forced.push(opened.get(handle)!);
  };
  syncBuiltinESMExports();
  try {
    nameWhenOnDisk(making, named);
  } finally {
    Object.assign(fs, { openSync: open, fsyncSync: force });
    syncBuiltinESMExports();
    assert.deepEqual(forced.sort(), [
      making,
      join(making, "fonts"),
      join(making, "fonts", "a.woff2"),
      join(making, "index.html"),
    ]);
    assert.ok(existsSync(join(named, "index.html")));
    remove();
  }
});

test.run();
