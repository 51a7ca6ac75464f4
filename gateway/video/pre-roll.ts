/** What a camera saw before anybody asked, sent once by its node: checked to be video alone, and kept like any other recording. */
import { Refusal } from "../http/refusal.ts";
import { Mp4Cutter } from "../relay/record/mp4-pieces.ts";
import type { Piece } from "../relay/record/muxer.ts";
import type { Recordings } from "./recordings.ts";

/** @throws Refusal 400 when it is no fragmented MP4, 422 when there is sound in it. */
export async function takePreRoll(
  recordings: Recordings,
  stream: string,
  incident: string,
  body: Buffer,
): Promise<{ recording: string; seconds: number }> {
  let pieces: Piece[];
  try {
    pieces = new Mp4Cutter().push(body);
  } catch (error) {
    throw new Refusal(400, `the body is no MP4: ${(error as Error).message}`, { field: "body" });
  }
  const [start, ...media] = pieces;
  if (start?.kind !== "start" || media.length === 0 || media.some(({ kind }) => kind !== "media"))
    throw new Refusal(400, "the body is no fragmented MP4", { field: "body" });
  // ISO/IEC 14496-12, 8.4.3: the handler of a sound track.
  if (start.bytes.includes("soun"))
    throw new Refusal(422, "there is sound in it; nodes send video only", { field: "body" });
  const seconds = media.reduce((sum, { durationS }) => sum + durationS, 0);
  const startedMs = Date.now() - seconds * 1000;
  const recording = recordings.begin({
    stream,
    incident,
    codec: "H264",
    format: "mp4",
    startedMs,
    preRoll: true,
    start: start.bytes,
  });
  let atMs = startedMs;
  for (const { bytes, durationS } of media) {
    recordings.add(recording, atMs, durationS, bytes);
    atMs += durationS * 1000;
  }
  await recordings.end(recording);
  return { recording, seconds };
}
