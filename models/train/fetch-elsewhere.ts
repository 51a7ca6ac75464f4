/**
 * Fetches the recordings of elsewhere.json again from the packages that have them, for training: each package in the version
 * and with the digest that stand there, each sound as 16 kHz mono WAV, long ones in pieces of 30 s.
 *
 *   node models/train/fetch-elsewhere.ts OUT
 *
 * OUT gets the recordings and manifest.csv. Needs apt-get, dpkg-deb, python3, ffmpeg and, for one package, gresource (libglib2.0-bin).
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pcm16Of, wavOf } from "#core/acoustics/wav-file.ts";
import { outputName, pieces, RATE_HZ, readList } from "./elsewhere.ts";
import { privateApt, run, unpack } from "./elsewhere-packages.ts";

function decode(file: string): Float32Array {
  const raw = run("ffmpeg", [
    "-v",
    "error",
    "-nostdin",
    "-i",
    file,
    "-ac",
    "1",
    "-ar",
    `${RATE_HZ}`,
    "-f",
    "f32le",
    "-",
  ]);
  return new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + (raw.length & ~3)));
}

/** 16-bit mono WAV; what exceeds full scale (decoders may) is scaled down as a whole, never clipped. Returns the peak before that. */
function writeWav(file: string, samples: Float32Array): number {
  const peak = samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  writeFileSync(file, wavOf(pcm16Of(samples.map((x) => x / Math.max(1, peak))), RATE_HZ));
  return Math.min(1, peak);
}

const quoted = (cell: string) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

function main(out: string): void {
  const packages = readList();
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-"));
  const lines = [
    "file,label,kind,package,version,origin path in the package,licence,usable_for_training,duration_s,peak,note",
  ];
  try {
    mkdirSync(out, { recursive: true });
    const env = privateApt(folder, packages);
    for (const from of packages) {
      const root = unpack(from, folder, env);
      for (const sound of from.sounds) {
        const path = join(root, sound.path);
        if (!existsSync(path)) throw new Error(`${from.name} ${from.version} has no ${sound.path}`);
        const samples = decode(path);
        for (const { cut, start, end } of pieces(samples.length)) {
          const file = outputName(from.name, sound, cut);
          const peak = writeWav(join(out, file), samples.subarray(start, end));
          const origin = cut === undefined ? sound.path : `${sound.path} from ${(start / RATE_HZ).toFixed(1)} s`;
          const seconds = ((end - start) / RATE_HZ).toFixed(2);
          const cells = [
            file,
            sound.label,
            sound.kind,
            from.name,
            from.version,
            origin,
            sound.licence,
            "yes",
            seconds,
            peak.toFixed(3),
            `by ${sound.attribution}`,
          ];
          lines.push(cells.map(quoted).join(","));
        }
      }
      rmSync(root, { recursive: true });
      process.stderr.write(`${from.name} ${from.version}: ${from.sounds.length} sounds\n`);
    }
    writeFileSync(join(out, "manifest.csv"), `${lines.join("\n")}\n`);
    process.stdout.write(`${lines.length - 1} recordings in ${out}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const out = process.argv[2];
if (!out || process.argv.length !== 3) throw new Error("usage: node models/train/fetch-elsewhere.ts OUT");
main(out);
