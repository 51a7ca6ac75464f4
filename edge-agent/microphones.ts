/** The microphone that the configuration names. */
import type { ClockState } from "#contract/node.ts";
import { nsOfUtc } from "#contract/units.ts";
import type { MicrophoneConfig } from "./config.ts";
import type { NodeTime } from "./devices/node-time.ts";
import type { Log, Microphone } from "./ports.ts";
import type { PulseClock } from "./pulse-port.ts";

export async function openMicrophone(
  config: MicrophoneConfig,
  node: string,
  time: NodeTime,
  log: Log,
  counted?: { pulses: PulseClock; wordClock: "continuous" | "with-capture" },
): Promise<Microphone> {
  switch (config.kind) {
    case "pcm-stream": {
      const { PcmStreamMicrophone } = await import("./devices/pcm-stream-microphone.ts");
      return new PcmStreamMicrophone({
        host: config.host,
        port: config.port,
        microphone: config.microphone ?? node,
        log,
      });
    }
    case "file": {
      const { FileMicrophone } = await import("./devices/file-microphone.ts");
      const { startUtc, clockSigmaS, path, realTime } = config;
      const clock: ClockState = { source: "sim", synchronised: true, sigmaS: clockSigmaS };
      const start = startUtc === undefined ? () => time.now() : () => ({ utcNs: nsOfUtc(startUtc), clock });
      return new FileMicrophone({ path, realTime, start });
    }
    case "alsa": {
      const { AlsaMicrophone } = await import("./devices/alsa-microphone.ts");
      return new AlsaMicrophone({ ...config, counted, time, log });
    }
  }
}
