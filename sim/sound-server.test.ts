import { connect } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PCM_PROTOCOL, PcmDecoder, type PcmFrame, pcmLine } from "#contract/pcm-stream.ts";
import { makeCity } from "./city.ts";
import { burstAmongDistractors } from "./scenarios.ts";
import { startWorld, type WorldServer } from "./sound-server.ts";

const test = suite<{ world: WorldServer }>("sound-server");

test.before(async (context) => {
  context.world = await startWorld({ city: makeCity(1, { nodes: 8 }), seed: 1 });
});

test.after(async ({ world }) => {
  await world.close();
});

/** Reads a node's frames until `enough` says so; fails after ten seconds. */
function listen(
  world: WorldServer,
  node: string,
  enough: (frames: readonly PcmFrame[]) => boolean,
): Promise<PcmFrame[]> {
  return new Promise((resolve, reject) => {
    const frames: PcmFrame[] = [];
    const decoder = new PcmDecoder();
    const socket = connect(world.ports[node] ?? world.port, world.host);
    const deadline = setTimeout(() => socket.destroy(new Error(`only ${frames.length} frames in ten seconds`)), 10_000);
    socket.write(pcmLine({ protocol: PCM_PROTOCOL, node }));
    socket.on("data", (bytes) => {
      try {
        for (const event of decoder.push(bytes)) if (event.kind === "frame") frames.push(event.frame);
      } catch (error) {
        socket.destroy(error as Error);
      }
      if (enough(frames)) {
        clearTimeout(deadline);
        socket.destroy();
        resolve(frames);
      }
    });
    socket.on("error", (error) => {
      clearTimeout(deadline);
      reject(error);
    });
  });
}

test("frames of 20 ms follow each other without a gap, stamped 20 ms apart to the sample clock's ppm", async ({
  world,
}) => {
  const frames = await listen(world, "n03", (got) => got.length >= 20);
  frames.forEach((frame, i) => {
    assert.is(frame.channels[0]!.length, 320);
    assert.is(frame.tick, frames[0]!.tick + BigInt(320 * i));
    assert.ok(frame.clock.synchronised && frame.clock.source === "sim");
  });
  const spanS = Number(frames[19]!.utcNs! - frames[0]!.utcNs!) / 1e9;
  assert.ok(Math.abs(spanS - 19 * 0.02) < 19 * 0.02 * 100e-6 + 2e-6, `${spanS}`);
});

test("a frame is stamped with the world's own time: sent when its last sample is taken, not before", async ({
  world,
}) => {
  const [frame] = await listen(world, "n01", (got) => got.length >= 1);
  const ageS = Number(world.nowUtcNs() - frame!.utcNs!) / 1e9;
  assert.ok(ageS >= 0.0199, `${ageS}`);
});

test("the street is never silent: every second frame of every post has sound in it, and no two posts the same", async ({
  world,
}) => {
  const [a, b] = await Promise.all(["n01", "n02"].map((node) => listen(world, node, (got) => got.length >= 5)));
  for (const frame of [...a!, ...b!]) assert.ok(frame.channels[0]!.some((x) => x !== 0));
  assert.not.equal(a![0]!.channels, b![0]!.channels);
});

test("who asks for a node that is not there is told which are", async ({ world }) => {
  try {
    await listen(world, "n77", () => false);
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /no node 'n77'.*n01, n02, n03, n04, n05, n06, n07, n08/);
  }
});

test("who speaks another protocol is refused, the others are served", async ({ world }) => {
  const answer = await new Promise<string>((resolve) => {
    let text = "";
    const socket = connect(world.port, world.host);
    socket.write("GET / HTTP/1.1\n");
    socket.on("data", (bytes) => (text += bytes));
    socket.on("close", () => resolve(text));
  });
  assert.match(answer, /error/);
  assert.is((await listen(world, "n01", (got) => got.length >= 2)).length >= 2, true);
});

test("two readers of one microphone hear the same samples", async ({ world }) => {
  const [a, b] = await Promise.all([1, 2].map(() => listen(world, "n04", (got) => got.length >= 10)));
  const same = a!.find((frame) => frame.tick === b![b!.length - 1]!.tick) ?? a![a!.length - 1]!;
  const twin = b!.find((frame) => frame.tick === same.tick)!;
  assert.equal(same.channels, twin.channels);
});

test("a fired burst is heard at the post nearest to it when the truth says so, stamped within 1 ms, and can be fired again", async ({
  world,
}) => {
  const { city } = world;
  const scenario = burstAmongDistractors(city, 3, { distractors: [], quietS: 0.2 });
  for (const turn of [1, 2]) {
    const incident = await world.fire(scenario, { inS: 1 });
    assert.is(incident.shots.length, 3);
    const [shot] = incident.shots;
    const nearest = [...incident.heard].sort((a, b) => a.heard[0]!.arrivalS - b.heard[0]!.arrivalS)[0]!;
    const arrivalNs = world.startUtcNs + BigInt(Math.round(nearest.heard[0]!.arrivalS * 1e9));
    assert.ok(arrivalNs > shot!.utcNs);
    const frames = await listen(
      world,
      nearest.node,
      (got) => got.length > 0 && got[got.length - 1]!.utcNs! > arrivalNs + 100_000_000n,
    );
    // The loudest sample of the 200 ms about the arrival stands within 20 ms after it; before it there is only the street.
    const level = (fromMs: number, toMs: number) => {
      let most = 0;
      for (const frame of frames) {
        frame.channels[0]!.forEach((x, i) => {
          const afterMs = Number(frame.utcNs! - arrivalNs) / 1e6 + i / 16;
          if (afterMs >= fromMs && afterMs < toMs) most = Math.max(most, Math.abs(x));
        });
      }
      return most;
    };
    assert.ok(level(-1, 20) > 3 * level(-100, -1), `turn ${turn}: ${level(-1, 20)} against ${level(-100, -1)}`);
  }
  assert.is(world.incidents.length, 2);
  assert.is(world.counters.lateSamples, 0);
});

test("a reader that asks only while the world ends does not hold it up", async () => {
  const world = await startWorld({ city: makeCity(1, { nodes: 8 }), seed: 1 });
  const socket = connect(world.port, world.host);
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("connect", resolve));
  const late = setTimeout(
    () => socket.write(pcmLine({ protocol: PCM_PROTOCOL, node: Object.keys(world.ports)[0]! })),
    300,
  );
  const limit = new Promise((_, reject) => setTimeout(reject, 30_000, new Error("close() waits for a reader")).unref());
  try {
    await Promise.race([world.close(), limit]);
  } finally {
    clearTimeout(late);
    socket.destroy();
  }
});

test("after close() nobody is served and the port is free", async () => {
  const world = await startWorld({ city: makeCity(1, { nodes: 4 }), seed: 1 });
  await listen(world, "n01", (got) => got.length >= 1);
  await world.close();
  try {
    await listen(world, "n01", (got) => got.length >= 1);
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /ECONNREFUSED/);
  }
});

test.run();
