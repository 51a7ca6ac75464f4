/** Sends a node's cameras to the gateway's relay while the gateway wants them, and says how they are. Video alone: there is no way for sound. */
import { ulid } from "ulid";
import { utcOfNs } from "#contract/units.ts";
import { type CameraState, type VideoWant, videoState, videoWant } from "#contract/video.ts";
import type { RoleContext, Running } from "../ports.ts";
import type { Camera, CameraMount, ConnectUplink, PreRoll, UploadPreRoll } from "../video-port.ts";
import { Aimer } from "./stream/aimer.ts";
import type { StreamConfig } from "./stream/config.ts";
import { StreamSession } from "./stream/session.ts";

export interface StreamContext extends RoleContext<StreamConfig> {
  cameras: readonly { camera: Camera; preRoll: PreRoll | undefined }[];
  /** By camera; of those with `panTilt`. */
  mounts?: ReadonlyMap<string, CameraMount>;
  connect: ConnectUplink;
  upload: UploadPreRoll;
}

const WANTED_REPORT_MS = 5_000;
const IDLE_REPORT_MS = 60_000;
/** Changes that come together are said together. */
const GATHER_MS = 100;

/** Ready when wants are subscribed, whether the cameras are there or not: what is missing is said in `video/state`. */
export async function startStream(context: StreamContext): Promise<Running> {
  const streamer = new Streamer(context);
  await streamer.subscribe();
  return { done: streamer.run() };
}

class Streamer {
  readonly #context: StreamContext;
  readonly #sessions: ReadonlyMap<string, StreamSession>;
  readonly #aimers = new Map<string, Aimer>();
  readonly #counters = { wants: 0, refusedWants: 0 };
  #reportedMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #closing: (() => Promise<void>) | undefined;

  constructor(context: StreamContext) {
    this.#context = context;
    const { connect, upload, log } = context;
    const shared = { connect, upload, log, utcNs: () => context.now()?.utcNs };
    this.#sessions = new Map(
      context.cameras.map(({ camera, preRoll }) => {
        const onChange = () => {
          this.#aim(camera.name);
          this.#changed();
        };
        return [camera.name, new StreamSession({ ...shared, camera, preRoll, onChange })];
      }),
    );
    const { position } = context;
    for (const { name: camera, panTilt: config } of context.config.cameras) {
      const mount = context.mounts?.get(camera);
      if (mount && config && position)
        this.#aimers.set(camera, new Aimer({ camera, mount, config, position, log, onChange: () => this.#changed() }));
    }
  }

  async subscribe(): Promise<void> {
    const { bus, node, signal } = this.#context;
    const subscribed = bus.subscribe(videoWant, (want) => this.#wanted(want), { node });
    this.#closing = async () => {
      await (await subscribed).close();
    };
    await Promise.race([subscribed, aborted(signal)]);
  }

  async run(): Promise<void> {
    const { signal } = this.#context;
    const heartbeat = setInterval(() => {
      const wanted = [...this.#sessions.values()].some((session) => session.wanted);
      if (performance.now() - this.#reportedMs >= (wanted ? WANTED_REPORT_MS : IDLE_REPORT_MS)) this.#report();
    }, 1_000);
    this.#report();
    try {
      await aborted(signal);
    } finally {
      clearInterval(heartbeat);
      await Promise.all([...this.#sessions.values()].map((session) => session.close()));
      for (const aimer of this.#aimers.values()) aimer.follow(undefined);
      clearTimeout(this.#timer);
      this.#report();
      void this.#closing?.().catch(() => undefined);
    }
  }

  #wanted(want: VideoWant): void {
    const { node, log } = this.#context;
    const session = this.#sessions.get(want.camera);
    // Nobody is shown another node's camera under this one's name, nor the other way round.
    if (!session || !want.stream.startsWith(`${node.toLowerCase()}.`)) {
      this.#counters.refusedWants++;
      log.warn({ camera: want.camera, stream: want.stream }, "a camera is wanted that this node has not");
      return;
    }
    this.#counters.wants++;
    log.info({ camera: want.camera, by: want.by, incident: want.incident, until: want.until }, "wanted");
    session.want(want);
    this.#aim(want.camera);
  }

  #aim(camera: string): void {
    this.#aimers.get(camera)?.follow(this.#sessions.get(camera)?.wanted);
  }

  #changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#report();
    }, GATHER_MS);
  }

  #report(): void {
    this.#reportedMs = performance.now();
    const { bus, node, configSha256, log, now, report } = this.#context;
    const cameras = [...this.#sessions.values()].map((session) =>
      cameraState(session, this.#aimers.get(session.camera.name), node),
    );
    const at = utcOfNs(now()?.utcNs ?? BigInt(Date.now()) * 1_000_000n);
    bus
      .publish(videoState, { v: 1, id: ulid(), node, at, configSha256, cameras })
      .catch((err: unknown) => log.error({ err }, "the cameras' state could not be published"));
    const counters: Record<string, number> = { ...this.#counters };
    for (const { camera, counters: own = {} } of cameras)
      for (const [name, count] of Object.entries(own)) counters[`${camera}.${name}`] = count;
    report({ counters });
  }
}

function cameraState(session: StreamSession, aimer: Aimer | undefined, node: string): CameraState {
  const { camera, preRoll, phase, stats, wanted } = session;
  const health = camera.health;
  const aim = aimer?.state;
  // A mount needs somebody, too, but the picture goes before.
  const why = session.why ?? aim?.why;
  return {
    camera: camera.name,
    stream: wanted?.stream ?? `${node.toLowerCase()}.${camera.name}`,
    ...(camera.label !== undefined && { label: camera.label }),
    phase,
    ...(health.phase !== "idle" && { cameraOk: health.phase === "up" }),
    ...(why !== undefined && { why: why.slice(0, 500) }),
    ...(health.codec && { codec: health.codec }),
    ...(health.widthPx && { widthPx: health.widthPx }),
    ...(health.heightPx && { heightPx: health.heightPx }),
    ...(health.phase === "up" && { framesPerS: health.framesPerS }),
    source: health.source,
    ...(stats && {
      bitrateBps: Math.round(stats.sentBps),
      allowedBps: Math.round(stats.allowedBps),
      lossRatio: stats.lossRatio,
      ...(stats.roundTripMs !== undefined && { roundTripMs: Math.max(0, stats.roundTripMs) }),
    }),
    ...(preRoll && { preRollHeldS: preRoll.heldS }),
    ...(aim && { aim }),
    counters: { ...session.counters, ...aimer?.counters },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
