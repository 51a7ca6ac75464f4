/** How fast the city is rendered, and what the sound server costs. `node sim/world.bench.ts` */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { PCM_PROTOCOL, pcmLine } from "#contract/pcm-stream.ts";
import { makeCity } from "./city.ts";
import { drawClipOptions } from "./render-clips.ts";
import { Rng } from "./rng.ts";
import { burstAmongDistractors } from "./scenarios.ts";
import { startWorld } from "./sound-server.ts";
import { clipKinds, renderTrainingClip } from "./training-clip.ts";
import { renderWorld, World } from "./world.ts";

const print = (figure: string, value: number, unit: string, more: object = {}) =>
  console.log(JSON.stringify({ bench: "sim", figure, value: Number(value.toPrecision(3)), unit, ...more }));
const userS = (since?: NodeJS.CpuUsage) => process.cpuUsage(since).user / 1e6;

const city = makeCity(1);
renderWorld({ city, seed: 0 }, burstAmongDistractors(city, 0), 20);
let before = process.cpuUsage();
for (let seed = 1; seed <= 5; seed++) renderWorld({ city, seed }, burstAmongDistractors(city, seed), 20);
print("20 s of ten lampposts with a burst, a firework and a door", userS(before) / 5, "s of one core", {
  rateHz: 16_000,
});

const [post] = new World({ city, seed: 1 }).posts;
before = process.cpuUsage();
for (let i = 0; i < 600; i++) post!.next(16_000);
print("street noise", 600 / userS(before), "times real time per lamppost and core", { rateHz: 16_000 });

const root = new Rng("bench");
before = process.cpuUsage();
for (let i = 0; i < 200; i++) renderTrainingClip(root.fork(i), drawClipOptions(root.fork(`o${i}`), clipKinds));
print("training clips of 2 s", 200 / userS(before), "clips per second and core", { rateHz: 16_000 });

const world = await startWorld({ city: makeCity(1, { nodes: 12 }), seed: 1 });
const readers = Object.keys(world.ports).map((node) => {
  const socket = connect(world.port, world.host);
  socket.write(pcmLine({ protocol: PCM_PROTOCOL, node }));
  return socket.resume();
});
await sleep(500);
before = process.cpuUsage();
const from = performance.now();
await sleep(8000);
const used = process.cpuUsage(before);
print(
  "sound server, twelve lampposts and their readers' sockets",
  (used.user + used.system) / 1e4 / ((performance.now() - from) / 1000),
  "% of a core",
  { limit: 15 },
);
for (const socket of readers) socket.destroy();
await world.close();
