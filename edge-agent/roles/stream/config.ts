/** The role's part of a node's configuration: `roles.stream`. */
import * as v from "valibot";
import { Count, Finite, NonNegative } from "#contract/units.ts";
import { CameraName } from "#contract/video.ts";
import { PanTiltConfig } from "./mount-config.ts";

const within = (least: number, most: number, unit: string) =>
  v.pipe(
    Finite,
    v.minValue(least, `must be ${least} to ${most} ${unit}`),
    v.maxValue(most, `must be ${least} to ${most} ${unit}`),
  );
const Pixels = v.pipe(
  Count,
  v.minValue(64, "must be 64 to 7680 pixels"),
  v.maxValue(7680, "must be 64 to 7680 pixels"),
  v.multipleOf(2, "must be even"),
);
const Bitrate = v.pipe(
  Count,
  v.minValue(50_000, "must be 50000 to 50000000 bits per second"),
  v.maxValue(50_000_000, "must be 50000 to 50000000 bits per second"),
);
export const RtspUrl = v.pipe(
  v.string("is missing, such as rtsp://192.0.2.10/stream1"),
  v.regex(/^rtsps?:\/\/[^/\s]+/, "must be rtsp://host[:port]/path"),
  v.check(
    (url) => !/^rtsps?:\/\/[^/]*@/.test(url),
    "must not carry a password; put the account into username and passwordFile",
  ),
);

/** Where the pictures have to be made anew: a raw camera, a codec that browsers lack, B-frames. */
const Encoder = v.strictObject({
  codec: v.optional(v.picklist(["H264", "VP8"], "must be H264 or VP8"), "H264"),
  /** ffmpeg's name of the encoder: libx264, libvpx, or the hardware's, such as h264_v4l2m2m, h264_nvenc. */
  name: v.optional(
    v.pipe(v.string(), v.regex(/^[a-z0-9_]+$/, "must be an encoder's name as `ffmpeg -encoders` lists it")),
  ),
  /** Of a VA-API encoder; /dev/dri/renderD128 where absent. */
  renderDevice: v.optional(v.pipe(v.string(), v.startsWith("/dev/", "must be a device below /dev"))),
  bitrateBps: v.optional(Bitrate, 1_500_000),
  /** The congestion control does not go below it. */
  leastBitrateBps: v.optional(Bitrate, 200_000),
  keyframeS: v.optional(within(0.2, 10, "seconds"), 1),
});

/** Of a camera that asks for one. */
export const rtspAccount = {
  username: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(100))),
  /** Absolute path; the file holds the password alone. */
  passwordFile: v.optional(v.pipe(v.string(), v.startsWith("/", "must be an absolute path"))),
};

const common = {
  name: CameraName,
  /** For people: "front, towards the market". */
  label: v.optional(v.pipe(v.string(), v.maxLength(80))),
  encoder: v.optional(Encoder, {}),
  /** Seconds that the node keeps of this camera, encrypted, for an incident that asks; 0 keeps nothing and opens the camera only when it is wanted. */
  preRollS: v.optional(within(0, 120, "seconds"), 30),
  /** Without a picture for so long the camera counts as frozen and is opened anew. */
  frozenAfterS: v.optional(within(0.5, 60, "seconds"), 2),
  /** A mount that turns it to incidents, of a node that stands still; fixed where it is not given. */
  panTilt: v.optional(PanTiltConfig),
};

const size = {
  widthPx: v.optional(Pixels, 1280),
  heightPx: v.optional(Pixels, 720),
  framesPerS: v.optional(within(1, 120, "pictures per second"), 30),
};

