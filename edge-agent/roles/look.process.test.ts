/**
 * The running agent and the running gateway, before a camera that shows a listed person, then a stranger, then a wall. When the stranger is
 * decided, the agent is stopped where it stands and its memory is searched from outside, and its disk too: what was planted is found, of the
 * stranger there is nothing.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import type { FaceAudit, FaceListView, FaceMatchView } from "#contract/face-api.ts";
import { publicPart, sign } from "#contract/watchlist-jws.ts";
import { EMBEDDING, fuse } from "#core/faces/distance.ts";
import { makeAuthority, makeList, type Office, openOffice, revocationOf } from "#gateway/faces/testing.ts";
import { SITE, secretOf, until } from "#gateway/testing.ts";
import { embeddingToText } from "../devices/faces/embedding-text.ts";
import { makeFaceFinder } from "../devices/faces/face-finder.ts";
import { openFaceModels } from "../devices/faces/face-models.ts";
import { needlesOf, search } from "../devices/faces/testing-memory.ts";

const root = join(import.meta.dirname, "../..");
const models = join(root, ".tocsin/faces");
const data = process.env.TOCSIN_DATA && join(process.env.TOCSIN_DATA, "faces");
const ready = existsSync(join(models, "embedder.onnx")) && data && existsSync(data) && process.platform === "linux";
if (!ready) process.stderr.write("skipped: needs Linux, the face models (node bin/faces-setup.mjs) and $TOCSIN_DATA\n");

const [WIDTH, HEIGHT] = [640, 480];
/** A face on a grey wall, in the pixels that the camera will give. */
async function scene(file?: string): Promise<Buffer> {
  const wall = { create: { width: WIDTH, height: HEIGHT, channels: 3 as const, background: "#808080" } };
  const face = file && (await sharp(file).flatten().resize(300, 300).png().toBuffer());
  return sharp(wall)
    .composite(face ? [{ input: face, left: 170, top: 90 }] : [])
    .removeAlpha()
    .png()
    .toBuffer();
}

async function tracesOf(png: Buffer) {
  const rgb = await sharp(png).raw().toBuffer();
  const networks = await openFaceModels(models, 1);
  const found: { embedding: Float32Array; score: number; needles: Buffer[] }[] = [];
  await makeFaceFinder(networks).look(
    { widthPx: WIDTH, heightPx: HEIGHT, rgb },
    ({ embedding, landmarks, chip, score }) => {
      if (!embedding) return;
      const upright = Uint8Array.from(chip, (each) => Math.max(0, Math.min(255, each)));
      const needles = [embedding, landmarks, chip].flatMap((lent) => needlesOf(lent)).concat(needlesOf(upright));
      found.push({ embedding: Float32Array.from(embedding), score, needles });
    },
  );
  await networks.close();
  assert.is(found.length, 1);
  // The frame itself: 21 pixels in a row, at three places of the face.
  for (const [x, y] of [
    [290, 200],
    [300, 250],
    [280, 300],
  ] as const)
    found[0]!.needles.push(Buffer.from(rgb.subarray((y * WIDTH + x) * 3, (y * WIDTH + x) * 3 + 64)));
  return found[0]!;
}

/** Seconds of each scene, two pictures a second, lossless; the wall lasts for the rest of the test. */
function film(folder: string, scenes: readonly [Buffer, number][]): string {
  const inputs = scenes.flatMap(([png, seconds], i) => {
    const file = join(folder, `scene${i}.png`);
    writeFileSync(file, png);
    return ["-loop", "1", "-framerate", "2", "-t", String(seconds), "-i", file];
  });
  const out = join(folder, "film.mkv");
  const join_ = `concat=n=${scenes.length}:v=1:a=0`;
  execFileSync("ffmpeg", [
    "-loglevel",
    "error",
    ...inputs,
    "-filter_complex",
    join_,
    "-c:v",
    "ffv1",
    "-pix_fmt",
    "bgr0",
    out,
  ]);
  return out;
}

function filesBelow(folder: string): Buffer[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  return entries.map(({ parentPath, name }) => readFileSync(join(parentPath, name)));
}

