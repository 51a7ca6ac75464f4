/** Sound from a file on disk: WAV or FLAC, any rate, any number of channels. */
import { readFile } from "node:fs/promises";
import { FLACDecoder } from "@wasm-audio-decoders/flac";
import { Fault } from "#contract/errors.ts";
import { decodeWav } from "./wav.ts";

export interface Sound {
  /** One array per channel, equal lengths, full scale = 1. */
  channels: Float32Array[];
  sampleRateHz: number;
  /** Samples that the header promised, where the file ends before: what is there was read. */
  cutOf?: number;
}

/** Largest file that is read: an hour of four channels of 48 kHz, 16 bit. */
const MAX_BYTES = 1.5e9;

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
          : `cannot be read (${code}); check its permissions`;
    throw new Fault("input", `${path}: ${why}`, { cause: error });
  }
  return decodeAudio(bytes, path);
}

/** Decodes the bytes of a WAV or FLAC file; `name` stands in the messages. */
export async function decodeAudio(bytes: Uint8Array, name: string): Promise<Sound> {
  if (bytes.length === 0) throw new Fault("input", `${name}: is empty; record or copy it again`);
  if (bytes.length > MAX_BYTES)
    throw new Fault(
      "input",
      `${name}: ${(bytes.length / 1e9).toFixed(1)} GB is too large; cut it into files of an hour`,
    );
  const magic = String.fromCharCode(...bytes.subarray(0, 4));
  if (magic === "RIFF" || magic === "RF64") return decodeWav(bytes, name);
  if (magic === "fLaC") return decodeFlac(bytes, name);
  throw new Fault("input", `${name}: neither WAV nor FLAC; convert it, such as 'ffmpeg -i ${name} out.wav'`);
}

async function decodeFlac(bytes: Uint8Array, name: string): Promise<Sound> {
  const decoder = new FLACDecoder();
  try {
    await decoder.ready;
    // The decoder gives out a frame when it has seen what follows it: zeros make it give out the last one.
    const followed = new Uint8Array(bytes.length + 128);
    followed.set(bytes);
    const parts = [await decoder.decode(followed), await decoder.flush()];
    const error = parts.flatMap((part) => part.errors)[0];
    const sampleRateHz = parts.find((part) => part.sampleRate > 0)?.sampleRate ?? 0;
    const count = Math.max(...parts.map((part) => part.channelData.length));
    const channels = Array.from({ length: count }, (_, c) => joined(parts.map((part) => part.channelData[c])));
    const samples = channels[0]?.length ?? 0;
    const promised = flacSamples(bytes);
    if (error) throw new Fault("input", `${name}: FLAC is damaged (${error.message}); copy it again`);
    if (samples === 0 || samples < promised) {
      throw new Fault("input", `${name}: FLAC is cut short at sample ${samples} of ${promised}; copy it again`);
    }
    return { channels, sampleRateHz };
  } catch (error) {
    if (error instanceof Fault) throw error;
    const why = (error as Error).message;
    throw new Fault("input", `${name}: FLAC cannot be decoded (${why}); copy it again`, { cause: error });
  } finally {
    decoder.free();
  }
}

function joined(parts: (Float32Array | undefined)[]): Float32Array {
  const present = parts.filter((part) => part !== undefined);
  const out = new Float32Array(present.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of present) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Total samples that STREAMINFO promises (RFC 9639, section 8.2), 0 where it does not say. */
function flacSamples(bytes: Uint8Array): number {
  if (bytes.length < 26) return 0;
  const low = new DataView(bytes.buffer, bytes.byteOffset).getUint32(22);
  return ((bytes[21] ?? 0) & 0x0f) * 2 ** 32 + low;
}
