/**
 * The eyes of a node, as its configuration names them: part of `main`'s choosing. The roles of one node share them: `look` has the camera,
 * `patrol` takes what it detects and tells where the camera is.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { faultsOf } from "#contract/channel.ts";
import { Fault } from "#contract/errors.ts";
import { type RobotPose, robotPose } from "#contract/robot.ts";
import { AuthorityKey } from "#contract/watchlist-jws.ts";
import { measuredError } from "#core/faces/measured-error.ts";
import type { AgentConfig } from "./config.ts";
import { SharedView } from "./devices/perception/shared-view.ts";
import type { Bus, RoleContext } from "./ports.ts";
import type { LookConfig } from "./roles/look/config.ts";
import type { LookContext } from "./roles/look.ts";

/** What the robot said of its pose holds for the camera for so long. */
const POSE_HOLDS_MS = 5_000;

interface Eyes {
  view: SharedView;
  devices: Pick<LookContext, "camera" | "things" | "faces">;
  close(): Promise<void>;
}

const opened = new WeakMap<AgentConfig, Promise<Eyes>>();
const poses = new WeakMap<AgentConfig, { pose: RobotPose; atMs: number }>();

/** The looks of this node's role `look`, for its other roles; undefined where it has none. */
export async function viewOf(config: AgentConfig, context: RoleContext<unknown>): Promise<SharedView | undefined> {
  const look = config.roles.look as LookConfig | undefined;
  return look && (await eyesOf(config, { ...context, config: look })).view;
}

/** A bus that remembers what this node says of its own pose. */
export function heardPoses(bus: Bus, config: AgentConfig): Bus {
  return {
    publish: (channel, message, options) => {
      if (channel.name === robotPose.name)
        poses.set(config, { pose: message as unknown as RobotPose, atMs: performance.now() });
      return bus.publish(channel, message, options);
    },
    subscribe: (channel, handler, options) => bus.subscribe(channel, handler, options),
    get connected() {
      return bus.connected;
    },
    onLink: (listener) => bus.onLink(listener),
    counters: bus.counters,
    close: () => bus.close(),
  };
}

/** What the role `look` works with. Throws `Fault` (config) where faces are configured and cannot be compared. */
export async function openLook(
  config: AgentConfig,
  context: RoleContext<LookConfig>,
): Promise<{ context: LookContext; close: () => Promise<void> }> {
  const { view, devices, close } = await eyesOf(config, context);
  return {
    context: {
      ...context,
      ...devices,
      say: (look) => view.say(look),
      whereabouts: () => {
        const last = poses.get(config);
        if (!last || performance.now() - last.atMs > POSE_HOLDS_MS) return undefined;
        const { lat, lon, ellipse95, headingDeg } = last.pose;
        return { place: { lat, lon, ellipse95 }, headingDeg };
      },
    },
    close,
  };
}

function eyesOf(config: AgentConfig, context: RoleContext<LookConfig>): Promise<Eyes> {
  const known = opened.get(config);
  if (known) return known;
  const opening = open(config, context);
  opened.set(config, opening);
  return opening;
}

async function open(agent: AgentConfig, { config, log, now, node }: RoleContext<LookConfig>): Promise<Eyes> {
  const { camera: wanted, things: wantsThings, faces: policy, threads } = config;
  const models = config.modelsFolder ?? fileURLToPath(new URL("../.tocsin", import.meta.url));
  const { openStillCamera } = await import("./devices/perception/still-camera.ts");
  const camera = openStillCamera({
    ...wanted,
    log,
    nowNs: () => now()?.utcNs ?? BigInt(Date.now()) * 1_000_000n,
  });
  const available: string[] = [];
  const unavailable: { detector: string; why: string }[] = [];
  const closers: (() => Promise<void>)[] = [];

  let things: LookContext["things"];
  if (wantsThings) {
    const [{ openPerceptionModels }, { makeObjectFinder }] = await Promise.all([
      import("./devices/perception/perception-models.ts"),
      import("./devices/perception/object-finder.ts"),
    ]);
    const networks = await openPerceptionModels(join(models, "perception"), threads);
    closers.push(networks.close);
    if (networks.objects) {
      things = makeObjectFinder(networks);
      available.push("person", "vehicle");
      if (networks.pose) available.push("fallen");
    }
    for (const { model, why } of networks.missing) {
      const detectors = model === "objects" ? ["person", "vehicle", "fallen"] : ["fallen"];
      for (const detector of detectors) unavailable.push({ detector, why });
      log.warn({ why }, `not looked for here: ${detectors.join(", ")}`);
    }
  } else for (const detector of ["person", "vehicle", "fallen"]) unavailable.push({ detector, why: "switched off" });

  let faces: LookContext["faces"];
  if (policy) {
    // At the same folder as the role's own data, whoever asked first.
    const dataDir = join(agent.dataDir, "look");
    const trusted = await trustedKeys(resolve(policy.keysFile));
    const [{ openFaceModels }, { makeFaceFinder }, { openWatchlistStore }, { openOrderKey, openProbeSealer, jpegOf }] =
      await Promise.all([
        import("./devices/faces/face-models.ts"),
        import("./devices/faces/face-finder.ts"),
        import("./devices/faces/watchlist-store.ts"),
        import("./devices/faces/probe-seal.ts"),
      ]);
    const networks = await openFaceModels(join(models, "faces"), threads);
    closers.push(networks.close);
    const store = openWatchlistStore(dataDir, node, trusted);
    const sealer = await openProbeSealer(join(dataDir, "gateway-key.json"));
    const own = await openOrderKey();
    faces = {
      finder: makeFaceFinder(networks),
      lists: { ...store, load: (circumstances) => store.load({ ...circumstances, measured: measuredError }) },
      probes: {
        get sealedTo() {
          return sealer.sealedTo;
        },
        use: (x) => sealer.use(x),
        seal: (probe) => sealer.seal(probe),
        jpeg: jpegOf,
        sealTo: own.x,
        open: own.open,
      },
    };
    available.push("face");
  } else unavailable.push({ detector: "face", why: "not configured" });

  return {
    view: new SharedView(wanted.name, available, unavailable),
    devices: { camera, things, faces },
    close: async () => {
      for (const close of closers) await close();
    },
  };
}

async function trustedKeys(file: string) {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new Fault("config", `roles.look.faces.keysFile: ${(cause as Error).message}`, { cause });
  }
  const parsed = v.safeParse(v.object({ keys: v.pipe(v.array(AuthorityKey), v.minLength(1)) }), json);
  if (parsed.success) return parsed.output.keys;
  throw new Fault(
    "config",
    faultsOf(parsed.issues).map(
      (line) => `roles.look.faces.keysFile: ${file}: ${line}; use a .pub file of tocsin watchlist key`,
    ),
  );
}
