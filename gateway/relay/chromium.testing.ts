/** A real browser as a viewer of the relay, and a picture from which it can read the time at which it was made. */
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import type { Page } from "playwright-core";
import { RtpPacket } from "werift";
import type { Camera, CameraOptions } from "./camera.testing.ts";
import { encoders } from "./camera.testing.ts";
import { send } from "./clients.testing.ts";

export const WIDTH_PX = 640;
export const HEIGHT_PX = 480;
/** The time in ms since 1970, its lower 40 bits, as light and dark squares: 20 in a row, two rows, highest bit first. */
const BITS = 40;
const COLUMNS = 20;
const SQUARE_PX = WIDTH_PX / COLUMNS;

/** A picture with the present time in its upper rows and something that moves below. */
function clockFrame(ms: number, count: number): Buffer {
  const frame = Buffer.alloc(WIDTH_PX * HEIGHT_PX, 0x60);
  for (let bit = 0; bit < BITS; bit++) {
    const light = Math.floor(ms / 2 ** (BITS - 1 - bit)) % 2 === 1 ? 0xeb : 0x10;
    const [left, top] = [(bit % COLUMNS) * SQUARE_PX, Math.floor(bit / COLUMNS) * SQUARE_PX];
    for (let row = top; row < top + SQUARE_PX; row++)
      frame.fill(light, row * WIDTH_PX + left, row * WIDTH_PX + left + SQUARE_PX);
  }
  for (let row = 200; row < 400; row++) {
    const from = row * WIDTH_PX + ((count * 7) % (WIDTH_PX - 80));
    for (let column = 0; column < 80; column++) frame[from + column] = (row * 3 + column * 5 + count) & 0xff;
  }
  return frame;
}

