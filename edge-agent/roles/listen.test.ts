import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import type { ClockState } from "#contract/node.ts";
import { type ClipCut, clipCut, clipWant, type Scores, type ShotHeard, shotHeard } from "#contract/shot.ts";
import { nsOfUtc } from "#contract/units.ts";
import { keepingLog, until } from "../devices/bus-suite.ts";
import { EncryptedClipStore } from "../devices/clip-store.ts";
import { MemoryBroker, MemoryBus } from "../devices/memory-bus.ts";
import type { AudioFrame, Classifier, Microphone, VoiceGate } from "../ports.ts";
import { ListenConfig, type ListenContext, startListen } from "./listen.ts";

const RATE = 16_000;
const START = "2026-11-22T18:00:00.000000000Z";
const good: ClockState = { source: "sim", synchronised: true, sigmaS: 3e-4 };

/** Park and Miller's generator: the same street noise every time. */
function noise(samples: number, seed = 11): Float32Array {
  let state = seed;
  return Float32Array.from({ length: samples }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return 0.002 * (state / 2_147_483_647 - 0.5);
  });
}

/** A blast (Friedlander, 3 ms) whose first sample is `at`. */
function blast(sound: Float32Array, at: number, peak = 0.5): void {
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

function classifier(gunshot: (clip: Float32Array, onsetS: number) => number): Classifier {
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

async function listening(
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

const seconds = (utc: string) => Number(nsOfUtc(utc) - nsOfUtc(START)) / 1e9;

test("a blast at 2.50003125 s (sample 40000.5) is told at that time, with both sigmas, level and place", async () => {
  const sound = noise(5 * RATE);
  blast(sound, 40_000.5);
  const world = await listening([{ tick: 0, channels: [sound] }]);
  const [message, ...rest] = await world.over();
  assert.is(rest.length, 0);
  assert.ok(Math.abs(seconds(message!.toa) - 2.50003125) < 1e-4, message!.toa);
  assert.is(message!.clockSigmaS, 3e-4);
  assert.is(message!.toaSigmaS, Math.hypot(message!.onsetSigmaS, 3e-4));
  // Half of full scale is -6 dBFS; the microphone gives -38 dBFS at 94 dB SPL: 94 + 32.
  assert.ok(Math.abs(message!.peakDbFs + 6) < 0.6, `${message!.peakDbFs}`);
  assert.ok(Math.abs(message!.peakDbSpl! - 126) < 0.6, `${message!.peakDbSpl}`);
  assert.is(message!.lat, 40.66);
  assert.is(message!.posSigmaM, 0.5);
  assert.is(message!.probability, 0.9);
  assert.equal(message!.model, { name: "test", version: "1", sha256: "0".repeat(64) });
  assert.is(message!.at, "2026-11-22T18:01:00.000000000Z");
});

test("a node without valid time stamps nothing, and says how much it left out", async () => {
  const [dark, light] = [noise(5 * RATE), noise(5 * RATE, 12)];
  blast(dark, 40_000);
  blast(light, 40_000);
  const unsynchronised: ClockState = { source: "none", synchronised: false, sigmaS: 0 };
  const world = await listening([
    { tick: 0, channels: [dark], clock: unsynchronised },
    { tick: 5 * RATE, channels: [light] },
  ]);
  const got = await world.over();
  assert.equal(
    got.map(({ toa }) => Math.round(seconds(toa) * 1000)),
    [7500],
  );
  assert.is(world.counters.unstamped, 1);
});

test("4000 samples lost in an overrun: the next blast is told at its true time", async () => {
  const [before, after] = [noise(3 * RATE), noise(4 * RATE, 5)];
  blast(after, 2 * RATE);
  const world = await listening([
    { tick: 0, channels: [before] },
    { tick: 3 * RATE + 4000, channels: [after] },
  ]);
  const got = await world.over();
  assert.is(got.length, 1);
  // 3 s + 4000 samples + 2 s.
  assert.ok(Math.abs(seconds(got[0]!.toa) - 5.25) < 1e-4, got[0]!.toa);
});

test("what is too little like a gunshot is not told, but to a robot's own ears; a weak but likely one is", async () => {
  const scored: [number, number][] = [];
  const sound = noise(8 * RATE);
  blast(sound, 2 * RATE, 0.02);
  blast(sound, 5 * RATE, 0.5);
  const world = await listening([{ tick: 0, channels: [sound] }], {
    onScored: ({ toa, scores }) => void scored.push([Math.round(seconds(toa) * 1000), scores.gunshot]),
    classifier: classifier((clip, onsetS) =>
      Math.max(...clip.subarray(0, Math.round(onsetS * RATE) + 40)) > 0.1 ? 0.04 : 0.06,
    ),
  });
  const got = await world.over();
  assert.equal(
    got.map(({ toa }) => Math.round(seconds(toa))),
    [2],
  );
  assert.is(world.counters.belowThreshold, 1);
  assert.equal(scored, [
    [2000, 0.06],
    [5000, 0.04],
  ]);
});

test("rain: where the card weighs the impulses before, the last of nine drops as loud is told as less likely, and how that came about", async () => {
  const sound = noise(6 * RATE);
  for (let i = 0; i < 9; i++) blast(sound, (2 + i * 0.15) * RATE);
  const crowd = {
    withinS: 2,
    likeDb: 9,
    half: 3.5,
    width: 0.7,
    noShotLogOdds: 0.5,
    shotLogOddsFrom: 1.2,
    echoDb: 2,
    crowdLogOdds: 2.2,
    echoLogOdds: 1.2,
  };
  const world = await listening([{ tick: 0, channels: [sound] }], {
    classifier: Object.assign(
      classifier(() => 0.3),
      { crowd },
    ),
  });
  const got = await world.over();
  assert.is(got.length, 9);
  const [first, last] = [got[0]!, got[8]!];
  assert.ok(Math.abs(first.probability! - 0.3) < 0.001, `${first.probability}`);
  assert.ok(last.probability! < 0.1, `${last.probability}`);
  assert.is(last.scores.gunshot, last.probability);
  assert.ok(Math.abs(last.company!.alone - 0.3) < 1e-9);
  assert.ok(last.company!.among > 5 && last.company!.afterShot < 0.01, JSON.stringify(last.company));
});

test("a burst of three passes, the fourth within the second is held back and counted", async () => {
  const sound = noise(6 * RATE);
  for (let i = 0; i < 4; i++) blast(sound, (2 + i * 0.2) * RATE);
  const world = await listening([{ tick: 0, channels: [sound] }], { settings: { burst: 3, perSecond: 1 } });
  assert.is((await world.over()).length, 3);
  assert.is(world.counters.rateLimited, 1);
});

test("clip/want: at most two seconds around the onset, whole, and only of what was told", async () => {
  const sound = noise(5 * RATE);
  blast(sound, 40_000);
  const world = await listening([{ tick: 0, channels: [sound] }]);
  await until("the shot", () => world.got.length === 1);
  const id = world.got[0]!.id;
  assert.ok(world.got[0]!.clipUntil);
  const want = { v: 1, id: "w1", node: "hub", at: START, incident: "i1" } as const;
  await world.hub.publish(clipWant, { ...want, arrivals: ["unknown", id] }, { to: "n1" });
  await until("the clip", () => world.cuts.length === 1);
  const cut = world.cuts[0]!;
  const bytes = Buffer.from(cut.pcm16!, "base64");
  assert.is(cut.arrival, id);
  assert.ok(bytes.length / 2 / cut.sampleRateHz <= 2);
  assert.is(createHash("sha256").update(bytes).digest("hex"), cut.pcmSha256);
  // Half of full scale stands where the onset is said to be, and that is where the arrival was.
  const onset = Math.round(cut.onsetS * cut.sampleRateHz);
  assert.ok(
    Math.abs(bytes.readInt16LE(2 * onset) / 32768) > 0.3 || Math.abs(bytes.readInt16LE(2 * (onset + 1)) / 32768) > 0.3,
  );
  assert.ok(Math.abs(seconds(cut.start) + cut.onsetS - 2.5) < 1e-4);
  await world.over();
});

test("a clip with speech stays on the node: the answer says so and carries no sound", async () => {
  const sound = noise(5 * RATE);
  blast(sound, 40_000);
  const world = await listening([{ tick: 0, channels: [sound] }], {
    voiceGate: { pass: () => ({ speechProbability: 0.97, action: "withheld", clip: undefined }) },
  });
  await until("the shot", () => world.got.length === 1);
  const want = { v: 1, id: "w1", node: "hub", at: START, incident: "i1", arrivals: [world.got[0]!.id] } as const;
  await world.hub.publish(clipWant, { ...want, arrivals: [...want.arrivals] }, { to: "n1" });
  await until("the answer", () => world.cuts.length === 1);
  assert.is(world.cuts[0]!.pcm16, undefined);
  assert.equal(world.cuts[0]!.voice, { speechProbability: 0.97, action: "withheld" });
  await world.over();
});

test("four microphones 20 cm apart: a blast from the east has a bearing of 90 degrees", async () => {
  const places = [
    { eastM: 0.1, northM: 0.1, upM: 0 },
    { eastM: 0.1, northM: -0.1, upM: 0 },
    { eastM: -0.1, northM: -0.1, upM: 0 },
    { eastM: -0.1, northM: 0.1, upM: 0 },
  ];
  const speedMps = 331.3 * Math.sqrt(1 + 20 / 273.15);
  const channels = places.map(({ eastM }, i) => {
    const sound = noise(5 * RATE, 21 + i);
    blast(sound, 40_000 - (eastM / speedMps) * RATE);
    return sound;
  });
  const world = await listening([{ tick: 0, channels }], { places });
  const [message] = await world.over();
  assert.ok(message?.bearingDeg !== undefined && Math.abs(message.bearingDeg - 90) < 6, `${message?.bearingDeg}`);
});

test("two microphones 20 cm apart, east and west: a blast from 30 degrees is told as from 30 or 150", async () => {
  const places = [0.1, -0.1].map((eastM) => ({ eastM, northM: 0, upM: 0 }));
  const speedMps = 331.3 * Math.sqrt(1 + 20 / 273.15);
  const channels = places.map(({ eastM }, i) => {
    const sound = noise(5 * RATE, 31 + i);
    blast(sound, 40_000 - ((eastM * Math.sin(Math.PI / 6)) / speedMps) * RATE);
    return sound;
  });
  const scored: (number | undefined)[] = [];
  const world = await listening([{ tick: 0, channels }], {
    places,
    onScored: ({ bearingMirrorDeg }) => void scored.push(bearingMirrorDeg),
  });
  const [message] = await world.over();
  const { bearingDeg, bearingMirrorDeg, bearingSigmaDeg } = message!;
  const [north, south] = [bearingDeg!, bearingMirrorDeg!].sort((a, b) => a - b) as [number, number];
  assert.ok(Math.abs(north - 30) < 6 && Math.abs(south - 150) < 6, `${north} ${south}`);
  assert.ok(bearingSigmaDeg! > 0 && bearingSigmaDeg! < 10, `${bearingSigmaDeg}`);
  assert.equal(scored, [bearingMirrorDeg]);
});

test("the first of two microphones is dead: the shot is told all the same, and the self-test names the dead one", async () => {
  const sound = noise(14 * RATE);
  blast(sound, 12.5 * RATE);
  const places = [-0.1, 0.1].map((eastM) => ({ eastM, northM: 0, upM: 0 }));
  const world = await listening([{ tick: 0, channels: [new Float32Array(14 * RATE), sound] }], { places });
  const [message, ...rest] = await world.over();
  assert.is(rest.length, 0);
  assert.ok(Math.abs(seconds(message!.toa) - 12.5) < 1e-4, message!.toa);
  assert.is(message!.bearingDeg, undefined, "one microphone tells no direction");
  assert.equal(world.tests, [
    "microphone 1 of 2 has given nothing but 0 for 10 s; microphone 2 is listened on instead",
  ]);
  assert.is(world.counters.microphoneSwitches, 1);
});

test("a microphone that fails ends the role with its reason", async () => {
  const broken: Microphone = {
    name: "broken",
    counters: { lostSamples: 0, restarts: 0 },
    // biome-ignore lint/correctness/useYield: it fails before it gives anything
    async *frames() {
      throw new Error("no such card");
    },
  };
  const ended = await listening([], { microphone: broken }).then(({ done }) =>
    done.catch((error: Error) => error.message),
  );
  assert.is(ended, "no such card");
});

test.run();
