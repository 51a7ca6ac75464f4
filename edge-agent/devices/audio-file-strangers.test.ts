/** Files as strangers hand them in: FLAC by another's encoder, telephones' codes, headers that lie. */
import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { pcm16Of, wavOf } from "#core/acoustics/wav-file.ts";
import { decodeAudio } from "./audio-file.ts";
import { aLaw, muLaw } from "./g711.ts";

const RATE = 16_000;
/** Two seconds of a falling tone, 16 bits. */
const sound = Float32Array.from({ length: 2 * RATE }, (_, i) => 0.5 * Math.sin((i * (9000 - i / 8)) / RATE));
const data = pcm16Of(sound);
const plain = wavOf(data, RATE);

const ascii = (text: string) => [...text].map((char) => char.charCodeAt(0));
const u32 = (x: number) => [x & 0xff, (x >> 8) & 0xff, (x >> 16) & 0xff, (x >>> 24) & 0xff];
const chunk = (id: string, body: ArrayLike<number>, size = body.length) =>
  Uint8Array.from([...ascii(id), ...u32(size), ...Array.from(body)]);
const file = (magic: string, size: number, ...chunks: Uint8Array[]) =>
  Uint8Array.from([...ascii(magic), ...u32(size), ...ascii("WAVE"), ...chunks.flatMap((each) => [...each])]);
const fmt = (tag = 1, bits = 16) =>
  chunk("fmt ", [tag, 0, 1, 0, ...u32(RATE), ...u32((RATE * bits) / 8), bits / 8, 0, bits, 0]);
const list = chunk("LIST", new Uint8Array(4000).fill(0x41));

async function isSound(bytes: Uint8Array): Promise<void> {
  const { channels, sampleRateHz, cutOf } = await decodeAudio(bytes, "x");
  assert.is(sampleRateHz, RATE);
  assert.is(cutOf, undefined);
  assert.is(channels[0]!.length, sound.length);
  for (let i = 0; i < sound.length; i += 97) assert.ok(Math.abs(channels[0]![i]! - sound[i]!) < 1e-4, `${i}`);
}

const whyNot = (bytes: Uint8Array, name = "x.wav") =>
  decodeAudio(bytes, name).then(
    () => "read",
    (error: Error) => error.message,
  );

test("RF64 and BW64 say in ds64 where the sound ends: a list behind it is not heard", async () => {
  const size64 = (x: number) => [...u32(x), 0, 0, 0, 0];
  const ds64 = chunk("ds64", [...size64(0), ...size64(data.length), ...size64(sound.length), ...u32(0)]);
  for (const magic of ["RF64", "BW64"]) {
    await isSound(file(magic, 0xffffffff, ds64, fmt(), chunk("data", data, 0xffffffff), list));
  }
});

test("24 bits at the upper end of 4 bytes, as some converters write them, are the sound; bytes that are not 0 below them are told", async () => {
  const inFour = chunk("fmt ", [1, 0, 1, 0, ...u32(RATE), ...u32(4 * RATE), 4, 0, 24, 0]);
  const wide = new DataView(new ArrayBuffer(4 * sound.length));
  for (const [i, x] of sound.entries()) wide.setInt32(4 * i, Math.round(x * 8388607) * 256, true);
  const bytes = new Uint8Array(wide.buffer);
  await isSound(file("RIFF", 0, inFour, chunk("data", bytes)));
  // The same at the lower end is 48 dB fainter: not guessed at.
  for (const [i, x] of sound.entries()) wide.setInt32(4 * i, Math.round(x * 8388607), true);
  assert.match(
    await whyNot(file("RIFF", 0, inFour, chunk("data", bytes))),
    "block size 4 does not fit 1 channels of 24",
  );
});

test("a recorder that lost its power has left its sizes at zero: all that follows is sound", async () => {
  await isSound(file("RIFF", 0, fmt(), chunk("data", data, 0)));
  const none = file("RIFF", 36 + list.length, fmt(), chunk("data", []), list);
  assert.match(await whyNot(none), "x.wav: it has no samples");
});

test("an odd chunk without the byte that makes it even does not hide what follows", async () => {
  await isSound(file("RIFF", 0, chunk("note", ascii("hello")), fmt(), chunk("data", data)));
  await isSound(file("RIFF", 0, chunk("note", [...ascii("hello"), 0], 5), fmt(), chunk("data", data)));
});

