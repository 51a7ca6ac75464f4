/** One opening of a camera whose own pictures are sent on. */
import type { PictureCodec } from "../../video-port.ts";
import type { FeedRun, RunEnd } from "./feed.ts";
import { aborted, watchPictures } from "./feed-watch.ts";
import { copyArgs, inputList } from "./ffmpeg-args.ts";
import { startFfmpeg } from "./ffmpeg-child.ts";
import { PictureAssembler } from "./pictures.ts";

const carried = new Map<string, PictureCodec>([
  ["H264", "H264"],
  ["VP8", "VP8"],
]);
/** So many pictures out of order are no accident. */
const REORDERED = 3;

/** Seconds that go on over restarts of ffmpeg, below the 26 hours after which MPEG-TS counts anew. */
export function tsOffsetS(): number {
  return (Math.round(performance.now()) / 1000) % 72_000;
}

/** @param mayEncode whether pictures that cannot be sent on are to be made anew. */
export async function copyOnce(run: FeedRun, mayEncode: boolean): Promise<RunEnd> {
  const { input, ingest, source, signal, onPicture, onTs, onForeign, onUp } = run;
  // Throws where the configuration cannot be used; nothing is open yet.
  const from = input();
  const epoch = run.nextEpoch();
  const watch = watchPictures(run.frozenAfterS);
  const unfit = Promise.withResolvers<RunEnd>();
  const unfitFor = (what: string) =>
    unfit.resolve(
      mayEncode
        ? { kind: "transcode", why: what }
        : { kind: "broken", why: `${what}; set the camera to H.264 without B-frames, or allow transcode: auto` },
    );
  let assembler: PictureAssembler | undefined;
  let codec: PictureCodec | undefined;
  let up = false;
  const place = ingest.place({
    onAnnounce: ({ encoding }) => {
      codec = carried.get(encoding);
      if (codec === undefined) {
        unfitFor(`the camera sends ${encoding}, which browsers do not play`);
        return;
      }
      assembler = new PictureAssembler(codec, source, epoch, (picture) => {
        watch.seen();
        if ((assembler?.reordered ?? 0) > REORDERED) {
          unfitFor("the camera sends B-frames, which WebRTC has not");
          return;
        }
        if (!up) {
          // Before the first keyframe nothing can be decoded.
          if (!picture.key) return;
          up = true;
          const { widthPx, heightPx } = child.input ?? {};
          onUp({ codec: picture.codec, ...(widthPx && heightPx && { widthPx, heightPx }) });
        }
        onPicture(picture);
      });
    },
    onRtp: (packet) => assembler?.push(packet),
    onForeign,
  });
  const child = startFfmpeg(copyArgs(from, place.url, onTs && { offsetS: tsOffsetS() }), { input: inputList(from) });
  child.stdout.on("data", (bytes: Buffer) => onTs?.(epoch, bytes));
  try {
    return await Promise.race([child.ended, watch.frozen, unfit.promise, aborted(signal)]);
  } finally {
    watch.stop();
    place.close();
    await child.kill();
  }
}
