import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Fault } from "#contract/errors.ts";
import type { AudioFrame } from "../ports.ts";
import { AlsaMicrophone, type AlsaOptions } from "./alsa-microphone.ts";
import { adviceOn } from "./arecord.ts";
import { keepingLog, until } from "./bus-suite.ts";

let folder = "";
let lines: string[] = [];
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), "tocsin-alsa-"));
  lines = [];
});
test.after.each(() => rmSync(folder, { recursive: true, force: true }));

/** A script that takes arecord's place in PATH. */
function stub(script: string): NodeJS.ProcessEnv {
  const bin = join(folder, "arecord");
  writeFileSync(bin, `#!${process.execPath}\n${script}`);
  chmodSync(bin, 0o755);
  return { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
}

function microphone(options: Partial<AlsaOptions> = {}): AlsaMicrophone {
  const time = { now: () => undefined, ofMonotonicNs: () => undefined, steps: 0 };
  const base = {
    device: "hw:7",
    sampleRateHz: 48_000,
    channels: 2,
    format: "s16",
    latencyS: 0,
    latencySigmaS: 5e-4,
    // A program takes seconds to begin on a busy machine.
    silentMs: 20_000,
  } as const;
  return new AlsaMicrophone({ ...base, time, log: keepingLog(lines), ...options });
}

/** @param came with how many samples there are, at each frame. */
async function take(
  from: AlsaMicrophone,
  samples: number,
  came: (samples: number) => unknown = () => undefined,
): Promise<AudioFrame[]> {
  const stop = new AbortController();
  const frames: AudioFrame[] = [];
  let total = 0;
  for await (const frame of from.frames(AbortSignal.any([stop.signal, AbortSignal.timeout(20_000)]))) {
    frames.push(frame);
    total += frame.channels[0]!.length;
    came(total);
    if (total >= samples) stop.abort();
  }
  return frames;
}

const joined = (frames: AudioFrame[], channel: number) => frames.flatMap((frame) => [...frame.channels[channel]!]);

/** Writes pairs (i, -i) from 0 on in pieces of 1001 bytes, so that samples are cut anywhere. */
const ramp = (pairs: number) => `
  const bytes = Buffer.alloc(${pairs} * 4);
  for (let i = 0; i < ${pairs}; i++) { bytes.writeInt16LE(i, i * 4); bytes.writeInt16LE(-i, i * 4 + 2); }
  const pieces = [];
  for (let at = 0; at < bytes.length; at += 1001) pieces.push(bytes.subarray(at, at + 1001));
  const write = async (list) => { for (const piece of list) await new Promise((done) => process.stdout.write(piece, done)); };
`;

test("two channels come apart whole, however the pipe cuts them, and arecord is asked for the right thing", async () => {
  const env = stub(`(async () => { ${ramp(4800)}
    require("node:fs").writeFileSync(${JSON.stringify(join(folder, "args"))}, process.argv.slice(2).join(" "));
    await write(pieces); setTimeout(() => {}, 60_000); })();`);
  const frames = await take(microphone({ env }), 4800);
  const [left, right] = [joined(frames, 0), joined(frames, 1)];
  assert.is(left.length, 4800);
  assert.is(
    left.findIndex((x, i) => x !== i / 32768),
    -1,
  );
  assert.is(
    right.findIndex((x, i) => x !== (0 - i) / 32768),
    -1,
  );
  assert.is(frames[0]!.tick, 0n);
  const asked = "-D hw:7 -t raw -f S16_LE -r 48000 -c 2 --buffer-time=1000000 --period-time=20000";
  assert.is(readFileSync(join(folder, "args"), "utf8"), asked);
});

test("an overrun of 100 ms at 48 kHz: 4800 samples counted as lost, and the ticks go on after the gap", async () => {
  const [heard, told] = [join(folder, "heard"), join(folder, "told")];
  const env = stub(`(async () => { ${ramp(4800)}
    const there = async (path) => { while (!require("node:fs").existsSync(path)) await new Promise((done) => setTimeout(done, 5)); };
    await write(pieces.slice(0, 10));
    await there(${JSON.stringify(heard)});
    process.stderr.write("overrun!!! (at least 100.000 ms long)\\n");
    await there(${JSON.stringify(told)});
    await write(pieces.slice(10)); setTimeout(() => {}, 60_000); })();`);
  const from = microphone({ env });
  const before = Math.floor((10 * 1001) / 4);
  const taken = take(from, 4800, (samples) => samples === before && writeFileSync(heard, ""));
  await until("the overrun", () => from.counters.overruns === 1, 20_000);
  writeFileSync(told, "");
  const frames = await taken;
  assert.is(from.counters.lostSamples, 4800);
  const last = frames.at(-1)!;
  assert.is(Number(last.tick) + last.channels[0]!.length, 9600);
});

test("arecord that dies is started again, told in one line with its last words; ticks go on later than they stopped", async () => {
  const env = stub(
    `(async () => { ${ramp(480)} await write(pieces); process.stderr.write("arecord: pcm_read:2221: read error: No such device\\n", () => process.exit(1)); })();`,
  );
  const from = microphone({ env });
  const frames = await take(from, 1440);
  assert.is(from.counters.restarts, 2);
  assert.match(lines[0]!, "No such device");
  const starts = frames.map(({ tick }) => Number(tick));
  assert.equal(
    starts,
    [...starts].sort((a, b) => a - b),
  );
  // Without a clock to tell how long it took, a second is assumed.
  assert.is(from.counters.lostSamples, 96_000);
});

test("a host stepped back by an hour while arecord was down: what comes has no time until pulses have told it anew", async () => {
  const came = join(folder, "came");
  // Six seconds at 1 kHz with a pulse of 100 ms each, in one piece; after the restart 100 ms without one.
  const env = stub(`const fs = require("node:fs");
    const again = fs.existsSync(${JSON.stringify(came)});
    const bytes = Buffer.alloc(again ? 400 : 24_000);
    for (let i = 0; !again && i < 6000; i++) bytes.writeInt16LE(i % 1000 >= 500 && i % 1000 < 600 ? 20_000 : 0, 4 * i + 2);
    fs.writeFileSync(${JSON.stringify(came)}, "");
    process.stdout.write(bytes, () => (again ? setTimeout(() => {}, 60_000) : process.exit(1)));`);
  let first: bigint | undefined;
  let steppedNs = 0n;
  const time = {
    now: () => undefined,
    ofMonotonicNs(ns: bigint) {
      // The first edge that is named was at a whole second.
      first ??= ns;
      const clock = { source: "ntp", synchronised: true, sigmaS: 1e-3 } as const;
      return { utcNs: 1_795_000_000_000_000_000n + ns - first - steppedNs, clock };
    },
    steps: 0,
  };
  const from = microphone({ env, time, sampleRateHz: 1000, ppsChannel: 1 });
  const stop = new AbortController();
  const stamped: boolean[] = [];
  let samples = 0;
  for await (const { channels, utcNs } of from.frames(AbortSignal.any([stop.signal, AbortSignal.timeout(20_000)]))) {
    samples += channels[0]!.length;
    stamped.push(utcNs !== undefined);
    steppedNs = samples >= 6000 ? 3_600_000_000_000n : 0n;
    if (samples >= 6100) stop.abort();
  }
  assert.is(from.counters.pulses, 5);
  assert.is(from.counters.lostSamples, 0, "nobody can tell how many");
  assert.is(stamped.at(-2), true);
  assert.is(stamped.at(-1), false);
});

test("a card that is not there is waited for, and its trouble says what to do; plugged in, it is heard", async () => {
  const plugged = join(folder, "plugged");
  const env = stub(`(async () => { ${ramp(480)}
    if (!require("node:fs").existsSync(${JSON.stringify(plugged)})) {
      process.stderr.write("Recording raw data 'stdin'\\narecord: main:831: audio open error: No such device\\nstate: [0 0]\\n", () => process.exit(1));
    } else { await write(pieces); setTimeout(() => {}, 60_000); } })();`);
  const from = microphone({ env });
  const taken = take(from, 480);
  await until("the trouble to be told", () => from.trouble !== undefined);
  assert.is(
    from.trouble,
    "no sound: arecord: main:831: audio open error: No such device; plug the card in, or correct microphone.device (hw:7): 'arecord -L' lists what there is",
  );
  await until("a second attempt", () => from.counters.restarts >= 2);
  writeFileSync(plugged, "");
  assert.is(joined(await taken, 0).length, 480);
  assert.is(from.trouble, undefined);
  assert.is(lines.length, 1, "one warning, however many attempts");
});

test("a card that says nothing is started again, and its trouble says so", async () => {
  const from = microphone({ env: stub("setTimeout(() => {}, 60_000);"), silentMs: 150 });
  const stop = new AbortController();
  const ended = from.frames(stop.signal)[Symbol.asyncIterator]().next();
  await until("the trouble to be told", () => from.trouble !== undefined);
  assert.match(from.trouble!, /^no sound: arecord gave nothing for 150 ms; plug the card in/);
  stop.abort();
  assert.is((await ended).done, true);
});

/** The fault that the microphone fails with. */
async function faultOf(from: AlsaMicrophone): Promise<Fault> {
  // Sound that came before the fault's words is no end.
  const error: unknown = await take(from, Number.POSITIVE_INFINITY).catch((fault: unknown) => fault);
  assert.instance(error, Fault);
  return error as Fault;
}

test("a card at another rate than it was asked for is a fault that names the field and both rates", async () => {
  const env = stub(`process.stderr.write("Warning: rate is not accurate (requested = 48000Hz, got = 16000Hz)\\n");
    setInterval(() => process.stdout.write(Buffer.alloc(1280)), 20);`);
  const { exitCode, message } = await faultOf(microphone({ env }));
  assert.is(exitCode, 78);
  assert.match(message, "microphone.sampleRateHz: hw:7 gives 16000 Hz where 48000 are asked for");
});

test("what a card does not do is told by the field to correct", () => {
  const asked = { device: "hw:7", sampleRateHz: 48_000, channels: 4, format: "s32" } as const;
  const advice = (words: string) => adviceOn(`arecord: set_params:1358: ${words}`, asked);
  assert.match(advice("Channels count non available"), "microphone.channels: the card does not give 4");
  assert.match(advice("Sample format non available"), "microphone.format: the card does not give s32");
  assert.match(advice("audio open error: Device or resource busy"), "another program has the card");
  assert.match(advice("audio open error: Permission denied"), "group audio");
});

test("arecord that is not installed is a fault that says what to install", async () => {
  assert.match((await faultOf(microphone({ program: join(folder, "none") }))).message, "apt install alsa-utils");
});

test("the real arecord: what ALSA plays in from a file comes out sample for sample", async () => {
  const samples = 24_000;
  const bytes = Buffer.alloc(samples * 2);
  for (let i = 0; i < samples; i++) bytes.writeInt16LE(Math.round(20_000 * Math.sin(i / 7)), i * 2);
  const raw = join(folder, "in.raw");
  writeFileSync(raw, bytes);
  const config = join(folder, "asound.conf");
  writeFileSync(
    config,
    `</usr/share/alsa/alsa.conf>\npcm.recording { type file slave.pcm null file /dev/null infile ${raw} format raw }\n`,
  );
  const from = microphone({
    device: "recording",
    channels: 1,
    env: { ...process.env, ALSA_CONFIG_PATH: config },
    silentMs: 3000,
  });
  let frames: AudioFrame[];
  try {
    frames = await take(from, samples);
  } catch (error) {
    if (!(error as Fault).message.includes("not installed")) throw error;
    console.log("skipped: arecord is not installed");
    return;
  }
  const got = joined(frames, 0).slice(0, samples);
  const wrong = got.findIndex((x, i) => Math.round(x * 32768) !== bytes.readInt16LE(i * 2));
  assert.is(wrong, -1);
  assert.is(frames[0]!.utcNs, undefined, "a file read faster than time has no time");
});

test.run();