test("what is no number is told and heard as zero, so that no score becomes none", async () => {
  const floats = Float32Array.from([0.5, Number.NaN, 1e30, -0.25, Number.NEGATIVE_INFINITY]);
  const { channels, spoiled } = await decodeAudio(
    file("RIFF", 0, fmt(3, 32), chunk("data", new Uint8Array(floats.buffer))),
    "x.wav",
  );
  assert.equal([...channels[0]!], [0.5, 0, 0, -0.25, 0]);
  assert.is(spoiled, 3);
});

test("G.711: the largest, the smallest and the signs of both laws", async () => {
  const steps = (law: (code: number) => number, codes: number[]) => codes.map((code) => law(code) * 32768);
  assert.equal(steps(muLaw, [0x80, 0x00, 0xff, 0xfe, 0x7e]), [32124, -32124, 0, 8, -8]);
  assert.equal(steps(aLaw, [0xaa, 0x2a, 0xd5, 0x55]), [32256, -32256, 8, -8]);
  const { channels } = await decodeAudio(file("RIFF", 0, fmt(7, 8), chunk("data", [0x80, 0xff])), "x.wav");
  assert.ok(Math.abs(channels[0]![0]! - 32124 / 32768) < 1e-6 && channels[0]![1] === 0);
});

test("what is another form under the name of a WAV is told by its kind, with a command that fits the name", async () => {
  const said = (head: number[]) => whyNot(Uint8Array.from([...head, ...new Array(40).fill(0)]), "my shot.wav");
  assert.is(
    await said(ascii("OggS")),
    "my shot.wav: is Ogg, neither WAV nor FLAC; convert it, such as 'ffmpeg -i \"my shot.wav\" out.wav'",
  );
  assert.match(await said([...ascii("ID3"), 4, 0, 0, 0, 0, 0, 0, 0xff, 0xfb]), "is MP3");
  assert.match(await said([0, 0, 0, 32, ...ascii("ftypM4A ")]), "is MP4");
});

const flacOf = (args: string[] = [], input: Uint8Array = plain) =>
  spawnSync("ffmpeg", ["-v", "error", "-f", "wav", "-i", "-", ...args, "-f", "flac", "-"], {
    input,
    maxBuffer: 2 ** 26,
  });

if (flacOf().error) {
  test("skipped: FLAC is not tried without ffmpeg", () => {
    process.stdout.write("skipped: FLAC is not tried without ffmpeg; npm run setup installs it\n");
  });
} else {
  test("FLAC of 16 and 24 bits, in blocks of 192 to 16384, is the sound", async () => {
    for (const size of ["192", "4096", "16384"]) await isSound(flacOf(["-frame_size", size]).stdout);
    await isSound(flacOf(["-sample_fmt", "s32", "-bits_per_raw_sample", "24"]).stdout);
  });

  test("eight channels of FLAC come apart", async () => {
    const { channels } = await decodeAudio(flacOf(["-ac", "8"]).stdout, "x.flac");
    assert.is(channels.length, 8);
    for (const channel of channels) assert.is(channel.length, sound.length);
  });

  test("tags before and behind FLAC are passed over", async () => {
    const flac = flacOf().stdout;
    const id3v1 = Uint8Array.from([...ascii("TAG"), ...new Array(125).fill(0)]);
    const id3v2 = Uint8Array.from([...ascii("ID3"), 4, 0, 0, 0, 0, 1, 2, ...new Array(130).fill(0)]);
    await isSound(Buffer.concat([id3v2, flac, id3v1]));
  });

  test("FLAC that is cut, or damaged in its middle, is read up to there, and says how long it should be", async () => {
    const flac = Uint8Array.from(flacOf(["-frame_size", "1024"]).stdout);
    // Into a pipe ffmpeg writes no length (RFC 9639, section 8.2).
    new DataView(flac.buffer).setUint32(22, sound.length);
    const damaged = flac.slice();
    damaged[flac.length >> 1]! ^= 0xff;
    for (const bytes of [flac.slice(0, flac.length >> 1), damaged]) {
      const { channels, cutOf } = await decodeAudio(bytes, "x.flac");
      const [channel] = channels as [Float32Array];
      assert.is(cutOf, sound.length);
      assert.ok(channel.length > 0.1 * sound.length && channel.length < 0.75 * sound.length, `${channel.length}`);
      for (let i = 0; i < channel.length; i += 97) assert.ok(Math.abs(channel[i]! - sound[i]!) < 1e-4, `${i}`);
    }
  });
}

test.run();
