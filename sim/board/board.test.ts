/** How a board's start ends where qemu does not run; no machine is booted. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Board } from "./board.ts";

/** @param script stands in qemu's place; without it there is no qemu. @returns what the start said. */
async function startedOn(script?: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-board-"));
  const path = process.env.PATH;
  try {
    if (script !== undefined) {
      writeFileSync(join(folder, "qemu-system-x86_64"), `#!/bin/sh\n${script}\n`);
      chmodSync(join(folder, "qemu-system-x86_64"), 0o755);
    }
    const boot = { kernel: "kernel", initrd: "initrd" };
    const board = await Board.make({ name: "b", folder, boot, disks: [], forwards: [] });
    process.env.PATH = folder;
    const said = await board.powerOn().then(
      () => "started",
      (error: Error) => error.message,
    );
    await board.close();
    return said;
  } finally {
    process.env.PATH = path;
    rmSync(folder, { recursive: true, force: true });
  }
}

test("a qemu that ends by itself is told with its exit status", async () => {
  assert.match(await startedOn("exit 3"), /^qemu ended with 3: see .*b\.qemu\.log$/);
});

test("a qemu that a signal ends is told with the signal, and not waited for as one that boots", async () => {
  assert.match(await startedOn("kill -9 $$"), /^qemu ended with SIGKILL: see /);
});

test("no qemu: told, and the process goes on", async () => {
  assert.match(await startedOn(), /^qemu was not started: spawn qemu-system-x86_64 ENOENT$/);
});

test.run();
