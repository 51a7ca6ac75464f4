/**
 * Technician preview: what an RTSP camera sees, on a page in a browser on the local network, for aiming it. By node-rtsp-stream, which nobody looks
 * after any more: it listens on every address, writes the camera's password to the log and falls over a viewer who comes early. So it runs in a
 * process of its own, behind a server of ours that binds one local address, asks for a key, and ends after minutes. Off where it is not configured.
 */
import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Fault } from "#contract/errors.ts";
import type { Log } from "../../ports.ts";
import { inputArgs, inputList } from "./ffmpeg-args.ts";
import { isLocalAddress } from "./local-address.ts";
import type { CameraSpec } from "./open-cameras.ts";
import { inputOf } from "./open-cameras.ts";
import type { FromPreview, ToPreview } from "./preview-process.ts";

export interface PreviewOptions {
  host: string;
  port: number;
  camera: string;
  endAfterS: number;
}

export interface Preview {
  /** Address of the page with its key; undefined until it listens. */
  readonly url: string | undefined;
  readonly ready: Promise<string>;
  /** Resolves when it has ended, by itself or not. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** Throws `Fault` (config) where the address is not a local one. */
export function openPreview(options: PreviewOptions, cameras: readonly CameraSpec[], log: Log): Preview {
  const { host, port, camera, endAfterS } = options;
  const spec = cameras.find(({ name }) => name === camera);
  if (spec?.kind !== "rtsp") throw new Fault("config", `preview.camera: ${camera} is no rtsp camera of this node`);
  if (!isLocalAddress(host))
    throw new Fault(
      "config",
      `preview.host: ${host} is no local address; give 127.0.0.1, or this node's private address`,
    );
  const key = randomBytes(16).toString("hex");
  const input = inputOf(spec);
  const child = fork(join(import.meta.dirname, "preview-process.ts"), [], {
    // Neither its words nor ffmpeg's go anywhere: they hold the camera's password.
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    execArgv: ["--disable-warning=ExperimentalWarning"],
    env: { PATH: process.env.PATH ?? "/usr/bin:/bin" },
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let url: string | undefined;
  const ready = new Promise<string>((resolve, reject) => {
    child.on("message", (message: FromPreview) => {
      if (message.type === "ready") {
        url = `http://${host.includes(":") ? `[${host}]` : host}:${message.port}/?key=${key}`;
        log.warn({ camera, url, endsAfterS: endAfterS }, "technician preview is open");
        resolve(url);
      } else log.warn({ camera, why: message.why }, "technician preview");
    });
    void ended.then(() => reject(new Error("the preview ended")));
  });
  ready.catch(() => undefined);
  if (input.kind === "rtsp") {
    const start: ToPreview = { host, port, key, input: inputArgs(input), list: inputList(input) };
    child.send(start);
  }
  const timer = setTimeout(() => child.kill("SIGTERM"), endAfterS * 1000);
  void ended.then(() => {
    clearTimeout(timer);
    log.info({ camera }, "technician preview is closed");
  });
  return {
    get url() {
      return url;
    },
    ready,
    ended,
    async close() {
      child.kill("SIGTERM");
      const hurry = setTimeout(() => child.kill("SIGKILL"), 3_000);
      await ended;
      clearTimeout(hurry);
    },
  };
}
