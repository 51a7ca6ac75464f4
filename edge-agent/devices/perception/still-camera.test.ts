/** Pictures from a film that ffmpeg plays like a camera. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startCameras } from "#sim/camera/start-cameras.ts";
import type { Log } from "../../ports.ts";
import { openStillCamera } from "./still-camera.ts";

const warnings: object[] = [];
const log: Log = { debug() {}, info() {}, warn: (facts) => warnings.push(facts), error() {} };
const folder = mkdtempSync(join(tmpdir(), "still-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const there = (() => {
  try {
    execFileSync("ffmpeg", ["-version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
if (!there) process.stderr.write("skipped: ffmpeg is not installed\n");
const onFfmpeg = there ? test : test.skip;
const nowNs = () => BigInt(Date.now()) * 1_000_000n;
function redFilm(): string {
  const path = join(folder, "red.mkv");
  const source = ["-f", "lavfi", "-i", "color=red:size=64x48:rate=10:duration=20"];
  execFileSync("ffmpeg", ["-y", "-loglevel", "error", ...source, "-c:v", "ffv1", "-pix_fmt", "bgr0", path]);
  return path;
}

onFfmpeg(
  "a red film of 64 x 48 on a canvas of 160 x 160: red in the middle, black above and below, each picture later than the last",
  async () => {
    const camera = openStillCamera({
      name: "c",
      source: { kind: "file", path: redFilm() },
      widthPx: 160,
      heightPx: 160,
      everyS: 0.2,
      log,
      nowNs,
    });
    const stop = new AbortController();
    const instants: bigint[] = [];
    let last: Uint8Array | undefined;
    for await (const { at, rgb } of camera.pictures(stop.signal)) {
      instants.push(at);
      const pixel = (x: number, y: number) => [...rgb.subarray(3 * (y * 160 + x), 3 * (y * 160 + x) + 3)];
      assert.equal(pixel(80, 10), [0, 0, 0]);
      const [r, g, b] = pixel(80, 80);
      assert.ok(r! > 250 && g! < 5 && b! < 5, `${r} ${g} ${b}`);
      last = rgb;
      if (instants.length === 3) stop.abort();
    }
    assert.equal([instants.length, camera.counters.pictures], [3, 3]);
    assert.ok(instants[0]! < instants[1]! && instants[1]! < instants[2]!);
    assert.ok(
      last!.every((each) => each === 0),
      "overwritten when it closed",
    );
  },
);

onFfmpeg("a picture that was handed out lies nowhere else, and none lies anywhere when the camera closes", async () => {
  const buffers: Buffer[] = [];
  const buffer = (bytes: number) => {
    buffers.push(Buffer.alloc(bytes));
    return buffers.at(-1)!;
  };
  const source = { kind: "file", path: redFilm() } as const;
  const camera = openStillCamera({ name: "c", source, widthPx: 160, heightPx: 160, everyS: 0.2, log, nowNs, buffer });
  const stop = new AbortController();
  const colour = (each: Uint8Array) => each.some((value) => value !== 0);
  let coloured = 0;
  let alone = 0;
  for await (const { rgb } of camera.pictures(stop.signal)) {
    coloured += colour(rgb) ? 1 : 0;
    // The first bytes of the next picture may have come already: not with each of five.
    alone += buffers.every((each) => each === rgb || !colour(each)) ? 1 : 0;
    if (coloured < 5) continue;
    // One that nobody asked for any more, or a part of it, waits when it closes.
    for (const deadline = Date.now() + 20_000; Date.now() < deadline; await delay(10))
      if (buffers.some((each) => each !== rgb && colour(each))) break;
    stop.abort();
  }
  assert.is(buffers.length, 3);
  assert.ok(alone > 0, "what was filled and what was ready is black");
  assert.not.ok(buffers.some(colour));
});

onFfmpeg("a camera that is not there is tried again, and the log says why, until it is stopped", async () => {
  const source = { kind: "file", path: join(folder, "none.mkv") } as const;
  const camera = openStillCamera({ name: "c", source, widthPx: 160, heightPx: 160, everyS: 0.2, log, nowNs });
  const stop = new AbortController();
  const ended = (async () => {
    for await (const _ of camera.pictures(stop.signal)) assert.unreachable("a picture of nothing");
  })();
  for (const deadline = Date.now() + 20_000; camera.counters.restarts < 2 && Date.now() < deadline; )
    await new Promise((resolve) => setTimeout(resolve, 20));
  stop.abort();
  await ended;
  assert.ok(camera.counters.restarts >= 2);
  assert.match(JSON.stringify(warnings[0]), "No such file");
});

onFfmpeg(
  "a camera with a password: none before its file is there, then pictures; the password stands in no list of processes and in no log line",
  async () => {
    const pose = { eastM: 0, northM: 0, upM: 5, yawDeg: 0, pitchDeg: -10, fovDeg: 60 };
    const account = { username: "tocsin", password: "lamp & post" };
    const sim = await startCameras({ account, cameras: [{ name: "front", pose, widthPx: 320, heightPx: 180 }] });
    const stop = new AbortController();
    const passwordFile = join(folder, "password");
    const source = { kind: "rtsp", url: sim.urls.front!.url, username: "tocsin", passwordFile } as const;
    const camera = openStillCamera({ name: "c", source, widthPx: 320, heightPx: 180, everyS: 0.2, log, nowNs });
    warnings.length = 0;
    const timer = setTimeout(() => stop.abort(), 60_000);
    const waitForFile = setInterval(() => {
      if (warnings.length > 0) writeFileSync(passwordFile, `${account.password}\n`, { mode: 0o600 });
    }, 50);
    let listed = "";
    try {
      for await (const { rgb } of camera.pictures(stop.signal)) {
        assert.ok(rgb.some((each) => each !== 0));
        listed = execFileSync("ps", ["-ww", "-o", "args=", "--ppid", String(process.pid)], { encoding: "utf8" });
        stop.abort();
      }
    } finally {
      clearTimeout(timer);
      clearInterval(waitForFile);
      stop.abort();
      await sim.close();
    }
    assert.is(camera.counters.pictures, 1);
    assert.match(JSON.stringify(warnings[0]), "passwordFile: ENOENT");
    assert.match(listed, /ffmpeg .*rgb24/);
    assert.not.match(listed + JSON.stringify(warnings), /lamp(%20| )/);
  },
);

test.run();
