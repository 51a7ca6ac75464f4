import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openAlsaSpeaker } from "./alsa-speaker.ts";

const folder = mkdtempSync(join(tmpdir(), "tocsin-speaker-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** A script in aplay's place. */
function stub(script: string): string {
  const path = join(folder, "aplay");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

async function whyNot(played: Promise<void>): Promise<string> {
  try {
    await played;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("was played");
}

test("the samples reach aplay as 16 bit, clipped at full scale, with their rate", async () => {
  const out = join(folder, "out");
  const program = stub(`echo "$@" > ${out}.args; cat > ${out}`);
  await openAlsaSpeaker("hw:3", program).play(new Float32Array([0, 0.5, -1, 2]), 16_000);
  const bytes = readFileSync(out);
  assert.equal(
    [0, 2, 4, 6].map((at) => bytes.readInt16LE(at)),
    [0, 16384, -32768, 32767],
  );
  assert.is(readFileSync(`${out}.args`, "utf8").trim(), "-q -D hw:3 -t raw -f S16_LE -c 1 -r 16000");
});

test("what keeps it from playing is told: aplay's own words, or that it is not installed", async () => {
  const program = stub('echo "aplay: main:831: audio open error: No such device" >&2; exit 1');
  assert.match(
    await whyNot(openAlsaSpeaker("hw:9", program).play(new Float32Array(100_000), 16_000)),
    "No such device",
  );
  assert.match(
    await whyNot(openAlsaSpeaker("hw:9", join(folder, "none")).play(new Float32Array(8), 16_000)),
    "apt install alsa-utils",
  );
});

test.run();
