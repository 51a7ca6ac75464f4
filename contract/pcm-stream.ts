/**
 * Time-stamped PCM over a byte stream (TCP): how a sound source in another process feeds a node's microphone.
 *
 *   reader -> source   one line of JSON, `PcmAsk`: which microphone it wants
 *   source -> reader   one line of JSON, `PcmHello` (or `{ "error": "why" }` and the end), then binary frames
 *
 * Frame, little-endian, 44 bytes of header and the samples interleaved by channel:
 *   0  u32  magic "TPCM"            16  i64  utcNs of the first sample, meaningful with flag 1
 *   4  u8   clock source            24  f64  clock sigma in seconds
 *   5  u8   flags                   32  f64  sample clock's ppm, NaN where unknown
 *   6  u16  channels                40  u32  samples per channel
 *   8  u64  tick of first sample    44       samples: int16 (full scale 32768) or float32
 * Flags: 1 `utcNs` is valid, 2 the clock is synchronised. A frame of no samples ends the recording; a connection that closes without
 * it broke, and the reader connects again.
 */
import * as v from "valibot";
import { faultsOf } from "./channel.ts";
import { Fault } from "./errors.ts";
import type { ClockState } from "./node.ts";
import { Count, Name } from "./units.ts";

export const PCM_PROTOCOL = "tocsin-pcm/1";
const MAGIC = 0x4d435054; // "TPCM" read as little-endian u32
const HEADER_BYTES = 44;
const MAX_LINE_BYTES = 4096;
/** More than a second at 96 kHz and eight channels: a header that asks for more is garbage. */
const MAX_FRAME_VALUES = 1 << 20;

const sources = ["none", "pps", "ptp", "ntp", "sim", "system"] as const satisfies readonly ClockState["source"][];

export const PcmAsk = v.object({ protocol: v.literal(PCM_PROTOCOL), node: Name });
export type PcmAsk = v.InferOutput<typeof PcmAsk>;

export const PcmHello = v.object({
  protocol: v.literal(PCM_PROTOCOL),
  format: v.picklist(["s16", "f32"]),
  sampleRateHz: v.pipe(Count, v.minValue(4000), v.maxValue(384_000)),
  channels: v.pipe(Count, v.minValue(1), v.maxValue(16)),
});
export type PcmHello = v.InferOutput<typeof PcmHello>;

/** A block of simultaneous samples with the time of its first. Full scale is 1. */
export interface PcmFrame {
  /** Index of the first sample since the source began; a gap says that samples were lost. */
  tick: bigint;
  /** UTC of the first sample, nanoseconds since 1970; undefined while the source's time is not valid. */
  utcNs: bigint | undefined;
  clock: ClockState;
  /** One array per microphone, equal lengths. */
  channels: readonly Float32Array[];
}

