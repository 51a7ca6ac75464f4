import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import type { GenericSchema } from "valibot";
import type { NodeRole } from "#contract/node.ts";
import type { AgentConfig } from "./config.ts";
import type { NodeTime } from "./devices/node-time.ts";
import type { Bus, RoleContext, Running } from "./ports.ts";
import { closing, openDock, openMounts } from "./role-devices.ts";
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
    const { ListenConfig: schema } = await import("./roles/listen.ts");
    return {
      schema,
      async start(base: RoleContext<never>, node) {
        const { openListen } = await import("./listening.ts");
        return openListen(base as unknown as RoleContext<ListenConfig>, node);
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
