/** What each process takes along. */
import type { PackPlan } from "./bundle.ts";

export const plans: Record<string, PackPlan> = {
  agent: {
    entry: "bin/pack/agent.ts",
    children: ["edge-agent/devices/video/preview-process.ts"],
    subpaths: false,
    packages: ["@tensorflow/tfjs-backend-wasm", "@tensorflow/tfjs-node", "node-rtsp-stream"],
    // A drone's dock fetches mavsdk_server, a node that compares faces its models.
    scripts: { setup: "node bin/mavsdk-setup.mjs" },
    assets: [
      "bin/mavsdk-setup.mjs",
      "models/gunshot",
      ".tocsin/faces",
      ".tocsin/perception",
      "systemd/install.sh",
      "systemd/tocsin-agent@.service",
      "LICENSE",
      "NOTICE",
    ],
    documents: ["docs/node.md", "docs/vehicle.md", "docs/robot.md", "docs/video.md"],
  },
  // Pages are bundled for browsers where they are served, and flows are what technicians read: both travel as sources.
  gateway: {
    entry: "bin/pack/gateway.ts",
    children: ["gateway/relay/main.ts"],
    subpaths: true,
    packages: [
      "@fontsource-variable/inter",
      "@preact/signals",
      "esbuild",
      "express",
      "maplibre-gl",
      "mqtt",
      "node-red",
      "preact",
      "ulid",
      "valibot",
    ],
    scripts: {},
    assets: [
      "contract",
      "core",
      "flows",
      "gateway/build-console.ts",
      "gateway/caller/page",
      "gateway/ops",
      "systemd/install.sh",
      "systemd/tocsin-gateway.service",
      "LICENSE",
      "NOTICE",
    ],
    documents: ["docs/gateway.md", "docs/console.md", "docs/flows.md"],
  },
};
