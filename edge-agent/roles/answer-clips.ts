/** Answers `clip/want`: the sound around an impulse, after the voice gate, while it is kept. */
import { createHash } from "node:crypto";
import { ulid } from "ulid";
import { clipCut, clipWant } from "#contract/shot.ts";
import { utcOfNs } from "#contract/units.ts";
import type { ClipStore, RoleContext, StoredClip, VoiceGate } from "../ports.ts";

interface Context extends Pick<RoleContext<unknown>, "bus" | "node" | "log" | "signal" | "now" | "configSha256"> {
  clips: ClipStore;
  voiceGate: VoiceGate;
}

/** `ready` at SUBACK (a node whose link is down answers once it is back), `done` when it has stopped. */
export function answerClips(context: Context): { ready: Promise<void>; done: Promise<void> } {
  const { bus, node, log, signal, now, configSha256, clips, voiceGate } = context;
  const stopped = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const answer = async (arrival: string, incident: string) => {
    const clip = await clips.get(arrival);
    if (!clip) {
      log.info({ arrival, incident }, "a clip was asked for that is not kept any more");
      return;
    }
    const verdict = voiceGate.pass(floats(clip), clip.sampleRateHz);
    const bytes = verdict.clip && bytesOf(verdict.clip);
    await bus.publish(clipCut, {
      v: 1,
      id: ulid(),
      node,
      at: utcOfNs(now()?.utcNs ?? clip.startUtcNs),
      configSha256,
      arrival,
      incident,
      start: utcOfNs(clip.startUtcNs),
      sampleRateHz: clip.sampleRateHz,
      onsetS: clip.onsetS,
      ...(bytes
        ? { pcm16: bytes.toString("base64"), pcmSha256: createHash("sha256").update(bytes).digest("hex") }
        : {}),
      voice: { speechProbability: verdict.speechProbability, action: verdict.action },
    });
  };
  const subscribed = bus.subscribe(clipWant, async ({ arrivals, incident }) => {
    for (const arrival of arrivals) await answer(arrival, incident);
  });
  const ready = Promise.race([subscribed, stopped]);
  const done = ready.then(async (subscription) => {
    await stopped;
    await subscription?.close();
  });
  return { ready: ready.then(() => undefined), done };
}

function floats(clip: StoredClip): Float32Array {
  return Float32Array.from(clip.pcm16, (x) => x / 32768);
}

/** Little-endian signed 16 bit, whatever the machine. */
function bytesOf(clip: Float32Array): Buffer {
  const bytes = Buffer.alloc(clip.length * 2);
  for (const [i, x] of clip.entries())
    bytes.writeInt16LE(Math.max(-32768, Math.min(32767, Math.round(x * 32768))), 2 * i);
  return bytes;
}
