import { test } from "uvu";
import * as assert from "uvu/assert";
import { Fault } from "./errors.ts";
import {
  encodePcmEnd,
  encodePcmFrame,
  PCM_PROTOCOL,
  PcmDecoder,
  type PcmEvent,
  type PcmFrame,
  type PcmHello,
  parsePcmAsk,
  pcmLine,
} from "./pcm-stream.ts";

const hello: PcmHello = { protocol: PCM_PROTOCOL, format: "s16", sampleRateHz: 16_000, channels: 2 };
const frame: PcmFrame = {
  tick: 2n ** 40n,
  utcNs: 1_795_000_000_123_456_789n,
  clock: { source: "sim", synchronised: true, sigmaS: 2e-4, samplePpm: -12.5 },
  channels: [new Float32Array([0, 0.5, -1]), new Float32Array([0.25, -0.25, 0.125])],
};

function stream(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function faultOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    assert.instance(error, Fault);
    return (error as Fault).message;
  }
  throw new Error("nothing was thrown");
}

test("hello, frame and end come back whole however the bytes are cut", () => {
  const bytes = stream(pcmLine(hello), encodePcmFrame(frame, "s16"), encodePcmFrame(frame, "s16"), encodePcmEnd());
  for (const cut of [1, 7, 44, 61, bytes.length]) {
    const decoder = new PcmDecoder();
    const events: PcmEvent[] = [];
    for (let at = 0; at < bytes.length; at += cut) events.push(...decoder.push(bytes.slice(at, at + cut)));
    assert.equal(
      events,
      [{ kind: "hello", hello }, { kind: "frame", frame }, { kind: "frame", frame }, { kind: "end" }],
      `in pieces of ${cut}`,
    );
  }
});

test("float32 keeps what int16 would clip, and an unsynchronised source has no time", () => {
  const loud: PcmFrame = {
    ...frame,
    utcNs: undefined,
    clock: { source: "none", synchronised: false, sigmaS: 0 },
    channels: [new Float32Array([1.5])],
  };
  const one = (format: PcmHello["format"]): PcmFrame => {
    const events = [
      ...new PcmDecoder().push(stream(pcmLine({ ...hello, format, channels: 1 }), encodePcmFrame(loud, format))),
    ];
    const last = events.at(-1)!;
    if (last.kind !== "frame") throw new Error(last.kind);
    return last.frame;
  };
  assert.is(one("f32").channels[0]![0], 1.5);
  assert.is(one("s16").channels[0]![0], 32767 / 32768);
  assert.is(one("f32").utcNs, undefined);
  assert.equal(one("f32").clock, loud.clock);
});

test("what is not this protocol is refused with a reason", () => {
  const decode = (...parts: Uint8Array[]) => [...new PcmDecoder().push(stream(...parts))];
  const text = (line: string) => new TextEncoder().encode(line);
  assert.match(
    faultOf(() => decode(text("GET / HTTP/1.1\r\n"))),
    "not JSON",
  );
  assert.match(
    faultOf(() => decode(text("x".repeat(5000)))),
    "no first line",
  );
  assert.match(
    faultOf(() => decode(pcmLine({ error: "no microphone 'lamp-99'" }))),
    "no microphone 'lamp-99'",
  );
  assert.match(
    faultOf(() => decode(pcmLine({ ...hello, sampleRateHz: 1 }))),
    "sampleRateHz",
  );
  assert.match(
    faultOf(() => decode(pcmLine(hello), new Uint8Array(44).fill(65))),
    "out of step",
  );
  assert.match(
    faultOf(() => decode(pcmLine({ ...hello, channels: 3 }), encodePcmFrame(frame, "s16"))),
    "2 channels",
  );
  const huge = encodePcmFrame(frame, "s16");
  new DataView(huge.buffer).setUint32(40, 2 ** 31, true);
  assert.match(
    faultOf(() => decode(pcmLine(hello), huge)),
    "too long",
  );
});

test("the reader's line names its node", () => {
  const ask = { protocol: PCM_PROTOCOL, node: "lamp-01" } as const;
  assert.equal(parsePcmAsk(pcmLine(ask)), ask);
  assert.is(parsePcmAsk(pcmLine(ask).subarray(0, 10)), undefined);
  assert.match(
    faultOf(() => parsePcmAsk(pcmLine({ ...ask, node: "../etc" }))),
    "node",
  );
});

test.run();
