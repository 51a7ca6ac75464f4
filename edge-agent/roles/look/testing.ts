/**
 * The role `look` on a bus and a camera that the test holds in its hands; the lists lie on a real disk, signed with real keys. The networks
 * are replaced by what they would say: a pixel's red is the face's place in a space of one dimension.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair } from "jose";
import type { Channel, MessageOf } from "#contract/channel.ts";
import {
  type FaceOrder,
  type FaceState,
  type FaceSuppression,
  faceLooked,
  faceOrder,
  facePossible,
  faceReceipt,
  faceState,
} from "#contract/face.ts";
import { utcOfNs } from "#contract/units.ts";
import type { Revocation, Watchlist } from "#contract/watchlist.ts";
import { publicPart, sign } from "#contract/watchlist-jws.ts";
import { CHIP_PX } from "#core/faces/align.ts";
import { EMBEDDING } from "#core/faces/distance.ts";
import { measuredError } from "#core/faces/measured-error.ts";
import type { Circumstances } from "#core/faces/watchlist-policy.ts";
import { sealedTo } from "#gateway/faces/probe-key.ts";
import { embeddingToText } from "../../devices/faces/embedding-text.ts";
import { jpegOf, openOrderKey, openProbeSealer } from "../../devices/faces/probe-seal.ts";
import { revocation as aRevocation, list, makeKey } from "../../devices/faces/testing-lists.ts";
import { openWatchlistStore } from "../../devices/faces/watchlist-store.ts";
import { MemoryBroker, MemoryBus } from "../../devices/memory-bus.ts";
import type { LentFace } from "../../faces-port.ts";
import type { ObservationLook, StillPicture } from "../../perception-port.ts";
import type { Log } from "../../ports.ts";
import { type LookContext, startLook } from "../look.ts";

const SITE = "test";
const T0 = BigInt(Date.parse("2026-11-22T12:00:00Z")) * 1_000_000n;
const log: Log = { debug() {}, info() {}, warn() {}, error() {} };

export const police = await makeKey("k1", "Police");
export const foreign = await makeKey("k1", "Police");
export const gatewayKey = await generateKeyPair("ECDH-ES", { crv: "X25519", extractable: true });
export const gatewayX = (await exportJWK(gatewayKey.publicKey)).x!;

export const embedding = (value: number) => {
  const all = new Float32Array(EMBEDDING);
  all[0] = value;
  return all;
};
export const makeList = (over: Partial<Watchlist> = {}): Watchlist => ({
  ...list,
  authority: "Police",
  start: "2026-11-20T00:00:00Z",
  end: "2026-11-25T00:00:00Z",
  people: [{ person: "p1", pictures: 2, embedding: embeddingToText(embedding(1)), spread: 0 }],
  ...over,
});
export const revocation: Revocation = { ...aRevocation, authority: "Police" };

export async function until<T>(what: string, probe: () => T | undefined | false): Promise<T> {
  for (const deadline = Date.now() + 20_000; ; ) {
    const found = probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited 20 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** As the gateway means it, before it is sealed. */
export type PlainOrder =
  | { order: "put"; jws: string }
  | { order: "suppress"; suppression: FaceSuppression }
  | Extract<FaceOrder, { order: "revoke" | "key" }>;

export interface Start {
  faces?: boolean;
  position?: { lat: number; lon: number; altM: number } | undefined;
  synchronised?: boolean;
  folder?: string;
  things?: LookContext["things"];
  up?: boolean;
  at?: string;
}

