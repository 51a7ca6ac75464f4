/** Recordings of real pictures: they play, they end where the publisher ended, and nothing half is in them. */
import assert from "node:assert/strict";
import { suite } from "uvu";
import { until } from "../../testing.ts";
import { type CameraOptions, hasFfmpeg, startCamera, startTone } from "../camera.testing.ts";
import { type Media, startsKeyframe, unwrap } from "../media.ts";
import { kindsOf, probe } from "./probe.testing.ts";
import { Recorder, type RecorderPiece } from "./recorder.ts";

const test = suite("recorder");
const WAIT_MS = 30_000;

interface Made {
  pieces: RecorderPiece[];
  gaps: string[];
  said: string[];
  /** Keyframes that it asked for. */
  asked(): number;
  recorder: Recorder;
}

function make(media: ("video" | "audio")[] = ["video"], { nowMs = () => Date.now() } = {}): Made {
  let asked = 0;
  const made = { pieces: [], gaps: [], said: [], asked: () => asked } as unknown as Made;
  made.recorder = new Recorder({
    media,
    ffmpeg: "ffmpeg",
    fragmentS: 0.5,
    piece: (piece) => made.pieces.push(piece),
    gap: (_, why) => made.gaps.push(why),
    askKeyframe: () => asked++,
    log: (text) => made.said.push(text),
    nowMs,
  });
  return made;
}

/** What the relay hands on of a camera's packets. */
async function camera(options: CameraOptions, take: (media: Media) => void) {
  let last = 0x10000;
  return startCamera(options, ({ header, payload }) => {
    last = unwrap(header.sequenceNumber, last);
    const { timestamp, marker } = header;
    const keyframe = startsKeyframe(options.codec, payload);
    take({ kind: "video", codec: options.codec, index: last, timestamp, marker, keyframe, payload });
  });
}

/** A tone as Opus, as the relay hands it on. */
async function startVoice(seconds: number, take: (media: Media) => void) {
  let last = 0x10000;
  return startTone(seconds, ({ header, payload }) => {
    last = unwrap(header.sequenceNumber, last);
    take({
      kind: "audio",
      codec: "opus",
      index: last,
      timestamp: header.timestamp,
      marker: false,
      keyframe: false,
      payload,
    });
  });
}

/** A picture of VP8 that stands alone, 320 x 240, in one packet; nothing decodes it. */
const vp8Keyframe = (n: number): Media => ({
  kind: "video",
  codec: "VP8",
  index: 0x10000 + n,
  timestamp: n * 3_000,
  marker: true,
  keyframe: true,
  payload: Buffer.from("10000000" + "9d012a" + "4001f000" + "00000000", "hex"),
});

test("a run whose pieces are not kept is ended where it is still the present one, and a keyframe asked for at most every 5 s", async () => {
  let nowMs = 0;
  const { recorder, asked, pieces } = make(["video"], { nowMs: () => nowMs });
  const runs = () => pieces.filter(({ piece }) => piece === "start").map(({ run }) => run);
  for (let n = 0; n < 4; n++) recorder.media(vp8Keyframe(n));
  recorder.anew(0);
  assert.deepEqual([runs(), asked()], [[1], 0], "the one before it");
  recorder.anew(1);
  recorder.anew(1);
  assert.equal(asked(), 1);
  for (let n = 4; n < 8; n++) recorder.media(vp8Keyframe(n));
  recorder.anew(1);
  for (let n = 8; n < 12; n++) recorder.media(vp8Keyframe(n));
  assert.deepEqual([runs(), asked()], [[1, 2], 1], "a late word ends no healthy run");
  nowMs = 4_000;
  recorder.anew(2);
  assert.equal(asked(), 1);
  nowMs = 9_001;
  recorder.anew(2);
  assert.equal(asked(), 2);
  await recorder.close();
});

const fileOf = (pieces: readonly RecorderPiece[], run: number) =>
  Buffer.concat(pieces.filter((piece) => piece.run === run).map(({ bytes }) => bytes));

