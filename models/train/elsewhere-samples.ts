/** Sounds kept in one file by other programs: SoundFont 2 (its specification 2.04, sections 6 and 7) and the sound file of Liero. */
import { wavOf } from "#core/acoustics/wav-file.ts";

const textOf = (bytes: Buffer) => bytes.toString("latin1", 0, bytes.indexOf(0) < 0 ? bytes.length : bytes.indexOf(0));
/** As a file's name: what is no letter, digit, dot, plus or minus is one underscore. */
const fileNameOf = (name: string) => `${name.replace(/[^A-Za-z0-9.+-]+/g, "_").replace(/_+$/, "")}.wav`;

function* chunks(file: Buffer, from: number, to: number): Generator<[string, Buffer]> {
  for (let at = from; at + 8 <= to; ) {
    const size = file.readUInt32LE(at + 4);
    yield [file.toString("latin1", at, at + 4), file.subarray(at + 8, at + 8 + size)];
    at += 8 + size + (size & 1);
  }
}

/** Every sample of a SoundFont as a WAV file, by name; of two of one name the last. Of a pair the left and the right stand alone. */
export function* soundFontSamples(file: Buffer): Generator<[string, Uint8Array]> {
  const parts = new Map<string, Buffer>();
  for (const [, list] of chunks(file, 12, file.length))
    for (const [name, bytes] of chunks(list, 4, list.length)) parts.set(name, bytes);
  const [samples, headers] = [parts.get("smpl"), parts.get("shdr")];
  if (!samples || !headers) throw new Error("no SoundFont: it lacks smpl or shdr");
  for (let at = 0; at + 92 <= headers.length; at += 46) {
    const header = headers.subarray(at, at + 46);
    const [start, end, rateHz] = [20, 24, 36].map((offset) => header.readUInt32LE(offset)) as [number, number, number];
    yield [fileNameOf(textOf(header.subarray(0, 20))), wavOf(samples.subarray(2 * start, 2 * end), rateHz)];
  }
}

/** Liero's sounds: a count, 16 bytes each (name, offset, length), 8-bit signed samples at 22,050 Hz. */
export function* lieroSamples(file: Buffer): Generator<[string, Uint8Array]> {
  for (let k = 0; k < file.readUInt16LE(0); k++) {
    const entry = file.subarray(2 + 16 * k, 18 + 16 * k);
    const at = entry.readUInt32LE(8);
    const pcm = Int16Array.from(file.subarray(at, at + entry.readUInt32LE(12)), (byte) => ((byte << 24) >> 24) * 256);
    yield [fileNameOf(textOf(entry.subarray(0, 8))), wavOf(new Uint8Array(pcm.buffer), 22_050)];
  }
}
