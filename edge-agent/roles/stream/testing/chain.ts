/**
 * The whole way of a picture, each part a process of its own: a simulated camera's RTSP stream, a node, the gateway's relay, a browser's page. Between
 * the peers and the relay stands the test's own HTTP server, where a gateway would stand, so that it can put a bad link between them.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ulid } from "ulid";
import type { VideoState, VideoWant } from "#contract/video.ts";
import type { FromRelay, ToRelay } from "#gateway/relay/pipe.ts";
import { makeSigner, type Signer } from "#gateway/relay/testing.ts";
import { type CamerasOptions, type StartedCameras, startCameras } from "#sim/camera/start-cameras.ts";
import { type BadLink, fromLink, openBadLink, throughLink } from "./bad-link.ts";
import type { FromNode, ToNode } from "./node-process.ts";
import { page } from "./page.ts";

export const NODE = "lamp-3";
export const STREAM = "lamp-3.front";
const root = join(import.meta.dirname, "..", "..", "..", "..");
const quiet = {
  stdio: ["ignore", "ignore", "inherit", "ipc"] as const,
  execArgv: ["--disable-warning=ExperimentalWarning"],
};

export interface ChainOptions {
  camera?: Partial<CamerasOptions["cameras"][number]>;
  buildings?: CamerasOptions["buildings"];
  /** Of `roles.stream.cameras[0]`. */
  node?: Record<string, unknown>;
  /** Between the node and the relay; between viewers and the relay. */
  uplinkLoss?: number;
  viewerLoss?: number;
  /** That each datagram takes longer, each way, on links that lose. */
  delayMs?: number;
  loud?: boolean;
}

export interface Chain {
  readonly url: string;
  readonly cameras: StartedCameras;
  readonly states: VideoState[];
  readonly uploads: { url: string; headers: Record<string, unknown>; body: Buffer }[];
  /** Offers that came, whole. */
  readonly offers: { url: string; sdp: string }[];
  readonly links: BadLink[];
  readonly signer: Signer;
  /** The newest word of the node about its camera. */
  readonly camera: VideoState["cameras"][number] | undefined;
  want(more?: Partial<VideoWant>, lifeS?: number): Promise<void>;
  viewToken(): Promise<string>;
  killNode(): void;
  startNode(): Promise<void>;
  killRelay(): void;
  startRelay(): Promise<void>;
  /** The relay's counters, a second old at most. */
  readonly relayCounters: Readonly<Record<string, number>>;
  pids(): { node: number | undefined; relay: number | undefined };
  close(): Promise<void>;
}

