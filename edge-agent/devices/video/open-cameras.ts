/** The cameras that the configuration names, with their rings, on one ingest. */
import type { Log } from "../../ports.ts";
import type { Camera, PreRoll } from "../../video-port.ts";
import { FfmpegCamera } from "./camera.ts";
import type { VideoInput } from "./ffmpeg-args.ts";
import { EncryptedPreRoll } from "./pre-roll.ts";
import { withAccount } from "./rtsp-account.ts";
import { RtspIngest } from "./rtsp-ingest.ts";

interface EncoderSpec {
  codec: "H264" | "VP8";
  name?: string | undefined;
  bitrateBps: number;
  leastBitrateBps: number;
  keyframeS: number;
}

interface Common {
  name: string;
  label?: string | undefined;
  encoder: EncoderSpec;
  preRollS: number;
  frozenAfterS: number;
  widthPx: number;
  heightPx: number;
  framesPerS: number;
}

/** As `roles/stream/config.ts` checks it. */
export type CameraSpec = Common &
  (
    | {
        kind: "rtsp";
        url: string;
        subStreamUrl?: string | undefined;
        username?: string | undefined;
        passwordFile?: string | undefined;
        transport: "tcp" | "udp";
        transcode: "auto" | "never" | "always";
      }
    | { kind: "v4l2"; device: string; inputFormat?: string | undefined }
    | { kind: "sim"; pattern: string }
  );

export interface OpenCameras {
  cameras: { camera: Camera; preRoll: PreRoll | undefined }[];
  close(): Promise<void>;
}

export async function openCameras(
  specs: readonly CameraSpec[],
  options: { folder: string; preRollBytes: number; utcMs: () => number | undefined; log: Log },
): Promise<OpenCameras> {
  const { folder, preRollBytes, utcMs, log } = options;
  const ingest = await RtspIngest.open();
  const opened: { camera: Camera; preRoll: EncryptedPreRoll | undefined }[] = [];
  const close = async () => {
    await Promise.all(opened.map(({ camera }) => camera.close()));
    await Promise.all(opened.map(({ preRoll }) => preRoll?.close()));
    await ingest.close();
  };
  try {
    const keeping = specs.filter(({ preRollS }) => preRollS > 0).length;
    for (const spec of specs) {
      // Transport streams know no VP8.
      const keeps = spec.preRollS > 0 && (passesThrough(spec) || spec.encoder.codec === "H264");
      if (spec.preRollS > 0 && !keeps)
        log.warn({ camera: spec.name }, "no pre-roll of VP8; set encoder.codec to H264, or preRollS to 0");
      const preRoll = keeps
        ? new EncryptedPreRoll({
            camera: spec.name,
            folder,
            keepS: spec.preRollS,
            maxBytes: preRollBytes / keeping,
            utcMs,
            log,
          })
        : undefined;
      opened.push({ camera: cameraOf(spec, ingest, preRoll, log), preRoll });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { cameras: opened, close };
}

function passesThrough(spec: CameraSpec): boolean {
  if (spec.kind === "rtsp") return spec.transcode !== "always";
  return spec.kind === "v4l2" && spec.inputFormat === "h264";
}

function cameraOf(spec: CameraSpec, ingest: RtspIngest, preRoll: EncryptedPreRoll | undefined, log: Log): Camera {
  const { name, label, encoder, frozenAfterS, widthPx, heightPx, framesPerS } = spec;
  const sub = spec.kind === "rtsp" ? spec.subStreamUrl : undefined;
  return new FfmpegCamera({
    name,
    label,
    main: () => inputOf(spec),
    sub: sub === undefined ? undefined : () => inputOf(spec, sub),
    how: passesThrough(spec) ? (spec.kind === "rtsp" && spec.transcode === "auto" ? "auto" : "copy") : "encode",
    raw: { widthPx, heightPx, framesPerS },
    encoder: { ...encoder, name: encoder.name },
    frozenAfterS,
    onTs: preRoll && ((epoch, bytes) => preRoll.push(epoch, bytes)),
    ingest,
    log,
  });
}

export function inputOf(spec: CameraSpec, url?: string): VideoInput {
  const { widthPx, heightPx, framesPerS } = spec;
  switch (spec.kind) {
    case "rtsp":
      return { kind: "rtsp", url: withAccount(url ?? spec.url, spec), transport: spec.transport };
    case "v4l2":
      return { kind: "v4l2", device: spec.device, inputFormat: spec.inputFormat, widthPx, heightPx, framesPerS };
    case "sim":
      return { kind: "sim", pattern: spec.pattern, widthPx, heightPx, framesPerS };
  }
}
