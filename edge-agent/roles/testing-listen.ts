/** A listening node for tests: made-up sound from a microphone without a device, a classifier that is told what to say, buses in memory. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import type { ClockState } from "#contract/node.ts";
import { type ClipCut, clipCut, type Scores, type ShotHeard, shotHeard } from "#contract/shot.ts";
import { nsOfUtc } from "#contract/units.ts";
import { keepingLog, until } from "../devices/bus-suite.ts";
import { EncryptedClipStore } from "../devices/clip-store.ts";
import { MemoryBroker, MemoryBus } from "../devices/memory-bus.ts";
import type { AudioFrame, Classifier, Microphone, VoiceGate } from "../ports.ts";
import { ListenConfig, type ListenContext, startListen } from "./listen.ts";

export const RATE = 16_000;
export const START = "2026-11-22T18:00:00.000000000Z";
export const good: ClockState = { source: "sim", synchronised: true, sigmaS: 3e-4 };

/** Park and Miller's generator: the same street noise every time. */
export function noise(samples: number, seed = 11): Float32Array {
  let state = seed;
  return Float32Array.from({ length: samples }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return 0.002 * (state / 2_147_483_647 - 0.5);
  });
}

/** A blast (Friedlander, 3 ms) whose first sample is `at`. */
export function blast(sound: Float32Array, at: number, peak = 0.5): void {
  for (let i = Math.ceil(at); i < at + 0.02 * RATE && i < sound.length; i++) {
    const u = (i - at) / RATE / 0.003;
    sound[i]! += peak * (1 - u) * Math.exp(-u);
  }
}

interface Piece {
  /** Sample of the device's count at which this piece begins. */
  tick: number;
  channels: Float32Array[];
  clock?: ClockState;
}

/** Plays pieces in frames of 20 ms, stamped true to the tick, then stays silent until it is stopped. */
function microphone(pieces: readonly Piece[]): Microphone & { ended: boolean } {
  return {
    name: "test",
    counters: { lostSamples: 0, restarts: 0 },
    ended: false,
    async *frames(signal: AbortSignal): AsyncIterable<AudioFrame> {
      for (const { tick, channels, clock = good } of pieces) {
        for (let at = 0; at < channels[0]!.length; at += 320) {
          const first = tick + at;
          const utcNs = clock.synchronised ? nsOfUtc(START) + BigInt(Math.round((first / RATE) * 1e9)) : undefined;
          yield {
            channels: channels.map((all) => all.subarray(at, at + 320)),
            sampleRateHz: RATE,
            tick: BigInt(first),
            utcNs,
            clock,
          };
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      this.ended = true;
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    },
  };
}

export function classifier(gunshot: (clip: Float32Array, onsetS: number) => number): Classifier {
  return {
    model: { name: "test", version: "1", sha256: "0".repeat(64) },
    threshold: 0.5,
    async classify(clip, _rate, onsetS): Promise<Scores> {
      const p = gunshot(clip, onsetS);
      return { gunshot: p, firework: 0, vehicle: 0, impact: 0, glass: 0, other: 1 - p };
    },
    close: async () => {},
  };
}

const openGate: VoiceGate = { pass: (clip) => ({ speechProbability: 0.01, action: "passed", clip }) };

/** A node that hears `pieces`, with a gateway that takes what it tells; `over()` when all sound has been given. */
export async function listening(
  pieces: readonly Piece[],
  options: Partial<ListenContext> & { settings?: Record<string, unknown> } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-listen-"));
  // Also of those that break before they are over.
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  const broker = new MemoryBroker();
  const lines: string[] = [];
  const log = keepingLog(lines);
  const [bus, hub] = [new MemoryBus(broker, "test", "n1", log), new MemoryBus(broker, "test", "hub", log)];
  const got: ShotHeard[] = [];
  const cuts: ClipCut[] = [];
  await hub.subscribe(shotHeard, (message) => void got.push(message));
  await hub.subscribe(clipCut, (message) => void cuts.push(message));
  const stop = new AbortController();
  const counters: Record<string, number> = {};
  const tests: string[] = [];
  const source = microphone(pieces);
  const clips = new EncryptedClipStore({ folder, keepS: 3600, maxBytes: 1e7, nowS: () => Date.now() / 1000, log });
  const { settings, ...rest } = options;
  const { done } = await startListen({
    site: "test",
    node: "n1",
    position: { lat: 40.66, lon: -73.91, altM: 12, posSigmaM: 0.5 },
    bus,
    log,
    signal: stop.signal,
    config: v.parse(ListenConfig, settings ?? {}),
    configSha256: "1".repeat(64),
    dataDir: folder,
    now: () => ({ utcNs: nsOfUtc(START) + 60_000_000_000n, clock: good }),
    report: ({ counters: part, state }) => {
      Object.assign(counters, part);
      if (state?.selfTest) tests.push(state.selfTest.detail);
    },
    microphone: source,
    classifier: classifier(() => 0.9),
    clips,
    voiceGate: openGate,
    micSensitivityDbFsAt94Spl: -38,
    places: undefined,
    ...rest,
  });
  return {
    got,
    cuts,
    counters,
    tests,
    hub,
    lines,
    done,
    /** All sound has been taken; what was in it is told by the time the role has stopped. */
    async over() {
      await until("the sound to end", () => source.ended);
      stop.abort();
      await done;
      await new Promise((resolve) => setTimeout(resolve, 20));
      await clips.close();
      process.off("exit", remove);
      remove();
      return got;
    },
  };
}

/** Seconds from `START`. */
export const seconds = (utc: string) => Number(nsOfUtc(utc) - nsOfUtc(START)) / 1e9;
