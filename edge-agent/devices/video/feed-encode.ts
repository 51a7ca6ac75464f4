/**
 * One opening of a camera whose pictures are made anew: a capture gives raw pictures, an encoder makes H.264 or VP8 of them. ffmpeg takes no orders
 * while it runs, so for another bitrate a second encoder is started on the same pictures and takes over at its first keyframe, without a gap.
 */
import type { FeedRun, RunEnd } from "./feed.ts";
import { tsOffsetS } from "./feed-copy.ts";
import { aborted, watchPictures } from "./feed-watch.ts";
import { captureArgs, encodeArgs, inputList } from "./ffmpeg-args.ts";
import { type FfmpegChild, startFfmpeg } from "./ffmpeg-child.ts";
import type { ChildEnd } from "./ffmpeg-words.ts";
import { PictureAssembler } from "./pictures.ts";
import { RawPump } from "./raw-pump.ts";

interface Encoder {
  child: FfmpegChild;
  epoch: number;
  close(): Promise<void>;
}

export async function encodeOnce(run: FeedRun): Promise<RunEnd> {
  const { input, raw, source, ingest, signal, onPicture, onTs, onForeign, onUp } = run;
  // Throws where the configuration cannot be used; nothing is open yet.
  const from = input();
  const watch = watchPictures(run.frozenAfterS);
  const failed = Promise.withResolvers<ChildEnd>();
  const capture = startFfmpeg(captureArgs(from, raw), { input: inputList(from) });
  const pump = new RawPump(capture.stdout, (raw.widthPx * raw.heightPx * 3) / 2);
  let current: Encoder | undefined;
  let next: Encoder | undefined;
  /** Asked for while another encoder was starting. */
  let later: number | undefined;
  let closed = false;
  const ending: Promise<void>[] = [];

  const begin = (bitrateBps: number): Encoder => {
    const epoch = run.nextEpoch();
    let assembler: PictureAssembler | undefined;
    const place = ingest.place({
      onAnnounce: () => {
        assembler = new PictureAssembler(run.encoder.codec, source, epoch, (picture) => {
          watch.seen();
          if (encoder !== current) {
            if (encoder !== next || !picture.key) return;
            if (current) ending.push(current.close());
            else onUp({ codec: run.encoder.codec, widthPx: raw.widthPx, heightPx: raw.heightPx });
            current = encoder;
            next = later === undefined ? undefined : begin(later);
            later = undefined;
          }
          onPicture(picture);
        });
      },
      onRtp: (packet) => assembler?.push(packet),
      onForeign,
    });
    const args = encodeArgs(raw, { ...run.encoder, bitrateBps }, place.url, onTs && { offsetS: tsOffsetS() });
    const child = startFfmpeg(args, { takesInput: true });
    const untap = pump.tap(child.stdin!);
    child.stdout.on("data", (bytes: Buffer) => {
      if (encoder === current || (!current && encoder === next)) onTs?.(epoch, bytes);
    });
    const encoder: Encoder = {
      child,
      epoch,
      async close() {
        untap();
        place.close();
        await child.kill();
      },
    };
    void child.ended.then((end) => {
      untap();
      if (closed) return;
      if (encoder === current || (encoder === next && !current)) failed.resolve(end);
      else if (encoder === next) next = undefined;
    });
    return encoder;
  };

  next = begin(run.bitrateBps());
  const unlisten = run.onBitrate((bitrateBps) => {
    // One that starts is let finish: under a bitrate that changes every second none would ever take over.
    if (next) later = bitrateBps;
    else next = begin(bitrateBps);
  });
  try {
    return await Promise.race([capture.ended, failed.promise, watch.frozen, aborted(signal)]);
  } finally {
    closed = true;
    unlisten();
    watch.stop();
    await Promise.all([capture.kill(), current?.close(), next?.close(), ...ending]);
  }
}
