/** How much sound one core listens to in a second, and what a frame allocates. Run: node core/acoustics/listen.bench.ts */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createEar } from "./ear.ts";
import { addBlast, noise } from "./testing-sounds.ts";

const RATE = 16000;
const FRAME = 320;
const SECONDS = 60;

const street = noise(SECONDS * RATE, 0.01, 41);
const shots = street.slice();
for (let s = 5; s < SECONDS; s += 10) addBlast(shots, RATE, s, 0.4);
const frames = (samples: Float32Array) =>
  Array.from({ length: samples.length / FRAME }, (_, i) => samples.subarray(i * FRAME, (i + 1) * FRAME));

let found = 0;
const ear = createEar({ sampleRateHz: RATE, onCandidate: () => found++ });
const noisy = frames(shots);
for (const frame of noisy) ear.push(frame);
const rounds = 6;
const began = process.cpuUsage();
for (let round = 0; round < rounds; round++) for (const frame of noisy) ear.push(frame);
const { user, system } = process.cpuUsage(began);
print("audio seconds per second of one core", (rounds * SECONDS) / ((user + system) / 1e6), "x", { atLeast: 300 });

// Silence with a hum: no impulse is found in it, so that what is left is the frame's own.
const hum = Float32Array.from(street, (_, i) => 0.01 * Math.sin((2 * Math.PI * 210 * i) / RATE));
const quiet = frames(hum);
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
for (const frame of quiet) ear.push(frame);
const before = found;
collect();
const heapBefore = process.memoryUsage().heapUsed;
for (let round = 0; round < 5; round++) for (let i = 0; i < quiet.length; i++) ear.push(quiet[i]!);
const grown = process.memoryUsage().heapUsed - heapBefore;
print("bytes allocated per frame of 20 ms", Math.max(0, grown) / (5 * quiet.length), "bytes", {
  atMost: 8,
  impulsesMeanwhile: found - before,
});

function print(
  figure: string,
  value: number,
  unit: string,
  more: { atLeast?: number; atMost?: number; impulsesMeanwhile?: number },
) {
  const { atLeast, atMost, ...rest } = more;
  const bound = atLeast === undefined ? { atMost } : { atLeast };
  process.stdout.write(
    `${JSON.stringify({ bench: "listen", figure, value: Number(value.toFixed(2)), unit, bound, ...rest })}\n`,
  );
}
