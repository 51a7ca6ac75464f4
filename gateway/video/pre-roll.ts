/** What a camera saw before anybody asked, sent once by its node: checked to be video alone, and kept like any other recording. */
import { Refusal } from "../http/refusal.ts";
import { Mp4Cutter } from "../relay/record/mp4-pieces.ts";
import type { Piece } from "../relay/record/muxer.ts";
import type { Recordings } from "./recordings.ts";

/** A node that sends it later than this has another incident in mind, or a wrong clock. */
const OLDEST_MS = 3_600_000;

/** Whose word the time of the first picture is. */
export type StartedBy = "node" | "arrival";

/**
 * @param startTime what the node says of its first picture, RFC 3339; not believed in the future or more than an hour ago, then the arrival counts.
 * @throws Refusal 400 when it is no fragmented MP4, 422 when there is sound in it, 507 when the disk does not keep all of it: then nothing stays.
 * @param discarded called where hashes of what does not stay are on the record already.
 */
export async function takePreRoll(
  recordings: Recordings,
  stream: string,
  incident: string,
  body: Buffer,
  startTime?: string,
  discarded: (recording: string) => void = () => {},
): Promise<{ recording: string; seconds: number; startedBy: StartedBy }> {
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
  const nowMs = Date.now();
  const saidMs = startTime === undefined ? Number.NaN : Date.parse(startTime);
  const startedBy = saidMs <= nowMs && saidMs >= nowMs - OLDEST_MS ? "node" : "arrival";
  const startedMs = startedBy === "node" ? saidMs : nowMs - seconds * 1000;
  const notKept = (why: string) =>
    new Refusal(507, `not kept: ${why}`, { fix: "send it again when there is room on the gateway's disk" });
  let recording: string;
  try {
    const kind = { codec: "H264", format: "mp4", preRoll: true } as const;
    recording = recordings.begin({ stream, incident, startedMs, start: start.bytes, ...kind });
  } catch (error) {
    throw notKept((error as Error).message);
  }
  let atMs = startedMs;
  let why: string | undefined;
  for (const { bytes, durationS } of media) {
    why ??= recordings.add(recording, atMs, durationS, bytes);
    // One after the other: all of it at once would be more than may wait for the disk.
    if (!(await recordings.isWhole(recording))) why ??= "the disk failed";
    atMs += durationS * 1000;
  }
  if (why !== undefined) {
    await recordings.discard(recording, () => discarded(recording));
    throw notKept(why);
  }
  await recordings.end(recording);
  return { recording, seconds, startedBy };
}
