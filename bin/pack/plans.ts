/** What each process takes along. */
import type { PackPlan } from "./bundle.ts";

export const plans: Record<string, PackPlan> = {
  agent: {
    entry: "bin/pack/agent.ts",
    children: [],
    packages: ["@tensorflow/tfjs-backend-wasm", "@tensorflow/tfjs-node"],
    // A drone's dock fetches mavsdk_server, a node that compares faces its models.
    scripts: { setup: "node bin/mavsdk-setup.mjs" },
    assets: [
      "bin/mavsdk-setup.mjs",
      "models/gunshot",
      ".tocsin/faces",
      "systemd/install.sh",
      "systemd/tocsin-agent@.service",
      "docs/node.md",
      "LICENSE",
      "NOTICE",
    ],
  },
};
