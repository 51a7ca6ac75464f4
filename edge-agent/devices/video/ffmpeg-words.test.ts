/** What ffmpeg 5.1 really printed, and what a technician is told. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { endOf, inputVideoOf, withoutAccount } from "./ffmpeg-words.ts";

const words: [string, string, RegExp][] = [
  [
    "rtsp://u:p@10.0.0.9/a: Server returned 401 Unauthorized (authorization failed)",
    "refused",
    /username and passwordFile/,
  ],
  ["rtsp://10.0.0.9/a: Server returned 404 Not Found", "broken", /check url/],
  ["Connection to tcp://10.0.0.9:554?timeout=3000000 failed: Connection refused", "absent", /nothing answers/],
  ["rtsp://10.0.0.9/a: Connection timed out", "absent", /does not answer/],
  ["rtsp://10.0.0.9/a: No route to host", "absent", /cable/],
  [
    "[video4linux2,v4l2 @ 0x1] Cannot open video device /dev/video0: No such file or directory\n/dev/video0: No such file or directory",
    "absent",
    /not plugged in/,
  ],
  ["/dev/video0: Device or resource busy", "broken", /another program/],
  ["Unknown encoder 'h264_magic'", "broken", /encoder.name/],
  ["Stream map '0:v:0' matches no streams.", "broken", /no picture/],
];

for (const [said, kind, why] of words) {
  test(`${kind}: ${said.slice(0, 60)}`, () => {
    const end = endOf(said, "status 1");
    assert.is(end.kind, kind);
    assert.match(end.why, why);
  });
}

test("no reason carries a password or the secret of the ingest", () => {
  const said = "rtsp://admin:secret%20word@10.0.0.9/a: Something new";
  assert.not.match(endOf(said, "status 1").why, /secret|admin/);
  assert.is(withoutAccount(`x rtsp://127.0.0.1:9/${"ab".repeat(16)} y`), "x (ingest) y");
});

test("codec and size of the camera's picture are read from what ffmpeg prints of it", () => {
  assert.equal(
    inputVideoOf(
      "  Stream #0:0: Video: h264 (High), yuvj420p(pc, bt709, progressive), 1920x1080 [SAR 1:1 DAR 16:9], 25 fps",
    ),
    { codec: "h264", widthPx: 1920, heightPx: 1080 },
  );
  assert.is(inputVideoOf("nothing yet"), undefined);
});

test.run();
