/** `tocsin` of a packed node: what runs on a lamppost, a drone's dock, a robot or a camera. */
import { runCommand } from "../run-command.ts";

process.exitCode = await runCommand(
  {
    agent: { summary: "run this node", load: () => import("../commands/agent.ts") },
    doctor: { summary: "check what this machine has and what it lacks", load: () => import("../commands/doctor.ts") },
  },
  process.argv.slice(2),
);
