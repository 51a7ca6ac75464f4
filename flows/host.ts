/**
 * The process that runs Node-RED, started and watched by the gateway. Nothing that happens here can hold up broker,
 * store or console: another process, a lower priority, its own memory limit, and no files but its own folder.
 */
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FromHost, Start, ToHost } from "#contract/flows-pipe.ts";
import { MqttLink } from "./link.ts";

const require = createRequire(import.meta.url);
const nodesFolder = fileURLToPath(new URL("./nodes/", import.meta.url));
const defaultFlows = fileURLToPath(new URL("./default-flows.json", import.meta.url));
/** The node that has control, for the gateway to read when this process does not answer any more. */
const MARK_FILE = "running-node";
const MARK_BYTES = 512;

const tell = (message: FromHost) => {
  if (process.connected) process.send?.(message);
};

/** Log-ins that wait for the gateway's word. */
const asked = new Map<number, (granted: boolean) => void>();
let lastAsked = 0;
let stop: () => Promise<void> = async () => {};

process.on("message", (message: ToHost) => {
  if (message.type === "ping") tell({ type: "pong", n: message.n });
  if (message.type === "login") {
    asked.get(message.id)?.(message.granted);
    asked.delete(message.id);
  }
  if (message.type === "stop") stop().finally(() => process.exit(0));
  if (message.type === "start") {
    start(message).catch((error: Error) => {
      tell({ type: "fault", text: error.message });
      setTimeout(() => process.exit(1), 100);
    });
  }
});
// Without its gateway there is nobody to feed or watch it.
process.on("disconnect", () => process.exit(0));

async function start(options: Start): Promise<void> {
  const { folder, editors, stopped } = options;
  mkdirSync(folder, { recursive: true });
  const flowFile = join(folder, "flows.json");
  if (!existsSync(flowFile)) copyFileSync(defaultFlows, flowFile);
  const link = new MqttLink({
    ...options,
    onBroken: (text) => tell({ type: "log", level: "warn", text: `flows' connection: ${text}` }),
  });

  const RED = require("node-red");
  const app = require("express")();
  const server = createServer(app);
  const permissions = "*";
  RED.init(server, {
    httpAdminRoot: "/",
    httpNodeRoot: "/hooks",
    userDir: folder,
    nodesDir: nodesFolder,
    flowFile,
    fileWorkingDirectory: folder,
    ...(stopped !== undefined && { safeMode: true }),
    adminAuth: {
      type: "credentials",
      sessionExpiryTime: 12 * 3600,
      users: async (username: string) => (editors.includes(username) ? { username, permissions } : null),
      authenticate: async (username: string, password: string) => {
        const id = ++lastAsked;
        const answer = new Promise<boolean>((resolve) => asked.set(id, resolve));
        tell({ type: "login", id, user: username, password });
        return (await answer) ? { username, permissions } : null;
      },
    },
    tocsin: link,
    functionExternalModules: false,
    externalModules: {
      autoInstall: false,
      palette: { allowInstall: false, allowUpload: false, allowUpdate: false },
      modules: { allowInstall: false },
    },
    // Nodes that run programs or reach for files outside the flows' folder; the permissions of this process forbid it too.
    nodesExcludes: ["90-exec.js"],
    contextStorage: { default: { module: "localfilesystem", config: { flushInterval: 1 } } },
    telemetry: { enabled: false, updateNotification: false },
    diagnostics: { enabled: false, ui: false },
    runtimeState: { enabled: true, ui: true },
    editorTheme: {
      page: { title: "Tocsin flows" },
      header: { title: "Tocsin flows" },
      tours: false,
      projects: { enabled: false },
    },
    logging: {
      console: { level: "off" },
      tocsin: { level: "info", metrics: false, audit: false, handler: () => relayLog },
    },
  });
  const mark = openSync(join(folder, MARK_FILE), "w+");
  watchNodes(RED, mark);
  RED.events.on("flows:started", () => tell({ type: "running", running: true }));
  RED.events.on("flows:stopping", () => tell({ type: "running", running: false }));

  app.use("/hooks", RED.httpNode);
  app.use("/", RED.httpAdmin);
  await RED.start();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  tell({ type: "ready", port: (server.address() as AddressInfo).port });
  stop = async () => {
    await RED.stop();
    await link.close();
    server.close();
    closeSync(mark);
  };
}

/**
 * Writes down which node is about to get control, and wipes it once the event loop turns again. A node that never gives
 * control back so stays written. A synchronous write of a few bytes into the page cache: some microseconds a message.
 */
function watchNodes(
  RED: { hooks: { add: (name: string, hook: (event: unknown) => void) => void } },
  mark: number,
): void {
  let wiping = false;
  const write = (text: string) => writeSync(mark, text.padEnd(MARK_BYTES).slice(0, MARK_BYTES), 0);
  RED.hooks.add("onReceive.tocsin", (event) => {
    const { destination } = event as {
      destination: { id: string; node?: { type?: string; name?: string; z?: string } };
    };
    const { type, name, z } = destination.node ?? {};
    write(JSON.stringify({ id: destination.id, type, name: name?.slice(0, 100), flow: z }));
    if (wiping) return;
    wiping = true;
    setImmediate(() => {
      wiping = false;
      write("");
    });
  });
}

/**
 * What Node-RED says of itself at every start, and of `fsync`, which the permissions of this process do not allow: the
 * gateway flushes the flows in its place.
 */
const chatter =
  /^\s*$|^Welcome to|^Node-RED version|^Node\.js |^Linux |^Palette editor|^Projects disabled|fsync API is disabled|^-{5}|^Encrypted credentials not found/;

/** Levels of Node-RED's log (util/log.js): 10 fatal, 20 error, 30 warn, 40 info, 50 debug. */
function relayLog(entry: { level: number; msg?: unknown; type?: string; name?: string }): void {
  const level = entry.level <= 20 ? "error" : entry.level === 30 ? "warn" : entry.level === 40 ? "info" : "debug";
  const text = wordsOf(entry.msg);
  const source = entry.type ? `[${entry.type}${entry.name ? `: ${entry.name}` : ""}] ` : "";
  if (entry.type === undefined && chatter.test(text.trim())) return;
  tell({ type: "log", level, text: `${source}${text.trim()}`.slice(0, 2000) });
}

function wordsOf(said: unknown): string {
  if (typeof said === "string") return said;
  if (!(said instanceof Error)) return JSON.stringify(said ?? "");
  const { resource } = said as Error & { resource?: string };
  return resource === undefined ? said.message : `${said.message} (${resource})`;
}
