/** What a node sends from before an incident: kept where it is video alone, refused where there is sound in it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pino } from "pino";
import { suite } from "uvu";
import { hasFfmpeg } from "../relay/camera.testing.ts";
import { makeFolder } from "../testing.ts";
import { takePreRoll } from "./pre-roll.ts";
import { Recordings } from "./recordings.ts";
import { openVideoStore } from "./store.ts";

const test = suite("pre-roll");

function makeMp4(...more: string[]): Buffer {
  const all = [
    ..."-hide_banner -loglevel error -f lavfi -i testsrc2=size=160x120:rate=10".split(" "),
    ...more,
    ..."-t 3 -c:v libx264 -preset ultrafast -g 10 -pix_fmt yuv420p -movflags frag_keyframe+empty_moov+default_base_moof -f mp4 pipe:1".split(
      " ",
    ),
  ];
  return spawnSync("ffmpeg", all, { maxBuffer: 50_000_000 }).stdout;
}

async function withRecordings(
  work: (recordings: Recordings) => Promise<void>,
  full: () => string | undefined = () => undefined,
  segmentS = 10,
): Promise<void> {
  const { folder, remove } = makeFolder();
  const db = openVideoStore(folder);
  try {
    const log = pino({ level: "silent" });
    await work(
      new Recordings({
        db,
        folder: join(folder, "r"),
        key: Buffer.alloc(32),
        segmentS,
        full,
        log,
        kept: () => {},
        failed: () => {},
        segment: () => {},
      }),
    );
  } finally {
    db.close();
    remove();
  }
}

if (!hasFfmpeg) console.error("skipped: ffmpeg is not installed");
else {
  test("three seconds of video are kept, byte for byte", () =>
    withRecordings(async (recordings) => {
      const mp4 = makeMp4();
      const { recording, seconds } = await takePreRoll(recordings, "n01.front", "i1", mp4);
      assert.ok(Math.abs(seconds - 3) < 0.11, `${seconds} s`);
      const parts: Buffer[] = [];
      for await (const part of recordings.read(recording)) parts.push(part);
      // ffmpeg's index at the very end (mfra) is left out: it points into the file as it was.
      assert.ok(mp4.subarray(0, Buffer.concat(parts).length).equals(Buffer.concat(parts)));
      const [view] = recordings.archive.list("i1");
      assert.deepEqual([view?.preRoll, view?.stream], [true, "n01.front"]);
    }));

  test("it is dated as the node says, 10 minutes ago; in the future, over an hour ago, no time or none said: as it arrived, less its 3 s", () =>
    withRecordings(async (recordings) => {
      const mp4 = makeMp4();
      const startOf = async (incident: string, said: string | undefined) => {
        const { startedBy } = await takePreRoll(recordings, "n01.front", incident, mp4, said);
        const startedMs = Date.parse(recordings.archive.list(incident)[0]!.startedAt);
        return { startedBy, agoS: (Date.now() - startedMs) / 1000, startedMs };
      };
      const utc = (agoS: number) => new Date(Date.now() - agoS * 1000).toISOString();
      const said = utc(600);
      const { startedBy, startedMs } = await startOf("i1", said);
      assert.deepEqual([startedBy, startedMs], ["node", Date.parse(said)]);
      for (const [n, wrong] of [utc(-60), utc(3_700), "yesterday", undefined].entries()) {
        const dated = await startOf(`wrong-${n}`, wrong);
        assert.equal(dated.startedBy, "arrival", wrong);
        assert.ok(dated.agoS > 2.8 && dated.agoS < 30, `${wrong}: ${dated.agoS} s ago`);
      }
    }));

  test("what the disk does not keep is not taken: 507, so that the node sends it again", async () => {
    let left = 0;
    const full = () => (left-- > 0 ? undefined : "less than 256 MB free on the disk");
    for (const pieces of [0, 2]) {
      left = pieces;
      await withRecordings(async (recordings) => {
        const refused = takePreRoll(recordings, "n01.front", "i1", makeMp4());
        await assert.rejects(refused, { statusCode: 507, message: /less than 256 MB/ });
        assert.deepEqual(recordings.archive.list("i1"), [], "its second try makes no copy");
      }, full);
    }
  });

  test("of three seconds the disk kept two, whose hashes are on the record: the pictures go, the hashes stay, and that is told", async () => {
    let left = 3;
    const full = () => (left-- > 0 ? undefined : "less than 256 MB free on the disk");
    const discarded: string[] = [];
    await withRecordings(
      async (recordings) => {
        const refused = takePreRoll(recordings, "n01.front", "i1", makeMp4(), undefined, (id) => discarded.push(id));
        await assert.rejects(refused, { statusCode: 507 });
        const [view] = recordings.archive.list("i1");
        assert.deepEqual(discarded, [view?.recording]);
        assert.deepEqual(
          view?.segments.map(({ seq, deleted }) => [seq, deleted]),
          [
            [1, true],
            [2, true],
          ],
        );
        assert.deepEqual(await recordings.recover(), []);
      },
      full,
      1,
    );
  });

  test("a sound track is refused, and nothing of it is kept", () =>
    withRecordings(async (recordings) => {
      const mp4 = makeMp4(..."-f lavfi -i sine=frequency=440 -c:a aac".split(" "));
      await assert.rejects(takePreRoll(recordings, "n01.front", "i1", mp4), { statusCode: 422 });
      assert.deepEqual(recordings.archive.list("i1"), []);
    }));
}

test("what is no MP4, or cut off before its first picture, is refused with 400", () =>
  withRecordings(async (recordings) => {
    for (const body of [
      Buffer.from("hello, this is no film at all"),
      Buffer.alloc(0),
      Buffer.from("00000010667479706d70343200000000", "hex"),
    ])
      await assert.rejects(takePreRoll(recordings, "n01.front", "i1", body), { statusCode: 400 });
  }));

test.run();