/** As `startCamera`, with the time of each picture in it. */
export async function startClockCamera(
  { codec, framesPerS = 30, bitrate = "2M", group = 60 }: CameraOptions,
  take: (packet: RtpPacket) => void,
): Promise<Camera> {
  const socket = createSocket({ type: "udp4", recvBufferSize: 4_000_000 });
  socket.on("message", (data) => {
    if (data.length > 12 && ((data[1] as number) < 192 || (data[1] as number) > 223)) take(RtpPacket.deSerialize(data));
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  const child = spawn(
    "ffmpeg",
    [
      ..."-hide_banner -loglevel error -fflags nobuffer -probesize 32 -f rawvideo -pix_fmt gray".split(" "),
      ...`-video_size ${WIDTH_PX}x${HEIGHT_PX} -framerate ${framesPerS} -i pipe:0 -vf format=yuv420p`.split(" "),
      ...encoders[codec],
      ...`-g ${group} -b:v ${bitrate} -flush_packets 1 -f rtp -payload_type 96 rtp://127.0.0.1:${port}?pkt_size=1200`.split(
        " ",
      ),
    ],
    { stdio: ["pipe", "ignore", "inherit"] },
  );
  child.stdin.on("error", () => {});
  let count = 0;
  const startMs = performance.now();
  const timer = setInterval(() => {
    if ((performance.now() - startMs) / 1000 < count / framesPerS || child.stdin.writableLength > 2_000_000) return;
    child.stdin.write(clockFrame(Date.now(), count++));
  }, 4);
  return {
    process: child,
    stop: async () => {
      clearInterval(timer);
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGKILL");
        await ended;
      }
      socket.close();
    },
  };
}

export interface Seen {
  firstFrameMs: number;
  /** From the camera's clock in the picture to the screen, each picture. */
  glassToGlassMs: number[];
  /** Between pictures on the screen. */
  intervalsMs: number[];
  widthPx: number;
  packetsLost: number;
  framesDecoded: number;
}

/** What may be done to offer and answer on their way. */
export interface OnTheWay {
  offer(sdp: string): string;
  answer(sdp: string): Promise<string>;
}
const unchanged: OnTheWay = { offer: (sdp) => sdp, answer: async (sdp) => sdp };

/** Joins as a WHEP viewer and looks for so long after the first picture, and for so many more pictures. Once a page. */
export async function look(
  page: Page,
  url: string,
  token: string,
  { seconds = 0, pictures = 0, way = unchanged }: { seconds?: number; pictures?: number; way?: OnTheWay | undefined },
): Promise<Seen> {
  await page.exposeFunction("tocsinWhep", async (at: string, bearer: string, sdp: string) => {
    const reply = await send("POST", at, bearer, way.offer(sdp));
    if (reply.status !== 201) throw new Error(`${reply.status}: ${reply.text}`);
    return way.answer(reply.text);
  });
  // The test runner's transpiler wraps functions in a helper of that name.
  await page.evaluate("globalThis.__name ??= (made) => made");
  return (await page.evaluate(inBrowser, { url, token, seconds, pictures, BITS, COLUMNS, SQUARE_PX })) as Seen;
}

/** Runs in the browser: takes nothing from around it. */
async function inBrowser(given: {
  url: string;
  token: string;
  seconds: number;
  pictures: number;
  BITS: number;
  COLUMNS: number;
  SQUARE_PX: number;
}): Promise<Seen> {
  const { url, token, seconds, pictures, BITS, COLUMNS, SQUARE_PX } = given;
  const startMs = performance.now();
  const peer = new RTCPeerConnection();
  peer.addTransceiver("video", { direction: "recvonly" });
  const video = document.createElement("video");
  video.muted = true;
  video.autoplay = true;
  document.body.append(video);
  const canvas = new OffscreenCanvas(COLUMNS * SQUARE_PX, 2 * SQUARE_PX);
  const context = canvas.getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  const glassToGlassMs: number[] = [];
  const intervalsMs: number[] = [];
  let firstFrameMs = 0;
  let lastMs = 0;
  const readClock = () => {
    const nowMs = Date.now();
    context.drawImage(video, 0, 0);
    let ms = 0;
    for (let bit = 0; bit < BITS; bit++) {
      const x = (bit % COLUMNS) * SQUARE_PX + SQUARE_PX / 2;
      const y = Math.floor(bit / COLUMNS) * SQUARE_PX + SQUARE_PX / 2;
      ms = ms * 2 + ((context.getImageData(x, y, 1, 1).data[0] as number) > 128 ? 1 : 0);
    }
    return nowMs - (Math.floor(nowMs / 2 ** BITS) * 2 ** BITS + ms);
  };
  const done = new Promise<void>((resolve) => {
    const onFrame = (nowMs: number) => {
      if (firstFrameMs === 0) {
        firstFrameMs = nowMs - startMs;
      } else intervalsMs.push(nowMs - lastMs);
      if (nowMs - startMs - firstFrameMs >= seconds * 1000 && intervalsMs.length >= pictures) resolve();
      lastMs = nowMs;
      glassToGlassMs.push(readClock());
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
  });
  peer.ontrack = ({ track }) => {
    video.srcObject = new MediaStream([track]);
  };
  await peer.setLocalDescription(await peer.createOffer());
  const whep = (window as unknown as { tocsinWhep(at: string, bearer: string, sdp: string): Promise<string> })
    .tocsinWhep;
  const sdp = await whep(url, token, peer.localDescription?.sdp ?? "");
  await peer.setRemoteDescription({ type: "answer", sdp });
  const late = new Promise<never>((_, reject) =>
    setTimeout(() => reject(new Error(`${intervalsMs.length} pictures: ${peer.connectionState}`)), 60_000),
  );
  await Promise.race([done, late]);
  let [packetsLost, framesDecoded] = [0, 0];
  for (const report of (await peer.getStats()).values()) {
    if (report.type === "inbound-rtp") {
      packetsLost = report.packetsLost as number;
      framesDecoded = report.framesDecoded as number;
    }
  }
  const widthPx = video.videoWidth;
  peer.close();
  video.remove();
  return { firstFrameMs, glassToGlassMs, intervalsMs, widthPx, packetsLost, framesDecoded };
}
