/** A clip that a cut had spoiled is counted. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EncryptedClipStore } from "#edge-agent/devices/clip-store.ts";
import { readClips } from "./testing-crash-state.ts";

test("of three clips one with a sector of zeros is unreadable", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-clips-"));
  try {
    const log = pino({ level: "silent" });
    const store = new EncryptedClipStore({ folder, keepS: 60, maxBytes: 2 ** 20, nowS: () => undefined, log });
    const sound = { startUtcNs: 1_700_000_000_000_000_000n, sampleRateHz: 48_000, onsetS: 0.1 };
    for (const arrival of ["a1", "a2", "a3"])
      await store.put({ arrival, ...sound, pcm16: new Int16Array(4800).fill(7) });
    await store.close();
    assert.equal(await readClips(folder), { clips: 3, unreadable: 0 });
    const [name] = readdirSync(join(folder, "clips"));
    const file = join(folder, "clips", name!);
    writeFileSync(file, readFileSync(file).fill(0, 512, 1024));
    assert.equal(await readClips(folder), { clips: 3, unreadable: 1 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();
