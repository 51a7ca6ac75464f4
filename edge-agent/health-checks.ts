/** What the roles need of a machine, one check each: fine, or what to do. None throws, none takes longer than a few seconds. */
import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { connect } from "mqtt";
import { Fault } from "#contract/errors.ts";
import type { AgentConfig } from "./config.ts";
import { tryClipKey } from "./devices/clip-key.ts";
import { makeDataFolder } from "./devices/data-folder.ts";
import type { CameraSpec } from "./devices/video/open-cameras.ts";
import type { ListenConfig } from "./roles/listen.ts";
import type { PatrolConfig } from "./roles/patrol/config.ts";

const exec = promisify(execFile);

export interface Check {
  name: string;
  ok: boolean;
  /** What was found. */
  detail: string;
  /** What to do, where it is not fine. */
  fix?: string;
}

export const fine = (name: string, detail: string): Check => ({ name, ok: true, detail });
export const wrong = (name: string, detail: string, fix: string): Check => ({ name, ok: false, detail, fix });

/** First line that a program prints, or undefined where it is not there or fails. */
async function says(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await exec(program, args, { timeout: 5000, env: { ...process.env, LC_ALL: "C" } });
    return (stdout || stderr).split("\n")[0]!.trim();
  } catch {
    return undefined;
  }
}

