/**
 * A USB camera (V4L2) without the device: in ffmpeg's place stands a script that notes what it was called with, gives ffmpeg's own test picture where
 * the device would be read, and can be unplugged. What a driver does, it cannot show.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { StreamConfig } from "../../roles/stream/config.ts";
import type { EncodedPicture } from "../../video-port.ts";
import { copyArgs, encodeArgs } from "./ffmpeg-args.ts";
import { inputOf, openCameras } from "./open-cameras.ts";

const WAIT_MS = 30_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const real = spawnSync("sh", ["-c", "command -v ffmpeg"], { encoding: "utf8" }).stdout.trim();

const script = (folder: string) => `#!/bin/sh
echo "$*" >> ${folder}/calls
case " $* " in *" -f v4l2 "*) ;; *) exec ${real} "$@" ;; esac
if [ -e ${folder}/unplugged ]; then echo "/dev/video7: No such file or directory" >&2; exit 1; fi
while [ "$1" != "-i" ]; do shift; done
shift 2
exec ${real} -hide_banner -loglevel info -re -f lavfi -i testsrc2=size=320x180:rate=15 "$@"
`;

async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const endMs = performance.now() + WAIT_MS;
  for (;;) {
    const found = look();
    if (found) return found;
    if (performance.now() > endMs) throw new Error(`${what}: not within ${WAIT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const configured = (more: object) => {
  const camera = { kind: "v4l2", name: "front", device: "/dev/video7", preRollS: 0, ...more };
  return v.parse(StreamConfig, { gatewayUrl: "http://127.0.0.1", cameras: [camera] }).cameras[0]!;
};

test("a camera that encodes H.264 itself is sent on as it is, at the size and rate that it is told", () => {
  const spec = configured({ inputFormat: "h264", widthPx: 1920, heightPx: 1080, framesPerS: 25 });
  const args = copyArgs(inputOf(spec), "rtsp://ingest", undefined).join(" ");
  assert.match(args, /-f v4l2 .*-input_format h264 -video_size 1920x1080 -framerate 25 -i \/dev\/video7 .*-c:v copy/);
});

test("the board's encoder is told to hold no picture back; VA-API gets them in the graphics processor's memory", () => {
  const raw = { widthPx: 1280, heightPx: 720, framesPerS: 30 };
  const args = (name: string, more = {}) => {
    const { encoder } = configured({ inputFormat: "mjpeg", encoder: { name, ...more } });
    return encodeArgs(raw, { ...encoder, name: encoder.name }, "rtsp://ingest", undefined).join(" ");
  };
  assert.match(args("h264_vaapi"), /-vaapi_device \/dev\/dri\/renderD128 .*-i pipe:0 .*-vf format=nv12,hwupload /);
  assert.match(args("h264_vaapi", { renderDevice: "/dev/dri/renderD129" }), /-vaapi_device \/dev\/dri\/renderD129 /);
  assert.not.match(args("h264_vaapi"), /-pix_fmt yuv420p -fps_mode/);
  assert.match(args("h264_nvenc"), /-pix_fmt yuv420p .*-c:v h264_nvenc -tune ull -zerolatency 1 -delay 0 -bf 0 /);
  assert.match(args("h264_qsv"), /-c:v h264_qsv -async_depth 1 -bf 0 /);
  assert.match(args("h264_v4l2m2m"), /-pix_fmt yuv420p .*-c:v h264_v4l2m2m -bf 0 /);
});

test("a service that has the drop-in of docs/node.md may touch what each encoder that is offered there needs", () => {
  const text = readFileSync(join(import.meta.dirname, "../../../docs/node.md"), "utf8");
  const [, dropIn = ""] = /cameras\.conf\n([\s\S]*?)```/.exec(text) ?? [];
  const needs = {
    h264_v4l2m2m: ["DeviceAllow=char-video4linux rw", "SupplementaryGroups=video"],
    h264_vaapi: ["DeviceAllow=char-drm rw", "SupplementaryGroups=video render"],
    h264_qsv: ["DeviceAllow=char-drm rw"],
    h264_nvenc: ["DeviceAllow=char-nvidia* rw"],
  };
  const offered = new Set([...text.matchAll(/`(h264_\w+)`/g)].map(([, name]) => name));
  assert.equal([...offered].sort(), Object.keys(needs).sort());
  for (const [name, lines] of Object.entries(needs)) for (const line of lines) assert.match(dropIn, line, name);
});

if (real === "") test("skipped: no ffmpeg here", () => {});
else
  test("raw or MJPEG pictures are made H.264; unplugged it says so, plugged in again it is back", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tocsin-v4l2-"));
    writeFileSync(join(folder, "ffmpeg"), script(folder), { mode: 0o755 });
    const path = process.env.PATH;
    process.env.PATH = `${folder}${delimiter}${path}`;
    const spec = configured({ inputFormat: "mjpeg", widthPx: 320, heightPx: 180, framesPerS: 15 });
    const opened = await openCameras([spec], { folder, preRollBytes: 1e6, utcMs: () => Date.now(), log: silent });
    try {
      const { camera } = opened.cameras[0]!;
      const pictures: EncodedPicture[] = [];
      writeFileSync(join(folder, "unplugged"), "");
      camera.look((picture) => pictures.push(picture));
      await until("the reason", () => camera.health.why?.includes("not plugged in"));
      rmSync(join(folder, "unplugged"));
      await until("pictures", () => pictures.length > 10);
      assert.ok(pictures[0]!.key && pictures[0]!.codec === "H264");
      assert.equal([camera.health.phase, camera.health.widthPx], ["up", 320]);
      const calls = readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
      const capture = calls.find((call) => call.includes("-f v4l2"))!;
      assert.match(capture, /-input_format mjpeg -video_size 320x180 -framerate 15 -i \/dev\/video7 -map 0:v:0 -an/);
      assert.ok(calls.some((call) => call.includes("-c:v libx264") && !call.includes("v4l2")));
    } finally {
      await opened.close();
      process.env.PATH = path;
      rmSync(folder, { recursive: true, force: true });
    }
  });

test.run();
