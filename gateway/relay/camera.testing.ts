/** A real encoder for tests: ffmpeg makes a test picture and sends it as RTP to a port of this machine, at the speed of life or faster. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { RtpPacket } from "werift";

export const hasFfmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;

export interface CameraOptions {
  codec: "H264" | "VP8";
  size?: string;
  framesPerS?: number;
  bitrate?: string;
  /** Pictures from one keyframe to the next. */
  group?: number;
  /** More of ffmpeg's video filters, such as a burnt-in clock. */
  filter?: string;
  seconds?: number;
  /** So many times the speed of life; the pictures' own times are the same. */
  speed?: number;
}

export interface Camera {
  process: ChildProcess;
  stop(): Promise<void>;
}

export const encoders = {
  H264: "-c:v libx264 -preset ultrafast -tune zerolatency -profile:v baseline -bf 0".split(" "),
  VP8: "-c:v libvpx -deadline realtime -cpu-used 8 -error-resilient 1 -lag-in-frames 0 -auto-alt-ref 0".split(" "),
};

/** ffmpeg with these arguments, sending RTP (payload type 96) to where each packet is taken from. */
async function startSource(args: (url: string) => string[], take: (packet: RtpPacket) => void): Promise<Camera> {
  const socket = createSocket({ type: "udp4", recvBufferSize: 4_000_000 });
  socket.on("message", (data) => {
    // RTCP of ffmpeg comes on the next port, but a stray datagram must not end the test.
    if (data.length > 12 && (data[1] as number) < 192) take(RtpPacket.deSerialize(data));
    else if (data.length > 12 && (data[1] as number) > 223) take(RtpPacket.deSerialize(data));
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  const child = spawn(
    "ffmpeg",
    ["-hide_banner", "-loglevel", "error", ...args(`rtp://127.0.0.1:${port}?pkt_size=1200`)],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  return {
    process: child,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGKILL");
        await ended;
      }
      socket.close();
    },
  };
}

/** @param take gets each packet. Its payload type is 96. */
export function startCamera(options: CameraOptions, take: (packet: RtpPacket) => void): Promise<Camera> {
  const {
    codec,
    size = "320x240",
    framesPerS = 30,
    bitrate = "400k",
    group = 30,
    filter,
    seconds,
    speed = 1,
  } = options;
  const args = (url: string) => [
    ...["-readrate", String(speed), "-f", "lavfi", "-i"],
    `testsrc2=size=${size}:rate=${framesPerS}`,
    ...(seconds === undefined ? [] : ["-t", String(seconds)]),
    "-vf",
    `${filter === undefined ? "" : `${filter},`}format=yuv420p`,
    ...encoders[codec],
    ...["-g", String(group), "-b:v", bitrate, "-f", "rtp", "-payload_type", "96", url],
  ];
  return startSource(args, take);
}

/** A tone as Opus. */
export function startTone(seconds: number, take: (packet: RtpPacket) => void): Promise<Camera> {
  const args = (url: string) => [
    ..."-re -f lavfi -i sine=frequency=440:sample_rate=48000 -ac 2 -c:a libopus -b:a 32k -t".split(" "),
    ...[String(seconds), "-f", "rtp", "-payload_type", "96", url],
  ];
  return startSource(args, take);
}
