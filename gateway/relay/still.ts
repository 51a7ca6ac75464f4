/** The newest keyframe of a stream as a decoder takes it, for still pictures. */
import type { Media } from "./media.ts";
import { type Frame, FrameAssembler } from "./record/frames.ts";

/** @param group packets since the last keyframe. @returns H264 in Annex B, or a VP8 frame; nothing where there is no whole one. */
export function keyframeOf(group: readonly Media[]): { codec: string; frame: Buffer } | undefined {
  let found: Frame | undefined;
  const assembler = new FrameAssembler("video", (frame) => {
    found ??= frame;
  });
  for (const media of group) {
    assembler.add(media);
    if (found) break;
  }
  if (!found?.keyframe) return undefined;
  const { codec, data, sps, pps } = found;
  if (codec === "VP8") return { codec, frame: data };
  if (!sps || !pps) return undefined;
  const startCode = Buffer.from([0, 0, 0, 1]);
  const units = [sps, pps];
  for (let at = 0; at + 4 <= data.length; ) {
    const length = data.readUInt32BE(at);
    units.push(data.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return { codec, frame: Buffer.concat(units.flatMap((unit) => [startCode, unit])) };
}
