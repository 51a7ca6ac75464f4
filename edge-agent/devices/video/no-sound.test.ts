/**
 * Nodes send pictures, never sound. A camera hears somebody speak; what it offers is counted at the camera, what the node sends is looked at in the
 * relay, and what the node keeps is looked at in the file that it sends. Then each wall is tried alone.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startChain } from "../../roles/stream/testing/chain.ts";
import { captureArgs, copyArgs, encodeArgs, inputList, type VideoInput } from "./ffmpeg-args.ts";
import { startFfmpeg } from "./ffmpeg-child.ts";
import { RtspIngest } from "./rtsp-ingest.ts";

const missing = ["ffmpeg", "flite"].filter((program) => spawnSync(program, ["--version"]).error);

async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const endMs = performance.now() + 60_000;
  for (;;) {
    const found = look();
    if (found) return found;
    if (performance.now() > endMs) throw new Error(`${what}: not within 60 s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("every ffmpeg of ours is told: no sound; a camera is asked for its picture alone", () => {
  const input: VideoInput = { kind: "rtsp", url: "rtsp://10.0.0.9/a", transport: "tcp" };
  const raw = { widthPx: 64, heightPx: 64, framesPerS: 5 };
  const encoder = { codec: "H264", name: undefined, bitrateBps: 1e5, keyframeS: 1 } as const;
  const all = [
    copyArgs(input, "x", { offsetS: 0 }),
    captureArgs(input, raw),
    encodeArgs(raw, encoder, "x", { offsetS: 0 }),
  ];
  for (const args of all) {
    const outputs = args.filter((each) => each === "-map").length;
    assert.is(args.filter((each) => each === "-an").length, outputs);
    assert.ok(args.every((each, i) => each !== "-map" || args[i + 1] === "0:v:0"));
  }
  for (const args of all.slice(0, 2)) assert.is(args[args.indexOf("-allowed_media_types") + 1], "video");
  const list = inputList({ ...input, url: "rtsp://a:it's%20me@10.0.0.9/a" });
  assert.match(
    list!,
    /^file 'rtsp:\/\/a:it'\\''s%20me@10.0.0.9\/a'\n(option .*\n)*option allowed_media_types video\n/m,
  );
});

if (missing.length > 0) {
  test(`skipped: no ${missing.join(", ")} here`, () => {});
} else {
  test("a camera that hears speech: no packet of it leaves the camera, the node's uplink or its pre-roll", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tocsin-speech-"));
    const speech = join(folder, "speech.wav");
    assert.is(spawnSync("flite", ["-t", "please call my brother at home tonight", "-o", speech]).status, 0);
    const chain = await startChain({
      camera: { soundFile: speech, widthPx: 320, heightPx: 180, framesPerS: 15 },
      node: { preRollS: 20 },
    });
    try {
      // The camera does offer it: another player hears the speech.
      const heard = spawnSync(
        "ffprobe",
        [
          "-v",
          "error",
          "-rtsp_transport",
          "tcp",
          "-show_entries",
          "stream=codec_type",
          "-of",
          "csv=p=0",
          chain.cameras.urls.front!.url,
        ],
        { encoding: "utf8", timeout: 60_000 },
      );
      assert.equal(heard.stdout.trim().split("\n").sort(), ["audio", "video"]);
      const before = (await chain.cameras.figures()).server.audioPacketsOut!;
      await chain.want();
      await until("live", () => chain.camera?.phase === "live" && (chain.camera.counters?.packets ?? 0) > 60);
      await until("four seconds in the ring", () => (chain.camera?.preRollHeldS ?? 0) >= 4);
      await chain.want({ preRollS: 10, preRollUrl: "/video/preroll/lamp-3.front" });
      const upload = await until("the pre-roll", () => chain.uploads[0]);
      assert.is((await chain.cameras.figures()).server.audioPacketsOut, before, "the node never set the sound up");
      const offers = chain.offers.filter(({ url }) => url.includes("/whip/"));
      assert.ok(offers.length > 0);
      for (const { sdp } of offers) {
        assert.equal(sdp.match(/^m=\w+/gm), ["m=video"]);
        assert.not.match(sdp, /opus|PCM[UA]|audio/i);
      }
      assert.is(upload.headers["content-type"], "video/mp4");
      const inside = spawnSync(
        "ffprobe",
        ["-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0", "-"],
        {
          input: upload.body,
          encoding: "utf8",
        },
      );
      assert.is(inside.stdout.trim(), "video");
      assert.not.ok(upload.body.includes("soun"));
      const { audioRefused, foreignPackets, preRollForeignPackets } = chain.camera!.counters!;
      assert.equal([audioRefused, foreignPackets, preRollForeignPackets], [0, 0, 0]);
    } finally {
      await chain.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("should a child of ours announce sound all the same, the ingest refuses it and nothing gets through", async () => {
    const ingest = await RtspIngest.open();
    const seen = { announced: 0, rtp: 0, audio: 0, packet: 0 };
    const place = ingest.place({
      onAnnounce: () => seen.announced++,
      onRtp: () => seen.rtp++,
      onForeign: (kind) => seen[kind]++,
    });
    const child = startFfmpeg([
      ...["-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=5", "-f", "lavfi", "-i", "sine"],
      ...["-c:v", "libx264", "-c:a", "aac", "-t", "5", "-f", "rtsp", "-rtsp_transport", "tcp", place.url],
    ]);
    try {
      await child.ended;
      assert.equal(seen, { announced: 0, rtp: 0, audio: 1, packet: 0 });
    } finally {
      await child.kill();
      await ingest.close();
    }
  });
}

test.run();
