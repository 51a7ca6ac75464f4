/** Room on a disk: told when it is short, and when the disk cannot say. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "uvu";
import { makeFolder, until } from "../testing.ts";
import { diskRoom } from "./disk-room.ts";

test("there is room for nothing kept free, and none where more is kept free than any disk has", () => {
  const { folder, remove } = makeFolder();
  assert.equal(diskRoom(folder, 0)(), undefined);
  assert.equal(diskRoom(folder, 1e18)(), "less than 1000000000000 MB free on the disk");
  remove();
});

test("a disk that cannot be asked any more is a reason, and throws nothing", async () => {
  const { folder } = makeFolder();
  const why = diskRoom(folder, 0);
  assert.equal(why(), undefined);
  rmSync(folder, { recursive: true });
  await until("the next look", () => why() !== undefined, 20_000);
  assert.equal(why(), "the disk does not tell its free space: ENOENT");
});

test.run();
