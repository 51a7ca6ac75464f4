/** Shots per second on one core, the same problem in scipy, versions in time, a city from 10 to 100,000 nodes, memory over many arrivals. */
import { spawnSync } from "node:child_process";
import type { Arrival } from "#contract/shot.ts";
import { nsOfUtc, utcOfNs } from "#contract/units.ts";
import { associate } from "./associate.ts";
import { arrivalsOf } from "./case-figures.ts";
import { cleanCase, randomFrom, type ShotCase, shotCase } from "./cases.ts";
import { frameAt } from "./geo.ts";
import { liveLocaliser } from "./live-localiser.ts";
import { finalLocaliser } from "./localiser.ts";
import type { Prior } from "./problem.ts";

const round = (x: number) => Math.round(x * 1e3) / 1e3;
const tell = (figure: string, value: number, unit: string, more: object = {}) =>
  console.log(JSON.stringify({ bench: "locate", figure, value: round(value), unit, ...more }));

const eight = { ...cleanCase, nodes: [8, 8] as [number, number] };
const random = randomFrom(31);
const cases = Array.from({ length: 4000 }, (_, k) => shotCase(random, eight, k * 8, `s${k}-`));
const prior: Prior = {
  air: { speedMps: cleanCase.speedMps, windEastMps: 0, windNorthMps: 0 },
  speedSigma: 0,
  sourceUpM: 1.5,
  sourceUpSigmaM: 1,
  huberK: 3,
};

/** Milliseconds of processor time: other work on the machine does not count. */
const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

for (const one of cases.slice(0, 500)) associate(one.heard, prior);
{
  const startMs = cpuMs();
  for (let pass = 0; pass < 3; pass++) for (const one of cases) associate(one.heard, prior);
  const perS = (3000 * cases.length) / (cpuMs() - startMs);
  tell("associate and solve, eight arrivals", perS, "shots/s", { bound: 3000, peer: scipy(cases.slice(0, 400)) });
}
{
  const all = cases.flatMap(arrivalsOf);
  const localiser = finalLocaliser({ airTempC: 20 });
  const startMs = cpuMs();
  let shots = 0;
  for (const arrival of all) shots += localiser.push(arrival).shots.length;
  shots += localiser.flush().length;
  tell("messages to finished shots, eight arrivals", (1000 * shots) / (cpuMs() - startMs), "shots/s", {
    bound: 3000,
  });
}

/** 200 arrivals a second, a third of them echoes or false, around a town of one square kilometre each. */
{
  const crowded = { ...cleanCase, echoOnly: 0.25, extraEcho: 0.4, falsePerShot: 1 };
  const r = randomFrom(32);
  const arrivals: Arrival[] = [];
  const frame = frameAt({ lat: 40.44, lon: -79.99, altM: 0 });
  let k = 0;
  for (let s = 0; s < 20; s += 0.06) {
    const one = shotCase(r, crowded, s, `v${k}-`);
    const town = k++ % 40;
    for (const arrival of arrivalsOf(one)) {
      const at = frame.toLocal(arrival.lat!, arrival.lon!, 0);
      const moved = frame.toWgs84(at.eastM + 4000 * (town % 8), at.northM + 4000 * Math.floor(town / 8), 6);
      arrivals.push({ ...arrival, node: `t${town}-${arrival.node}`, lat: moved.lat, lon: moved.lon });
    }
  }
  const ms = feed(arrivals).sort((a, b) => a - b);
  tell("a version after an arrival, 99th percentile", ms[Math.floor(ms.length * 0.99)]!, "ms", {
    bound: 50,
    arrivalsPerS: round(arrivals.length / 20),
    meanMs: round(ms.reduce((a, b) => a + b, 0) / ms.length),
  });
}

for (const nodes of [10, 100, 1_000, 10_000, 100_000]) {
  const { arrivals, shots } = city(nodes, Math.min(400, Math.max(12, 400_000 / nodes)));
  const ms = feed(arrivals);
  const mean = ms.reduce((a, b) => a + b, 0) / ms.length;
  tell(`cost of an arrival, city of ${nodes} nodes`, 1000 * mean, "us", { arrivals: arrivals.length, shots });
}

{
  const localiser = liveLocaliser({ airTempC: 20 });
  const template = cases.slice(0, 250).flatMap(arrivalsOf);
  let count = 0;
  let early = 0;
  const TOTAL = Number(process.env.TOCSIN_BENCH_ARRIVALS ?? 150_000);
  for (let pass = 0; count < TOTAL; pass++) {
    for (const arrival of template) {
      const toaNs = nsOfUtc(arrival.toa) + BigInt(pass) * 2_100_000_000_000n;
      localiser.push({ ...arrival, id: `${arrival.id}-${pass}`, toa: utcOfNs(toaNs) }, toaNs);
      if (count % 40 === 0) localiser.advance(toaNs);
      count++;
    }
    if (early === 0 && count > 0.2 * TOTAL) early = heapMb();
  }
  tell("growth of memory from 20 % to all of the arrivals", heapMb() - early, "MB", {
    arrivals: count,
    atTwentyPercentMb: round(early),
  });
}

