/** Sound from a file on disk: WAV or FLAC, any rate, any number of channels. */
import { readFile } from "node:fs/promises";
import { type FLACDecodedAudio, FLACDecoder } from "@wasm-audio-decoders/flac";
import { Fault } from "#contract/errors.ts";
import { decodeWav } from "./wav.ts";

export interface Sound {
  /** One array per channel, equal lengths, full scale = 1. */
  channels: Float32Array[];
  sampleRateHz: number;
  /** Samples that the header promised, where the file ends or is damaged before: what is there was read. */
  cutOf?: number;
  /** Samples that were no numbers, or beyond any: they stand as 0. */
  spoiled?: number;
}

/** Largest file that is read: an hour of four channels of 48 kHz, 16 bit. */
const MAX_BYTES = 1.5e9;
const tooLarge =
  "is larger than 1.5 GB; cut it into pieces, such as 'ffmpeg -i IN -c copy -f segment -segment_time 600 OUT%03d.wav'";

/** Throws `Fault` (input) with one line: the file, what is wrong with it, what to do. */
export async function readAudioFile(path: string): Promise<Sound> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    const why =
      code === "ENOENT"
        ? "there is no such file; check the path"
        : code === "EISDIR"
          ? "is a folder; name the files in it"
          : code === "ERR_FS_FILE_TOO_LARGE"
            ? tooLarge
            : `cannot be read (${code}); check its permissions`;
    throw new Fault("input", `${path}: ${why}`, { cause: error });
  }
  return decodeAudio(bytes, path);
}

/** Decodes the bytes of a WAV or FLAC file; `name` stands in the messages. */
export async function decodeAudio(bytes: Uint8Array, name: string): Promise<Sound> {
  if (bytes.length === 0) throw new Fault("input", `${name}: is empty; record or copy it again`);
  if (bytes.length > MAX_BYTES) throw new Fault("input", `${name}: ${tooLarge}`);
  const magic = text(bytes, 0, 4);
  if (magic === "RIFF" || magic === "RF64" || magic === "BW64") return decodeWav(bytes, name);
  const from = afterId3(bytes);
  if (text(bytes, from, 4) === "fLaC") return decodeFlac(bytes.subarray(from, beforeId3(bytes)), name);
  const kind = kindOf(bytes);
  throw new Fault(
    "input",
    `${name}: ${kind ? `is ${kind}, ` : ""}neither WAV nor FLAC; convert it, such as 'ffmpeg -i ${quoted(name)} out.wav'`,
  );
}

const text = (bytes: Uint8Array, at: number, length: number) => String.fromCharCode(...bytes.subarray(at, at + length));

/** For a line that a person copies to a shell. */
const quoted = (name: string) => (/^[\w./-]+$/.test(name) ? name : `"${name}"`);

/** What people hand in under any name. */
function kindOf(bytes: Uint8Array): string | undefined {
  const magic = text(bytes, 0, 4);
  if (magic === "OggS") return "Ogg";
  if (magic.startsWith("ID3") || (bytes[0] === 0xff && (bytes[1] ?? 0) >= 0xe0)) return "MP3 or AAC";
  if (text(bytes, 4, 4) === "ftyp") return "MP4 (AAC)";
  if (magic === "FORM") return "AIFF";
  if (magic === "RIFX") return "WAV of big-endian samples";
  if (magic === "riff") return "Wave64";
  if (magic === "caff") return "Apple's CAF";
  if (magic === ".snd") return "Sun's AU";
  if (magic === "wvpk") return "WavPack";
  if (magic === "\x1aE\xdf\xa3") return "WebM or Matroska";
  return undefined;
}

/** Index after a tag that some programs put in front (ID3v2, section 3.1: its size in four times seven bits). */
function afterId3(bytes: Uint8Array): number {
  if (text(bytes, 0, 3) !== "ID3" || bytes.length < 10) return 0;
  return 10 + bytes.subarray(6, 10).reduce((size, byte) => size * 128 + (byte & 0x7f), 0);
}

/** Index of the tag that some programs put at the end (ID3v1: 128 bytes): the decoder would wait there for a frame. */
function beforeId3(bytes: Uint8Array): number {
  const at = bytes.length - 128;
  return at > 0 && text(bytes, at, 3) === "TAG" ? at : bytes.length;
}

/** Bytes decoded at once: an hour in one go takes three times its own memory. */
const PIECE = 1 << 20;

async function decodeFlac(bytes: Uint8Array, name: string): Promise<Sound> {
  const bits = flacBits(bytes);
  if (bits > 24)
    throw new Fault(
      "input",
      `${name}: FLAC of ${bits} bits is not read; convert it, such as 'ffmpeg -i ${quoted(name)} out.wav'`,
    );
  const decoder = new FLACDecoder();
  try {
    await decoder.ready;
    const promised = flacSamples(bytes);
    const parts: FLACDecodedAudio[] = [];
    const take = (part: FLACDecodedAudio) => {
      const [error] = part.errors;
      if (error) throw new Fault("input", `${name}: FLAC is damaged (${error.message}); copy it again`);
      if (part.samplesDecoded > 0) parts.push(part);
    };
    for (let at = 0; at < bytes.length; at += PIECE) take(await decoder.decode(bytes.subarray(at, at + PIECE)));
    // The decoder gives out a frame when it has seen what follows it: zeros make it give out the last one.
    take(await decoder.decode(new Uint8Array(128)));
    take(await decoder.flush());
    const samples = parts.reduce((sum, part) => sum + part.samplesDecoded, 0);
    if (samples === 0) throw new Fault("input", `${name}: FLAC holds no whole frame of sound; copy it again`);
    const channels = parts[0]!.channelData.map((_, c) => joined(parts, c, samples));
    return { channels, sampleRateHz: parts[0]!.sampleRate, ...(samples < promised && { cutOf: promised }) };
  } catch (error) {
    if (error instanceof Fault) throw error;
    const why = (error as Error).message;
    throw new Fault("input", `${name}: FLAC cannot be decoded (${why}); copy it again`, { cause: error });
  } finally {
    decoder.free();
  }
}

/** One channel of all parts; the parts give theirs up, so that the sound is never held twice. */
function joined(parts: FLACDecodedAudio[], channel: number, samples: number): Float32Array {
  const out = new Float32Array(samples);
  let at = 0;
  for (const part of parts) {
    out.set(part.channelData[channel]!, at);
    at += part.channelData[channel]!.length;
    part.channelData[channel] = NONE;
  }
  return out;
}

const NONE = new Float32Array(0);

/** Bits a sample by STREAMINFO (RFC 9639, section 8.2). */
function flacBits(bytes: Uint8Array): number {
  return ((((bytes[20] ?? 0) & 1) << 4) | ((bytes[21] ?? 0) >> 4)) + 1;
}

/** Total samples that STREAMINFO promises (RFC 9639, section 8.2), 0 where it does not say. */
function flacSamples(bytes: Uint8Array): number {
  if (bytes.length < 26) return 0;
  const low = new DataView(bytes.buffer, bytes.byteOffset).getUint32(22);
  return ((bytes[21] ?? 0) & 0x0f) * 2 ** 32 + low;
}
