/** The relay's process under its supervisor: it comes back when it dies and when it hangs, and ends when nobody is there to rule it. */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { join } from "node:path";
import { pino } from "pino";
import { suite } from "uvu";
import type { FromRelay, RelayStart } from "../relay/pipe.ts";
import { LOOPBACK, makeSigner } from "../relay/testing.ts";
import { until } from "../testing.ts";
import { RelayProcess } from "./relay-process.ts";

const test = suite("relay process");
const WAIT_MS = 40_000;

async function startOf(): Promise<Omit<RelayStart, "type">> {
  const { publicJwk } = await makeSigner();
  const limits = { streams: 2, viewersPerStream: 2, sessions: 4 };
  return { publicJwk, ice: LOOPBACK, iceServers: [], limits, ffmpeg: "ffmpeg", fragmentS: 0.5 };
}

const isGone = (pid: number) => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

test("killed or hung, it is replaced by one that listens; its loss is told each time; what nobody can work off ends nothing", async () => {
  const lost: string[] = [];
  const relay = new RelayProcess({
    start: await startOf(),
    log: pino({ level: "silent" }),
    heard: () => {
      throw new Error("database or disk is full");
    },
    lost: (how) => lost.push(how),
  });
  relay.start();
  try {
    await until("the first", () => relay.port, WAIT_MS);
    const first = relay.pid as number;
    process.kill(first, "SIGKILL");
    await until("its loss", () => lost.length === 1, WAIT_MS);
    assert.equal(relay.state, "restarting");
    await until("the second", () => relay.port, WAIT_MS);
    const second = relay.pid as number;
    assert.notEqual(second, first);
    process.kill(second, "SIGSTOP");
    await until("its loss", () => lost.length === 2, WAIT_MS);
    await until("the third", () => relay.port, WAIT_MS);
    assert.deepEqual([relay.counters, lost], [{ restarts: 2, stuck: 1 }, ["SIGKILL", "SIGKILL"]]);
    const answer = await fetch(`http://127.0.0.1:${relay.port}/video/whep/a.b`, { method: "POST" });
    assert.equal(answer.status, 401);
  } finally {
    await relay.stop();
  }
  assert.ok(isGone(relay.pid as number));
});

test("without its gateway it ends", async () => {
  const child = fork(join(import.meta.dirname, "../relay/main.ts"), [], {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  try {
    let ready = false;
    child.on("message", (message: FromRelay) => {
      ready ||= message.type === "ready";
    });
    child.send({ type: "start", ...(await startOf()) });
    await until("the relay", () => ready, WAIT_MS);
    child.disconnect();
    await until("its end", () => child.exitCode !== null, WAIT_MS);
    assert.equal(child.exitCode, 0);
  } finally {
    child.kill("SIGKILL");
  }
});

test.run();
