/**
 * The role on a bus and a camera that the test holds in its hands; the lists lie on a real disk, signed with real keys. The networks are
 * replaced by what they would say: a pixel's red is the face's place in a space of one dimension.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compactDecrypt, exportJWK, generateKeyPair } from "jose";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
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
import { type AuthorityKey, publicPart, sign } from "#contract/watchlist-jws.ts";
import { CHIP_PX } from "#core/faces/align.ts";
import { EMBEDDING } from "#core/faces/distance.ts";
import { measuredError } from "#core/faces/measured-error.ts";
import type { Circumstances } from "#core/faces/watchlist-policy.ts";
import { sealedTo } from "#gateway/faces/probe-key.ts";
import { embeddingToText } from "../devices/faces/embedding-text.ts";
import { jpegOf, openOrderKey, openProbeSealer } from "../devices/faces/probe-seal.ts";
import { openWatchlistStore } from "../devices/faces/watchlist-store.ts";
import { MemoryBroker, MemoryBus } from "../devices/memory-bus.ts";
import type { LentFace } from "../faces-port.ts";
import type { ObservationLook, StillPicture } from "../perception-port.ts";
import type { Log } from "../ports.ts";
import { LookConfig, type LookContext, startLook } from "./look.ts";

const SITE = "test";
const T0 = BigInt(Date.parse("2026-11-22T12:00:00Z")) * 1_000_000n;
const log: Log = { debug() {}, info() {}, warn() {}, error() {} };

async function makeKey(kid: string): Promise<AuthorityKey> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return { ...(await exportJWK(privateKey)), kid, authority: "Police" } as AuthorityKey;
}
const police = await makeKey("k1");
const foreign = await makeKey("k1");
const gatewayKey = await generateKeyPair("ECDH-ES", { crv: "X25519", extractable: true });
const gatewayX = (await exportJWK(gatewayKey.publicKey)).x!;

const embedding = (value: number) => {
  const all = new Float32Array(EMBEDDING);
  all[0] = value;
  return all;
};
const makeList = (over: Partial<Watchlist> = {}): Watchlist => ({
  v: 1,
  kind: "watchlist",
  id: "missing",
  authority: "Police",
  legalBasis: "Section 1",
  purpose: "a missing person",
  area: [
    { lat: 40, lon: -80 },
    { lat: 41, lon: -80 },
    { lat: 41, lon: -79 },
    { lat: 40, lon: -79 },
  ],
  start: "2026-11-20T00:00:00Z",
  end: "2026-11-25T00:00:00Z",
  embedderSha256: measuredError.embedderSha256,
  people: [{ person: "p1", pictures: 2, embedding: embeddingToText(embedding(1)), spread: 0 }],
  ...over,
});
const revocation: Revocation = {
  v: 1,
  kind: "revocation",
  list: "missing",
  authority: "Police",
  why: "found",
  at: "2026-11-22T12:00:00Z",
};

async function until<T>(what: string, probe: () => T | undefined | false): Promise<T> {
  for (const deadline = Date.now() + 20_000; ; ) {
    const found = probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited 20 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** As the gateway means it, before it is sealed. */
type PlainOrder =
  | { order: "put"; jws: string }
  | { order: "suppress"; suppression: FaceSuppression }
  | Extract<FaceOrder, { order: "revoke" | "key" }>;

interface Start {
  faces?: boolean;
  position?: { lat: number; lon: number; altM: number } | undefined;
  synchronised?: boolean;
  folder?: string;
  things?: LookContext["things"];
  up?: boolean;
  at?: string;
}

