/**
 * Serves what every lamppost of the simulated city hears, in real time, over TCP on the loopback, as `contract/pcm-stream.ts` frames
 * it. Street noise runs from the start until `close()`; `fire()` lets scenarios happen, again and again.
 *
 *   const world = await startWorld({ city: makeCity(1), seed: 1 });
 *   microphone of n01: host world.host, port world.port, node "n01"
 *   const incident = await world.fire(burstAmongDistractors(world.city, 7));
 *   incident.shots[0].utcNs, .lat, .lon; await incident.over;
 */
import { createServer, type Server, type Socket } from "node:net";
import { setImmediate as breathe, setTimeout as sleep } from "node:timers/promises";
import { encodePcmFrame, PCM_PROTOCOL, parsePcmAsk, pcmLine } from "#contract/pcm-stream.ts";
import type { City } from "./city.ts";
import type { ListeningPost } from "./listening-post.ts";
import type { DistractorTruth, Scenario, ShotTruth } from "./scenarios.ts";
import { type PostTruth, World, type WorldOptions } from "./world.ts";

export interface WorldServerOptions extends WorldOptions {
  /** 127.0.0.1 by default: nothing outside the machine hears the pretend city. */
  host?: string;
  /** A free port by default. */
  port?: number;
  /** True UTC of the world's start, ns; the machine's own by default. Simulated time runs as wall time does. */
  startUtcNs?: bigint;
  /** A scenario that happens at once. */
  scenario?: Scenario;
  /** Samples per frame, 20 ms by default. */
  blockS?: number;
}

export type AtUtc<T> = T & { utcNs: bigint };

export interface Incident {
  scenario: Scenario;
  /** True UTC of the scenario's start. */
  startUtcNs: bigint;
  shots: AtUtc<ShotTruth>[];
  distractors: AtUtc<DistractorTruth>[];
  /** What arrives when and where, in true UTC seconds after the world's start. */
  heard: PostTruth[];
  /** When the last sound has died away everywhere. */
  over: Promise<void>;
}

export interface WorldServer {
  city: City;
  host: string;
  port: number;
  /** `port` for every node: one door, the reader says which microphone it wants. */
  ports: Readonly<Record<string, number>>;
  startUtcNs: bigint;
  /** True UTC now. */
  nowUtcNs(): bigint;
  /** Mixes a scenario in; it starts `inS` (2 by default) from now. Resolves when all is rendered, before the first sound. */
  fire(scenario: Scenario, options?: { inS?: number }): Promise<Incident>;
  /** The newest incidents fired, at most a hundred, with their truth. */
  incidents: readonly Incident[];
  counters: { readers: number; frames: number; droppedFrames: number; lateSamples: number };
  close(): Promise<void>;
}

/** A reader this far behind loses frames: it sees a gap in the ticks, as with a real overrun. */
const MAX_UNREAD_BYTES = 1 << 20;
const MAX_INCIDENTS = 100;
const HELLO_DEADLINE_MS = 10_000;

