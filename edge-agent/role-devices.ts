/** Devices of roles that take a choice to open: the sound card's pulses, a dock by wire or network, a camera's mount, the newest model. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Fault } from "#contract/errors.ts";
import type { AgentConfig } from "./config.ts";
import type { NodeTime } from "./devices/node-time.ts";
import type { Dock } from "./dock-port.ts";
import type { Log, RoleContext, Running } from "./ports.ts";
import type { FlyConfig } from "./roles/fly/config.ts";
import type { ListenConfig } from "./roles/listen.ts";
import type { StreamConfig } from "./roles/stream/config.ts";
import type { CameraMount } from "./video-port.ts";

/** The pulses of `clock.bridge`, which goes with a sound card. */
export async function openPulses(
  { clock, microphone }: AgentConfig,
  time: NodeTime,
  context: RoleContext<ListenConfig>,
) {
  if (!clock.bridge || microphone?.kind !== "alsa") return undefined;
  const { path, baudRate, wordClock } = clock.bridge;
  const [{ SerialCable }, { openPulseClock }] = await Promise.all([
    import("#firmware-bridge/serial-cable.ts"),
    import("#firmware-bridge/pulse-clock.ts"),
  ]);
  const pulses = openPulseClock({
    stream: new SerialCable({ path, baudRate, log: context.log }),
    name: path,
    wordClockHz: microphone.sampleRateHz,
    coarse: (monotonicNs) => {
      const host = time.ofMonotonicNs(monotonicNs);
      return host && { utcNs: host.utcNs, sigmaS: host.clock.sigmaS };
    },
    report: (counters) =>
      context.report({
        counters: Object.fromEntries(Object.entries(counters).map(([name, count]) => [`pps.${name}`, count])),
      }),
  });
  return { pulses, wordClock };
}

export async function openDock(box: FlyConfig["dock"], name: string, log: Log): Promise<Dock> {
  if (box.kind === "tcp") {
    const { TcpDock } = await import("./devices/tcp-dock.ts");
    return new TcpDock({ name, host: box.host, port: box.port, log });
  }
  const [{ SerialCable }, { createSerialDock }] = await Promise.all([
    import("#firmware-bridge/serial-cable.ts"),
    import("#firmware-bridge/dock.ts"),
  ]);
  return createSerialDock(new SerialCable({ path: box.path, baudRate: box.baudRate, log }), box.path);
}

/** The mounts of the cameras that have one, by camera. Their boards may come later. */
export async function openMounts(cameras: StreamConfig["cameras"], log: Log): Promise<Map<string, CameraMount>> {
  const mounts = new Map<string, CameraMount>();
  for (const { name, panTilt } of cameras) {
    if (!panTilt) continue;
    const { openCameraMount } = await import("#firmware-bridge/camera-mount.ts");
    const { path, pan, tilt, lamp } = panTilt;
    const panDeg = [pan.leastDeg, pan.mostDeg] as const;
    const tiltDeg = [tilt.leastDeg, tilt.mostDeg] as const;
    mounts.set(name, openCameraMount({ path, panDeg, tiltDeg, lamp: lamp && (lamp === "D5" ? 0 : 1), log }));
  }
  return mounts;
}

/** A role whose devices are closed when it has stopped, or could not start. */
export async function closing(start: () => Promise<Running>, close: () => Promise<void>): Promise<Running> {
  try {
    const { done } = await start();
    return { done: done.finally(close) };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The highest version of `models/gunshot` that ships with this program. */
export function newestModel(): string {
  const folder = fileURLToPath(new URL("../models/gunshot", import.meta.url));
  let versions: string[] = [];
  try {
    versions = readdirSync(folder);
  } catch (cause) {
    throw new Fault("config", `roles.listen.model: no model ships in ${folder}; name a model's folder`, { cause });
  }
  const newest = versions
    .filter((name) => /^\d+(\.\d+)*$/.test(name))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .at(-1);
  if (newest === undefined)
    throw new Fault("config", `roles.listen.model: no model ships in ${folder}; name a model's folder`);
  return join(folder, newest);
}
