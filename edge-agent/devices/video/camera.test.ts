/** A camera over its life: unplugged, frozen, with a wrong password, of a codec that browsers lack, with a smaller stream; from a real RTSP server. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type StartedCameras, startCameras } from "#sim/camera/start-cameras.ts";
import type { Log } from "../../ports.ts";
import type { EncodedPicture } from "../../video-port.ts";
import { type CameraSpec, type OpenCameras, openCameras } from "./open-cameras.ts";

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const pose = { eastM: 0, northM: 0, upM: 6, yawDeg: 0, pitchDeg: -10, fovDeg: 70 };
const WAIT_MS = 45_000;

async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const endMs = performance.now() + WAIT_MS;
  for (;;) {
    const found = look();
    if (found) return found;
    if (performance.now() > endMs) throw new Error(`${what}: not within ${WAIT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

type Rtsp = Extract<CameraSpec, { kind: "rtsp" }>;
const spec = (url: string, more: Partial<Rtsp> = {}): Rtsp => ({
  kind: "rtsp",
  name: "front",
  url,
  transport: "tcp",
  transcode: "auto",
  encoder: { codec: "H264", bitrateBps: 600_000, leastBitrateBps: 100_000, keyframeS: 0.5 },
  preRollS: 0,
  // Where no freeze is meant a machine that is busy with something else must not be taken for one.
  frozenAfterS: 15,
  widthPx: 320,
  heightPx: 180,
  framesPerS: 15,
  ...more,
});

async function opened(specs: CameraSpec[], use: (cameras: OpenCameras, pictures: EncodedPicture[]) => Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-camera-"));
  const cameras = await openCameras(specs, { folder, preRollBytes: 1e7, utcMs: () => Date.now(), log: silent });
  const pictures: EncodedPicture[] = [];
  try {
    cameras.cameras[0]!.camera.look((picture) => pictures.push(picture));
    await use(cameras, pictures);
  } finally {
    await cameras.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (spawnSync("ffmpeg", ["-version"]).error) {
  test("skipped: no ffmpeg here", () => {});
} else {
  let sim: StartedCameras;
  const account = { username: "tocsin", password: "lamp & post" };
  const small = { pose, widthPx: 320, heightPx: 180, framesPerS: 15, keyframeS: 0.5 };
  const folder = mkdtempSync(join(tmpdir(), "tocsin-password-"));
  const passwordFile = join(folder, "password");
  const good = { username: account.username, passwordFile };

  /** What mostly waits, four at a time beside the first test, each with a camera of its own where it does something to it. */
  const begun = new Map<string, Promise<void>>();
  const works: [string, () => Promise<void>][] = [];
  const beside = (name: string, work: () => Promise<void>) => {
    works.push([name, work]);
    test(name, () => begun.get(name));
  };

  test.before(async () => {
    writeFileSync(passwordFile, `${account.password}\n`, { mode: 0o600 });
    sim = await startCameras({
      account,
      cameras: [
        { name: "front", ...small, subBitrateBps: 100_000 },
        { name: "loose", ...small },
        { name: "cold", ...small },
        { name: "hevc", ...small, codec: "hevc" },
      ],
    });
    for (const [i, [name, work]] of works.entries()) {
      const [before] = works[i - 4] ?? [];
      const free = Promise.resolve(before === undefined ? undefined : begun.get(before)).catch(() => undefined);
      begun.set(name, free.then(work));
    }
    void Promise.allSettled(begun.values());
  });
  test.after(async () => {
    await Promise.allSettled(begun.values());
    await sim?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("its own pictures come through: the first is a keyframe, sizes and codec are known, 15 a second", async () => {
    await opened([spec(sim.urls.front!.url, good)], async ({ cameras: [front] }, pictures) => {
      await until("40 pictures", () => pictures.length >= 40);
      assert.ok(pictures[0]!.key);
      const { phase, codec, widthPx, heightPx, framesPerS } = front!.camera.health;
      assert.equal([phase, codec, widthPx, heightPx], ["up", "H264", 320, 180]);
      assert.ok(framesPerS > 1 && framesPerS < 45, `${framesPerS}`);
      assert.ok(pictures.every(({ payloads }) => payloads.every((payload) => payload.length <= 1_188)));
      const between = pictures.slice(1, 31).map(({ timestamp }, i) => (timestamp - pictures[i]!.timestamp) >>> 0);
      const meanTicks = between.reduce((sum, each) => sum + each, 0) / between.length;
      // A loaded machine paints fewer pictures, never more.
      assert.ok(meanTicks > 4_500 && meanTicks < 30_000, `${meanTicks} ticks of 90 kHz for 1/15 s`);
      const { stdout } = spawnSync("ps", ["-ww", "-o", "args=", "--ppid", String(process.pid)], { encoding: "utf8" });
      assert.match(stdout, /^ffmpeg .*-i pipe:0/m);
      assert.not.match(stdout, /lamp(%20| )/, "the password is in no list of processes");
    });
  });

  beside(
    "unplugged it says so, plugged in again its pictures come back by themselves, beginning with a keyframe",
    async () => {
      await opened(
        [spec(sim.urls.loose!.url, { ...good, frozenAfterS: 3 })],
        async ({ cameras: [front] }, pictures) => {
          await until("pictures", () => pictures.length > 5);
          sim.unplug("loose");
          await until("down", () => front!.camera.health.phase === "down");
          assert.match(
            front!.camera.health.why!,
            /ended the stream|no stream|gave no picture|froze/,
            front!.camera.health.why,
          );
          const before = pictures.length;
          const epoch = pictures.at(-1)!.epoch;
          sim.plug("loose");
          await until("pictures again", () => pictures.length > before + 5);
          const again = pictures.find((picture) => picture.epoch > epoch)!;
          assert.ok(again.key);
          assert.ok(front!.camera.counters.restarts >= 1);
        },
      );
    },
  );

  beside("frozen for three seconds it is opened anew; thawed it is back", async () => {
    await opened([spec(sim.urls.cold!.url, { ...good, frozenAfterS: 3 })], async ({ cameras: [front] }, pictures) => {
      await until("pictures", () => pictures.length > 5);
      sim.freeze("cold");
      await until("frozen", () => front!.camera.health.why?.includes("nothing came for 3 s"));
      sim.thaw("cold");
      const before = pictures.length;
      await until("pictures again", () => pictures.length > before + 5);
      assert.is(front!.camera.health.phase, "up");
    });
  });

  beside("H.265 is made H.264 where that is allowed, and a fault in words where it is not", async () => {
    await opened([spec(sim.urls.hevc!.url, good)], async ({ cameras: [front] }, pictures) => {
      await until("pictures", () => pictures.length > 10);
      assert.ok(pictures[0]!.key && pictures[0]!.codec === "H264");
      assert.is(front!.camera.health.codec, "H264");
    });
    await opened([spec(sim.urls.hevc!.url, { ...good, transcode: "never" })], async ({ cameras: [front] }) => {
      await until("the reason", () => front!.camera.health.why?.includes("H265, which browsers do not play"));
    });
  });

  beside("a thin link takes the smaller stream, from its keyframe on, without the gap of an opening", async () => {
    const { url, subUrl } = sim.urls.front!;
    await opened([spec(url, { ...good, subStreamUrl: subUrl! })], async ({ cameras: [front] }, pictures) => {
      await until("pictures of two seconds", () => pictures.length > 30);
      const thin = setInterval(() => front!.camera.allow(10_000), 100);
      const first = await until("the smaller stream", () => pictures.find(({ source }) => source === "sub"));
      clearInterval(thin);
      assert.ok(first.key);
      assert.is(front!.camera.counters.sourceSwitches, 1);
      const at = pictures.indexOf(first);
      const gapMs = first.arrivedAtMs - pictures[at - 1]!.arrivedAtMs;
      assert.ok(gapMs < 3_000, `${gapMs} ms, and opening it anew takes no less`);
      await until("its size", () => front!.camera.health.widthPx === 160);
    });
  });

  beside("an encoder is told another bitrate without a gap; VP8 too", async () => {
    const node: CameraSpec = {
      ...spec(""),
      kind: "sim",
      pattern: "testsrc2",
      encoder: { codec: "VP8", bitrateBps: 800_000, leastBitrateBps: 100_000, keyframeS: 1 },
    };
    await opened([node], async ({ cameras: [front] }, pictures) => {
      await until("pictures", () => pictures.length > 15);
      assert.ok(pictures[0]!.key && pictures[0]!.codec === "VP8");
      const { epoch } = pictures.at(-1)!;
      front!.camera.allow(200_000);
      const first = await until("the other encoder", () => pictures.find((picture) => picture.epoch !== epoch));
      assert.ok(first.key);
      assert.is(front!.camera.counters.rateChanges, 1);
      assert.is(front!.camera.counters.restarts, 0);
    });
  });

  test("a wrong password is told from a camera that is away, and asked once, not every second", async () => {
    // The server counts all who are refused.
    await Promise.allSettled(begun.values());
    const wrong = join(folder, "wrong");
    writeFileSync(wrong, "guess\n");
    await opened([spec(sim.urls.front!.url, { ...good, passwordFile: wrong })], async ({ cameras: [front] }) => {
      await until("refused", () => front!.camera.health.why?.includes("refuses the account"));
      const { server } = await sim.figures();
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      assert.is((await sim.figures()).server.refused, server.refused);
    });
  });

  test("a password file that is missing is told with its name; the node goes on", async () => {
    await opened([spec(sim.urls.front!.url, { ...good, passwordFile: "/nowhere/password" })], async ({ cameras }) => {
      await until("the reason", () => cameras[0]!.camera.health.why?.includes("passwordFile: ENOENT"));
    });
  });
}

test.run();
