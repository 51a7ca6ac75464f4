/** `tocsin` of a packed gateway. */
import { runCommand } from "../run-command.ts";

process.exitCode = await runCommand(
  {
    gateway: { summary: "run the district's hub", load: () => import("../commands/gateway.ts") },
    evidence: { summary: "recompute an evidence bundle", load: () => import("../commands/evidence.ts") },
  },
  process.argv.slice(2),
);
