/** What `tocsin doctor` says of cameras that are well, away, refuse us, or send what cannot be sent on. */
import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startCameras } from "#sim/camera/start-cameras.ts";
import { checkCamera } from "./check-camera.ts";
import type { CameraSpec } from "./open-cameras.ts";

type Rtsp = Extract<CameraSpec, { kind: "rtsp" }>;
const spec = (url: string, more: Partial<Rtsp> = {}): Rtsp => ({
  kind: "rtsp",
  name: "front",
  url,
  transport: "tcp",
  transcode: "auto",
  encoder: { codec: "H264", bitrateBps: 1e6, leastBitrateBps: 1e5, keyframeS: 1 },
  preRollS: 0,
  frozenAfterS: 2,
  widthPx: 320,
  heightPx: 180,
  framesPerS: 15,
  ...more,
});

test("a device that is not plugged in says so without asking ffmpeg", async () => {
  const { ok, fix } = await checkCamera({ ...spec(""), kind: "v4l2", device: "/dev/video97" });
  assert.not.ok(ok);
  assert.match(fix!, /plug the camera in/);
});

if (spawnSync("ffprobe", ["-version"]).error) {
  test("skipped: no ffprobe here", () => {});
} else {
  test("well; wrong path; nobody there; H.265 with and without leave to make it anew", async () => {
    const pose = { eastM: 0, northM: 0, upM: 5, yawDeg: 0, pitchDeg: -10, fovDeg: 60 };
    const small = { pose, widthPx: 320, heightPx: 180, framesPerS: 15, keyframeS: 0.5 };
    const sim = await startCameras({
      cameras: [
        { name: "front", ...small },
        { name: "hevc", ...small, codec: "hevc" },
      ],
    });
    try {
      const { url } = sim.urls.front!;
      const well = await checkCamera(spec(url));
      assert.ok(well.ok, well.detail);
      assert.match(well.detail, /^h264 Constrained Baseline 320x180 at \d+\/s, sent on as it is$/);
      const shut = await checkCamera(spec(url, { username: "tocsin", passwordFile: import.meta.filename }));
      assert.equal(shut, well, "an account that the camera does not ask for changes nothing");
      const lost = await checkCamera(spec(url.replace("front", "back")));
      assert.match(lost.detail, /no stream of this path/);
      const nobody = await checkCamera(spec("rtsp://127.0.0.1:1/front"));
      assert.match(nobody.detail, /nothing answers/);
      const newer = await checkCamera(spec(sim.urls.hevc!.url));
      assert.ok(newer.ok && /^hevc .*made anew$/.test(newer.detail), newer.detail);
      const never = await checkCamera(spec(sim.urls.hevc!.url, { transcode: "never" }));
      assert.not.ok(never.ok);
    } finally {
      await sim.close();
    }
  });
}

test.run();
