/** The ears of a node, as its configuration names them: part of `main`'s choosing. */
import { utcOfNs } from "#contract/units.ts";
import type { AgentConfig } from "./config.ts";
import { openAdaptationStore } from "./devices/adaptation-store.ts";
import { openAlsaSpeaker } from "./devices/alsa-speaker.ts";
import { EncryptedClipStore } from "./devices/clip-store.ts";
import { fitHeads } from "./devices/head-fitter.ts";
import type { NodeTime } from "./devices/node-time.ts";
import { openOnnxClassifier } from "./devices/onnx-classifier.ts";
import { speechGate } from "./devices/speech-gate.ts";
import { openMicrophone } from "./microphones.ts";
import type { Bus, RoleContext, Running } from "./ports.ts";
import { closing, newestModel, openPulses } from "./role-devices.ts";
import { type ListenConfig, startListen } from "./roles/listen.ts";
import { SiteAdaptation } from "./roles/site-adaptation.ts";
import { toldToNeighbours } from "./roles/told-to-neighbours.ts";

type Context = RoleContext<ListenConfig>;

interface Node {
  config: AgentConfig;
  time: NodeTime;
  neighbours: Bus | undefined;
}

/** Opens what the role `listen` works with and starts it. */
export async function openListen(base: Context, { config, time, neighbours }: Node): Promise<Running> {
  const ears = config.roles.patrol && (await import("./robots.ts")).earsOf(config);
  const alone = ears ? { ...base, bus: ears.listens(base.bus) } : base;
  const context = neighbours
    ? { ...alone, bus: toldToNeighbours(alone.bus, neighbours, alone.log, alone.signal) }
    : alone;
  const { log } = context;
  const { micSensitivityDbFsAt94Spl, places } = config.microphone!;
  const { selfTest } = context.config;
  const store = openAdaptationStore(context.dataDir, log);
  const classifier = await adaptedClassifier(context, store);
  const clips = clipsOf(context);
  const counted = await openPulses(config, time, context);
  const microphone = await openMicrophone(config.microphone!, config.node, time, log, counted);
  return closing(
    async () => {
      const listening = startListen({
        ...context,
        microphone,
        classifier,
        ...(ears && { onScored: (impulse) => ears.hears(impulse) }),
        onTold: (arrival) => classifier.remember(arrival),
        clips,
        voiceGate: speechGate,
        speaker: selfTest && openAlsaSpeaker(selfTest.speaker),
        micSensitivityDbFsAt94Spl,
        places,
      });
      // Verdicts need the broker, listening does not.
      const [running] = await Promise.all([listening, classifier.start()]);
      return running;
    },
    async () => {
      await counted?.pulses.close();
      await clips?.close();
      await classifier.close();
      store.close();
    },
  );
}

async function adaptedClassifier(context: Context, store: ReturnType<typeof openAdaptationStore>) {
  const { bus, config, log, node, now, report } = context;
  return new SiteAdaptation({
    classifier: await openOnnxClassifier(config.model ?? newestModel()),
    store,
    fit: fitHeads,
    config: config.adaptation,
    bus,
    node,
    log,
    nowUtc: () => utcOfNs(now()?.utcNs ?? BigInt(Date.now()) * 1_000_000n),
    report: (state) => report({ state }),
  });
}

/** Undefined where none are to be kept. */
function clipsOf({ config, dataDir, log, now }: Context): EncryptedClipStore | undefined {
  const { keepHours, maxMegabytes } = config.clips;
  if (keepHours === 0) return undefined;
  return new EncryptedClipStore({
    folder: dataDir,
    keepS: keepHours * 3600,
    maxBytes: maxMegabytes * 2 ** 20,
    nowS: () => {
      const time = now();
      return time && Number(time.utcNs / 1_000_000n) / 1000;
    },
    log,
  });
}
