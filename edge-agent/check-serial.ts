/** The serial ports that the boards of a node hang on: those that its configuration names, whatever they are called. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { AgentConfig } from "./config.ts";
import { type Check, fine, opens, wrong } from "./health-checks.ts";
import type { FlyConfig } from "./roles/fly/config.ts";
import type { PatrolConfig } from "./roles/patrol/config.ts";
import type { StreamConfig } from "./roles/stream/config.ts";

const LIST_THEM = "plug the microcontroller or autopilot in, and look at 'ls -l /dev/serial/by-id'";
const JOIN_GROUP = "add the service's user to the group dialout";

/** Path of each port; a board or an autopilot over a network has none, and is asked for by its role's own check. */
export function serialPortsOf({ clock, roles }: Pick<AgentConfig, "clock" | "roles">): string[] {
  const fly = roles.fly as FlyConfig | undefined;
  const patrol = roles.patrol as PatrolConfig | undefined;
  const stream = roles.stream as StreamConfig | undefined;
  const autopilot = /^serial:\/\/(.+?)(:\d+)?$/.exec(fly?.vehicle.url ?? "")?.[1];
  const boards = [fly?.dock, patrol?.body].flatMap((board) => (board?.kind === "serial" ? board.path : []));
  const mounts = stream?.cameras.flatMap(({ panTilt }) => panTilt?.path ?? []) ?? [];
  return [...new Set([clock.bridge?.path, autopilot, ...boards, ...mounts].filter((path) => path !== undefined))];
}

/** @param paths of the configuration; where there is none, whatever looks like a serial port in `folder`. */
export async function checkSerial(paths?: readonly string[], folder = "/dev"): Promise<Check> {
  const ports = paths ?? likelyPorts(folder);
  if (ports.length === 0) return wrong("serial", "no serial port", LIST_THEM);
  const absent = ports.filter((port) => !existsSync(port));
  if (absent.length > 0) return wrong("serial", `no serial port at ${absent.join(", ")}`, LIST_THEM);
  const closed = ports.filter((port) => !opens(port));
  if (closed.length > 0) return wrong("serial", `no right to open ${closed.join(", ")}`, JOIN_GROUP);
  return fine("serial", ports.join(", "));
}

function likelyPorts(folder: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter((name) => /^tty(USB|ACM|AMA|THS)\d+$/.test(name)).map((name) => join(folder, name));
}
