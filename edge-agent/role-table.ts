import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import type { GenericSchema } from "valibot";
import type { NodeRole } from "#contract/node.ts";
import type { AgentConfig } from "./config.ts";
import type { NodeTime } from "./devices/node-time.ts";
import { openMicrophone } from "./microphones.ts";
import type { Bus, RoleContext, Running } from "./ports.ts";
import { closing, newestModel, openDock, openMounts, openPulses } from "./role-devices.ts";
import type { FlyConfig } from "./roles/fly/config.ts";
import type { ListenConfig } from "./roles/listen.ts";
import type { LookConfig } from "./roles/look/config.ts";
import type { PatrolConfig } from "./roles/patrol/config.ts";
import type { StreamConfig } from "./roles/stream/config.ts";
import type { StandbyConfig } from "./roles/triangulate-standby.ts";

export interface RoleEntry {
  /** Of the role's part of the configuration. */
  schema: GenericSchema<unknown, Record<string, unknown>>;
  /** Opens the role's devices and starts it; `done` ends after they are closed. */
  start(
    context: RoleContext<never>,
    node: { config: AgentConfig; time: NodeTime; neighbours: Bus | undefined },
  ): Promise<Running>;
}

export const roleTable: Partial<Record<NodeRole, () => Promise<RoleEntry>>> = {
  listen: async () => {
    const { ListenConfig: schema, startListen } = await import("./roles/listen.ts");
    return {
      schema,
      async start(base: RoleContext<never>, { config, time, neighbours }) {
        const { toldToNeighbours } = await import("./roles/told-to-neighbours.ts");
        const still = base as unknown as RoleContext<ListenConfig>;
        const ears = config.roles.patrol && (await import("./robots.ts")).earsOf(config);
        const alone = ears ? { ...still, bus: ears.listens(still.bus) } : still;
        const context = neighbours
          ? { ...alone, bus: toldToNeighbours(alone.bus, neighbours, alone.log, alone.signal) }
          : alone;
        const [
          { openOnnxClassifier },
          { EncryptedClipStore },
          { speechGate },
          { openAlsaSpeaker },
          { SiteAdaptation },
          { openAdaptationStore },
          { fitHeads },
        ] = await Promise.all([
          import("./devices/onnx-classifier.ts"),
          import("./devices/clip-store.ts"),
          import("./devices/speech-gate.ts"),
          import("./devices/alsa-speaker.ts"),
          import("./roles/site-adaptation.ts"),
          import("./devices/adaptation-store.ts"),
          import("./devices/head-fitter.ts"),
        ]);
        const { clips: kept, model, selfTest: tested } = context.config;
        const store = openAdaptationStore(context.dataDir, context.log);
        const classifier = new SiteAdaptation({
          classifier: await openOnnxClassifier(model ?? newestModel()),
          store,
          fit: fitHeads,
          config: context.config.adaptation,
          bus: context.bus,
          node: context.node,
          log: context.log,
          nowUtc: () =>
            new Date(Number((context.now()?.utcNs ?? BigInt(Date.now()) * 1_000_000n) / 1_000_000n)).toISOString(),
          report: (state) => context.report({ state }),
        });
        const clips =
          kept.keepHours > 0
            ? new EncryptedClipStore({
                folder: context.dataDir,
                keepS: kept.keepHours * 3600,
                maxBytes: kept.maxMegabytes * 2 ** 20,
                nowS: () => {
                  const now = context.now();
                  return now && Number(now.utcNs / 1_000_000n) / 1000;
                },
                log: context.log,
              })
            : undefined;
        const counted = await openPulses(config, time, context);
        const microphone = await openMicrophone(config.microphone!, config.node, time, context.log, counted);
        const { micSensitivityDbFsAt94Spl, places } = config.microphone!;
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
              speaker: tested && openAlsaSpeaker(tested.speaker),
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
      },
    };
  },
  fly: async () => {
    const [{ FlyConfig: schema }, { startFly }] = await Promise.all([
      import("./roles/fly/config.ts"),
      import("./roles/fly.ts"),
    ]);
    return {
      schema,
      async start(base: RoleContext<never>, { config }) {
        const context = base as unknown as RoleContext<FlyConfig>;
        const { log } = context;
        const { openMavsdkVehicle } = await import("./devices/mavsdk/vehicle.ts");
        const { vehicle: where, dock: box } = context.config;
        const folder = where.mavsdkFolder ?? fileURLToPath(new URL("../.tocsin/mavsdk", import.meta.url));
        const vehicle = openMavsdkVehicle({
          name: config.node,
          folder,
          url: where.url,
          systemId: where.systemId,
          log: log as Logger,
        });
        const dock = await openDock(box, config.node, log);
        return closing(
          () => startFly({ ...context, vehicle, dock }),
          async () => {
            await Promise.all([vehicle.close(), dock.close()]);
          },
        );
      },
    };
  },
  stream: async () => {
    const [{ StreamConfig: schema }, { startStream }] = await Promise.all([
      import("./roles/stream/config.ts"),
      import("./roles/stream.ts"),
    ]);
    return {
      schema,
      async start(base: RoleContext<never>) {
        const context = base as unknown as RoleContext<StreamConfig>;
        const { config, dataDir, log, now } = context;
        const [{ openCameras }, { gatewayHttp, reachesLoopback }, { whipUplinks }, { preRollUpload }] =
          await Promise.all([
            import("./devices/video/open-cameras.ts"),
            import("./devices/video/gateway-http.ts"),
            import("./devices/video/whip-uplink.ts"),
            import("./devices/video/pre-roll-upload.ts"),
          ]);
        const http = gatewayHttp(config.gatewayUrl, config.caFile);
        const addresses = reachesLoopback(config.gatewayUrl) ? ["127.0.0.1"] : [];
        const preview = config.preview && (await import("./devices/video/preview.ts"));
        const opened = await openCameras(config.cameras, {
          folder: config.preRollFolder ?? join(dataDir, "pre-roll"),
          preRollBytes: config.preRollMegabytes * 2 ** 20,
          utcMs: () => {
            const utcNs = now()?.utcNs;
            return utcNs === undefined ? undefined : Number(utcNs / 1_000_000n);
          },
          log,
        });
        const shown = preview?.openPreview(config.preview!, config.cameras, log);
        const mounts = await openMounts(config.cameras, log);
        return closing(
          () =>
            startStream({
              ...context,
              cameras: opened.cameras,
              mounts,
              connect: whipUplinks({ http, addresses }),
              upload: preRollUpload(http),
            }),
          async () => {
            await shown?.close();
            await Promise.all([...mounts.values()].map((mount) => mount.close()));
            await opened.close();
          },
        );
      },
    };
  },
  patrol: async () => {
    const [{ PatrolConfig: schema }, { startPatrol }] = await Promise.all([
      import("./roles/patrol/config.ts"),
      import("./roles/patrol.ts"),
    ]);
    return {
      schema,
      async start(base: RoleContext<never>, { config }) {
        const context = base as unknown as RoleContext<PatrolConfig>;
        const [{ earsOf, openRobot }, { heardPoses, viewOf }] = await Promise.all([
          import("./robots.ts"),
          import("./looking.ts"),
        ]);
        const { body, perceptions } = await openRobot(context);
        const view = await viewOf(config, context);
        const ears = earsOf(config);
        const told = heardPoses(context.bus, config);
        const bus = ears ? ears.walks(told) : told;
        const senses = [...perceptions, ...(view ? [view] : []), ...(ears ? [ears] : [])];
        return closing(
          () => startPatrol({ ...context, bus, body, perceptions: senses }),
          () => body.close(),
        );
      },
    };
  },
  look: async () => {
    const [{ LookConfig: schema }, { startLook }] = await Promise.all([
      import("./roles/look/config.ts"),
      import("./roles/look.ts"),
    ]);
    return {
      schema,
      async start(base: RoleContext<never>, { config }) {
        const { openLook } = await import("./looking.ts");
        const { context, close } = await openLook(config, base as unknown as RoleContext<LookConfig>);
        return closing(() => startLook(context), close);
      },
    };
  },
  triangulate: async () => {
    const [{ startTriangulate }, { StandbyConfig: schema, startTriangulateStandby }] = await Promise.all([
      import("./roles/triangulate.ts"),
      import("./roles/triangulate-standby.ts"),
    ]);
    return {
      schema,
      start(base: RoleContext<never>, { neighbours }) {
        const context = base as unknown as RoleContext<StandbyConfig>;
        const { standby, ...config } = context.config;
        if (!standby || !neighbours) return startTriangulate({ ...context, config });
        return startTriangulateStandby({ ...context, config, neighbours, election: standby });
      },
    };
  },
};