/** The line that opens a connection, from the reader or the source. */
export function pcmLine(line: PcmAsk | PcmHello | { error: string }): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(line)}\n`);
}

/** One frame as bytes. Samples beyond full scale are clipped in `s16`, as a converter would. */
export function encodePcmFrame(frame: PcmFrame, format: PcmHello["format"]): Uint8Array {
  const channels = frame.channels.length;
  const samples = frame.channels[0]?.length ?? 0;
  if (channels * samples > MAX_FRAME_VALUES) throw new RangeError(`a frame holds at most ${MAX_FRAME_VALUES} values`);
  const width = format === "s16" ? 2 : 4;
  const bytes = new Uint8Array(HEADER_BYTES + channels * samples * width);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, sources.indexOf(frame.clock.source));
  view.setUint8(5, (frame.utcNs === undefined ? 0 : 1) | (frame.clock.synchronised ? 2 : 0));
  view.setUint16(6, channels, true);
  view.setBigUint64(8, frame.tick, true);
  view.setBigInt64(16, frame.utcNs ?? 0n, true);
  view.setFloat64(24, frame.clock.sigmaS, true);
  view.setFloat64(32, frame.clock.samplePpm ?? Number.NaN, true);
  view.setUint32(40, samples, true);
  for (let channel = 0; channel < channels; channel++) {
    const values = frame.channels[channel]!;
    if (values.length !== samples) throw new RangeError("all channels of a frame need the same number of samples");
    for (let i = 0, at = HEADER_BYTES + channel * width; i < samples; i++, at += channels * width) {
      if (format === "f32") view.setFloat32(at, values[i]!, true);
      else view.setInt16(at, Math.max(-32768, Math.min(32767, Math.round(values[i]! * 32768))), true);
    }
  }
  return bytes;
}

/** The frame that says the recording is over. */
export function encodePcmEnd(): Uint8Array {
  const clock = { source: "none", synchronised: false, sigmaS: 0 } as const;
  return encodePcmFrame({ tick: 0n, utcNs: undefined, clock, channels: [] }, "s16");
}

export type PcmEvent =
  | { kind: "hello"; hello: PcmHello }
  | { kind: "frame"; frame: PcmFrame }
  /** The source has said all it had. */
  | { kind: "end" };

/** Bytes in any cut -> lines and frames. `push` throws a `Fault` (input) on what is not this protocol; the decoder is then done with. */
export class PcmDecoder {
  #rest: Uint8Array = new Uint8Array(0);
  #hello: PcmHello | undefined;

  *push(chunk: Uint8Array): Generator<PcmEvent> {
    this.#rest = this.#rest.length === 0 ? chunk : joined(this.#rest, chunk);
    if (!this.#hello) {
      const line = takeLine(this.#rest);
      if (!line) return;
      this.#rest = this.#rest.subarray(line.bytes);
      this.#hello = parseLine(PcmHello, line.text);
      yield { kind: "hello", hello: this.#hello };
    }
    let at = 0;
    try {
      while (this.#rest.length - at >= HEADER_BYTES) {
        const view = new DataView(this.#rest.buffer, this.#rest.byteOffset + at, this.#rest.length - at);
        const bytes = frameBytes(view, this.#hello);
        if (view.byteLength < bytes) break;
        at += bytes;
        const samples = view.getUint32(40, true);
        yield samples === 0 ? { kind: "end" } : { kind: "frame", frame: frameOf(view, samples, this.#hello) };
      }
    } finally {
      // A copy, since the caller may use its chunk again.
      this.#rest = this.#rest.slice(at);
    }
  }
}

/** A reader's first line, once it is whole. Throws a `Fault` (input) where it is not a `PcmAsk`. */
export function parsePcmAsk(bytes: Uint8Array): PcmAsk | undefined {
  const line = takeLine(bytes);
  return line && parseLine(PcmAsk, line.text);
}

function takeLine(bytes: Uint8Array): { text: string; bytes: number } | undefined {
  const end = bytes.indexOf(0x0a);
  if (end < 0 && bytes.length <= MAX_LINE_BYTES) return undefined;
  if (end < 0 || end > MAX_LINE_BYTES)
    throw new Fault("input", `PCM stream: no first line of JSON in ${MAX_LINE_BYTES} bytes`);
  return { text: new TextDecoder().decode(bytes.subarray(0, end)), bytes: end + 1 };
}

function parseLine<S extends v.GenericSchema>(schema: S, text: string): v.InferOutput<S> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Fault("input", "PCM stream: the first line is not JSON", { cause });
  }
  if (typeof json === "object" && json !== null && "error" in json) {
    throw new Fault("input", `PCM stream: the source refused: ${String(json.error)}`);
  }
  const result = v.safeParse(schema, json);
  if (!result.success) throw new Fault("input", `PCM stream: first line: ${faultsOf(result.issues).join("; ")}`);
  return result.output;
}

function frameBytes(view: DataView, hello: PcmHello): number {
  if (view.getUint32(0, true) !== MAGIC)
    throw new Fault("input", "PCM stream: out of step, a frame does not begin with TPCM");
  const channels = view.getUint16(6, true);
  const samples = view.getUint32(40, true);
  if (samples > 0 && channels !== hello.channels) {
    throw new Fault("input", `PCM stream: a frame has ${channels} channels, the first line said ${hello.channels}`);
  }
  if (samples * channels > MAX_FRAME_VALUES)
    throw new Fault("input", `PCM stream: a frame of ${samples} samples is too long`);
  return HEADER_BYTES + samples * channels * (hello.format === "s16" ? 2 : 4);
}

function frameOf(view: DataView, samples: number, hello: PcmHello): PcmFrame {
  const source = sources[view.getUint8(4)];
  const sigmaS = view.getFloat64(24, true);
  if (source === undefined || !(sigmaS >= 0))
    throw new Fault("input", "PCM stream: a frame's clock is not one we know");
  const flags = view.getUint8(5);
  const samplePpm = view.getFloat64(32, true);
  const channels = Array.from({ length: hello.channels }, (_, channel) => {
    const values = new Float32Array(samples);
    const width = hello.format === "s16" ? 2 : 4;
    for (let i = 0, at = HEADER_BYTES + channel * width; i < samples; i++, at += hello.channels * width) {
      values[i] = width === 2 ? view.getInt16(at, true) / 32768 : view.getFloat32(at, true);
    }
    return values;
  });
  return {
    tick: view.getBigUint64(8, true),
    utcNs: flags & 1 ? view.getBigInt64(16, true) : undefined,
    clock: { source, synchronised: (flags & 2) !== 0, sigmaS, ...(Number.isFinite(samplePpm) ? { samplePpm } : {}) },
    channels,
  };
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
