/** A sound as a microphone would give it, for tests: as fast as the node can take it, its time known. */
import type { ClockState } from "#contract/node.ts";
import type { AudioFrame } from "../ports.ts";

const FRAME = 320;
const CATCH_UP_EVERY = 20;
/** Turns of the event loop without anything under way after which the node has caught up. */
const STILL = 3;

export const simClock: ClockState = { source: "sim", synchronised: true, sigmaS: 1e-4 };

/**
 * @param sound mono, full scale 1, its first sample at `startNs`
 * @param isBusy is an impulse being classified or told? Awaited now and then, for at most 20 s: none may be dropped for haste
 */
export async function* framesOf(
  sound: Float32Array,
  sampleRateHz: number,
  startNs: bigint,
  isBusy: () => boolean,
): AsyncGenerator<AudioFrame> {
  const caughtUp = async () => {
    const deadline = Date.now() + 20_000;
    for (let still = 0; still < STILL && Date.now() < deadline; still = isBusy() ? 0 : still + 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  for (let at = 0; at < sound.length; at += FRAME) {
    const utcNs = startNs + BigInt(Math.round((at / sampleRateHz) * 1e9));
    yield { channels: [sound.subarray(at, at + FRAME)], sampleRateHz, tick: BigInt(at), utcNs, clock: simClock };
    if ((at / FRAME) % CATCH_UP_EVERY === 0) await caughtUp();
  }
  await caughtUp();
}