function heapMb(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** Milliseconds that each arrival took. */
function feed(arrivals: Arrival[]): number[] {
  const localiser = liveLocaliser({ airTempC: 20 });
  const sorted = arrivals.map((arrival) => ({ arrival, ns: nsOfUtc(arrival.toa) })).sort((a, b) => Number(a.ns - b.ns));
  let tickNs = 0n;
  return sorted.map(({ arrival, ns }) => {
    const startMs = performance.now();
    localiser.push(arrival, ns);
    if (ns - tickNs > 500_000_000n) {
      localiser.advance(ns);
      tickNs = ns;
    }
    return performance.now() - startMs;
  });
}

/** Nodes every 200 m, a shot every 4 s heard by the eight nearest, and each node's false arrival every five minutes. */
function city(nodes: number, spanS: number): { arrivals: Arrival[]; shots: number } {
  const r = randomFrom(33);
  const frame = frameAt({ lat: 40.44, lon: -79.99, altM: 0 });
  const side = Math.ceil(Math.sqrt(nodes));
  const place = (k: number) => ({ eastM: 200 * (k % side), northM: 200 * Math.floor(k / side) });
  const arrivals: Arrival[] = [];
  const say = (k: number, s: number, id: string) => {
    const { eastM, northM } = place(k);
    const { lat, lon } = frame.toWgs84(eastM, northM, 6);
    const toa = utcOfNs(1_780_000_000_000_000_000n + BigInt(Math.round(s * 1e9)));
    arrivals.push({ id, node: `n${k}`, lat, lon, altM: 6, toa, toaSigmaS: 5e-4 });
  };
  let shots = 0;
  for (let s = 1; s < spanS; s += 4) {
    const x = r.uniform(0, 200 * (side - 1));
    const y = r.uniform(0, 200 * (Math.ceil(nodes / side) - 1));
    const near: { k: number; d: number }[] = [];
    for (let i = -3; i <= 3; i++)
      for (let j = -3; j <= 3; j++) {
        const column = Math.round(x / 200) + i;
        const k = (Math.round(y / 200) + j) * side + column;
        if (column < 0 || column >= side || k < 0 || k >= nodes) continue;
        const { eastM, northM } = place(k);
        near.push({ k, d: Math.hypot(eastM - x, northM - y, 4.5) });
      }
    near.sort((a, b) => a.d - b.d);
    for (const { k, d } of near.slice(0, 8)) say(k, s + d / cleanCase.speedMps + 5e-4 * r.normal(), `c${shots}-${k}`);
    shots++;
  }
  const noise = Math.round((nodes * spanS) / 300);
  for (let m = 0; m < noise; m++) say(Math.floor(r.uniform(0, nodes)), r.uniform(0, spanS), `z${m}`);
  return { arrivals, shots };
}

/** The same problems in scipy's least_squares (MINPACK), from the mean of the nodes: solving only, nothing to associate. */
function scipy(problems: readonly ShotCase[]): object {
  const script = `
import json, sys, time
import numpy as np
from scipy.optimize import least_squares
cases = json.load(sys.stdin)
start = time.perf_counter()
for rows, c in cases:
    a = np.array(rows); p = a[:, :3]; t = a[:, 3]; s = a[:, 4]
    def f(q):
        return (t - q[2] - np.sqrt((p[:, 0] - q[0])**2 + (p[:, 1] - q[1])**2 + (p[:, 2] - 1.5)**2) / c) / s
    least_squares(f, [p[:, 0].mean(), p[:, 1].mean(), t.min() - 0.5], method="lm", x_scale=[1, 1, 1 / c])
print(len(cases) / (time.perf_counter() - start))
`;
  const input = JSON.stringify(
    problems.map((one) => [one.heard.map((h) => [h.eastM, h.northM, h.upM, h.toaS - one.t0S, h.sigmaS]), one.speedMps]),
  );
  const run = spawnSync(process.env.TOCSIN_PYTHON ?? "python3", ["-c", script], {
    input,
    encoding: "utf8",
    timeout: 30_000,
  });
  if (run.status !== 0) return { name: "scipy least_squares", absent: "python3 here has no scipy" };
  return { name: "scipy least_squares (solving only)", value: round(Number(run.stdout)), unit: "shots/s" };
}
