/** What a technician may write under `roles.stream`, and what they are told where it is wrong. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { faultsOf } from "#contract/channel.ts";
import { StreamConfig } from "./config.ts";

const gatewayUrl = "https://gateway.example:8443";
const faults = (config: unknown) => {
  const result = v.safeParse(StreamConfig, config);
  return result.success ? [] : faultsOf(result.issues);
};

test("a camera needs a kind, a name and an address; the rest has values", () => {
  const { cameras, preRollMegabytes } = v.parse(StreamConfig, {
    gatewayUrl,
    cameras: [{ kind: "rtsp", name: "front", url: "rtsp://192.0.2.10/stream1" }],
  });
  const [front] = cameras;
  assert.equal([front!.preRollS, front!.frozenAfterS, front!.encoder.codec, preRollMegabytes], [30, 2, "H264", 128]);
});

test("a mount needs its board, its height and where it looks; it rests at its zeros", () => {
  const panTilt = { path: "/dev/ttyACM0", heightM: 6, azimuthDeg: 45, tilt: { zeroDeg: 100 } };
  const [front] = v.parse(StreamConfig, { gatewayUrl, cameras: [{ kind: "sim", name: "front", panTilt }] }).cameras;
  const { pan, tilt, rest, lamp } = front!.panTilt!;
  assert.equal([pan.leastDeg, pan.mostDeg, tilt.leastDeg, tilt.mostDeg, lamp], [0, 180, 30, 150, undefined]);
  assert.equal(rest, { panDeg: 90, tiltDeg: 100 });
});

const mounted = (more: object, name = "a") => ({
  kind: "sim",
  name,
  panTilt: { path: "/dev/ttyACM0", heightM: 6, azimuthDeg: 45, ...more },
});
const wrong: [string, unknown, RegExp][] = [
  ["no cameras", { gatewayUrl, cameras: [] }, /cameras: name at least one camera/],
  ["no gateway", { cameras: [{ kind: "sim", name: "a" }] }, /gatewayUrl/],
  ["a kind that is none", { gatewayUrl, cameras: [{ kind: "usb", name: "a" }] }, /must be rtsp, v4l2 or sim/],
  [
    "a name with a space",
    { gatewayUrl, cameras: [{ kind: "sim", name: "Front Door" }] },
    /cameras.0.name: must be 1 to 32 of a-z/,
  ],
  [
    "a password in the address",
    { gatewayUrl, cameras: [{ kind: "rtsp", name: "a", url: "rtsp://u:p@192.0.2.1/s" }] },
    /cameras.0.url: must not carry a password; put the account into username and passwordFile/,
  ],
  [
    "two of a name",
    {
      gatewayUrl,
      cameras: [
        { kind: "sim", name: "a" },
        { kind: "sim", name: "a" },
      ],
    },
    /two have the same name/,
  ],
  [
    "a mount without its height",
    { gatewayUrl, cameras: [mounted({ heightM: undefined })] },
    /cameras.0.panTilt.heightM/,
  ],
  [
    "a rest outside its bounds",
    { gatewayUrl, cameras: [mounted({ rest: { panDeg: 90, tiltDeg: 10 } })] },
    /cameras.0.panTilt: rest: must lie between leastDeg and mostDeg/,
  ],
  [
    "a lamp on a pin that has none",
    { gatewayUrl, cameras: [mounted({ lamp: "D9" })] },
    /cameras.0.panTilt.lamp: must be D5 or D6/,
  ],
  [
    "bounds the wrong way round",
    { gatewayUrl, cameras: [mounted({ pan: { leastDeg: 120, mostDeg: 60 } })] },
    /cameras.0.panTilt.pan: leastDeg must be below mostDeg/,
  ],
  [
    "two cameras on one board",
    { gatewayUrl, cameras: [mounted({}, "a"), mounted({}, "b")] },
    /two name the same panTilt.path; a board turns one camera/,
  ],
  ["an odd width", { gatewayUrl, cameras: [{ kind: "sim", name: "a", widthPx: 641 }] }, /widthPx: must be even/],
  [
    "a device elsewhere",
    { gatewayUrl, cameras: [{ kind: "v4l2", name: "a", device: "/etc/passwd" }] },
    /must be below \/dev/,
  ],
  [
    "a preview of a camera that is not there",
    { gatewayUrl, cameras: [{ kind: "sim", name: "a" }], preview: { port: 9999, camera: "b" } },
    /preview.camera: must name an rtsp camera/,
  ],
  ["a field that nobody knows", { gatewayUrl, cameras: [{ kind: "sim", name: "a", audio: true }] }, /audio/],
  [
    "minutes of pre-roll",
    { gatewayUrl, cameras: [{ kind: "sim", name: "a", preRollS: 600 }] },
    /preRollS: must be 0 to 120 seconds/,
  ],
];
for (const [what, config, told] of wrong) {
  test(`${what} is told with its path`, () => {
    const lines = faults(config);
    assert.ok(
      lines.some((line) => told.test(line)),
      lines.join("\n"),
    );
  });
}

test.run();
