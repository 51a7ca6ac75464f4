/** Looks at a camera as the role `stream` would: is it there, what does it send, can that be sent on. For `tocsin doctor`. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { inputArgs, inputList } from "./ffmpeg-args.ts";
import { endOf } from "./ffmpeg-words.ts";
import { type CameraSpec, inputOf } from "./open-cameras.ts";

export interface CameraCheck {
  ok: boolean;
  detail: string;
  fix?: string;
}

const WITHIN_MS = 10_000;

interface Probed {
  streams: {
    codec_name?: string;
    profile?: string;
    width?: number;
    height?: number;
    has_b_frames?: number;
    avg_frame_rate?: string;
  }[];
}

export async function checkCamera(spec: CameraSpec): Promise<CameraCheck> {
  if (spec.kind === "v4l2" && !existsSync(spec.device))
    return { ok: false, detail: `no ${spec.device}`, fix: "plug the camera in; 'v4l2-ctl --list-devices' lists them" };
  const probed = await Promise.all([
    probe(spec),
    spec.kind === "rtsp" && spec.subStreamUrl !== undefined ? probe(spec, spec.subStreamUrl) : undefined,
  ]);
  const names = ["", "sub-stream: "];
  const details: string[] = [];
  for (const [i, found] of probed.entries()) {
    if (!found) continue;
    if ("why" in found) return { ok: false, detail: names[i]! + found.why, fix: "correct it in roles.stream.cameras" };
    const [stream] = found.streams;
    if (!stream?.codec_name)
      return { ok: false, detail: `${names[i]}no picture`, fix: "look at the camera's own page" };
    const {
      codec_name: codec,
      profile,
      width,
      height,
      has_b_frames: reordered = 0,
      avg_frame_rate: rate = "0/1",
    } = stream;
    const [up = 0, down = 1] = rate.split("/").map(Number);
    const made = passes(spec, codec, reordered) ? "sent on as it is" : "made anew";
    details.push(
      `${names[i]}${codec} ${profile ?? ""} ${width}x${height} at ${(up / (down || 1)).toFixed(0)}/s, ${made}`,
    );
    if (made === "made anew" && spec.kind === "rtsp" && spec.transcode === "never")
      return {
        ok: false,
        detail: details.join("; "),
        fix: "set the camera to H.264 without B-frames (profile baseline or 'low latency'), or allow transcode: auto",
      };
  }
  return { ok: true, detail: details.join("; ") };
}

function passes(spec: CameraSpec, codec: string, reordered: number): boolean {
  if (spec.kind === "rtsp") return spec.transcode !== "always" && /^(h264|vp8)$/.test(codec) && reordered === 0;
  return spec.kind === "v4l2" && spec.inputFormat === "h264";
}

function probe(spec: CameraSpec, url?: string): Promise<Probed | { why: string }> {
  return new Promise((resolve) => {
    let args: string[];
    let list: string | undefined;
    try {
      const input = inputOf(spec, url);
      args = inputArgs(input).filter((each) => each !== "-re");
      list = inputList(input);
    } catch (error) {
      resolve({ why: (error as Error).message });
      return;
    }
    const show = ["-show_entries", "stream=codec_name,profile,width,height,has_b_frames,avg_frame_rate", "-of", "json"];
    const child = execFile(
      "ffprobe",
      ["-v", "error", ...args, ...show],
      { timeout: WITHIN_MS },
      (error, stdout, stderr) => {
        if (error?.code === "ENOENT") resolve({ why: "ffprobe is not installed: apt install ffmpeg" });
        else if (error?.killed) resolve({ why: `no answer within ${WITHIN_MS / 1000} s` });
        else if (error) resolve({ why: endOf(stderr, `status ${error.code}`).why });
        else resolve(JSON.parse(stdout) as Probed);
      },
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(list);
  });
}