export async function startWorld(options: WorldServerOptions): Promise<WorldServer> {
  const world = new World(options);
  const host = options.host ?? "127.0.0.1";
  const readers = new Map<string, Set<Socket>>(world.posts.map((post) => [post.id, new Set<Socket>()]));
  const counters = { readers: 0, frames: 0, droppedFrames: 0, lateSamples: 0 };
  const stop = new AbortController();
  const startUtcNs = options.startUtcNs ?? BigInt(Date.now()) * 1_000_000n;
  const began = process.hrtime.bigint();
  const nowS = () => Number(process.hrtime.bigint() - began) / 1e9;
  const utcOf = (timeS: number) => startUtcNs + BigInt(Math.round(timeS * 1e9));

  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    welcome(socket, world, readers, counters);
  });
  await listen(server, options.port ?? 0, host);
  const { port } = server.address() as { port: number };
  const pace = run(world, options.blockS ?? 0.02, nowS, utcOf, readers, counters, stop.signal);
  const incidents: Incident[] = [];

  async function fire(scenario: Scenario, { inS = 2 }: { inS?: number } = {}): Promise<Incident> {
    const startS = nowS() + inS;
    const at = <T extends { atS: number }>(truth: T) => ({ ...truth, utcNs: utcOf(startS + truth.atS) });
    const heard: PostTruth[] = [];
    for (const truth of world.play(scenario, startS)) {
      heard.push(truth);
      await breathe();
    }
    counters.lateSamples = world.posts.reduce((sum, post) => sum + post.lateSamples, 0);
    const incident: Incident = {
      scenario,
      startUtcNs: utcOf(startS),
      shots: scenario.truth.shots.map(at),
      distractors: scenario.truth.distractors.map(at),
      heard,
      over: sleep(Math.max(0, startS + scenario.lengthS - nowS()) * 1000, undefined, {
        signal: stop.signal,
        ref: false,
      }).catch(() => {}),
    };
    incidents.push(incident);
    if (incidents.length > MAX_INCIDENTS) incidents.shift();
    return incident;
  }

  if (options.scenario) await fire(options.scenario);
  return {
    city: options.city,
    host,
    port,
    ports: Object.fromEntries(world.posts.map((post) => [post.id, port])),
    startUtcNs,
    nowUtcNs: () => utcOf(nowS()),
    fire,
    incidents,
    counters,
    async close() {
      stop.abort();
      await pace;
      const closed = new Promise((resolve) => server.close(resolve));
      // Also whoever has not asked yet: one that asked afterwards was served for good, and held this up as long.
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** A reader says which microphone it wants; whoever asks for none of ours is told so. */
function welcome(
  socket: Socket,
  world: World,
  readers: Map<string, Set<Socket>>,
  counters: WorldServer["counters"],
): void {
  let asked = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.setTimeout(HELLO_DEADLINE_MS, () => socket.destroy());
  const refuse = (error: string) => socket.end(pcmLine({ error }));
  const onData = (chunk: Buffer) => {
    asked = Buffer.concat([asked, chunk]);
    try {
      const ask = parsePcmAsk(asked);
      if (!ask) return;
      socket.off("data", onData);
      socket.resume();
      const room = readers.get(ask.node);
      if (!room) return refuse(`there is no node '${ask.node}' here; there are ${[...readers.keys()].join(", ")}`);
      socket.setTimeout(0);
      socket.write(
        pcmLine({ protocol: PCM_PROTOCOL, format: "s16", sampleRateHz: world.rateHz, channels: world.channels }),
      );
      room.add(socket);
      counters.readers++;
      socket.once("close", () => {
        room.delete(socket);
        counters.readers--;
      });
    } catch (error) {
      refuse((error as Error).message);
    }
  };
  socket.on("data", onData);
}

/** Takes every post's samples as soon as the world's time has reached their end, whether somebody listens or not. */
async function run(
  world: World,
  blockS: number,
  nowS: () => number,
  utcOf: (timeS: number) => bigint,
  readers: ReadonlyMap<string, ReadonlySet<Socket>>,
  counters: WorldServer["counters"],
  signal: AbortSignal,
): Promise<void> {
  const block = Math.round(blockS * world.rateHz);
  while (!signal.aborted) {
    for (const post of world.posts) {
      while (post.clock.timeOf(post.tick + block) <= nowS()) send(post, block, utcOf, readers.get(post.id)!, counters);
    }
    await sleep(blockS * 1000, undefined, { signal }).catch(() => {});
  }
}

function send(
  post: ListeningPost,
  block: number,
  utcOf: (timeS: number) => bigint,
  sockets: ReadonlySet<Socket>,
  counters: WorldServer["counters"],
): void {
  const tick = post.tick;
  const channels = post.nextChannels(block);
  if (sockets.size === 0) return;
  const timeS = post.clock.timeOf(tick);
  const utcNs = utcOf(timeS + post.clock.errorS(timeS));
  const bytes = encodePcmFrame({ tick: BigInt(tick), utcNs, clock: post.clock.state, channels }, "s16");
  for (const socket of sockets) {
    if (socket.writableLength > MAX_UNREAD_BYTES) {
      counters.droppedFrames++;
      continue;
    }
    counters.frames++;
    socket.write(bytes);
  }
}
