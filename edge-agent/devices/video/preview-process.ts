/** The preview's process: a page with JSMpeg, its WebSocket, and node-rtsp-stream between the camera and it. */
import { timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { isLocalAddress } from "./local-address.ts";

export interface ToPreview {
  host: string;
  port: number;
  key: string;
  /** What ffmpeg is called with for its input, and reads from stdin for it. */
  input: string[];
  list: string | undefined;
}
export type FromPreview = { type: "ready"; port: number } | { type: "fault"; why: string };

/** JSMpeg decodes MPEG-1 in JavaScript: more would stutter on a technician's phone. */
const WIDTH_PX = 640;
const HEIGHT_PX = 360;
const RESTART_MS = 2_000;
const MAX_BEHIND_BYTES = 2 ** 20;

const require = createRequire(import.meta.url);
const childProcess = require("node:child_process") as typeof import("node:child_process");
const say = (message: FromPreview) => process.send?.(message, () => undefined);

interface WsModule {
  Server: new (options: object) => { clients: Set<{ bufferedAmount: number; terminate(): void }>; close(): void };
}

function open({ host, port, key, input, list }: ToPreview): void {
  const player = readFileSync(require.resolve("@cycjimmy/jsmpeg-player").replace(/[^/]*$/, "jsmpeg-player.umd.min.js"));
  const allowed = (request: IncomingMessage) => {
    const given = Buffer.from(new URL(request.url ?? "/", "http://preview").searchParams.get("key") ?? "");
    const wanted = Buffer.from(key);
    return (
      isLocalAddress(request.socket.remoteAddress ?? "") &&
      given.length === wanted.length &&
      timingSafeEqual(given, wanted)
    );
  };
  const server = createServer((request, response) => {
    if (!allowed(request)) {
      response
        .writeHead(403, { "content-type": "text/plain" })
        .end("the preview's address has a key; see the node's log\n");
      return;
    }
    const isPlayer = request.url?.startsWith("/jsmpeg.js");
    response.writeHead(200, {
      "content-type": isPlayer ? "text/javascript" : "text/html; charset=utf-8",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
    });
    response.end(isPlayer ? player : pageOf(key));
  });

  // It takes a port and listens on every address: its WebSocket server is given ours instead, one place for both.
  const library = createRequire(require.resolve("node-rtsp-stream"));
  const ws = library("ws") as WsModule;
  const Original = ws.Server;
  ws.Server = class extends Original {
    constructor() {
      super({ server, maxPayload: 1024, verifyClient: ({ req }: { req: IncomingMessage }) => allowed(req) });
      setInterval(() => {
        for (const client of this.clients) if (client.bufferedAmount > MAX_BEHIND_BYTES) client.terminate();
      }, 1_000).unref();
    }
  };
  // It would name the camera's address, password and all, for everybody who lists processes.
  const spawn = childProcess.spawn;
  childProcess.spawn = ((program: string, args: readonly string[]) => {
    const child = spawn(program, [...input, ...args.slice(2)]);
    child.stdin.on("error", () => undefined);
    child.stdin.end(list);
    return child;
  }) as typeof childProcess.spawn;
  const Stream = require("node-rtsp-stream") as typeof import("node-rtsp-stream").default;
  const stream = new Stream({
    name: "preview",
    streamUrl: "",
    wsPort: 0,
    // Known beforehand: a viewer who comes before the first picture makes it fail otherwise.
    width: WIDTH_PX,
    height: HEIGHT_PX,
    // No sound: JSMpeg would play it.
    ffmpegOptions: { "-an": "", "-s": `${WIDTH_PX}x${HEIGHT_PX}`, "-r": "25", "-b:v": "1500k", "-bf": "0" },
  }) as InstanceType<typeof Stream> & { mpeg1Muxer: unknown; startMpeg1Stream(): void; inputStreamStarted: boolean };
  // It starts ffmpeg once and never again.
  const watch = () =>
    stream.stream.once("exit", () => {
      say({ type: "fault", why: "the camera gives nothing; it is tried again" });
      setTimeout(() => {
        stream.inputStreamStarted = false;
        stream.startMpeg1Stream();
        watch();
      }, RESTART_MS);
    });
  watch();
  server.listen(port, host, () => say({ type: "ready", port: (server.address() as AddressInfo).port }));
  server.on("error", (error) => {
    say({ type: "fault", why: error.message });
    process.exit(1);
  });
  const end = () => {
    stream.stream.kill("SIGKILL");
    process.exit(0);
  };
  process.on("SIGTERM", end);
  process.on("disconnect", end);
}

const pageOf = (key: string) => `<!doctype html><meta charset="utf-8"><title>Camera preview</title>
<meta name="viewport" content="width=device-width"><style>body{margin:0;background:#111;color:#eee;font:16px sans-serif}
canvas{width:100%;max-width:960px;display:block;margin:auto}</style>
<canvas></canvas><script src="/jsmpeg.js?key=${key}"></script>
<script>new JSMpeg.Player("ws://" + location.host + "/?key=${key}", { canvas: document.querySelector("canvas"), audio: false });</script>`;

process.once("message", (message: ToPreview) => open(message));
