/** The files that roles name in their own parts of a configuration: relative to its file, as all paths in it are, and there when it is checked. */
import { accessSync, constants } from "node:fs";
import { resolve } from "node:path";
import { whyUnread } from "#contract/errors.ts";
import type { NodeRole } from "#contract/node.ts";

/** Keys down to a path, and whether the role cannot start without it. */
const PATHS: Partial<Record<NodeRole, readonly { at: readonly string[]; needed: boolean }[]>> = {
  fly: [
    { at: ["terrain", "file"], needed: true },
    // A server of MAVSDK that is missing there is told when the vehicle is opened, with how to get it.
    { at: ["mavsdkFolder"], needed: false },
  ],
  listen: [{ at: ["model"], needed: true }],
  look: [
    { at: ["faces", "keysFile"], needed: true },
    { at: ["camera", "source", "path"], needed: true },
    // A model that is missing there is told as what the camera cannot see.
    { at: ["modelsFolder"], needed: false },
  ],
};

/** @returns the role's options with those paths absolute; each needed one that cannot be read is added to the faults. */
export function withRolePaths<Options extends Record<string, unknown>>(
  role: NodeRole,
  options: Options,
  folder: string,
  faults: string[],
): Options {
  const copy = structuredClone(options);
  for (const { at, needed } of PATHS[role] ?? []) {
    let owner: Record<string, unknown> | undefined = copy;
    for (const key of at.slice(0, -1)) owner = owner?.[key] as Record<string, unknown> | undefined;
    const key = at.at(-1)!;
    const named = owner?.[key];
    if (owner === undefined || typeof named !== "string") continue;
    const path = resolve(folder, named);
    owner[key] = path;
    if (!needed) continue;
    try {
      accessSync(path, constants.R_OK);
    } catch (cause) {
      faults.push(`roles.${role}.${at.join(".")}: ${path}: ${whyUnread(cause)}`);
    }
  }
  return copy;
}