export function opens(port: string): boolean {
  try {
    accessSync(port, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The drive board and the detector of the role `patrol`. */
export async function checkRobot(config: AgentConfig): Promise<Check> {
  const { body, perception } = config.roles.patrol as PatrolConfig;
  if (body.kind === "serial" && !existsSync(body.path))
    return wrong("robot", `no drive board at ${body.path}`, "plug it in, or correct roles.patrol.body.path");
  const silent: string[] = [];
  const ask = async (what: string, at: { host: string; port: number }) => {
    const why = await reachable(at.host, at.port);
    if (why !== undefined) silent.push(`${what} at ${at.host}:${at.port}: ${why}`);
  };
  if (body.kind === "tcp") await ask("drive board", body);
  if (perception) await ask("detector", perception);
  if (silent.length > 0) return wrong("robot", silent.join("; "), "start them, or correct roles.patrol");
  const eyes = perception || config.roles.look ? "" : "; no detector: rules that need one are off";
  return fine("robot", `${body.kind === "mqtt" ? "sensors over MQTT, drives nothing" : "drive board there"}${eyes}`);
}

export async function checkFfmpeg(): Promise<Check> {
  const version = await says("ffmpeg", ["-hide_banner", "-version"]);
  return version ? fine("ffmpeg", version.slice(0, 80)) : wrong("ffmpeg", "not installed", "apt install ffmpeg");
}

/** Each camera of the role `stream`: there, and what it sends; and the board of its mount. */
export async function checkCameras(config: AgentConfig): Promise<Check> {
  const { checkCamera } = await import("./devices/video/check-camera.ts");
  const cameras = (config.roles.stream?.cameras ?? []) as (CameraSpec & { panTilt?: { path: string } })[];
  const found = await Promise.all(cameras.map(async (spec) => ({ name: spec.name, ...(await checkCamera(spec)) })));
  const detail = found.map((each) => `${each.name}: ${each.detail}`).join("; ");
  const bad = found.find(({ ok }) => !ok);
  for (const { name, panTilt } of cameras)
    if (panTilt && !opens(panTilt.path))
      return wrong(
        "cameras",
        `${detail}; ${name}: its mount's board at ${panTilt.path} is not there, or closed to us`,
        bad?.fix ?? "plug it in, correct panTilt.path, or add the service's user to the group dialout",
      );
  return bad ? wrong("cameras", detail, `${bad.name}: ${bad.fix ?? "look at it"}`) : fine("cameras", detail);
}

/** @param folder where `bin/mavsdk-setup.mjs` puts it. */
export async function checkMavsdkServer(folder: string): Promise<Check> {
  const file = join(folder, "mavsdk_server");
  if (!existsSync(file)) return wrong("mavsdk_server", `not in ${folder}`, "run: npm run setup");
  try {
    accessSync(file, constants.X_OK);
  } catch {
    return wrong("mavsdk_server", `${file} cannot be executed`, `chmod +x ${file}`);
  }
  return existsSync(join(folder, "descriptors.binpb"))
    ? fine("mavsdk_server", file)
    : wrong("mavsdk_server", "its descriptors.binpb is missing", "run: npm run setup");
}

/** @param folder one model's: `model.onnx` and `card.json`. */
export async function checkModel(folder: string | undefined): Promise<Check> {
  if (folder === undefined)
    return wrong(
      "models",
      "no model ships with this program",
      "check out models/gunshot, or name one in roles.listen.model",
    );
  try {
    const { openOnnxClassifier } = await import("./devices/onnx-classifier.ts");
    const classifier = await openOnnxClassifier(folder);
    const startMs = performance.now();
    await classifier.classify(new Float32Array(12_000), 12_000, 0.15);
    const ms = performance.now() - startMs;
    await classifier.close();
    const { name, version, sha256 } = classifier.model;
    return fine("models", `${name} ${version} (${sha256.slice(0, 12)}), ${ms.toFixed(1)} ms for a first clip`);
  } catch (error) {
    return wrong("models", (error as Error).message, "check out the model's folder again");
  }
}

export async function checkBroker(config: AgentConfig): Promise<Check> {
  const { url, username, secret, caFile } = config.broker;
  const why = await new Promise<string | undefined>((resolve) => {
    // Another client id than the agent's, which would throw the running agent out; the gateway lets it in without any rights.
    const client = connect(url, {
      clientId: `${config.node}-doctor-${process.pid}`,
      clean: true,
      username,
      password: secret,
      reconnectPeriod: 0,
      connectTimeout: 5000,
      protocolVersion: 4,
      ...(caFile ? { ca: readFileSync(caFile) } : {}),
    });
    const end = (text: string | undefined) => {
      client.removeAllListeners("close");
      client.end(true);
      resolve(text);
    };
    client.once("connect", () => end(undefined));
    client.once("error", (error: Error & { code?: unknown }) => end(error.message || String(error.code)));
    client.once("close", () => end("the connection was closed"));
  });
  if (why === undefined) return fine("broker", `${url} lets ${username} in`);
  return wrong(
    "broker",
    `${url}: ${why}`,
    /not authorized|bad user|refused: [45]/i.test(why)
      ? "check broker.username and broker.secret, and that the gateway knows the node"
      : "check broker.url and that the gateway is running",
  );
}

/** Why the clips' key cannot be kept on such a file system; undefined where it can, or no clip is. Throws where nothing can be written. */
function whyNoKey({ dataDir, roles }: AgentConfig): string | undefined {
  if (!(roles.listen as ListenConfig | undefined)?.clips?.keepHours) return undefined;
  try {
    tryClipKey(dataDir);
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "config") throw error;
    return error.message;
  }
}

export async function checkData(config: AgentConfig): Promise<Check> {
  const { dataDir } = config;
  try {
    makeDataFolder(dataDir);
    const { bavail, bsize } = statfsSync(dataDir);
    const freeMegabytes = Math.round((bavail * bsize) / 2 ** 20);
    const needed = Math.round(config.outbox.maxMegabytes + 100);
    // First, for a full disk keeps no key either.
    if (freeMegabytes < needed)
      return wrong(
        "data",
        `${dataDir}: ${freeMegabytes} MB free, ${needed} may be needed`,
        "free the disk, or lower outbox.maxMegabytes",
      );
    const noKey = whyNoKey(config);
    if (noKey !== undefined)
      return wrong("data", noKey, "name a folder on ext4 or the like as dataDir, or set keepHours to 0");
    const key = join(dataDir, "listen", "clip.key");
    if (existsSync(key) && (statSync(key).mode & 0o077) !== 0)
      return wrong("data", `${key} can be read by others`, `chmod 600 ${key}`);
    return fine("data", `${dataDir}: ${freeMegabytes} MB free`);
  } catch (error) {
    return wrong("data", (error as Error).message, "give the agent a dataDir it can write");
  }
}

export function reachable(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: 3000 });
    const end = (why: string | undefined) => {
      socket.destroy();
      resolve(why);
    };
    socket.once("connect", () => end(undefined));
    socket.once("timeout", () => end("no answer"));
    socket.once("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
