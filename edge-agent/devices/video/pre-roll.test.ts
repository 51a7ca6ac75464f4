/** The last seconds of a camera: how much is held, what is on the disk, what comes out, what is deleted. Twelve seconds of pictures with sound go in. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Log } from "../../ports.ts";
import { EncryptedPreRoll } from "./pre-roll.ts";
import { type CutPiece, TsCutter } from "./ts-cutter.ts";

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const hasFfmpeg = !spawnSync("ffmpeg", ["-version"]).error;
const SECONDS = 12;
const CHUNKS = SECONDS * 10;

/** Keyframes every second, 10 pictures a second, a tone beside them. */
const source = hasFfmpeg
  ? spawnSync(
      "ffmpeg",
      [
        ...["-v", "error", "-f", "lavfi", "-i", `testsrc2=size=160x90:rate=10:duration=${SECONDS}`],
        ...["-f", "lavfi", "-i", `sine=frequency=440:duration=${SECONDS}`, "-c:v", "libx264", "-g", "10", "-bf", "0"],
        ...["-c:a", "aac", "-mpegts_flags", "+resend_headers+pat_pmt_at_frames", "-f", "mpegts", "pipe:1"],
      ],
      { maxBuffer: 2 ** 26 },
    ).stdout
  : Buffer.alloc(0);

function probe(mp4: Buffer): { types: string[]; pictures: number; seconds: number } {
  const { stdout } = spawnSync(
    "ffprobe",
    [
      "-v",
      "error",
      "-count_packets",
      "-show_entries",
      "stream=codec_type,nb_read_packets:packet=pts_time",
      "-of",
      "json",
      "-",
    ],
    { input: mp4, encoding: "utf8", maxBuffer: 2 ** 24 },
  );
  const { streams, packets } = JSON.parse(stdout) as {
    streams: { codec_type: string; nb_read_packets: string }[];
    packets: { pts_time: string }[];
  };
  const times = packets.map((each) => Number(each.pts_time));
  return {
    types: streams.map((each) => each.codec_type),
    pictures: Number(streams[0]?.nb_read_packets),
    seconds: Math.max(...times) - Math.min(...times),
  };
}

async function withRing(
  options: { keepS: number; maxBytes?: number },
  use: (
    ring: EncryptedPreRoll,
    feed: (epoch: number, fromS?: number, toS?: number) => Promise<void>,
    folder: string,
  ) => Promise<void>,
) {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-pre-roll-"));
  let nowMs = 1_000_000;
  const ring = new EncryptedPreRoll({
    camera: "front",
    folder,
    keepS: options.keepS,
    maxBytes: options.maxBytes ?? 1e8,
    utcMs: () => 1_800_000_000_000 + nowMs,
    nowMs: () => nowMs,
    log: silent,
  });
  const feed = async (epoch: number, fromS = 0, toS = SECONDS) => {
    for (let i = fromS * 10; i < toS * 10; i++) {
      const at = (k: number) => Math.floor((k * source.length) / CHUNKS);
      ring.push(epoch, source.subarray(at(i), at(i + 1)));
      nowMs += 100;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
  try {
    await use(ring, feed, join(folder, "front"));
  } finally {
    await ring.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (!hasFfmpeg) {
  test("skipped: no ffmpeg here", () => {});
} else {
  test("cut at keyframes every two seconds at least; each piece begins with the tables; the sound's packets are left out and counted", () => {
    const pieces: CutPiece[] = [];
    const cutter = new TsCutter(2_000, (piece) => pieces.push(piece));
    for (let i = 0; i < CHUNKS; i++) {
      const at = (k: number) => Math.floor((k * source.length) / CHUNKS);
      cutter.push(source.subarray(at(i), at(i + 1)), i * 100);
    }
    cutter.flush();
    assert.ok(pieces.length >= 4 && pieces.length <= 6, `${pieces.length} pieces of 12 s`);
    assert.ok(cutter.foreign > 50, `${cutter.foreign}`);
    for (const { bytes } of pieces) {
      assert.is(bytes.length % 188, 0);
      assert.is(bytes.readUInt16BE(1) & 0x1fff, 0, "the program association table");
      const pids = new Set<number>();
      for (let at = 0; at < bytes.length; at += 188) pids.add(bytes.readUInt16BE(at + 1) & 0x1fff);
      assert.is(pids.size, 3, "two tables and one stream");
    }
  });

  test("the last five seconds come out as pictures that play, without sound, and begin when they say", async () => {
    await withRing({ keepS: 30 }, async (ring, feed) => {
      await feed(1);
      const cut = (await ring.cut(5))!;
      const { types, pictures, seconds } = probe(cut.mp4);
      assert.equal(types, ["video"]);
      assert.ok(pictures >= 45 && pictures <= 80, `${pictures} pictures`);
      assert.ok(Math.abs(seconds - cut.durationS) < 1, `${seconds} s in the file, ${cut.durationS} s said`);
      const endUtcMs = cut.startUtcMs + cut.durationS * 1000;
      assert.ok(Math.abs(endUtcMs - (1_800_000_000_000 + 1_012_000)) < 500);
      assert.not.ok(cut.mp4.includes("soun"));
    });
  });

  test("on the disk is noise: no table, no start code, nothing that plays; altered, it is not used", async () => {
    await withRing({ keepS: 30 }, async (ring, feed, folder) => {
      await feed(1);
      const files = readdirSync(folder);
      assert.ok(files.length >= 4);
      for (const file of files) {
        const bytes = readFileSync(join(folder, file));
        let syncs = 0;
        for (let at = 28; at < bytes.length; at += 188) if (bytes[at] === 0x47) syncs++;
        assert.ok(syncs < bytes.length / 188 / 8, `${syncs} sync bytes of ${Math.floor(bytes.length / 188)}`);
        bytes[40]! ^= 1;
        writeFileSync(join(folder, file), bytes);
      }
      const cut = await ring.cut(30);
      assert.ok(cut === undefined || cut.durationS < 2, "only what had not been written yet");
    });
  });

  test("five seconds are kept, older pieces are gone from the disk; a full ring drops the oldest", async () => {
    await withRing({ keepS: 5 }, async (ring, feed, folder) => {
      await feed(1);
      assert.ok(ring.heldS <= 5);
      assert.ok(readdirSync(folder).length <= 4, `${readdirSync(folder).length} files`);
      assert.ok(ring.counters.preRollExpired! >= 2);
    });
    await withRing({ keepS: 30, maxBytes: source.length / 4 }, async (ring, feed) => {
      await feed(1);
      assert.ok(ring.counters.preRollBytes! <= source.length / 4);
      assert.ok(ring.counters.preRollDropped! > 0);
    });
  });

  test("a camera that was opened anew in between: both parts are there; after the end the folder is gone", async () => {
    let left = "";
    await withRing({ keepS: 30 }, async (ring, feed, folder) => {
      left = folder;
      await feed(1, 0, 6);
      await feed(2, 6, 12);
      const { types, pictures } = probe((await ring.cut(30))!.mp4);
      assert.equal(types, ["video"]);
      assert.ok(pictures >= 90, `${pictures} pictures of 120`);
    });
    assert.not.ok(existsSync(left));
  });
}

test.run();
