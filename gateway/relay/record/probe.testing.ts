/** What ffmpeg makes of a recorded file. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Codecs in a file, each decoded to its end without a fault. */
export function kindsOf(bytes: Uint8Array): string[] {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-record-"));
  try {
    const file = join(folder, "video");
    writeFileSync(file, bytes);
    const decoded = spawnSync("ffmpeg", ["-v", "error", "-i", file, "-f", "null", "-"], { encoding: "utf8" });
    assert.equal(decoded.stderr, "");
    const shown = spawnSync("ffprobe", ["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", file], {
      encoding: "utf8",
    });
    return shown.stdout.trim().split("\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface Probe {
  codec: string;
  width: number;
  frames: number;
  durationS: number;
  faults: string;
}

/** Decodes the whole file: what is not playable says so. */
export function probe(bytes: Uint8Array): Probe {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-record-"));
  try {
    const file = join(folder, "video.mp4");
    writeFileSync(file, bytes);
    const all =
      "-v error -count_frames -select_streams v:0 -show_entries stream=codec_name,width,nb_read_frames:format=duration -of json".split(
        " ",
      );
    const { stdout, stderr } = spawnSync("ffprobe", [...all, file], { encoding: "utf8" });
    const { streams, format } = JSON.parse(stdout) as {
      streams: { codec_name: string; width: number; nb_read_frames: string }[];
      format: { duration?: string };
    };
    const [stream] = streams;
    return {
      codec: stream?.codec_name ?? "",
      width: stream?.width ?? 0,
      frames: Number(stream?.nb_read_frames ?? 0),
      durationS: Number(format.duration ?? 0),
      faults: stderr,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
