/** Frames as the firmware says them, in real time: the second on the wire to UTC of a converter's samples. */
import { Duplex } from "node:stream";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { until } from "#edge-agent/devices/bus-suite.ts";
import { encodeFrame } from "./frame.ts";
import { openPulseClock } from "./pulse-clock.ts";

const ticksPerS = 2_000_000;
const EPOCH = 1_795_000_000_000_000_000n;

/** A board with a quartz 30 ppm fast and a converter at exactly 48 kHz; its message comes some milliseconds after the edge. */
function board(stream: Duplex, startNs: bigint) {
  let pulses = 0;
  const timer = setInterval(() => {
    const due = Math.floor(Number(process.hrtime.bigint() - startNs) / 1e9);
    if (due <= pulses) return;
    pulses = due;
    const payload = new DataView(new ArrayBuffer(12));
    payload.setUint8(0, 0x83);
    payload.setUint32(2, Math.round(due * ticksPerS * (1 + 30e-6)), true);
    payload.setUint32(6, due * 48_000, true);
    payload.setUint16(10, due, true);
    stream.push(encodeFrame(new Uint8Array(payload.buffer)));
  }, 2);
  const identity = new DataView(new ArrayBuffer(8));
  identity.setUint8(0, 0x81);
  identity.setUint8(2, 1);
  identity.setUint32(4, ticksPerS, true);
  stream.push(encodeFrame(new Uint8Array(identity.buffer)));
  return () => clearInterval(timer);
}

test("four seconds of pulses: samples have UTC to a sample, by a host whose own clock is 30 ms off", async () => {
  const startNs = process.hrtime.bigint();
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const stop = board(stream, startNs);
  let counters: Record<string, number> = {};
  const clock = openPulseClock({
    stream,
    name: "board",
    wordClockHz: 48_000,
    coarse: (ns) => ({ utcNs: EPOCH + (ns - startNs) + 30_000_000n, sigmaS: 0.02 }),
    report: (each) => (counters = each),
  });
  try {
    assert.is(clock.ofSample(48_000n), undefined);
    await until("four pulses", () => (counters.pulses ?? 0) >= 4, 20_000);
    const time = clock.ofSample(4n * 48_000n)!;
    const errorS = Number(time.ns - EPOCH - 4_000_000_000n) / 1e9;
    assert.ok(Math.abs(errorS) < 1 / 48_000, `${errorS}`);
    assert.ok(time.sigmaS < 2e-5, `${time.sigmaS}`);
    assert.ok(Math.abs(Number(clock.sampleAt(EPOCH + 5_000_000_000n)! - 240_000n)) <= 2);
    assert.is(counters.restarts, 0);
  } finally {
    stop();
    await clock.close();
  }
});

test.run();
