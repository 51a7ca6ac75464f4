import { test } from "uvu";
import * as assert from "uvu/assert";
import { lieroSamples, soundFontSamples } from "./elsewhere-samples.ts";

const chunk = (name: string, bytes: Buffer) => {
  const head = Buffer.alloc(8);
  head.write(name, "latin1");
  head.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([head, bytes, Buffer.alloc(bytes.length & 1)]);
};
const list = (kind: string, ...parts: Buffer[]) => chunk("LIST", Buffer.concat([Buffer.from(kind), ...parts]));
const header = (name: string, start: number, end: number, rateHz: number) => {
  const bytes = Buffer.alloc(46);
  bytes.write(name, "latin1");
  bytes.writeUInt32LE(start, 20);
  bytes.writeUInt32LE(end, 24);
  bytes.writeUInt32LE(rateHz, 36);
  return bytes;
};
/** Rate and samples of a mono WAV file of 16 bits. */
const heard = (wav: Uint8Array) => {
  const bytes = Buffer.from(wav);
  const samples = [];
  for (let at = 44; at < bytes.length; at += 2) samples.push(bytes.readInt16LE(at));
  return [bytes.readUInt32LE(24), ...samples];
};

test("a SoundFont's samples come out by name, the terminal record is none", () => {
  const pcm = Buffer.from(Int16Array.from([0, 100, -100, 32767, -32768, 7]).buffer);
  const headers = Buffer.concat([
    header("Snare 1(L)", 1, 3, 44_100),
    header("Gun", 3, 6, 11_025),
    header("EOS", 0, 0, 0),
  ]);
  const lists = Buffer.concat([
    list("INFO", chunk("INAM", Buffer.from("odd"))),
    list("sdta", chunk("smpl", pcm)),
    list("pdta", chunk("shdr", headers)),
  ]);
  const file = chunk("RIFF", Buffer.concat([Buffer.from("sfbk"), lists]));
  const found = [...soundFontSamples(file)].map(([name, wav]) => [name, heard(wav)]);
  assert.equal(found, [
    ["Snare_1_L.wav", [44_100, 100, -100]],
    ["Gun.wav", [11_025, 32767, -32768, 7]],
  ]);
  assert.throws(() => [...soundFontSamples(chunk("RIFF", Buffer.from("sfbk")))], /lacks smpl or shdr/);
});

test("Liero's sounds are 8 bits with a sign at 22,050 Hz", () => {
  const file = Buffer.alloc(18 + 3);
  file.writeUInt16LE(1, 0);
  file.write("SHOT", 2, "latin1");
  file.writeUInt32LE(18, 10);
  file.writeUInt32LE(3, 14);
  file.set([1, 0xff, 0x80], 18);
  const found = [...lieroSamples(file)].map(([name, wav]) => [name, heard(wav)]);
  assert.equal(found, [["SHOT.wav", [22_050, 256, -256, -32768]]]);
});

test.run();
