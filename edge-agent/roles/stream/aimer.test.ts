/** A camera on a mount follows what the gateway wants of it. The lamppost stands at the origin, its camera 10 m up, looking north-east at rest. */
import { ulid } from "ulid";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { type VideoState, type VideoWant, videoState, videoWant } from "#contract/video.ts";
import { frameAt } from "#core/localise/geo.ts";
import { MemoryBroker, MemoryBus } from "../../devices/memory-bus.ts";
import type { Log } from "../../ports.ts";
import { startStream } from "../stream.ts";
import { StreamConfig } from "./config.ts";
import { FakeCamera, FakeMount, FakeUplink } from "./testing/fakes.ts";

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const position = { lat: 40.66, lon: -73.91, altM: 12 };
const placeAt = (eastM: number, northM: number) => {
  const { lat, lon } = frameAt(position).toWgs84(eastM, northM, position.altM);
  return { lat, lon };
};
const REST = { panDeg: 90, tiltDeg: 80, lampOn: false };

async function until(what: string, fact: () => boolean | undefined): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (!fact()) {
    if (performance.now() > endMs) throw new Error(`${what}: not within 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

interface World {
  mount: FakeMount;
  uplinks: FakeUplink[];
  /** Of the newest state. */
  camera(): VideoState["cameras"][number] | undefined;
  want(more?: Partial<VideoWant>, lifeS?: number): Promise<void>;
  stop(): Promise<void>;
}

async function inWorld(use: (world: World) => Promise<void>): Promise<void> {
  const broker = new MemoryBroker();
  const gateway = new MemoryBus(broker, "site", "gateway", silent);
  const bus = new MemoryBus(broker, "site", "lamp-3", silent);
  const stopping = new AbortController();
  const mount = new FakeMount();
  const uplinks: FakeUplink[] = [];
  let newest: VideoState | undefined;
  await gateway.subscribe(videoState, (state) => {
    newest = state;
  });
  const panTilt = { path: "/dev/ttyACM0", heightM: 10, azimuthDeg: 45, rest: { panDeg: 90, tiltDeg: 80 }, lamp: "D5" };
  const { done } = await startStream({
    site: "site",
    node: "lamp-3",
    position,
    bus,
    log: silent,
    signal: stopping.signal,
    config: v.parse(StreamConfig, {
      gatewayUrl: "http://127.0.0.1",
      cameras: [{ kind: "sim", name: "front", panTilt }],
    }),
    configSha256: "0".repeat(64),
    dataDir: "",
    now: () => undefined,
    report: () => undefined,
    cameras: [{ camera: new FakeCamera(), preRoll: undefined }],
    mounts: new Map([["front", mount]]),
    connect: async (target) => {
      const uplink = new FakeUplink(target);
      uplinks.push(uplink);
      return { ok: true, uplink };
    },
    upload: async () => ({ ok: true }),
  });
  const stop = async () => {
    stopping.abort();
    await done;
  };
  try {
    await use({
      mount,
      uplinks,
      camera: () => newest?.cameras[0],
      stop,
      async want(more = {}, lifeS = 60) {
        const atMs = Date.now();
        const want: VideoWant = {
          v: 1,
          id: ulid(),
          node: "gateway",
          at: new Date(atMs).toISOString(),
          camera: "front",
          stream: "lamp-3.front",
          whipUrl: "/video/whip/lamp-3.front",
          token: `token-${ulid()}`,
          iceServers: [],
          until: new Date(atMs + lifeS * 1000).toISOString(),
          by: "gateway",
          ...more,
        };
        await gateway.publish(videoWant, want, { to: "lamp-3" });
      },
    });
  } finally {
    await stop();
    await bus.close();
    await gateway.close();
  }
}
const rounded = ({ panDeg, tiltDeg, lampOn }: FakeMount["poses"][number]) => [
  Math.round(panDeg * 10) / 10,
  Math.round(tiltDeg * 10) / 10,
  lampOn,
];

test("10 m to the east: 45 degrees to the right and 45 down with the lamp on; the same want moves nothing again; then to rest", async () => {
  await inWorld(async ({ mount, camera, want }) => {
    assert.equal(mount.poses, [REST]);
    await until("the state", () => camera()?.aim?.phase === "rest");
    await want({ incident: "i-1", lookAt: placeAt(10, 0) });
    await want({ incident: "i-1", lookAt: placeAt(10, 0) });
    await until("aimed and live", () => camera()?.aim?.phase === "aimed" && camera()?.phase === "live");
    const aim = camera()!.aim!;
    assert.equal([Math.round(aim.azimuthDeg!), Math.round(aim.elevationDeg!), aim.lampOn], [90, -45, true]);
    await want({}, -1);
    await until("rest", () => camera()?.aim?.phase === "rest");
    assert.equal(mount.poses.map(rounded), [
      [90, 80, false],
      [135, 45, true],
      [90, 80, false],
    ]);
    assert.is(camera()!.aim!.lampOn, false);
  });
});

test("a want that runs out unheard of, one that names no place, and the end of the agent: each brings it back to rest", async () => {
  await inWorld(async ({ mount, want, stop }) => {
    const lookAt = placeAt(0, 30);
    await want({ incident: "i-1", lookAt }, 0.3);
    await until("aimed", () => mount.poses.length === 2);
    await until("run out", () => mount.poses.length === 3);
    await want({ incident: "i-1", lookAt });
    await until("aimed again", () => mount.poses.length === 4);
    await want({ by: "ann" });
    await until("a viewer alone", () => mount.poses.length === 5);
    await want({ incident: "i-1", lookAt });
    await until("aimed once more", () => mount.poses.length === 6);
    await stop();
    assert.equal(
      mount.poses.map(({ lampOn }) => lampOn),
      [false, true, false, true, false, true, false],
    );
    assert.equal(mount.poses.at(-1), REST);
  });
});

test("a place behind it: the camera stays at rest, says why, and sends its picture", async () => {
  await inWorld(async ({ mount, uplinks, camera, want }) => {
    await want({ incident: "i-1", lookAt: placeAt(-5, -10) });
    await until("live", () => camera()?.phase === "live" && camera()?.aim?.phase === "out-of-reach");
    assert.equal(mount.poses.at(-1), REST);
    assert.is(uplinks.length, 1);
    assert.is(
      camera()!.why,
      "the camera stays at rest: the place lies at 207 degrees, the mount turns from 315 clockwise to 135",
    );
  });
});

test("a dead board stops no picture: the state says it and the aim holds for when it is back", async () => {
  await inWorld(async ({ mount, camera, want }) => {
    mount.say({ phase: "down", why: "the port was closed: is the cable in?" });
    await want({ incident: "i-1", lookAt: placeAt(10, 0) });
    await until("live without it", () => camera()?.phase === "live" && camera()?.aim?.phase === "down");
    assert.is(camera()!.why, "the camera does not turn: the port was closed: is the cable in?");
    assert.equal(rounded(mount.poses.at(-1)!), [135, 45, true]);
    mount.say({ phase: "up" });
    await until("back", () => camera()?.aim?.phase === "aimed" && camera()?.why === undefined);
  });
});

test.run();