export const CameraConfig = v.variant(
  "kind",
  [
    v.strictObject({
      kind: v.literal("rtsp"),
      url: RtspUrl,
      /** A smaller stream of the same camera, taken when the link is thin. */
      subStreamUrl: v.optional(RtspUrl),
      ...rtspAccount,
      /** `tcp` loses nothing between camera and node; `udp` where a camera has nothing else. */
      transport: v.optional(v.picklist(["tcp", "udp"], "must be tcp or udp"), "tcp"),
      /** `auto`: only where the camera's own pictures cannot be sent on (H.265, B-frames); `never`: then it is a fault. */
      transcode: v.optional(v.picklist(["auto", "never", "always"], "must be auto, never or always"), "auto"),
      ...common,
      /** Of the pictures made anew, where they have to be. */
      ...size,
    }),
    v.strictObject({
      kind: v.literal("v4l2"),
      device: v.optional(v.pipe(v.string(), v.regex(/^\/dev\/[\w./:-]+$/, "must be below /dev")), "/dev/video0"),
      /** As `v4l2-ctl --list-formats-ext` names it for ffmpeg: mjpeg, yuyv422, or h264, which is passed on as it is. */
      inputFormat: v.optional(v.pipe(v.string(), v.regex(/^[a-z0-9]+$/, "must be such as mjpeg, yuyv422, h264"))),
      ...size,
      ...common,
    }),
    v.strictObject({
      kind: v.literal("sim"),
      /** A test picture of ffmpeg's own, for a node without a camera. */
      pattern: v.optional(
        v.picklist(["testsrc2", "smptebars", "mandelbrot"], "must be testsrc2, smptebars or mandelbrot"),
        "testsrc2",
      ),
      ...size,
      ...common,
    }),
  ],
  "must be rtsp, v4l2 or sim",
);
export type CameraConfig = v.InferOutput<typeof CameraConfig>;

const Preview = v.strictObject({
  /** Of the local network; others than loopback and private addresses are refused. */
  host: v.optional(v.string(), "127.0.0.1"),
  port: v.pipe(Count, v.minValue(0), v.maxValue(65_535)),
  camera: CameraName,
  /** It ends by itself: aiming a camera takes minutes. */
  endAfterS: v.optional(within(10, 3600, "seconds"), 600),
});

export const StreamConfig = v.pipe(
  v.strictObject({
    /** The gateway's HTTP address. */
    gatewayUrl: v.pipe(
      v.string("is missing, such as https://gateway.example:8443"),
      v.regex(/^https?:\/\/[^/\s]+\/?$/, "must be https://host[:port]"),
    ),
    /** Absolute path of the certificate that the gateway's was signed by, where the machine does not know it. */
    caFile: v.optional(v.pipe(v.string(), v.startsWith("/", "must be an absolute path"))),
    cameras: v.pipe(v.array(CameraConfig), v.minLength(1, "name at least one camera"), v.maxLength(16, "16 at most")),
    /** Absolute path; the node's `dataDir` where it is not given. A tmpfs spares a memory card: two megabits a second are 21 gigabytes a day. */
    preRollFolder: v.optional(v.pipe(v.string(), v.startsWith("/", "must be an absolute path"))),
    /** Megabytes of all pre-rolls together. */
    preRollMegabytes: v.optional(v.pipe(NonNegative, v.minValue(1), v.maxValue(4096)), 128),
    /** Technician preview by node-rtsp-stream; off where it is not given. */
    preview: v.optional(Preview),
  }),
  v.check(
    ({ cameras }) => new Set(cameras.map(({ name }) => name)).size === cameras.length,
    "cameras: two have the same name",
  ),
  v.check(({ cameras }) => {
    const boards = cameras.flatMap(({ panTilt }) => panTilt?.path ?? []);
    return new Set(boards).size === boards.length;
  }, "cameras: two name the same panTilt.path; a board turns one camera"),
  v.check(
    ({ cameras, preview }) => !preview || cameras.some(({ name, kind }) => name === preview.camera && kind === "rtsp"),
    "preview.camera: must name an rtsp camera of this node",
  ),
);
export type StreamConfig = v.InferOutput<typeof StreamConfig>;
