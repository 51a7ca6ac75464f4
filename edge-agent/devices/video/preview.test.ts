/** The technician preview shows a camera to whoever has its key, on this machine, as MPEG-1 without sound; nobody else, nowhere else. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Fault } from "#contract/errors.ts";
import { startCameras } from "#sim/camera/start-cameras.ts";
import type { Log } from "../../ports.ts";
import { isLocalAddress } from "./local-address.ts";
import type { CameraSpec } from "./open-cameras.ts";
import { openPreview } from "./preview.ts";

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const spec = (url: string, account = {}): CameraSpec => ({
  kind: "rtsp",
  name: "front",
  ...account,
  url,
  transport: "tcp",
  transcode: "auto",
  encoder: { codec: "H264", bitrateBps: 1_000_000, leastBitrateBps: 100_000, keyframeS: 1 },
  preRollS: 0,
  frozenAfterS: 2,
  widthPx: 640,
  heightPx: 360,
  framesPerS: 30,
});
const pose = { eastM: 0, northM: 0, upM: 6, yawDeg: 0, pitchDeg: -10, fovDeg: 70 };

test("local addresses are those of RFC 1918, 3927, 4193 and loopback; a name and 0.0.0.0 are none", () => {
  for (const address of [
    "127.0.0.1",
    "10.1.2.3",
    "172.31.255.1",
    "192.168.7.9",
    "169.254.1.1",
    "::1",
    "fd12::1",
    "fe80::1",
    "::ffff:10.0.0.1",
  ])
    assert.ok(isLocalAddress(address), address);
  for (const address of ["0.0.0.0", "8.8.8.8", "172.32.0.1", "::", "2001:db8::1", "localhost", "::ffff:8.8.8.8", ""])
    assert.not.ok(isLocalAddress(address), address);
});

test("a public address is refused before anything is opened", () => {
  const open = (host: string) => () =>
    openPreview({ host, port: 0, camera: "front", endAfterS: 10 }, [spec("rtsp://127.0.0.1:1/front")], silent);
  for (const host of ["0.0.0.0", "::", "203.0.113.5", "gateway.example"])
    assert.throws(open(host), (error: unknown) => error instanceof Fault && error.code === "config");
});

if (spawnSync("ffmpeg", ["-version"]).error) {
  test("skipped: no ffmpeg here", () => {});
} else {
  test("who has the key gets MPEG-1 video and no sound, on loopback alone", async () => {
    const account = { username: "tocsin", password: "lamp & post" };
    const folder = mkdtempSync(join(tmpdir(), "tocsin-preview-"));
    const passwordFile = join(folder, "password");
    writeFileSync(passwordFile, account.password);
    const cameras = await startCameras({
      account,
      cameras: [{ name: "front", pose, soundFile: "lavfi:sine=frequency=440" }],
    });
    const preview = openPreview(
      { host: "127.0.0.1", port: 0, camera: "front", endAfterS: 60 },
      [spec(cameras.urls.front!.url, { username: account.username, passwordFile })],
      silent,
    );
    try {
      const url = new URL(await preview.ready);
      assert.is((await fetch(url)).status, 200);
      assert.is((await fetch(new URL("/", url))).status, 403);
      assert.is((await fetch(new URL("/jsmpeg.js", url))).status, 403);
      const stranger = new WebSocket(`ws://${url.host}/?key=${"0".repeat(32)}`);
      assert.is(
        await new Promise((resolve) => {
          stranger.onopen = () => resolve("open");
          stranger.onerror = () => resolve("refused");
        }),
        "refused",
      );
      const viewer = new WebSocket(`ws://${url.host}/${url.search}`);
      viewer.binaryType = "arraybuffer";
      const parts: Buffer[] = [];
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${parts.length} messages in 60 s`)), 60_000);
        viewer.onmessage = ({ data }) => {
          parts.push(Buffer.from(data as ArrayBuffer));
          if (parts.reduce((sum, part) => sum + part.length, 0) < 150_000) return;
          clearTimeout(timer);
          resolve();
        };
        viewer.onerror = () => reject(new Error("the viewer was refused"));
      });
      viewer.close();
      assert.is(parts[0]!.toString("latin1", 0, 4), "jsmp");
      const probe = spawnSync(
        "ffprobe",
        ["-v", "error", "-show_entries", "stream=codec_type,codec_name,width", "-of", "csv=p=0", "-f", "mpegts", "-"],
        { input: Buffer.concat(parts.slice(1)), encoding: "utf8" },
      );
      assert.equal([...new Set(probe.stdout.trim().split(/\s+/))], ["mpeg1video,video,640"]);
      const { server } = await cameras.figures();
      assert.is(server.audioPacketsOut, 0, "its sound is not even asked for");
      const { stdout } = spawnSync("ps", ["-ww", "-eo", "args="], { encoding: "utf8" });
      assert.match(stdout, /^ffmpeg .*mpeg1video/m);
      assert.not.match(stdout, /lamp(%20| )(%26|&)/, "the password is in no list of processes");
      const outside = Object.values(networkInterfaces())
        .flat()
        .find((each) => each && !each.internal && each.family === "IPv4");
      if (outside) {
        const answer = await new Promise<string>((resolve) => {
          const socket = createConnection({ host: outside.address, port: Number(url.port), timeout: 3_000 });
          socket.once("connect", () => resolve("connected"));
          socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
          socket.once("timeout", () => resolve("no answer"));
          socket.once("close", () => socket.destroy());
        });
        assert.is(answer, "ECONNREFUSED");
      }
    } finally {
      await preview.close();
      await cameras.close();
      rmSync(folder, { recursive: true });
    }
  });
}

test.run();
