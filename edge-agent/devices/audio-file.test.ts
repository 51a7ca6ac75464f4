import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Fault } from "#contract/errors.ts";
import { decodeAudio, readAudioFile } from "./audio-file.ts";

type Put = (view: DataView, at: number, value: number) => void;

interface Kind {
  name: string;
  tag: number;
  bits: number;
  put: Put;
  /** Largest error of a value, full scale 1. */
  within: number;
}

const kinds: Kind[] = [
  {
    name: "8-bit PCM",
    tag: 1,
    bits: 8,
    within: 1.6 / 128,
    put: (v, at, x) => v.setUint8(at, Math.round(x * 127) + 128),
  },
  {
    name: "16-bit PCM",
    tag: 1,
    bits: 16,
    within: 1e-4,
    put: (v, at, x) => v.setInt16(at, Math.round(x * 32767), true),
  },
  {
    name: "24-bit PCM",
    tag: 1,
    bits: 24,
    within: 1e-6,
    put: (v, at, x) => {
      const n = Math.round(x * 8388607);
      v.setUint16(at, n & 0xffff, true);
      v.setInt8(at + 2, n >> 16);
    },
  },
  {
    name: "32-bit PCM",
    tag: 1,
    bits: 32,
    within: 1e-6,
    put: (v, at, x) => v.setInt32(at, Math.round(x * 2147483647), true),
  },
  { name: "32-bit float", tag: 3, bits: 32, within: 1e-7, put: (v, at, x) => v.setFloat32(at, x, true) },
  { name: "64-bit float", tag: 3, bits: 64, within: 1e-7, put: (v, at, x) => v.setFloat64(at, x, true) },
];

const values = [
  [0, 0.5, -0.5, 0.999, -0.999, 0.123],
  [0.25, 0, 0, -0.75, 0.001, 0.9],
];

/** A WAV file of two channels; `extensible`: WAVE_FORMAT_EXTENSIBLE with the tag in the sub-format. */
function wav(kind: Kind, extensible: boolean, extra = 0): Uint8Array {
  const fmt = extensible ? 40 : 16;
  const bytes = kind.bits / 8;
  const data = values[0]!.length * 2 * bytes;
  const view = new DataView(new ArrayBuffer(12 + 8 + fmt + 8 + extra + 8 + data));
  const text = (at: number, s: string) => {
    for (let i = 0; i < s.length; i++) view.setUint8(at + i, s.charCodeAt(i));
  };
  text(0, "RIFF");
  view.setUint32(4, view.byteLength - 8, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, fmt, true);
  view.setUint16(20, extensible ? 0xfffe : kind.tag, true);
  view.setUint16(22, 2, true);
  view.setUint32(24, 22050, true);
  view.setUint32(28, 22050 * 2 * bytes, true);
  view.setUint16(32, 2 * bytes, true);
  view.setUint16(34, kind.bits, true);
  if (extensible) {
    view.setUint16(36, 22, true);
    view.setUint16(44, kind.tag, true);
  }
  let at = 20 + fmt;
  text(at, "LIST");
  view.setUint32(at + 4, extra, true);
  at += 8 + extra;
  text(at, "data");
  view.setUint32(at + 4, data, true);
  at += 8;
  for (let i = 0; i < values[0]!.length; i++) {
    for (let c = 0; c < 2; c++) {
      kind.put(view, at, values[c]![i]!);
      at += bytes;
    }
  }
  return new Uint8Array(view.buffer);
}

for (const kind of kinds) {
  for (const extensible of [false, true]) {
    test(`${kind.name}${extensible ? ", extensible" : ""}: two channels at 22050 Hz come out as they went in`, async () => {
      const { channels, sampleRateHz } = await decodeAudio(wav(kind, extensible, 6), "x.wav");
      assert.is(sampleRateHz, 22050);
      assert.is(channels.length, 2);
      for (let c = 0; c < 2; c++) {
        values[c]!.forEach((value, i) => {
          assert.ok(Math.abs(channels[c]![i]! - value) <= kind.within, `${channels[c]![i]} for ${value}`);
        });
      }
    });
  }
}

async function faultOf(bytes: Uint8Array): Promise<string> {
  try {
    await decodeAudio(bytes, "x.wav");
  } catch (error) {
    assert.instance(error, Fault);
    assert.is((error as Fault).exitCode, 65);
    assert.is((error as Fault).lines.length, 1);
    return (error as Fault).message;
  }
  throw new Error("no fault");
}

const good = wav(kinds[1]!, false);
const changed = (at: number, byte: number) => {
  const bytes = good.slice();
  bytes[at] = byte;
  return bytes;
};

test("each kind of damage gets one line that names file and fault", async () => {
  assert.match(await faultOf(new Uint8Array()), /^x\.wav: is empty/);
  assert.match(await faultOf(new TextEncoder().encode("hello, world")), /neither WAV nor FLAC/);
  assert.match(await faultOf(good.slice(0, 30)), /fmt chunk/);
  assert.match(await faultOf(good.slice(0, 44)), /no data chunk/);
  assert.match(await faultOf(changed(20, 0x55)), /format tag 85/);
  assert.match(await faultOf(changed(22, 0)), /0 channels/);
  assert.match(await faultOf(changed(32, 3)), /block size 3/);
  assert.match(await faultOf(new TextEncoder().encode("fLaC is not all it takes, there must be frames")), /FLAC/);
});

test("a recording cut short by a power cut is read as far as it goes", async () => {
  const { channels } = await decodeAudio(good.slice(0, good.length - 6), "x.wav");
  assert.is(channels[0]!.length, 4);
});

test("a missing file, a folder and one that is too large are told apart", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-audio-"));
  try {
    assert.match(await readFault(join(folder, "none.wav")), /no such file/);
    assert.match(await readFault(folder), /is a folder/);
    // Without blocks on the disk; Node itself refuses from 2 GiB on.
    writeFileSync(join(folder, "long.wav"), good);
    truncateSync(join(folder, "long.wav"), 3e9);
    assert.match(await readFault(join(folder, "long.wav")), /larger than 1\.5 GB; cut it into pieces/);
    writeFileSync(join(folder, "a.wav"), good);
    assert.is((await readAudioFile(join(folder, "a.wav"))).channels.length, 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

async function readFault(path: string): Promise<string> {
  return readAudioFile(path).then(
    () => "read",
    (error: Error) => error.message,
  );
}

test.run();
