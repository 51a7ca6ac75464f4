import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { AgentConfig } from "./config.ts";
import { checkData } from "./health-checks.ts";

const dataDir = mkdtempSync(join(tmpdir(), "tocsin-health-"));
const check = (maxMegabytes: number) =>
  checkData({
    dataDir,
    roles: { listen: { clips: { keepHours: 24 } } },
    outbox: { maxMegabytes },
  } as never as AgentConfig);
const tried = join(dataDir, `.clip.key.${process.pid}`);

test("a folder that takes no key because it cannot be written is not told to be on a wrong file system", async () => {
  assert.is((await check(1)).ok, true);
  // A file of five bytes stands for a key that cannot be kept; a folder of that name for what cannot be written at all.
  writeFileSync(tried, "12345");
  assert.match((await check(1)).fix!, "name a folder on ext4");
  rmSync(tried, { force: true });
  mkdirSync(tried);
  const { ok, fix } = await check(1);
  assert.equal([ok, fix], [false, "give the agent a dataDir it can write"]);
  assert.is((await check(1e9)).fix, "free the disk, or lower outbox.maxMegabytes");
});

test.after(() => rmSync(dataDir, { recursive: true }));
test.run();
