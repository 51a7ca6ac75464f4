/** What the role `listen` needs of a machine: time, sound on every microphone, a speaker for the self-test, the corrections it learned. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkCard, listCards } from "./check-card.ts";
import type { AgentConfig } from "./config.ts";
import { NAMED_BY_SIGMA_S } from "./devices/capture-clock.ts";
import { readHostSync } from "./devices/host-sync.ts";
import { type Check, fine, opens, reachable, wrong } from "./health-checks.ts";
import type { ListenConfig } from "./roles/listen.ts";

/** @param readSync asks the host; a test answers in its place. */
export async function checkClock(config?: AgentConfig, readSync = readHostSync): Promise<Check> {
  const source = config?.clock.source;
  if (source === "sim" || source === "system") return fine("clock", `trusted as it is (clock.source ${source})`);
  const bridge = config?.clock.bridge;
  if (bridge && !opens(bridge.path))
    return wrong(
      "clock",
      `no microcontroller at ${bridge.path}, or closed to us`,
      "plug it in, correct clock.bridge.path, or add the service's user to the group dialout",
    );
  const { synchronised, sigmaS, by, from } = await readSync();
  if (!synchronised)
    return wrong(
      "clock",
      `not synchronised (${from})`,
      "install chrony and give it a time source; until then nothing is stamped",
    );
  const namesBy = Math.max(sigmaS ?? 0, config?.clock.sigmaS ?? 0);
  if (source === "pps" && namesBy > NAMED_BY_SIGMA_S)
    return wrong(
      "clock",
      `the host's clock is ${namesBy.toFixed(2)} s unsure (${from}), which names no pulse: that takes ${NAMED_BY_SIGMA_S} s`,
      "give chrony a nearer time source (the receiver's own messages by gpsd do), and leave clock.sigmaS out; until then nothing is stamped",
    );
  const how = sigmaS === undefined ? "nobody says how well" : `${(sigmaS * 1e3).toFixed(3)} ms`;
  if (by !== "systemd") return fine("clock", `synchronised, ${how} (${from})`);
  const assumed = `synchronised, but nobody says how well (${from}): ${how} are assumed`;
  if (source !== "ptp") return fine("clock", `${assumed}; chrony, or the package adjtimex, would tell`);
  return wrong("clock", `${assumed} of a clock that PTP sets`, "apt install adjtimex, so that the kernel can be asked");
}

/**
 * @param program `arecord`; a test puts a script of its own here.
 * @param listenS how long a card is listened to; as short as it may be where it is absent.
 */
export async function checkMicrophone(config?: AgentConfig, program = "arecord", listenS?: number): Promise<Check> {
  const microphone = config?.microphone;
  switch (microphone?.kind) {
    case "file":
      return checkFile(microphone.path);
    case "pcm-stream": {
      const { host, port } = microphone;
      const why = await reachable(host, port);
      if (why === undefined) return fine("microphone", `sound source at ${host}:${port} answers`);
      const fix = "start the sound source, or correct microphone.host and port";
      return wrong("microphone", `sound source at ${host}:${port}: ${why}`, fix);
    }
    case "alsa":
      return checkCard(microphone, program, listenS);
    default:
      return listCards(program);
  }
}

async function checkFile(path: string): Promise<Check> {
  if (!existsSync(path)) return wrong("microphone", `no file ${path}`, "correct microphone.path");
  const { readAudioFile } = await import("./devices/audio-file.ts");
  try {
    const { channels, sampleRateHz } = await readAudioFile(path);
    return fine("microphone", `file ${path}: ${channels.length} x ${sampleRateHz} Hz`);
  } catch (error) {
    return wrong("microphone", (error as Error).message, "correct microphone.path: a WAV or FLAC file");
  }
}

/** The speaker of the self-test: a tenth of a second of nothing is played. */
export async function checkSpeaker(config: AgentConfig): Promise<Check> {
  const device = (config.roles.listen as ListenConfig).selfTest!.speaker;
  const { openAlsaSpeaker } = await import("./devices/alsa-speaker.ts");
  try {
    await openAlsaSpeaker(device).play(new Float32Array(4800), 48_000);
    return fine("speaker", `${device} plays`);
  } catch (error) {
    const fix = "correct roles.listen.selfTest.speaker: 'aplay -L' lists what there is";
    return wrong("speaker", `${device}: ${(error as Error).message.split("\n").at(-1)}`, fix);
  }
}

/** The corrections that this node fitted from verdicts, and whether the one that the configuration names is there. */
export async function checkAdaptation(config: AgentConfig): Promise<Check> {
  const pinned = (config.roles.listen as ListenConfig).adaptation.version;
  const folder = join(config.dataDir, "listen");
  const fix = `name one that there is in roles.listen.adaptation.version, or 0`;
  if (!existsSync(join(folder, "adaptation.sqlite")))
    return pinned
      ? wrong("adaptation", `no correction ${pinned}: none was fitted yet`, fix)
      : fine("adaptation", "none fitted yet");
  const { AdaptationStore } = await import("./devices/adaptation-store.ts");
  let store: InstanceType<typeof AdaptationStore>;
  try {
    store = new AdaptationStore(folder);
    store.check();
  } catch (error) {
    return wrong(
      "adaptation",
      `${folder}: ${(error as Error).message}`,
      "run it as the service's user; a damaged adaptation.sqlite is moved away, and learning begins anew",
    );
  }
  try {
    const inUse = pinned ?? store.inUse;
    const versions = Array.from({ length: store.newest }, (_, i) => store.version(i + 1)).filter(
      (each) => each !== undefined,
    );
    const told = versions.map(({ version, at, comparison }) => {
      const used = version === inUse ? "in use" : comparison.better ? "replaced" : "refused";
      return `${version} of ${at.slice(0, 10)} ${used} (${comparison.why})`;
    });
    const detail = told.length === 0 ? "none fitted yet" : told.join("; ");
    if (pinned && !versions.some(({ version }) => version === pinned))
      return wrong("adaptation", `no correction ${pinned}: ${detail}`, fix);
    return fine("adaptation", inUse === 0 && told.length > 0 ? `the classifier as it ships; ${detail}` : detail);
  } finally {
    store.close();
  }
}
