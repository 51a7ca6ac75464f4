/**
 * A camera on the screen: how long a viewer waits for the first picture, and how old a picture is when it is shown, from a real RTSP source (GStreamer's
 * server where the machine has it, else ours) through a node and the relay into Chromium. All on one machine, so that one clock tells.
 * Peer: ffmpeg that plays the same RTSP stream straight, without any network between. Each figure comes with the machine's load.
 */
import { spawn, spawnSync } from "node:child_process";
import { loadavg } from "node:os";
import { readTimeCode } from "#sim/camera/time-code.ts";
import { startChain } from "./testing/chain.ts";
import { figuresOf, median, openBrowser, watch } from "./testing/viewer.ts";

const JOINS = 20;
const WATCH_MS = 10_000;
const WIDTH_PX = 640;
const HEIGHT_PX = 360;

const gstreamer =
  spawnSync("/usr/bin/python3", ["-c", "import gi; gi.require_version('GstRtspServer', '1.0')"]).status === 0;
const print = (figure: object) =>
  process.stdout.write(
    `${JSON.stringify({ bench: "video uplink", ...figure, load: Number(loadavg()[0]!.toFixed(1)), source: gstreamer ? "GStreamer" : "own" })}\n`,
  );

/** Age of each picture when ffmpeg has decoded it, ms. */
async function straight(url: string, forMs: number): Promise<number[]> {
  const rows = 24;
  const player = spawn(
    "ffmpeg",
    [
      ...["-v", "error", "-fflags", "nobuffer", "-flags", "low_delay", "-rtsp_transport", "tcp", "-i", url],
      ...["-vf", `crop=${WIDTH_PX}:${rows}:0:0`, "-pix_fmt", "gray", "-fps_mode", "passthrough", "-f", "rawvideo", "-"],
    ],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  const ages: number[] = [];
  let held = Buffer.alloc(0);
  player.stdout.on("data", (bytes: Buffer) => {
    held = Buffer.concat([held, bytes]);
    for (; held.length >= WIDTH_PX * rows; held = held.subarray(WIDTH_PX * rows)) {
      const code = readTimeCode(WIDTH_PX, (x, y) => held[y * WIDTH_PX + x]!);
      if (code) ages.push(Date.now() - code.utcMs);
    }
  });
  await new Promise((resolve) => setTimeout(resolve, forMs));
  player.kill("SIGKILL");
  return ages.slice(Math.floor(ages.length / 3));
}

const [browser, chain] = await Promise.all([
  openBrowser(),
  startChain({ camera: { gstreamer, widthPx: WIDTH_PX, heightPx: HEIGHT_PX, bitrateBps: 2_000_000, grain: 8 } }),
]);
try {
  await chain.want();
  const viewer = await watch(browser, chain);
  await viewer.join();
  await viewer.page.waitForTimeout(WATCH_MS);
  const { medianMs, p95Ms, framesPerS, longestGapMs } = figuresOf(await viewer.presented());
  const ages = await straight(chain.cameras.urls.front!.url, 5_000);
  print({
    figure: "glass to glass, median",
    value: medianMs,
    unit: "ms",
    peer: { "ffmpeg playing the RTSP stream straight": median(ages) },
    bound: { "one picture's time": 1000 / 30 },
    wanted: "<= 250",
    p95Ms,
  });
  print({ figure: "pictures per second on the screen", value: framesPerS, unit: "1/s", bound: 30, longestGapMs });
  const waits: number[] = [];
  for (let i = 0; i < JOINS; i++) {
    await viewer.leave();
    // At any time within the camera's keyframe interval of a second.
    await viewer.page.waitForTimeout(Math.round((i * 1_000) / JOINS));
    waits.push(await viewer.join());
  }
  print({
    figure: `first picture of a viewer, median of ${JOINS} joins`,
    value: median(waits),
    unit: "ms",
    without: { "waiting for the camera's next keyframe, a second apart, mean": 500 },
    wanted: "<= 1000",
    longestMs: Math.max(...waits),
    bitrateBps: chain.camera?.bitrateBps,
  });
} finally {
  await browser.close();
  await chain.close();
}