(ready ? test : test.skip)(
  "the running role keeps nothing of a stranger, in memory or on disk, while what was planted is found by the same search",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "look-"));
    const police = await makeAuthority("k1", "Police of Testville");
    let office: Office | undefined;
    let agent: ChildProcess | undefined;
    try {
      office = await openOffice([police]);
      const { call, gateway } = office;
      const [listed, seen, stranger] = await Promise.all(
        ["sheldon/sheldon1.png", "sheldon/sheldon2.png", "amy/amy2.png"].map((name) => scene(join(data!, name))),
      );
      const [enrolled, match, nobody] = [await tracesOf(listed!), await tracesOf(seen!), await tracesOf(stranger!)];
      const people = [{ person: "p1", pictures: 1, embedding: embeddingToText(enrolled.embedding), spread: 0 }];
      const jws = await sign(makeList(police.authority, { people }), police);
      assert.is((await call("eve", "/api/faces/lists", { jws })).status, 200);

      // The list lies on the device already: the film begins when the agent does.
      const [dataDir, temporary] = [join(folder, "agent"), join(folder, "tmp")];
      mkdirSync(join(dataDir, "look/lists"), { recursive: true });
      mkdirSync(temporary);
      writeFileSync(join(dataDir, "look/lists/missing.jws"), jws);
      const jwk = JSON.parse(readFileSync(join(office.folder, "face-probe-key.jwk"), "utf8")) as { x: string };
      writeFileSync(join(dataDir, "look/gateway-key.json"), JSON.stringify({ x: jwk.x }));
      const keysFile = join(folder, "keys.json");
      writeFileSync(keysFile, JSON.stringify({ keys: [publicPart(police)] }));
      const wall = await scene();
      const path = film(folder, [
        [seen!, 4],
        [wall, 4],
        [stranger!, 3],
        [wall, 400],
      ]);
      const config = join(folder, "agent.yaml");
      const camera = { source: { kind: "rtsp", url: "rtsp://127.0.0.1/none" }, widthPx: WIDTH, heightPx: HEIGHT };
      writeFileSync(
        config,
        stringify({
          site: SITE,
          node: "n01",
          position: { lat: 40.44, lon: -79.99, altM: 250 },
          broker: { url: `mqtt://127.0.0.1:${gateway.ports.mqtt}`, secret: secretOf("n01") },
          dataDir,
          clock: { source: "system" },
          roles: { look: { camera, things: false, faces: { keysFile, tellEveryS: 0.5 } } },
        }),
      );
      agent = spawn(process.execPath, [join(import.meta.dirname, "testing-agent.ts"), config, path], {
        stdio: ["ignore", "ignore", "inherit"],
        env: { ...process.env, TMPDIR: temporary, NODE_OPTIONS: "" },
      });
      const { pid } = agent;

      const shown = await until(
        "the match",
        async () => ((await call("bob", "/api/faces/matches")).body as { matches: FaceMatchView[] }).matches[0],
        60_000,
      );
      assert.equal([shown.person, shown.hasProbe], ["p1", true]);
      // What a person rejects stays in memory on purpose: the planted match.
      const reject = { status: "rejected", reason: "planted", version: shown.version };
      assert.is((await call("bob", `/api/faces/matches/${shown.match}/verdict`, reject)).status, 200);
      const fused = new Float32Array(EMBEDDING);
      const looks = Array.from({ length: shown.looks }, () => match.embedding);
      fuse(
        looks,
        looks.map(() => shown.quality),
        fused,
      );
      const planted = needlesOf(fused).concat(needlesOf(enrolled.embedding));

      const looked = async () =>
        ((await call("bob", "/api/faces/audit")).body as FaceAudit).entries.filter(({ kind }) => kind === "looked");
      const outcome = ({ data: facts }: { data: unknown }) => facts as { unknown: number; facesSeen: number };
      // Newest first: the stranger was decided, and the camera has seen the wall since.
      await until(
        "the stranger's decision",
        async () => {
          const entries = (await looked()).map(outcome);
          const decided = entries.findIndex(({ unknown }) => unknown > 0);
          return decided > 0 && entries[0]!.facesSeen === 0;
        },
        60_000,
      );
      await until("the planted match", () => search(pid!, planted).every(Boolean), 20_000);
      agent.kill("SIGSTOP");
      const found = search(pid!, [...planted, ...nobody.needles]);
      assert.equal(
        found.slice(0, planted.length),
        planted.map(() => true),
        "the planted match and the list are found",
      );
      assert.equal(
        found.slice(planted.length),
        nobody.needles.map(() => false),
        "nothing is left of the stranger",
      );
      const raw = Buffer.from(nobody.embedding.buffer, 0, 64);
      const files = [...filesBelow(dataDir), ...filesBelow(temporary)];
      assert.ok(
        files.some((each) => each.includes(jws.slice(200, 300))),
        "the list is found on the disk",
      );
      for (const needle of [raw, raw.toString("base64").slice(0, 60), ...nobody.needles])
        assert.not.ok(files.some((each) => each.includes(needle)));
      agent.kill("SIGCONT");

      const revoked = await sign(revocationOf(police.authority), police);
      assert.is((await call("eve", "/api/faces/lists/missing/revoke", { jws: revoked })).status, 200);
      await until(
        "the receipt of the deletion",
        async () => {
          const { lists } = (await call("bob", "/api/faces/lists")).body as { lists: FaceListView[] };
          return lists[0]!.devices.some(({ holds, receiptAt }) => !holds && receiptAt !== undefined);
        },
        60_000,
      );
      assert.equal(readdirSync(join(dataDir, "look/lists")), []);
      assert.equal(
        search(pid!, needlesOf(enrolled.embedding)),
        needlesOf(enrolled.embedding).map(() => false),
        "the revoked list is gone from memory",
      );
    } finally {
      agent?.kill("SIGCONT");
      agent?.kill("SIGKILL");
      if (agent && agent.exitCode === null && agent.signalCode === null) await once(agent, "exit");
      await office?.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

test.run();
