/** The simulated camera: its time code in numbers, its scene by what is where, its server as a camera's. */
import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { RtspAuth } from "./rtsp-auth.ts";
import { RtspParser } from "./rtsp-wire.ts";
import { newPicture, SceneRenderer } from "./scene.ts";
import { startCameras } from "./start-cameras.ts";
import { paintTimeCode, readTimeCode } from "./time-code.ts";

test("a time code is read back as it was painted, also from half the size; a damaged block makes it unreadable, never wrong", () => {
  for (const widthPx of [640, 320, 1280]) {
    const luma = new Uint8Array(widthPx * 100);
    const at = (x: number, y: number) => luma[y * widthPx + x]!;
    assert.is(readTimeCode(widthPx, at), undefined, "black is no time");
    const code = { utcMs: 1_795_392_000_123, picture: 4_093 };
    paintTimeCode(luma, widthPx, code);
    assert.equal(readTimeCode(widthPx, at), code);
    const side = Math.round((widthPx * 12) / 640);
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const place = y * widthPx + 9 * side + x;
        luma[place] = 255 - luma[place]!;
      }
    assert.is(readTimeCode(widthPx, at), undefined);
  }
});

test("a wall 20 m ahead hides the sky in the middle; 90 degrees to the side there is none", () => {
  const corners = [
    [-5, 20],
    [5, 20],
    [5, 30],
    [-5, 30],
  ] as const;
  const scene = new SceneRenderer([{ corners, heightM: 30, reflectance: 0.5 }]);
  const brightness = (yawDeg: number) => {
    const picture = newPicture(64, 36);
    scene.paint(picture, { eastM: 0, northM: 0, upM: 5, yawDeg, pitchDeg: 0, fovDeg: 60 }, []);
    return picture.bytes[4 * 64 + 32]!;
  };
  assert.ok(brightness(90) > 150, `${brightness(90)}`);
  assert.ok(brightness(0) < 150, `${brightness(0)}`);
});

test("somebody behind the wall is not seen, beside it they are", () => {
  const corners = [
    [-5, 20],
    [5, 20],
    [5, 30],
    [-5, 30],
  ] as const;
  const scene = new SceneRenderer([{ corners, heightM: 30, reflectance: 0.5 }]);
  const painted = (eastM: number, northM: number) => {
    const picture = newPicture(320, 180);
    const actor = { eastM, northM, widthM: 1, heightM: 1.8, yuv: [235, 16, 240] as const };
    scene.paint(picture, { eastM: 0, northM: 0, upM: 5, yawDeg: 0, pitchDeg: -10, fovDeg: 60 }, [actor]);
    return picture.bytes.subarray(0, 320 * 180).filter((each) => each === 235).length;
  };
  assert.is(painted(0, 40), 0);
  assert.ok(painted(0, 15) > 20);
});

test("requests and interleaved packets are told apart wherever the bytes are cut", () => {
  const requests: string[] = [];
  const packets: number[] = [];
  const bytes = Buffer.concat([
    Buffer.from("OPTIONS rtsp://a/b RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
    Buffer.from([0x24, 2, 0, 3, 1, 2, 3]),
    Buffer.from("ANNOUNCE rtsp://a/b RTSP/1.0\r\nCSeq: 2\r\nContent-Length: 4\r\n\r\nv=0\n"),
    Buffer.from([0x24, 0, 0, 1, 9]),
  ]);
  const parser = new RtspParser({
    onRequest: ({ method, body }) => requests.push(`${method} ${body}`),
    onInterleaved: (channel, packet) => packets.push(channel, packet.length),
  });
  for (const byte of bytes) parser.push(Buffer.from([byte]));
  assert.equal(requests, ["OPTIONS ", "ANNOUNCE v=0\n"]);
  assert.equal(packets, [2, 7, 0, 5]);
});

test("a digest of another password is refused", () => {
  const auth = new RtspAuth({ username: "u", password: "p" });
  assert.match(auth.challenge, /^Digest realm="camera", nonce="[0-9a-f]{32}"$/);
  const headers = new Map([["authorization", `Digest username="u", realm="camera", nonce="x", uri="/", response="y"`]]);
  assert.not.ok(auth.accepts({ method: "DESCRIBE", url: "/", headers, body: "" }));
});

if (spawnSync("ffmpeg", ["-version"]).error) {
  test("skipped: no ffmpeg here", () => {});
} else {
  test("ffmpeg finds it as a camera with digest log-in: H.264, the size asked for, and the time code in its picture", async () => {
    const account = { username: "tocsin", password: "x" };
    const pose = { eastM: 0, northM: 0, upM: 5, yawDeg: 0, pitchDeg: -10, fovDeg: 60 };
    const cameras = await startCameras({ account, cameras: [{ name: "gimbal", pose, widthPx: 320, heightPx: 180 }] });
    try {
      const grab = (url: string) =>
        spawnSync(
          "ffmpeg",
          [
            "-v",
            "error",
            "-rtsp_transport",
            "tcp",
            "-i",
            url,
            "-frames:v",
            "1",
            "-pix_fmt",
            "gray",
            "-f",
            "rawvideo",
            "-",
          ],
          { timeout: 60_000 },
        );
      const { url } = cameras.urls.gimbal!;
      assert.match(String(grab(url).stderr), /401 Unauthorized/);
      const { stdout } = grab(url.replace("rtsp://", "rtsp://tocsin:x@"));
      assert.is(stdout.length, 320 * 180);
      const code = readTimeCode(320, (x, y) => stdout[y * 320 + x]!);
      assert.ok(code && Math.abs(Date.now() - code.utcMs) < 60_000, JSON.stringify(code));
    } finally {
      await cameras.close();
    }
  });
}

test.run();
