import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Fault } from "#contract/errors.ts";
import { wavOf } from "#core/acoustics/wav-file.ts";
import type { AudioFrame } from "../ports.ts";
import { FileMicrophone } from "./file-microphone.ts";

const folder = mkdtempSync(join(tmpdir(), "tocsin-file-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** 0.5 s of 8 kHz mono, sample i is i / 32768. */
function ramp(): string {
  const samples = Int16Array.from({ length: 4000 }, (_, i) => i);
  const path = join(folder, "ramp.wav");
  writeFileSync(path, wavOf(new Uint8Array(samples.buffer), 8000));
  return path;
}

const clock = { source: "sim", synchronised: true, sigmaS: 1e-4 } as const;

async function play(realTime: boolean, signal = AbortSignal.timeout(10_000)): Promise<AudioFrame[]> {
  const frames: AudioFrame[] = [];
  const microphone = new FileMicrophone({ path: ramp(), realTime, start: () => ({ utcNs: 1_000n, clock }) });
  for await (const frame of microphone.frames(signal)) frames.push(frame);
  return frames;
}

test("a file of half a second comes as 25 frames of 20 ms, each with the time of its first sample", async () => {
  const frames = await play(false);
  assert.is(frames.length, 25);
  assert.equal(
    frames.map(({ tick }) => Number(tick)),
    Array.from({ length: 25 }, (_, i) => 160 * i),
  );
  assert.is(frames[24]!.utcNs, 1_000n + 480_000_000n);
  assert.is(frames[3]!.channels[0]![5], 485 / 32768);
});

test("in real time it takes no less than half a second, and stops at once when told to", async () => {
  const startMs = performance.now();
  assert.is((await play(true)).length, 25);
  assert.ok(performance.now() - startMs >= 490);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 60);
  assert.ok((await play(true, stop.signal)).length < 25);
});

test("a file that is not there is one clear line", async () => {
  try {
    const microphone = new FileMicrophone({ path: join(folder, "none.wav"), realTime: false, start: () => undefined });
    for await (const _ of microphone.frames(AbortSignal.timeout(1000))) assert.unreachable();
    assert.unreachable();
  } catch (error) {
    assert.instance(error, Fault);
    assert.match((error as Fault).message, "there is no such file");
  }
});

test.run();