export async function startChain(options: ChainOptions = {}): Promise<Chain> {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-stream-"));
  const signer = await makeSigner();
  const states: VideoState[] = [];
  const uploads: Chain["uploads"] = [];
  const links: BadLink[] = [];
  const offers: Chain["offers"] = [];
  const children = new Set<ChildProcess>();
  let relayPort: number | undefined;
  let relayCounters: Record<string, number> = {};
  let relay: ChildProcess | undefined;
  let node: ChildProcess | undefined;
  const cameras = await startCameras({
    buildings: options.buildings ?? street,
    walkers: [{ from: [-3, 18], to: [9, 24], speedMps: 1.4 }],
    cameras: [
      {
        name: "front",
        pose: { eastM: 0, northM: 0, upM: 6, yawDeg: 12, pitchDeg: -12, fovDeg: 70 },
        lines: ["LAMP-3 FRONT"],
        ...options.camera,
      },
    ],
  });

  const front: Server = createServer((request, response) => {
    handle(request, response).catch((error: Error) => {
      if (!response.headersSent) response.writeHead(502);
      response.end(error.message);
    });
  });
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    if (request.url === "/favicon.ico") {
      response.writeHead(204).end();
      return;
    }
    if (request.url === "/") {
      response.writeHead(200, { "content-type": "text/html" }).end(page);
      return;
    }
    if (request.url?.startsWith("/video/preroll/")) {
      uploads.push({ url: request.url, headers: request.headers, body });
      response.writeHead(201).end();
      return;
    }
    if (request.method === "POST") offers.push({ url: request.url ?? "", sdp: body.toString() });
    if (relayPort === undefined) {
      response.writeHead(503, { "retry-after": "1" }).end("{}");
      return;
    }
    const loss = request.url?.includes("/whip/") ? options.uplinkLoss : options.viewerLoss;
    const isOffer = request.method === "POST" && loss !== undefined;
    const link = isOffer ? await openBadLink(loss, { delayMs: options.delayMs ?? 0 }) : undefined;
    if (link) links.push(link);
    const answer = await fetch(`http://127.0.0.1:${relayPort}${request.url}`, {
      method: request.method ?? "GET",
      headers: {
        ...(request.headers.authorization && { authorization: request.headers.authorization }),
        ...(request.headers["content-type"] && { "content-type": request.headers["content-type"] }),
      },
      ...(body.length > 0 && { body: link ? fromLink(body.toString(), link) : body }),
    });
    const text = await answer.text();
    const headers: Record<string, string> = {};
    for (const name of ["location", "etag", "content-type", "retry-after"]) {
      const value = answer.headers.get(name);
      if (value !== null) headers[name] = value;
    }
    response.writeHead(answer.status, headers).end(link && answer.status === 201 ? throughLink(text, link) : text);
  };
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;

  const startRelay = async () => {
    const child = fork(join(root, "gateway/relay/main.ts"), [], { ...quiet, stdio: [...quiet.stdio] });
    relay = child;
    children.add(child);
    const ready = new Promise<void>((resolve, reject) => {
      child.on("message", (message: FromRelay) => {
        if (message.type === "fault") reject(new Error(message.text));
        if (message.type === "figures") relayCounters = message.counters;
        if (message.type !== "ready") return;
        relayPort = message.port;
        resolve();
      });
      child.once("exit", () => reject(new Error("the relay ended")));
    });
    const start: ToRelay = {
      type: "start",
      publicJwk: signer.publicJwk,
      ice: { addresses: ["127.0.0.1"], tcp: false, iceServers: [] },
      iceServers: [],
      limits: { streams: 10, viewersPerStream: 50, sessions: 100 },
      ffmpeg: "ffmpeg",
      fragmentS: 0.5,
    };
    child.send(start);
    await ready;
  };
  const startNode = async () => {
    const child = fork(join(import.meta.dirname, "node-process.ts"), [], { ...quiet, stdio: [...quiet.stdio] });
    node = child;
    children.add(child);
    const { url: cameraUrl, subUrl } = cameras.urls.front!;
    const start: ToNode = {
      type: "start",
      node: NODE,
      dataDir: join(folder, "node"),
      loud: options.loud ?? false,
      config: {
        gatewayUrl: url,
        cameras: [
          {
            kind: "rtsp",
            name: "front",
            url: cameraUrl,
            preRollS: 0,
            ...(subUrl !== undefined && { subStreamUrl: subUrl }),
            ...options.node,
          } as never,
        ],
      },
    };
    await new Promise<void>((resolve, reject) => {
      child.on("message", (message: FromNode) => {
        if (message.type === "state") states.push(message.state);
        else if (message.type === "ready") resolve();
        else reject(new Error(message.text));
      });
      child.once("exit", () => reject(new Error("the node ended")));
      child.send(start);
    });
  };
  const close = async () => {
    for (const child of children) child.kill("SIGKILL");
    for (const link of links) link.close();
    await cameras.close();
    front.closeAllConnections();
    await new Promise((resolve) => front.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all([startRelay(), startNode()]);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url,
    cameras,
    states,
    uploads,
    offers,
    links,
    signer,
    get camera() {
      return states.at(-1)?.cameras[0];
    },
    async want(more = {}, lifeS = 900) {
      const nowMs = Date.now();
      const want: VideoWant = {
        v: 1,
        id: ulid(),
        node: "gateway",
        at: new Date(nowMs).toISOString(),
        camera: "front",
        stream: STREAM,
        whipUrl: `/video/whip/${STREAM}`,
        token: await signer.sign({ act: "publish", stream: STREAM }, Math.max(1, lifeS)),
        iceServers: [],
        until: new Date(nowMs + lifeS * 1000).toISOString(),
        by: "test",
        ...more,
      };
      node?.send({ type: "want", want } satisfies ToNode);
    },
    viewToken: () => signer.sign({ act: "view", stream: STREAM, sub: `ann-${ulid().toLowerCase()}` }, 1_800),
    killNode: () => void node?.kill("SIGKILL"),
    startNode,
    killRelay() {
      relayPort = undefined;
      relay?.kill("SIGKILL");
    },
    startRelay,
    get relayCounters() {
      return relayCounters;
    },
    pids: () => ({ node: node?.pid, relay: relay?.pid }),
    close,
  };
}

const block = (east: number, north: number, wide: number, deep: number, heightM: number) => ({
  corners: [
    [east, north],
    [east + wide, north],
    [east + wide, north + deep],
    [east, north + deep],
  ] as const,
  heightM,
  reflectance: 0.5,
});
const street = [block(12, 12, 14, 40, 11), block(-26, 10, 18, 36, 14), block(-10, 70, 50, 20, 24)];
