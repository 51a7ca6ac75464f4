/** The role `stream` in a process of its own, as an agent runs it, with a bus that is the pipe to the test. */

import * as v from "valibot";
import type { VideoState, VideoWant } from "#contract/video.ts";
import { videoState, videoWant } from "#contract/video.ts";
import { MemoryBroker, MemoryBus } from "../../../devices/memory-bus.ts";
import { gatewayHttp } from "../../../devices/video/gateway-http.ts";
import { openCameras } from "../../../devices/video/open-cameras.ts";
import { preRollUpload } from "../../../devices/video/pre-roll-upload.ts";
import { whipUplinks } from "../../../devices/video/whip-uplink.ts";
import type { Log } from "../../../ports.ts";
import { startStream } from "../../stream.ts";
import { StreamConfig } from "../config.ts";

export type ToNode =
  | { type: "start"; node: string; dataDir: string; config: v.InferInput<typeof StreamConfig>; loud: boolean }
  | { type: "want"; want: VideoWant };
export type FromNode = { type: "ready" } | { type: "state"; state: VideoState } | { type: "fault"; text: string };

const say = (message: FromNode) => {
  if (process.connected) process.send?.(message);
};
const stop = new AbortController();
const broker = new MemoryBroker();
const log = (loud: boolean): Log => {
  const write = loud ? (facts: object, text: string) => console.error(text, JSON.stringify(facts)) : () => undefined;
  return { debug: () => undefined, info: write, warn: write, error: write };
};

async function start(order: Extract<ToNode, { type: "start" }>): Promise<void> {
  const config = v.parse(StreamConfig, order.config);
  const logger = log(order.loud);
  const gateway = new MemoryBus(broker, "site", "gateway", logger);
  await gateway.subscribe(videoState, (state) => say({ type: "state", state }));
  process.on("message", (message: ToNode) => {
    if (message.type === "want") void gateway.publish(videoWant, message.want, { to: order.node });
  });
  const opened = await openCameras(config.cameras, {
    folder: order.dataDir,
    preRollBytes: config.preRollMegabytes * 2 ** 20,
    utcMs: () => Date.now(),
    log: logger,
  });
  const http = gatewayHttp(config.gatewayUrl);
  const { done } = await startStream({
    site: "site",
    node: order.node,
    position: undefined,
    bus: new MemoryBus(broker, "site", order.node, logger),
    log: logger,
    signal: stop.signal,
    config,
    configSha256: "0".repeat(64),
    dataDir: order.dataDir,
    now: () => ({
      utcNs: BigInt(Date.now()) * 1_000_000n,
      clock: { source: "sim", synchronised: true, sigmaS: 0 },
    }),
    report: () => undefined,
    cameras: opened.cameras,
    connect: whipUplinks({ http, addresses: ["127.0.0.1"] }),
    upload: preRollUpload(http),
  });
  say({ type: "ready" });
  await done;
  await opened.close();
  process.exit(0);
}

process.on("message", (message: ToNode) => {
  if (message.type === "start") start(message).catch((error: Error) => say({ type: "fault", text: error.stack ?? "" }));
});
process.on("disconnect", () => stop.abort());
process.on("SIGTERM", () => stop.abort());
