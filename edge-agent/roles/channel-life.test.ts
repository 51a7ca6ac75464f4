import { test } from "uvu";
import * as assert from "uvu/assert";
import { ChannelLife } from "./channel-life.ts";

const RATE = 8000;

/** Seconds of sound: a letter per channel, `n`oise (two values are enough), `0` zeros, `1` stuck at full scale. */
function feed(life: ChannelLife, kinds: string, seconds: number): number {
  let changes = 0;
  for (let s = 0; s < seconds; s++) {
    const channels = [...kinds].map((kind) =>
      Float32Array.from({ length: RATE }, (_, i) => (kind === "n" ? (i % 7) - 3 : Number(kind))),
    );
    if (life.push(channels)) changes++;
  }
  return changes;
}

test("ten seconds of zeros, or at a rail, are a dead microphone, told once; sound is told to be back", () => {
  const life = new ChannelLife(RATE, 1, 1);
  assert.is(feed(life, "0", 10), 0);
  assert.equal(life.faults(), []);
  assert.is(feed(life, "0", 10), 1);
  assert.equal(life.faults(), ["the microphone has given nothing but 0 for 10 s"]);
  assert.is(feed(life, "n", 2), 1);
  assert.equal(life.faults(), []);
  feed(life, "1", 11);
  assert.equal(life.faults(), ["the microphone has given nothing but 1 for 10 s"]);
});

test("microphone 3 of 4 dies: it is named, the ear stays on the first", () => {
  const life = new ChannelLife(RATE, 4, 4);
  feed(life, "nnnn", 2);
  assert.is(feed(life, "nn0n", 12), 1);
  assert.equal(life.faults(), ["microphone 3 of 4 has given nothing but 0 for 10 s"]);
  assert.is(life.ear, 0);
  assert.ok(life.isDead(2) && !life.isDead(3) && life.isDead(4));
});

test("the first dies, then the second: the ear moves to the first that lives, stays when the first is back, and is counted", () => {
  const life = new ChannelLife(RATE, 4, 4);
  feed(life, "nnnn", 1);
  feed(life, "0nnn", 11);
  assert.is(life.ear, 1);
  assert.equal(life.faults(), [
    "microphone 1 of 4 has given nothing but 0 for 10 s; microphone 2 is listened on instead",
  ]);
  feed(life, "00nn", 11);
  assert.is(life.ear, 2);
  feed(life, "nnnn", 2);
  assert.is(life.ear, 2);
  assert.is(life.switches, 2);
  assert.equal(life.faults(), []);
});

test("the first dies and comes back, then the second dies: the ear goes back to the first, and the sentence says so", () => {
  const life = new ChannelLife(RATE, 4, 4);
  feed(life, "nnnn", 1);
  feed(life, "0nnn", 11);
  feed(life, "nnnn", 2);
  feed(life, "n0nn", 11);
  assert.is(life.ear, 0);
  assert.equal(life.faults(), [
    "microphone 2 of 4 has given nothing but 0 for 10 s; microphone 1 is listened on instead",
  ]);
  feed(life, "n00n", 11);
  assert.equal(life.faults(), [
    "microphone 2 of 4 has given nothing but 0 for 10 s; microphone 1 is listened on instead",
    "microphone 3 of 4 has given nothing but 0 for 10 s",
  ]);
  feed(life, "0n0n", 11);
  assert.is(life.ear, 1);
  assert.equal(life.faults(), [
    "microphone 1 of 4 has given nothing but 0 for 10 s; microphone 2 is listened on instead",
    "microphone 3 of 4 has given nothing but 0 for 10 s",
  ]);
});

test("of two channels without places the second is an open input until it has given sound", () => {
  const life = new ChannelLife(RATE, 2, 1);
  feed(life, "n0", 12);
  assert.equal(life.faults(), []);
  feed(life, "00", 12);
  assert.is(life.ear, 0);
  feed(life, "0n", 1);
  assert.is(life.ear, 1);
  feed(life, "n0", 12);
  assert.is(life.ear, 0);
  assert.equal(life.faults(), [
    "microphone 2 of 2 has given nothing but 0 for 10 s; microphone 1 is listened on instead",
  ]);
});

test.run();