/** A device at work. `show` gives its camera a picture and resolves when the role has looked at it. */
async function device(start: Start = {}) {
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
type Device = Awaited<ReturnType<typeof device>>;

async function withDevice(start: Start, run: (device: Device) => Promise<void>): Promise<void> {
  const made = await device(start);
  try {
    await run(made);
  } finally {
    await made.stop();
  }
}
/** Three looks at a face this far along, then nobody until the track is lost. */
async function pass(made: Device, value: number) {
  for (let i = 0; i < 3; i++) await made.show(Math.round(100 * value));
  await made.show(0, 3);
}
const inForce = (state: FaceState) => state.comparing && state.lists[0]!.inForce;

test("a signed list arrives, the listed person passes: one possible match, sealed so that the gateway alone sees it", async () => {
  await withDevice({}, async (made) => {
    await made.order({ order: "key", x: gatewayX });
    await made.order({ order: "put", jws: await sign(makeList(), police) });
    await made.state("the list in force", inForce);
    await pass(made, 1.2);
    await pass(made, 2.5);
    const match = await until("the match", () => made.of(facePossible)[0]);
    assert.equal([match.person, match.list.id, match.looks, match.camera], ["p1", "missing", 3, "front"]);
    assert.ok(Math.abs(match.score.distance - 0.2) < 1e-6);
    assert.equal([match.place?.lat, match.place?.lon], [40.5, -79.5]);
    // The box's middle is 10 px left of the picture's: 6.6 degrees of a 60-degree camera that looks east.
    assert.ok(Math.abs(match.bearingDeg! - (90 - 6.59)) < 0.01, String(match.bearingDeg));
    const { plaintext } = await compactDecrypt(match.probe!, gatewayKey.privateKey);
    const probe = JSON.parse(new TextDecoder().decode(plaintext)) as { match: string; chipJpeg: string };
    assert.is(probe.match, match.match);
    assert.is(Buffer.from(probe.chipJpeg, "base64").readUInt16BE(0), 0xffd8, "a JPEG");
    assert.is(made.of(facePossible).length, 1, "the other one was nobody");
  });
});

test("without lists no face is looked for at all, and without a policy no word about lists is listened to", async () => {
  await withDevice({}, async (made) => {
    await pass(made, 1.2);
    assert.is(made.calls.finder, 0);
    assert.is((await made.state("a state", () => true)).comparing, false);
  });
  await withDevice({ faces: false }, async (made) => {
    await made.order({ order: "put", jws: await sign(makeList(), police) });
    await pass(made, 1.2);
    assert.equal([made.calls.finder, made.of(faceState).length], [0, 0]);
    assert.not.ok(existsSync(join(made.folder, "lists")));
  });
});

const refusals: [string, Start, () => Promise<string>, RegExp][] = [
  [
    "out of its area",
    { position: { lat: 42, lon: -79.5, altM: 0 } },
    () => sign(makeList(), police),
    /out of its area/,
  ],
  [
    "where the device does not know its place",
    { position: undefined },
    () => sign(makeList(), police),
    /does not know where/,
  ],
  [
    "where the clock is not synchronised",
    { synchronised: false },
    () => sign(makeList(), police),
    /does not know the time/,
  ],
  ["before it starts", {}, () => sign(makeList({ start: "2026-11-23T00:00:00Z" }), police), /not yet in force/],
  [
    "for longer than policy allows",
    {},
    () => sign(makeList({ end: "2027-01-25T00:00:00Z" }), police),
    /too long: 66 days/,
  ],
  [
    "too large",
    {},
    () =>
      sign(
        makeList({ people: Array.from({ length: 13 }, (_, i) => ({ ...makeList().people[0]!, person: `p${i}` })) }),
        police,
      ),
    /too large: 13 people/,
  ],
];
for (const [what, start, jws, why] of refusals)
  test(`a list ${what} is kept, is not in force, and says why`, async () => {
    await withDevice(start, async (made) => {
      await made.order({ order: "put", jws: await jws() });
      const { lists } = await made.state("the list", (state) => state.lists.length > 0);
      assert.is(lists[0]!.inForce, false);
      assert.match(lists[0]!.why.join("; "), why);
      await pass(made, 1);
      assert.is(made.calls.finder, 0);
    });
  });

test("unsigned, or signed by somebody with the same key's name: not even kept", async () => {
  await withDevice({}, async (made) => {
    await made.order({ order: "put", jws: await sign(makeList(), foreign) });
    await made.order({ order: "put", jws: "e30.e30." });
    await made.order({ order: "key", x: gatewayX });
    await made.state("the key", ({ sealedTo }) => sealedTo !== undefined);
    assert.equal(readdirSync(join(made.folder, "lists", "lists")), []);
  });
});

test("expired with the link down: at the next start it is deleted, nobody is compared, and the receipt comes when the link does", async () => {
  const folder = mkdtempSync(join(tmpdir(), "look-"));
  try {
    const first = await device({ folder });
    await first.order({ order: "put", jws: await sign(makeList(), police) });
    await first.state("the list in force", inForce);
    await first.stop(true);
    const second = await device({ folder, up: false, at: "2026-11-25T00:00:00Z" });
    try {
      await second.show(120);
      assert.is(second.calls.finder, 0);
      assert.equal(readdirSync(join(folder, "lists", "lists")), []);
      second.broker.setUp(true);
      const receipt = await until("the receipt", () => second.of(faceReceipt)[0]);
      assert.is(receipt.receipt.because, "expired");
    } finally {
      await second.stop(true);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("revoked: wiped at once, also while the person is being looked at; a receipt; refused when it is delivered again", async () => {
  await withDevice({}, async (made) => {
    const jws = await sign(makeList(), police);
    await made.order({ order: "put", jws });
    await made.state("the list in force", inForce);
    await made.show(120);
    await made.show(120);
    await made.order({ order: "revoke", jws: await sign(revocation, foreign) });
    await made.order({ order: "revoke", jws: await sign(revocation, police) });
    const state = await made.state("the revocation", ({ revoked }) => revoked.includes("missing"));
    assert.equal([state.comparing, state.lists], [false, []]);
    await made.show(120);
    await made.show(0, 5);
    assert.equal(made.of(facePossible), [], "the third look would have been the match");
    const receipt = await until("the receipt", () => made.of(faceReceipt)[0]);
    assert.equal([receipt.receipt.list, receipt.receipt.because], ["missing", "revoked"]);
    await made.order({ order: "put", jws });
    await made.order({ order: "key", x: gatewayX });
    assert.equal((await made.state("the key", ({ sealedTo }) => sealedTo !== undefined)).lists, []);
  });
});

test("away when it was revoked: when the link is back the device says what it holds, and the answer removes it", async () => {
  await withDevice({}, async (made) => {
    await made.order({ order: "put", jws: await sign(makeList(), police) });
    await made.state("the list in force", inForce);
    made.broker.setUp(false);
    await made.show(120);
    assert.is(made.calls.finder, 1, "a lawful list goes on with the link down");
    const before = made.of(faceState).length;
    made.broker.setUp(true);
    const [said] = await until(
      "what it holds",
      () => made.of(faceState).length > before && made.of(faceState).slice(-1),
    );
    assert.is(said!.lists[0]?.id, "missing");
    await made.order({ order: "revoke", jws: await sign(revocation, police) });
    await made.state("the end", ({ lists }) => lists.length === 0);
    assert.equal(readdirSync(join(made.folder, "lists", "lists")), []);
  });
});

test("rejected by a person: the pair is not said again, and its embedding is in no file", async () => {
  await withDevice({}, async (made) => {
    await made.order({ order: "put", jws: await sign(makeList(), police) });
    await made.state("the list in force", inForce);
    const notThem = { match: "m1", list: "missing", person: "p1", spread: 0, until: "2026-11-22T13:00:00Z" };
    await made.order({ order: "suppress", suppression: { ...notThem, embedding: embeddingToText(embedding(1.4)) } });
    await made.state("the suppression", ({ suppressed }) => suppressed.includes("m1"));
    await pass(made, 1.35);
    assert.equal(made.of(facePossible), []);
    const files = readdirSync(made.folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    assert.ok(files.length > 0);
    for (const { parentPath, name } of files)
      assert.not.ok(readFileSync(join(parentPath, name)).includes(embeddingToText(embedding(1.4)).slice(0, 12)), name);
    made.clock.ns += 3_601_000_000_000n;
    await made.order({ order: "put", jws: await sign(makeList(), police) });
    await made.state("its end", ({ suppressed }) => suppressed.length === 0);
    await pass(made, 1.35);
    await until("the match", () => made.of(facePossible)[0]);
  });
});

test("recorded pictures are not searched: a configuration with faces and a file is refused, one with a file alone is not", () => {
  const camera = { source: { kind: "file", path: "film.mkv" } };
  const refused = v.safeParse(LookConfig, { camera, faces: { keysFile: "k" } });
  assert.match(refused.issues?.[0].message ?? "", "recorded pictures are never searched for faces");
  assert.ok(v.safeParse(LookConfig, { camera }).success);
  assert.ok(v.safeParse(LookConfig, { camera: { source: { kind: "v4l2" } }, faces: { keysFile: "k" } }).success);
});

test("every look is told: faces, tracks and outcomes, and nothing of a face", async () => {
  await withDevice({}, async (made) => {
    await made.order({ order: "put", jws: await sign(makeList(), police) });
    await made.state("the list in force", inForce);
    await pass(made, 2.5);
    await pass(made, 1.2);
    await made.show(0, 60);
    const [looked] = await until("the account", () => made.of(faceLooked).length > 0 && made.of(faceLooked));
    const { facesSeen, tracks, possible, unknown, undecided, lists } = looked!;
    assert.equal([facesSeen, tracks, possible, unknown, undecided], [6, 2, 1, 1, 0]);
    assert.is(lists[0]?.id, "missing");
  });
});

test("who is being looked at while the lists are loaded again keeps their looks; a track has one outcome", async () => {
  await withDevice({}, async (made) => {
    const jws = await sign(makeList(), police);
    await made.order({ order: "put", jws });
    await made.state("the list in force", inForce);
    await made.show(120);
    await made.show(120);
    await made.order({ order: "put", jws });
    await made.order({ order: "key", x: gatewayX });
    await made.state("the key", ({ sealedTo }) => sealedTo !== undefined);
    await made.show(120);
    assert.is((await until("the match", () => made.of(facePossible)[0])).looks, 3);
    await made.show(0, 60);
    const looked = await until("the account", () => made.of(faceLooked)[0]);
    assert.equal([looked.facesSeen, looked.tracks, looked.possible], [3, 1, 1]);
  });
});

test("every picture is black when the role is done with it", async () => {
  await withDevice({ faces: false }, async (made) => {
    const rgb = await made.show(200);
    assert.ok(rgb.every((each) => each === 0));
  });
});

test("people and vehicles are said as directions without identity, with where they stand and whether they lie", async () => {
  const person = { kind: "person", score: 0.8, x: 75, y: 20, widthPx: 10, heightPx: 60, fallen: 0.9 } as const;
  const bus = { kind: "vehicle", score: 0.7, x: 0, y: 40, widthPx: 60, heightPx: 60 } as const;
  await withDevice({ faces: false, things: { look: async () => [person, bus] } }, async (made) => {
    await made.show(1);
    await made.show(1);
    const [first, second] = made.looks;
    assert.equal(first?.sees, ["person", "vehicle"]);
    const [man, vehicle] = first!.observations;
    // 30 px right of the middle with 86.6 px of focal length.
    assert.ok(Math.abs(man!.azimuthDeg - 19.11) < 0.01);
    assert.ok(Math.abs(man!.elevationDeg! + 18.1) < 0.1, String(man!.elevationDeg));
    assert.equal(man!.marks, { fallen: 0.9 });
    assert.is(vehicle!.elevationDeg, undefined, "cut off by the picture's lower edge");
    assert.is(second!.observations[0]!.trackHint, man!.trackHint);
  });
});

test.run();
