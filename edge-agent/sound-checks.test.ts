import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { steadiness } from "./check-card.ts";
import type { AgentConfig } from "./config.ts";
import { AdaptationStore } from "./devices/adaptation-store.ts";
import type { Check } from "./health-checks.ts";
import { checkAdaptation, checkClock, checkMicrophone } from "./sound-checks.ts";

const folder = mkdtempSync(join(tmpdir(), "tocsin-sound-checks-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

let programs = 0;
/** What the check says of a card of 16 kHz whose channels are the given JavaScript of the sample `i`, in counts of 16 bits. */
function check(channels: string[], more: object = {}, before = "", listenS?: number): Promise<Check> {
  const program = join(folder, `arecord-${++programs}`);
  writeFileSync(
    program,
    `#!${process.execPath}
    ${before}
    const seconds = Number(process.argv[process.argv.indexOf("-d") + 1]), all = [${channels.map((each) => `(i) => ${each}`).join(", ")}];
    const bytes = Buffer.alloc(seconds * 16000 * all.length * 2);
    for (let i = 0; i < seconds * 16000; i++) all.forEach((f, c) => bytes.writeInt16LE(Math.round(f(i)), (i * all.length + c) * 2));
    process.stdout.write(bytes.subarray(0, bytes.length / 2));
    setTimeout(() => process.stdout.write(bytes.subarray(bytes.length / 2)), 1000 * seconds);`,
  );
  chmodSync(program, 0o755);
  const microphone = {
    kind: "alsa",
    device: "hw:7",
    sampleRateHz: 16_000,
    channels: channels.length,
    format: "s16",
    ...more,
  };
  return checkMicrophone({ microphone } as AgentConfig, program, listenS);
}
// A sine of 33 counts is -60 dBFS; with -26 dBFS at 94 dB SPL that is 60 dB SPL.
const street = "33 * Math.sin(i / 5)";

test("every channel has its level; one that is dead is named though the others hear", async () => {
  const good = await check([street, `10 * (${street})`], { micSensitivityDbFsAt94Spl: -26 });
  assert.equal(good, {
    name: "microphone",
    ok: true,
    detail: "hw:7 at 16000 Hz: channel 0: -60 dBFS, 60 dB SPL; channel 1: -40 dBFS, 80 dB SPL",
  });
  const dead = await check([street, "0"]);
  assert.is(dead.ok, false);
  assert.match(dead.detail, "channel 0: -60 dBFS; channel 1: dead (channel 1: nothing but 0)");
});

test("of 5 s the last 3 are kept and judged, each channel by its own samples: one that died after the first second is dead", async () => {
  const { ok, detail } = await check([street, `(i < 16000 ? ${street} : 0)`, `10 * (${street})`], {}, "", 5);
  assert.is(ok, false);
  assert.match(detail, "channel 0: -60 dBFS; channel 1: dead; channel 2: -40 dBFS (channel 1: nothing but 0)");
});

test("a card that steadily loses one sample of fifty is told of by a minute, and not by what 20 s can tell of one in a hundred", () => {
  assert.equal(steadiness(0.98, 60), { ok: false, words: "loses 2.0 % of its samples over 60 s" });
  assert.equal(steadiness(1.02, 60), { ok: false, words: "gives 2.0 % too many samples over 60 s" });
  assert.equal(steadiness(0.9995, 60), { ok: true, words: "keeps its rate within 0.9 % over 60 s" });
  assert.is(steadiness(0.99, 20).ok, true);
  assert.is(steadiness(0.99, 60).ok, false);
});

test("a sensitivity with which the street has 3 dB SPL is wrong", async () => {
  const { ok, detail } = await check([street], { micSensitivityDbFsAt94Spl: 31 });
  assert.is(ok, false);
  assert.match(detail, "3 dB SPL, which no street has");
});

test("a host whose clock is too unsure to name a pulse is no good for pps, and good for ntp", async () => {
  const clock = (source: "pps" | "ntp", hostS: number, sigmaS?: number) =>
    checkClock({ clock: { source, sigmaS } } as AgentConfig, async () => ({
      synchronised: true,
      sigmaS: hostS,
      from: "chrony: a",
    }));
  assert.is((await clock("ntp", 0.2)).ok, true);
  assert.is((await clock("pps", 0.09)).ok, true);
  for (const { ok, detail } of [await clock("pps", 0.2), await clock("pps", 0.001, 0.2)]) {
    assert.is(ok, false);
    assert.is(detail, "the host's clock is 0.20 s unsure (chrony: a), which names no pulse: that takes 0.1 s");
  }
});

test("a clock by PTP of which only systemd's yes is known is worth 20 ms: said, with the package that would tell; by NTP it is no fault", async () => {
  const clock = (source: "ptp" | "ntp", by: "systemd" | "kernel") =>
    checkClock({ clock: { source } } as AgentConfig, async () => ({
      synchronised: true,
      ...(by === "systemd" && { sigmaS: 0.02 }),
      by,
      from: by === "systemd" ? "timedatectl" : "kernel",
    }));
  const ptp = await clock("ptp", "systemd");
  assert.is(ptp.ok, false);
  assert.match(ptp.detail, "nobody says how well (timedatectl): 20.000 ms are assumed of a clock that PTP sets");
  assert.match(ptp.fix!, "apt install adjtimex");
  assert.is((await clock("ptp", "kernel")).ok, true);
  const ntp = await clock("ntp", "systemd");
  assert.is(ntp.ok, true);
  assert.match(ntp.detail, "20.000 ms are assumed; chrony, or the package adjtimex, would tell");
});

test("a channel of pulses has them counted; where none comes, that is said", async () => {
  const pulses = "(i % 16000 > 2000 && i % 16000 < 3600 ? 20000 : 0)";
  const [good, none] = await Promise.all([pulses, street].map((each) => check([street, each], { ppsChannel: 1 })));
  assert.ok(good!.ok, good!.detail);
  assert.match(good!.detail, "channel 1: 2 pulses");
  assert.match(none!.detail, "channel 1: no pulse per second in 3 s");
});

test("a card at another rate is found, whether arecord warns of it or its samples come too slowly", async () => {
  const warned = await check(
    [street],
    {},
    'process.stderr.write("Warning: rate is not accurate (requested = 16000Hz, got = 8000Hz)\\n");',
  );
  assert.equal([warned.ok, warned.detail], [false, "hw:7 runs at 8000 Hz"]);
  assert.match(warned.fix!, "microphone.sampleRateHz: hw:7 gives 8000 Hz where 16000 are asked for");
  const slow = await check(
    [street],
    { sampleRateHz: 16_000 },
    "const late = setTimeout; globalThis.setTimeout = (f, ms) => late(f, 2 * ms);",
  );
  assert.is(slow.ok, false);
  const [, givenHz] = /^hw:7 gives (\d+) samples a second, not 16000$/.exec(slow.detail) ?? [];
  assert.ok(Number(givenHz) > 3000 && Number(givenHz) < 9600, slow.detail);
});

test("a correction that the configuration names and that was never fitted", async () => {
  const config = (version?: number) =>
    ({ dataDir: folder, roles: { listen: { adaptation: { version } } } }) as unknown as AgentConfig;
  assert.is((await checkAdaptation(config())).ok, true);
  assert.is((await checkAdaptation(config(0))).ok, true);
  assert.equal(
    [(await checkAdaptation(config(3))).ok, (await checkAdaptation(config(3))).detail],
    [false, "no correction 3: none was fitted yet"],
  );
});

test("a file of corrections that is damaged behind its first page is told with what to do", async () => {
  const config = { dataDir: folder, roles: { listen: { adaptation: {} } } } as unknown as AgentConfig;
  const store = new AdaptationStore(join(folder, "listen"));
  for (let i = 0; i < 200; i++) store.remember(`a${i}`, "a".repeat(64), 0.9, new Float32Array(32));
  store.close();
  assert.is((await checkAdaptation(config)).ok, true);
  const path = join(folder, "listen", "adaptation.sqlite");
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xa5, 4096));
  const { ok, detail, fix } = await checkAdaptation(config);
  assert.is(ok, false);
  assert.match(detail, "the file is damaged");
  assert.match(fix!, "moved away");
});

test.run();
