/**
 * What a viewer costs: CPU of the relay's process and added delay at 1, 5 and 20 viewers of one stream of 2 Mbit/s, beside a relay on
 * pion/webrtc (Go) under the same load with the same cipher (AES-GCM), and where our own cost lies. Run: node gateway/relay/relay.bench.ts
 */
import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeClients, publish, type Watching, watch } from "./clients.testing.ts";
import type { FromRelay, RelayStart } from "./pipe.ts";
import { shareOf } from "./profile.testing.ts";
import { LOOPBACK, makeSigner, type Signer } from "./testing.ts";

const STREAM = "lamp-1.front";
const VIEWERS = [1, 5, 20];
const BITRATE_BPS = 2_000_000;
const FRAMES_PER_S = 30;
const PACKET_BYTES = 1_190;
const MEASURE_S = 3;
const WARM_S = 1;
/** Linux counts CPU time in hundredths of a second (sysconf _SC_CLK_TCK). */
const TICK_S = 0.01;

interface Peer {
  name: "tocsin" | "pion";
  pid: number;
  base: string;
  stop(): Promise<void>;
}

interface Measured {
  viewers: number;
  coreShare: number;
  delayMedianMs: number;
  delayP95Ms: number;
  packetsPerS: number;
  lossRatio: number;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const here = import.meta.dirname;

async function startOurs(signer: Signer, profileFolder?: string): Promise<Peer> {
  const child = fork(join(here, "main.ts"), [], {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv:
      profileFolder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`, "--cpu-prof-interval=200"],
  });
  const start: RelayStart = {
    type: "start",
    publicJwk: signer.publicJwk,
    ice: LOOPBACK,
    iceServers: [],
    limits: { streams: 10, viewersPerStream: 50, sessions: 100 },
    ffmpeg: "ffmpeg",
    fragmentS: 0.5,
  };
  child.send(start);
  const port = await new Promise<number>((resolve, reject) => {
    child.on("message", (message: FromRelay) => {
      if (message.type === "ready") resolve(message.port);
    });
    child.once("exit", () => reject(new Error("the relay ended")));
  });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.send({ type: "stop" });
    await ended;
  };
  return { name: "tocsin", pid: child.pid as number, base: `http://127.0.0.1:${port}`, stop };
}

/** Built once per state of its sources; undefined where there is no Go or its modules cannot be had. */
function buildPion(): string | undefined {
  const folder = join(here, "peer-pion");
  const hash = createHash("sha256");
  for (const name of ["main.go", "go.mod", "go.sum"]) hash.update(readFileSync(join(folder, name)));
  const file = join(tmpdir(), `tocsin-peer-pion-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(file)) return file;
  console.error("building the peer on pion/webrtc (a minute or two, once)");
  const { status, stderr, error } = spawnSync("go", ["build", "-o", file, "."], { cwd: folder, encoding: "utf8" });
  if (status === 0) return file;
  console.error(`no peer: ${error?.message ?? stderr.trim().split("\n").at(-1)}`);
  return undefined;
}

async function startPion(file: string): Promise<Peer> {
  const child: ChildProcess = spawn(file, [], { stdio: ["pipe", "pipe", "inherit"] });
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout?.once("data", (data) => resolve(String(data).trim()));
    child.once("error", reject);
  });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.stdin?.end();
    await ended;
  };
  return { name: "pion", pid: child.pid as number, base: `http://127.0.0.1:${port}`, stop };
}

/** Seconds of CPU that a process has used so far, of all its threads. */
function cpuS(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_S;
}

const quantile = (sorted: readonly number[], q: number) => sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;

/** A viewer that takes its packets and looks into none: twenty that decrypt cost more than the relay under test. @returns their count. */
function lighten({ peer }: Watching): () => number {
  const onData = peer.dtlsTransports[0]?.iceTransport.connection.onData;
  if (!onData) throw new Error("not connected");
  let count = 0;
  const execute = onData.execute.bind(onData);
  onData.execute = (data: Buffer) => {
    const second = data[1] as number;
    // RTP, and not RTCP (RFC 5761, 4).
    if ((data[0] as number) >> 6 === 2 && (second < 192 || second > 223)) count++;
    else execute(data);
  };
  return () => count;
}

/** The first viewers of each run decrypt and read the sender's clock; the others count. */
const READERS = 2;

async function measure(peer: Peer, signer: Signer, viewers: number): Promise<Measured> {
  const publisher = await publish(peer.base, STREAM, await signer.sign({ act: "publish", stream: STREAM }));
  await publisher.connected;
  const token = await signer.sign({ act: "view", stream: STREAM });
  const watching = [];
  for (let i = 0; i < viewers; i++) watching.push(await watch(peer.base, STREAM, token, { video: ["VP8"] }));
  await Promise.all(watching.map(({ connected }) => connected));
  const counts = watching.slice(READERS).map(lighten);
  const count = () => counts.reduce((sum, each) => sum + each(), 0);
  const perFrame = Math.round(BITRATE_BPS / 8 / FRAMES_PER_S / PACKET_BYTES);
  let frames = 0;
  const startMs = performance.now();
  const timer = setInterval(() => {
    // As many as are due: a timer that came late must not make the stream thinner.
    while ((performance.now() - startMs) / 1000 > frames / FRAMES_PER_S)
      publisher.picture(frames++ % 60 === 0, perFrame, PACKET_BYTES);
  }, 5);
  try {
    await sleep(WARM_S * 1000);
    for (const { packets } of watching) packets.length = 0;
    const [beforeS, sinceMs, sent, counted] = [cpuS(peer.pid), performance.now(), frames, count()];
    await sleep(MEASURE_S * 1000);
    const elapsedS = (performance.now() - sinceMs) / 1000;
    const usedS = cpuS(peer.pid) - beforeS;
    const expected = (frames - sent) * perFrame * viewers;
    const packets = watching.slice(0, READERS).flatMap((each) => each.packets);
    const all = packets.length + count() - counted;
    const delays = packets.map(({ payload, atMs }) => atMs - payload.readDoubleBE(8)).sort((a, b) => a - b);
    return {
      viewers,
      coreShare: usedS / elapsedS,
      delayMedianMs: quantile(delays, 0.5),
      delayP95Ms: quantile(delays, 0.95),
      packetsPerS: all / elapsedS,
      lossRatio: Math.max(0, 1 - all / expected),
    };
  } finally {
    clearInterval(timer);
    await closeClients();
    await sleep(200);
  }
}

const round = (value: number, digits = 4) => Number(value.toFixed(digits));
const say = (figure: string, value: number, unit: string, more: object = {}) =>
  console.log(JSON.stringify({ bench: "relay", figure, value: round(value), unit, ...more }));

const signer = await makeSigner();
const measured = new Map<string, Measured[]>();
const pion = buildPion();
const makers = [() => startOurs(signer), ...(pion === undefined ? [] : [() => startPion(pion)])];
for (const make of makers) {
  const peer = await make();
  const all: Measured[] = [];
  try {
    for (const viewers of VIEWERS) {
      console.error(`${peer.name}, ${viewers} viewers`);
      all.push(await measure(peer, signer, viewers));
    }
  } finally {
    await peer.stop();
  }
  measured.set(peer.name, all);
}

const profiles = mkdtempSync(join(tmpdir(), "tocsin-profile-"));
try {
  const peer = await startOurs(signer, profiles);
  console.error("tocsin, 20 viewers, profiled");
  const at20 = await measure(peer, signer, 20).finally(() => peer.stop());
  for (const name of readdirSync(profiles)) {
    const shares = shareOf(readFileSync(join(profiles, name), "utf8"), { fromS: MEASURE_S + 0.3, toS: 0.8 });
    for (const [what, share] of Object.entries(shares.busy)) {
      say(`share of the relay's busy time: ${what}`, share, "of busy time", {
        viewers: 20,
        packetsPerS: Math.round(at20.packetsPerS),
      });
    }
  }
} finally {
  rmSync(profiles, { recursive: true, force: true });
}

for (const [at, ours] of (measured.get("tocsin") ?? []).entries()) {
  const theirs = measured.get("pion")?.[at];
  const { viewers } = ours;
  say(`CPU at ${viewers} viewers`, ours.coreShare, "of one core", {
    ...(theirs && { peer: { pion: round(theirs.coreShare), ratio: round(ours.coreShare / theirs.coreShare, 2) } }),
    ...(viewers === 20 && { bound: 0.4, boundRatio: 6 }),
    microsecondsPerPacket: round((ours.coreShare / ours.packetsPerS) * 1e6, 1),
    lossRatio: round(ours.lossRatio),
  });
  say(`delay from publisher to viewer at ${viewers} viewers, median`, ours.delayMedianMs, "ms", {
    p95: round(ours.delayP95Ms, 2),
    ...(theirs && { peer: { pion: round(theirs.delayMedianMs, 2), p95: round(theirs.delayP95Ms, 2) } }),
  });
}
const [one, , twenty] = measured.get("tocsin") ?? [];
const [pionOne, , pionTwenty] = measured.get("pion") ?? [];
if (one && twenty) {
  say("CPU per further viewer", (twenty.coreShare - one.coreShare) / 19, "of one core", {
    ...(pionOne && pionTwenty && { peer: { pion: round((pionTwenty.coreShare - pionOne.coreShare) / 19) } }),
  });
}
process.exit(0);
