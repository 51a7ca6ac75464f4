/** What the gateway wants and what the node does about it, with a camera and an uplink that do as they are told. */
import { ulid } from "ulid";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { type VideoState, type VideoWant, videoState, videoWant } from "#contract/video.ts";
import { MemoryBroker, MemoryBus } from "../devices/memory-bus.ts";
import type { Log } from "../ports.ts";
import type { PreRoll, UplinkRefusal } from "../video-port.ts";
import { StreamConfig } from "./stream/config.ts";
import { FakeCamera, FakeUplink } from "./stream/testing/fakes.ts";
import { startStream } from "./stream.ts";

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const endMs = performance.now() + 20_000;
  for (;;) {
    const found = look();
    if (found) return found;
    if (performance.now() > endMs) throw new Error(`${what}: not within 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

interface World {
  camera: FakeCamera;
  uplinks: FakeUplink[];
  answers: UplinkRefusal[];
  states: VideoState[];
  uploads: { url: string; token: string; seconds: number }[];
  want(more?: Partial<VideoWant>, lifeS?: number): Promise<VideoWant>;
  readonly state: VideoState["cameras"][number];
}

async function inWorld(use: (world: World) => Promise<void>, options: { preRoll?: boolean } = {}): Promise<void> {
  const broker = new MemoryBroker();
  const gateway = new MemoryBus(broker, "site", "gateway", silent);
  const bus = new MemoryBus(broker, "site", "lamp-3", silent);
  const stop = new AbortController();
  const camera = new FakeCamera();
  const uplinks: FakeUplink[] = [];
  const answers: UplinkRefusal[] = [];
  const uploads: World["uploads"] = [];
  const states: VideoState[] = [];
  const preRoll: PreRoll = {
    heldS: 20,
    counters: {},
    cut: async (seconds) => ({ mp4: Buffer.from("mp4"), startUtcMs: 0, durationS: Math.min(20, seconds) }),
    close: async () => undefined,
  };
  await gateway.subscribe(videoState, (state) => void states.push(state));
  const { done } = await startStream({
    site: "site",
    node: "lamp-3",
    position: undefined,
    bus,
    log: silent,
    signal: stop.signal,
    config: v.parse(StreamConfig, { gatewayUrl: "http://127.0.0.1", cameras: [{ kind: "sim", name: "front" }] }),
    configSha256: "0".repeat(64),
    dataDir: "",
    now: () => undefined,
    report: () => undefined,
    cameras: [{ camera, preRoll: options.preRoll ? preRoll : undefined }],
    connect: async (target) => {
      const refusal = answers.shift();
      if (refusal) return refusal;
      const uplink = new FakeUplink(target);
      uplinks.push(uplink);
      return { ok: true, uplink };
    },
    upload: async (url, token, { durationS }) => {
      uploads.push({ url, token, seconds: durationS });
      return { ok: true };
    },
  });
  try {
    await use({
      camera,
      uplinks,
      answers,
      states,
      uploads,
      get state() {
        return states.at(-1)!.cameras[0]!;
      },
      async want(more = {}, lifeS = 60) {
        const at = Date.now();
        const want: VideoWant = {
          v: 1,
          id: ulid(),
          node: "gateway",
          at: new Date(at).toISOString(),
          camera: "front",
          stream: "lamp-3.front",
          whipUrl: "/video/whip/lamp-3.front",
          token: `token-${ulid()}`,
          iceServers: [],
          until: new Date(at + lifeS * 1000).toISOString(),
          by: "ann",
          ...more,
        };
        await gateway.publish(videoWant, want, { to: "lamp-3" });
        return want;
      },
    });
  } finally {
    stop.abort();
    await done;
    await bus.close();
    await gateway.close();
  }
}

const refusal = (kind: UplinkRefusal["kind"], more: Partial<UplinkRefusal> = {}): UplinkRefusal => ({
  ok: false,
  kind,
  why: `because of ${kind}`,
  ...more,
});

test("nothing goes out unasked: no looker at the camera, no connection; the state says idle", async () => {
  await inWorld(async ({ camera, uplinks, states }) => {
    await until("a state", () => states.length > 0);
    camera.picture(true, 0);
    assert.is(camera.lookers.size, 0);
    assert.is(uplinks.length, 0);
    assert.is(states[0]!.cameras[0]!.phase, "idle");
    assert.is(states[0]!.cameras[0]!.label, "towards the market");
  });
});

test("wanted, it connects with the want's token and gives every picture; until is over, the camera is let go", async () => {
  await inWorld(async (world) => {
    const want = await world.want({}, 1.2);
    const uplink = await until("an uplink", () => world.uplinks[0]);
    assert.equal([uplink.target.token, uplink.target.whipUrl, uplink.target.codec], [want.token, want.whipUrl, "H264"]);
    await until("live", () => world.state.phase === "live");
    world.camera.picture(true, 90);
    world.camera.picture(false, 180);
    assert.equal(uplink.sent, [90, 180]);
    await until("idle", () => world.state.phase === "idle");
    assert.is(uplink.closedWhy, "no longer wanted");
    assert.is(world.camera.lookers.size, 0);
  });
});

test("a want that is over ends it at once", async () => {
  await inWorld(async (world) => {
    await world.want();
    const uplink = await until("an uplink", () => world.uplinks[0]);
    await world.want({}, -1);
    await until("closed", () => uplink.closedWhy);
    await until("idle", () => world.state.phase === "idle");
  });
});

test("a newer want shows its token to the session; one that is refused leads to a new session with the newer token", async () => {
  await inWorld(async (world) => {
    await world.want();
    const uplink = await until("an uplink", () => world.uplinks[0]);
    await until("live", () => world.state.phase === "live");
    const second = await world.want();
    await until("the token", () => uplink.tokens.includes(second.token));
    assert.is(world.uplinks.length, 1);
    uplink.renewal = refusal("refused");
    const third = await world.want();
    const next = await until("another uplink", () => world.uplinks[1]);
    assert.is(next.target.token, third.token);
  });
});

test("an uplink that dies is made anew within a second, and begins with the group of pictures that is at hand", async () => {
  await inWorld(async (world) => {
    await world.want();
    const first = await until("an uplink", () => world.uplinks[0]);
    await until("live", () => world.state.phase === "live");
    for (const [key, timestamp] of [
      [true, 1],
      [false, 2],
      [true, 3],
      [false, 4],
      [false, 5],
    ] as const)
      world.camera.picture(key, timestamp);
    const diedMs = performance.now();
    first.die("the relay has fallen silent");
    const second = await until("another uplink", () => world.uplinks[1]);
    assert.ok(performance.now() - diedMs < 15_000);
    await until("the group", () => second.replayed.length > 0);
    assert.equal(second.replayed[0], [3, 4, 5]);
    world.camera.picture(false, 6);
    assert.equal(second.sent, [6]);
  });
});

test("the end of a dead uplink is not waited for: the next one is there while it still hangs", async () => {
  await inWorld(async (world) => {
    await world.want();
    const first = await until("an uplink", () => world.uplinks[0]);
    await until("live", () => world.state.phase === "live");
    const hangs = Promise.withResolvers<void>();
    first.closing = hangs.promise;
    first.die("the relay has no such session any more");
    try {
      await until("another uplink", () => world.uplinks[1]);
      assert.is(first.closedWhy, "the relay has no such session any more");
    } finally {
      hangs.resolve();
    }
  });
});

test("a keyframe request is answered with the group since the last keyframe, at most twice a second", async () => {
  await inWorld(async (world) => {
    await world.want();
    const uplink = await until("an uplink", () => world.uplinks[0]);
    await until("live", () => world.state.phase === "live");
    world.camera.picture(true, 1);
    world.camera.picture(false, 2);
    uplink.askKeyframe();
    uplink.askKeyframe();
    assert.equal(uplink.replayed, [[], [1, 2]]);
  });
});

test("what the link carries is told to the camera, never more than the want's bound", async () => {
  await inWorld(async (world) => {
    await world.want({ maxBitrateBps: 500_000 });
    const uplink = await until("an uplink", () => world.uplinks[0]);
    await until("live", () => world.state.phase === "live");
    uplink.allow(300_000);
    uplink.allow(900_000);
    assert.equal(world.camera.allowed.slice(-2), [300_000, 500_000]);
  });
});

test("no way to the relay: tried again by itself and said; a token that is not taken waits for the next want", async () => {
  await inWorld(async (world) => {
    world.answers.push(refusal("link"), refusal("link"));
    await world.want();
    await until("the reason", () =>
      world.states.some(({ cameras: [each] }) => each!.phase === "failed" && each!.why === "because of link"),
    );
    await until("live after all", () => world.uplinks.length === 1);
    world.answers.push(refusal("token"));
    world.uplinks[0]!.die("the token has run out");
    await until("the refusal", () => world.state.why === "because of token");
    const want = await world.want();
    const next = await until("another uplink", () => world.uplinks[1]);
    assert.is(next.target.token, want.token);
  });
});

test("a camera that is away: the connection stands, the state says failed with the camera's reason, and live when it is back", async () => {
  await inWorld(async (world) => {
    await world.want();
    await until("live", () => world.states.at(-1)?.cameras[0]?.phase === "live");
    world.camera.say({ phase: "down", why: "the camera ended the stream" });
    await until("failed", () => world.state.phase === "failed" && world.state.why === "the camera ended the stream");
    assert.is(world.state.cameraOk, false);
    world.camera.say({ phase: "up" });
    await until("live again", () => world.state.phase === "live" && world.state.cameraOk);
    assert.is(world.uplinks.length, 1);
  });
});

test("an incident that asks gets the last seconds once, however often the want is said", async () => {
  await inWorld(
    async (world) => {
      const first = await world.want({ incident: "i-1", preRollS: 15, preRollUrl: "/video/preroll/lamp-3.front" });
      await world.want({ incident: "i-1", preRollS: 15 });
      await until("the upload", () => world.uploads.length > 0);
      await world.want({ incident: "i-2", preRollS: 30 });
      await until("the other's", () => world.uploads.length > 1);
      assert.equal(
        world.uploads.map(({ url, seconds }) => [url, seconds]),
        [
          ["/video/preroll/lamp-3.front", 15],
          ["/video/preroll/lamp-3.front", 20],
        ],
      );
      assert.ok(first.token);
    },
    { preRoll: true },
  );
});

test("a camera that the node has not, and a stream in another node's name, are not taken", async () => {
  await inWorld(async (world) => {
    await world.want({ camera: "back", stream: "lamp-3.back" });
    await world.want({ stream: "lamp-4.front" });
    await world.want();
    await until("the right one", () => world.uplinks.length === 1);
    assert.is(world.uplinks[0]!.target.stream, "lamp-3.front");
  });
});

test.run();
