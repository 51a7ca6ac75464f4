import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Fault } from "#contract/errors.ts";
import { encodePcmEnd, encodePcmFrame, PCM_PROTOCOL, pcmLine } from "#contract/pcm-stream.ts";
import type { AudioFrame, Log } from "../ports.ts";
import { PcmStreamMicrophone } from "./pcm-stream-microphone.ts";

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} };
const clock = { source: "sim", synchronised: true, sigmaS: 1e-4 } as const;

/** 100 samples of silence, 25 ms at 4 kHz. */
function frame(tick: number, utcS = tick / 4000): Uint8Array {
  const utcNs = BigInt(Math.round(utcS * 1e9));
  return encodePcmFrame({ tick: BigInt(tick), utcNs, clock, channels: [new Float32Array(100)] }, "s16");
}
const hello = pcmLine({ protocol: PCM_PROTOCOL, format: "s16", sampleRateHz: 4000, channels: 1 });

/** A sound source: one script a connection. */
async function source(...scripts: ((socket: Socket) => void)[]) {
  const asked: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (line) => {
      asked.push(line.toString());
      scripts.shift()?.(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const microphone = new PcmStreamMicrophone({ host: "127.0.0.1", port, microphone: "lamp-01", log: quiet });
  return { microphone, asked, close: () => server.close() };
}

async function all(microphone: PcmStreamMicrophone): Promise<AudioFrame[]> {
  const frames: AudioFrame[] = [];
  for await (const each of microphone.frames(AbortSignal.timeout(10_000))) frames.push(each);
  return frames;
}

test("frames come with their ticks and times until the source says it has ended", async () => {
  const { microphone, asked, close } = await source(
    (socket) => void socket.write(Buffer.concat([hello, frame(0), frame(100), encodePcmEnd()])),
  );
  const frames = await all(microphone);
  close();
  assert.equal(
    frames.map(({ tick, utcNs, sampleRateHz }) => [tick, utcNs, sampleRateHz]),
    [
      [0n, 0n, 4000],
      [100n, 25_000_000n, 4000],
    ],
  );
  assert.match(asked[0]!, '"node":"lamp-01"');
  assert.equal(microphone.counters, { lostSamples: 0, restarts: 0 });
});

test("a broken connection is made again: samples between are counted as lost, ticks go on", async () => {
  const { microphone, close } = await source(
    (socket) => void socket.end(Buffer.concat([hello, frame(0), frame(100).subarray(0, 50)])),
    (socket) => void socket.write(Buffer.concat([hello, frame(400), encodePcmEnd()])),
  );
  const frames = await all(microphone);
  close();
  assert.equal(
    frames.map(({ tick }) => tick),
    [0n, 400n],
  );
  assert.equal(microphone.counters, { lostSamples: 300, restarts: 1 });
});

test("a source that starts over from tick 0 half a second later: ours go on by half a second", async () => {
  const { microphone, close } = await source(
    (socket) => void socket.end(Buffer.concat([hello, frame(50_000, 10)])),
    (socket) => void socket.write(Buffer.concat([hello, frame(0, 10.525), encodePcmEnd()])),
  );
  const frames = await all(microphone);
  close();
  // 50000 + 100 samples of the first frame + 0.5 s x 4000.
  assert.equal(
    frames.map(({ tick }) => tick),
    [50_000n, 52_100n],
  );
});

test("a source that does not know the microphone ends the attempt with what to mend", async () => {
  const { microphone, close } = await source(
    (socket) => void socket.end(pcmLine({ error: "no microphone 'lamp-01'" })),
  );
  try {
    await all(microphone);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, Fault);
    assert.match((error as Fault).message, "no microphone 'lamp-01'");
  }
  close();
});

test("garbage is not sound: the connection is dropped and made again", async () => {
  const { microphone, close } = await source(
    (socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"),
    (socket) => void socket.write(Buffer.concat([hello, frame(0), encodePcmEnd()])),
  );
  assert.is((await all(microphone)).length, 1);
  assert.is(microphone.counters.restarts, 1);
  close();
});

test.run();
