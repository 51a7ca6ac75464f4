/** A pack comes from a temporary folder, which is a file system of its own on many machines. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { placePack } from "./board-image.ts";

const MEMORY = "/dev/shm";
const here = import.meta.dirname;

if (!existsSync(MEMORY) || statSync(MEMORY).dev === statSync(here).dev)
  console.log(`skipped: ${MEMORY} is no other file system; no pack is placed from one`);
else
  test("a pack is placed from another file system", async () => {
    const pack = mkdtempSync(join(MEMORY, "tocsin-pack-"));
    const stage = mkdtempSync(join(here, ".stage-"));
    try {
      writeFileSync(join(pack, "package.json"), "{}");
      await placePack(pack, join(stage, "pack-agent"));
      assert.is(readFileSync(join(stage, "pack-agent/package.json"), "utf8"), "{}");
    } finally {
      for (const folder of [pack, stage]) rmSync(folder, { recursive: true, force: true });
    }
  });

test.run();
