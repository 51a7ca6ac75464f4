/**
 * RIFF/WAVE reader: PCM 8, 16, 24, 32 bit, IEEE float 32 and 64, mu-law and A-law, plain or WAVE_FORMAT_EXTENSIBLE
 * (Microsoft, "Multiple channel audio data and WAVE files", 2007), PCM also left-justified in wider blocks, RIFF, RF64 (EBU Tech 3306) and BW64 (ITU-R BS.2088).
 */
import { Fault } from "#contract/errors.ts";
import type { Sound } from "./audio-file.ts";
import { aLaw, muLaw } from "./g711.ts";

const PCM = 1;
const IEEE_FLOAT = 3;
const A_LAW = 6;
const MU_LAW = 7;
const EXTENSIBLE = 0xfffe;

/** RF64 and recorders that were never closed say 0xffffffff, programs that write into a pipe something from 2 GB on: the data runs to the end of the file. */
const UNKNOWN_SIZE = 0x7fff0000;
/** Floats beyond this are no sound: integers of 32 bits that were written as floats reach 2e9. */
const MOST = 1e10;

interface Format {
  tag: number;
  channels: number;
  sampleRateHz: number;
  blockBytes: number;
  bits: number;
}

/** Throws `Fault` (input) that names the file, what is wrong and what to do. A data chunk cut short by a power cut is read as far as it goes. */
export function decodeWav(bytes: Uint8Array, name: string): Sound {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fail = (what: string): never => {
    throw new Fault("input", `${name}: ${what}`);
  };
  if (bytes.length < 12 || tag(bytes, 8) !== "WAVE")
    fail("no WAVE header: not a WAV file; convert it with sox or ffmpeg");
  let format: Format | undefined;
  let wideSize = 0;
  let at = 12;
  while (at + 8 <= bytes.length) {
    const id = tag(bytes, at);
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (id === "ds64" && body + 16 <= bytes.length) {
      wideSize = Number(view.getBigUint64(body + 8, true));
    } else if (id === "fmt ") {
      if (size < 16 || body + 16 > bytes.length) fail("its fmt chunk is too short; write the file again");
      format = readFormat(view, body, size);
    } else if (id === "data") {
      if (!format) return fail("data comes before the fmt chunk; write the file again with sox or ffmpeg");
      const promised = dataBytes(view, size, wideSize);
      const cut = promised !== undefined && body + promised > bytes.length;
      const end = promised === undefined || cut ? bytes.length : body + promised;
      const sound = decodeData(view, body, end, format, fail);
      return cut ? { ...sound, cutOf: Math.floor(promised / format.blockBytes) } : sound;
    }
    at = body + size + (size & 1);
    // Some programs leave out the byte that makes a chunk even.
    if (size & 1 && /^(fmt |data)$/.test(tag(bytes, at - 1))) at--;
  }
  return fail(
    format
      ? "no data chunk: the file is cut short; record or copy it again"
      : "no fmt chunk: the file is cut short or not a WAV file",
  );
}

/** Undefined where the header does not know: the data runs to the end of the file. */
function dataBytes(view: DataView, size: number, wideSize: number): number | undefined {
  if (size === 0xffffffff && wideSize > 0) return wideSize;
  // Sizes are written last: a recorder that lost its power has left them at zero.
  const unfinished = size === 0 && view.getUint32(4, true) + 8 < view.byteLength;
  return size >= UNKNOWN_SIZE || unfinished ? undefined : size;
}

function tag(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

function readFormat(view: DataView, at: number, size: number): Format {
  const format: Format = {
    tag: view.getUint16(at, true),
    channels: view.getUint16(at + 2, true),
    sampleRateHz: view.getUint32(at + 4, true),
    blockBytes: view.getUint16(at + 12, true),
    bits: view.getUint16(at + 14, true),
  };
  // The first two bytes of the sub-format GUID are the plain tag.
  if (format.tag === EXTENSIBLE && size >= 40 && at + 26 <= view.byteLength) format.tag = view.getUint16(at + 24, true);
  return format;
}

function decodeData(view: DataView, from: number, to: number, format: Format, fail: (what: string) => never): Sound {
  const { channels, sampleRateHz, blockBytes } = format;
  const bits = isLeftJustified(view, from, to, format) ? (8 * blockBytes) / channels : format.bits;
  if (channels < 1 || channels > 64) fail(`${channels} channels: must be 1 to 64`);
  if (sampleRateHz < 1000 || sampleRateHz > 1_000_000) fail(`sample rate ${sampleRateHz} Hz: must be 1000 to 1000000`);
  const read = reader(view, format.tag, bits);
  if (!read)
    return fail(
      `format tag ${format.tag} with ${bits} bits is not read: convert it to PCM or float, such as 'ffmpeg -i IN OUT.wav'`,
    );
  const bytesPerSample = Math.ceil(bits / 8);
  if (blockBytes !== bytesPerSample * channels)
    fail(`block size ${blockBytes} does not fit ${channels} channels of ${bits} bits; write the file again`);
  const frames = Math.floor((to - from) / blockBytes);
  if (frames === 0) fail("it has no samples; record or copy it again");
  const out = Array.from({ length: channels }, () => new Float32Array(frames));
  let spoiled = 0;
  for (let c = 0; c < channels; c++) {
    const channel = out[c]!;
    let at = from + c * bytesPerSample;
    for (let i = 0; i < frames; i++, at += blockBytes) {
      const x = read(at);
      if (Math.abs(x) <= MOST) channel[i] = x;
      else spoiled++;
    }
  }
  return { channels: out, sampleRateHz, ...(spoiled > 0 && { spoiled }) };
}

/** Samples of 9 to 24 bits at the upper end of 3 or 4 bytes each, the bytes below them 0: as many bits of which the lowest say nothing. */
function isLeftJustified(view: DataView, from: number, to: number, format: Format): boolean {
  const { tag, channels, bits, blockBytes } = format;
  const [needed, held] = [Math.ceil(bits / 8), blockBytes / channels];
  if (tag !== PCM || bits <= 8 || !Number.isInteger(held) || held <= needed || held > 4) return false;
  for (let at = from; at + held <= to; at += held)
    for (let low = 0; low < held - needed; low++) if (view.getUint8(at + low) !== 0) return false;
  return true;
}

function reader(view: DataView, tag: number, bits: number): ((at: number) => number) | undefined {
  if (tag === PCM && bits === 8) return (at) => (view.getUint8(at) - 128) / 128;
  if (tag === PCM && bits > 8 && bits <= 16) return (at) => view.getInt16(at, true) / 32768;
  if (tag === PCM && bits > 16 && bits <= 24) {
    return (at) => (view.getUint8(at) | (view.getUint8(at + 1) << 8) | (view.getInt8(at + 2) << 16)) / 8388608;
  }
  if (tag === PCM && bits > 24 && bits <= 32) return (at) => view.getInt32(at, true) / 2147483648;
  if (tag === IEEE_FLOAT && bits === 32) return (at) => view.getFloat32(at, true);
  if (tag === IEEE_FLOAT && bits === 64) return (at) => view.getFloat64(at, true);
  if (tag === MU_LAW && bits === 8) return (at) => muLaw(view.getUint8(at));
  if (tag === A_LAW && bits === 8) return (at) => aLaw(view.getUint8(at));
  return undefined;
}