/** A device at work. `show` gives its camera a picture and resolves when the role has looked at it. */
export async function device(start: Start = {}) {
  const folder = start.folder ?? mkdtempSync(join(tmpdir(), "look-"));
  const broker = new MemoryBroker();
  if (start.up === false) broker.setUp(false);
  const bus = new MemoryBus(broker, SITE, "n1", log);
  const hub = new MemoryBus(broker, SITE, "gateway", log);
  const stop = new AbortController();
  const said = new Map<string, unknown[]>();
  const listen = async <C extends Channel>(channel: C) => {
    said.set(channel.name, []);
    await hub.subscribe(channel, (message) => void said.get(channel.name)!.push(message));
  };
  const listening = Promise.all(
    [faceState, facePossible, faceReceipt, faceLooked].map((each) => listen(each as never)),
  );
  const clock = { ns: start.at === undefined ? T0 : BigInt(Date.parse(start.at)) * 1_000_000n };
  const looks: ObservationLook[] = [];
  let give: ((picture: StillPicture) => void) | undefined;
  let done: (() => void) | undefined;
  const calls = { finder: 0 };
  const pictures = async function* (signal: AbortSignal): AsyncIterable<StillPicture> {
    while (!signal.aborted) {
      const picture = await new Promise<StillPicture | undefined>((resolve) => {
        give = resolve;
        signal.addEventListener("abort", () => resolve(undefined), { once: true });
      });
      if (!picture) return;
      yield picture;
      done?.();
    }
  };
  const lent = embedding(0);
  const chip = new Float32Array(CHIP_PX * CHIP_PX * 3);
  const finder = {
    async look(picture: { rgb: Uint8Array }, each: (face: LentFace) => void, wants: (box: LentFace["box"]) => boolean) {
      calls.finder++;
      const box = { x: 10, y: 10, widthPx: 60, heightPx: 60, confidence: 0.9 };
      if (picture.rgb[0] === 0 || !wants(box)) return 0;
      lent[0] = picture.rgb[0]! / 100;
      chip.fill(90);
      each({ box, refused: [], score: 0.5, embedding: lent, chip });
      lent.fill(0);
      return 1;
    },
  };
  const trusted = [publicPart(police)];
  const own = await openOrderKey();
  const openFaces = async () => {
    const store = openWatchlistStore(join(folder, "lists"), "n1", trusted);
    const sealer = await openProbeSealer(join(folder, "key.json"));
    return {
      finder,
      lists: {
        ...store,
        load: (now: { nowNs: bigint }) => store.load({ ...(now as Circumstances), measured: measuredError }),
      } as never,
      probes: {
        get sealedTo() {
          return sealer.sealedTo;
        },
        use: (x: string) => sealer.use(x),
        seal: (probe: never) => sealer.seal(probe),
        jpeg: jpegOf,
        sealTo: own.x,
        open: own.open,
      },
    };
  };
  const policy = { keysFile: "k", falseAlertRate: 0.05, confidence: 0.95, longestDays: 30, tellEveryS: 60 };
  const camera = {
    name: "front",
    widthPx: 100,
    heightPx: 100,
    everyS: 0.5,
    horizontalFovDeg: 60,
    tiltDeg: 0,
    headingDeg: 90,
    maxRangeM: 40,
  };
  const context: LookContext = {
    site: SITE,
    node: "n1",
    position: "position" in start ? start.position : { lat: 40.5, lon: -79.5, altM: 0 },
    bus,
    log,
    signal: stop.signal,
    config: {
      camera: { ...camera, source: { kind: "file", path: "x" } },
      things: start.things !== undefined,
      threads: 1,
      ...(start.faces !== false && { faces: policy }),
    },
    configSha256: "0".repeat(64),
    dataDir: folder,
    now: () => ({ utcNs: clock.ns, clock: { source: "sim", synchronised: start.synchronised ?? true, sigmaS: 0 } }),
    report: () => undefined,
    camera: { name: "front", pictures, counters: { pictures: 0, dropped: 0, restarts: 0 } },
    things: start.things,
    faces: start.faces === false ? undefined : await openFaces(),
    say: (look) => looks.push(look),
    whereabouts: () => undefined,
  };
  if (start.up !== false) await listening;
  const starting = startLook(context);
  const running = start.up === false ? undefined : await starting;
  await until("the camera", () => give !== undefined);
  const order = async (plain: PlainOrder) => {
    const what: FaceOrder =
      plain.order === "put" || plain.order === "suppress"
        ? {
            order: plain.order,
            sealed: await sealedTo(own.x, plain.order === "put" ? plain.jws : JSON.stringify(plain.suppression)),
          }
        : plain;
    await hub.publish(
      faceOrder,
      { v: 1, id: `o${Math.random()}`, node: "gateway", at: utcOfNs(clock.ns), what },
      { to: "n1" },
    );
  };
  return {
    folder,
    broker,
    clock,
    looks,
    calls,
    order,
    of: <C extends Channel>(channel: C) => said.get(channel.name) as MessageOf<C>[],
    /** What the device says of itself, once it is so. */
    state: (what: string, fits: (state: FaceState) => boolean) =>
      until(what, () => {
        const newest = (said.get("face/state") as FaceState[]).at(-1);
        return newest && fits(newest) && newest;
      }),
    async show(red: number, seconds = 0.5) {
      clock.ns += BigInt(Math.round(seconds * 1e9));
      await until("the camera's turn", () => give !== undefined);
      const rgb = new Uint8Array(100 * 100 * 3).fill(red);
      const looked = new Promise<void>((resolve) => {
        done = resolve;
      });
      const asked = give!;
      give = undefined;
      asked({ at: clock.ns, widthPx: 100, heightPx: 100, rgb });
      await looked;
      return rgb;
    },
    async stop(keep = false) {
      stop.abort();
      await (running ?? (await starting)).done;
      await bus.close();
      await hub.close();
      if (!keep) rmSync(folder, { recursive: true, force: true });
    },
  };
}
export type Device = Awaited<ReturnType<typeof device>>;

export async function withDevice(start: Start, run: (device: Device) => Promise<void>): Promise<void> {
  const made = await device(start);
  try {
    await run(made);
  } finally {
    await made.stop();
  }
}
/** Three looks at a face this far along, then nobody until the track is lost. */
export async function pass(made: Device, value: number) {
  for (let i = 0; i < 3; i++) await made.show(Math.round(100 * value));
  await made.show(0, 3);
}
/** Gives the device the list, and waits until it compares. @returns the list as it was signed. */
export async function putList(made: Device): Promise<string> {
  const jws = await sign(makeList(), police);
  await made.order({ order: "put", jws });
  await made.state("the list in force", ({ comparing, lists }) => comparing && lists[0]!.inForce);
  return jws;
}