if (!hasFfmpeg) console.error("skipped: ffmpeg is not installed");
else {
  for (const codec of ["H264", "VP8"] as const) {
    test(`three seconds of ${codec}: fragments of half a second that decode without a fault`, async () => {
      const { recorder, pieces } = make();
      const source = await camera({ codec, seconds: 3, speed: 4 }, (media) => recorder.media(media));
      try {
        await until("the camera's end", () => source.process.exitCode !== null, WAIT_MS);
        await recorder.close();
      } finally {
        await source.stop();
      }
      const starts = pieces.filter(({ piece }) => piece === "start");
      assert.equal(starts.length, 1);
      const fragments = pieces.filter(({ piece }) => piece === "media");
      assert.ok(fragments.length >= 5, `${fragments.length} fragments`);
      const seconds = fragments.reduce((sum, { durationS }) => sum + durationS, 0);
      assert.ok(Math.abs(seconds - 3) < 0.2, `${seconds} s`);
      const found = probe(fileOf(pieces, 1));
      assert.deepEqual([found.codec, found.width, found.faults], [codec.toLowerCase(), 320, ""]);
      assert.ok(found.frames >= 88 && found.frames <= 90, `${found.frames} pictures`);
      // What was written before a power cut plays: every prefix of whole fragments does.
      const cut = probe(Buffer.concat(pieces.slice(0, 4).map(({ bytes }) => bytes)));
      assert.equal(cut.faults, "");
      assert.ok(cut.frames >= 30 && cut.frames <= 50, `${cut.frames} pictures of a file cut short`);
    });
  }

  test("a lost packet takes pictures with it up to the next keyframe, and what is kept decodes without a fault", async () => {
    const { recorder, pieces } = make();
    let count = 0;
    const source = await camera({ codec: "H264", seconds: 4, bitrate: "1500k", speed: 4 }, (media) => {
      if (++count !== 200) recorder.media(media);
    });
    try {
      await until("the camera's end", () => source.process.exitCode !== null, WAIT_MS);
      await recorder.close();
    } finally {
      await source.stop();
    }
    const found = probe(fileOf(pieces, 1));
    assert.equal(found.faults, "");
    assert.ok(found.frames >= 60 && found.frames < 120, `${found.frames} pictures`);
  });

  test("a publisher that begins anew makes a new run, and the gap is told", async () => {
    const { recorder, pieces, gaps } = make();
    for (const size of ["320x240", "160x120"]) {
      const source = await camera({ codec: "H264", seconds: 1.5, size, speed: 4 }, (media) => recorder.media(media));
      try {
        await until("the camera's end", () => source.process.exitCode !== null, WAIT_MS);
      } finally {
        await source.stop();
      }
      recorder.restart("the publisher is gone");
    }
    await recorder.close();
    assert.deepEqual(gaps, ["the publisher is gone", "the publisher is gone"]);
    assert.deepEqual([probe(fileOf(pieces, 1)).width, probe(fileOf(pieces, 2)).width], [320, 160]);
  });

  test("a picture that stops is told while it is away, and its next keyframe begins a new run", async () => {
    let aheadMs = 0;
    const { recorder, pieces, gaps, asked } = make(["video"], { nowMs: () => Date.now() + aheadMs });
    const all: Media[] = [];
    const source = await camera({ codec: "H264", seconds: 1.5, speed: 4 }, (media) => all.push(media));
    try {
      await until("the camera's end", () => source.process.exitCode !== null, WAIT_MS);
    } finally {
      await source.stop();
    }
    for (const media of all) recorder.media(media);
    recorder.tick();
    assert.deepEqual(gaps, []);
    for (let second = 0; second < 5; second++) {
      aheadMs += 1_000;
      recorder.tick();
    }
    assert.deepEqual(gaps, ["none comes"], "once, and while it lasts");
    // The last picture once more: it builds on others, nothing can begin with it.
    const last = all.at(-1) as Media;
    const picture = all.filter(({ timestamp }) => timestamp === last.timestamp);
    const onwards = last.index + 1 - (picture[0] as Media).index;
    for (const media of picture)
      recorder.media({ ...media, index: media.index + onwards, timestamp: media.timestamp + 3_000 });
    assert.equal(asked(), 1, "a keyframe to go on with is asked for");
    const anew = last.index + picture.length + 1 - (all[0] as Media).index;
    for (const media of all)
      recorder.media({ ...media, index: media.index + anew, timestamp: media.timestamp + 900_000 });
    await recorder.close();
    for (const run of [1, 2]) assert.ok(probe(fileOf(pieces, run)).frames > 20);
  });

  test("where no picture ever comes, that is told after ten seconds", () => {
    let nowMs = 0;
    const { recorder, gaps } = make(["video"], { nowMs: () => nowMs });
    for (; nowMs <= 10_000; nowMs += 1_000) recorder.tick();
    assert.deepEqual(gaps, []);
    recorder.tick();
    // Held up for a minute itself, it says nothing of that minute.
    assert.deepEqual(gaps, ["none has come yet"]);
    const late = make(["video"], { nowMs: () => nowMs });
    nowMs += 60_000;
    late.recorder.tick();
    assert.deepEqual(late.gaps, []);
  });

  test("voice alone is recorded too, and voice beside a picture stands in one file with it", async () => {
    const { recorder, pieces } = make(["video", "audio"]);
    const voice = await startVoice(7, (media) => recorder.media(media));
    try {
      await until(
        "voice alone",
        () => pieces.some(({ codec, piece }) => codec === "opus" && piece === "media"),
        WAIT_MS,
      );
      const source = await camera({ codec: "H264", seconds: 2 }, (media) => recorder.media(media));
      await until("the camera's end", () => source.process.exitCode !== null, WAIT_MS).finally(() => source.stop());
    } finally {
      await voice.stop();
    }
    await recorder.close();
    const streams = (run: number) => kindsOf(fileOf(pieces, run));
    assert.deepEqual(streams(1), ["opus"]);
    assert.deepEqual(streams(2), ["h264", "opus"]);
  });

  test("where voice may come and does not, the picture is on disk all the same while it comes", async () => {
    const { recorder, pieces } = make(["video", "audio"]);
    const source = await camera({ codec: "H264", seconds: 6 }, (media) => recorder.media(media));
    try {
      await until("four fragments", () => pieces.filter(({ piece }) => piece === "media").length >= 4, WAIT_MS);
      assert.equal(source.process.exitCode, null, "only when the camera had ended");
    } finally {
      await source.stop();
    }
    await recorder.close();
    assert.equal(probe(fileOf(pieces, 1)).faults, "");
  });

  test("voice is not recorded where only video may be", async () => {
    const { recorder } = make();
    recorder.media({
      kind: "audio",
      codec: "opus",
      index: 1,
      timestamp: 0,
      marker: true,
      keyframe: false,
      payload: Buffer.alloc(9),
    });
    assert.equal(recorder.counters.droppedKind, 1);
    assert.equal(recorder.counters.frames, 0);
    await recorder.close();
  });

  test("an ffmpeg that is not there is said, and ends nothing", async () => {
    const { said, gaps } = make();
    const recorder = new Recorder({
      media: ["video"],
      ffmpeg: "/nowhere/ffmpeg",
      fragmentS: 0.5,
      piece: () => {},
      gap: (_, why) => gaps.push(why),
      askKeyframe: () => 0,
      log: (text) => said.push(text),
      nowMs: () => Date.now(),
    });
    const source = await camera({ codec: "H264", seconds: 2 }, (media) => recorder.media(media));
    try {
      await until("the word of it", () => said.some((text) => text.includes("cannot be run")), WAIT_MS);
    } finally {
      await source.stop();
    }
    assert.ok(gaps.length >= 1);
    await recorder.close();
  });
}

test.run();
