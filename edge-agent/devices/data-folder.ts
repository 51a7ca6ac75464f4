/** Makes the folder that a process keeps its data in, or says why it cannot be. */
import { accessSync, constants, mkdirSync, rmdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Fault } from "#contract/errors.ts";

/**
 * Makes the folder and those above it where they are missing, readable by their owner only.
 * One at a time: `mkdir` of Node 24 with `recursive` never returns where a file system refuses new folders with ENOENT, as /proc does.
 * Throws `Fault` (config) that names `dataDir`. @returns what it made, the outermost first.
 */
export function makeDataFolder(dataDir: string): string[] {
  const missing: string[] = [];
  let at = resolve(dataDir);
  for (; kindOf(at) === "nothing" && dirname(at) !== at; at = dirname(at)) missing.unshift(at);
  if (kindOf(at) === "file") throw unusable(dataDir, `${at} is a file, not a folder`);
  const made: string[] = [];
  try {
    for (const folder of missing) if (makeFolder(folder)) made.push(folder);
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    unmake(made);
    const { code } = error as NodeJS.ErrnoException;
    throw unusable(dataDir, `this account cannot ${missing.length > 0 ? "make" : "write"} it (${code})`, error);
  }
  return made;
}

/** The same, leaving no trace: for a check before the start. */
export function checkDataFolder(dataDir: string): void {
  unmake(makeDataFolder(dataDir));
}

/** What is wrong with it, a line each, for a list of a configuration's faults; leaves no trace. A full disk is none: the start itself says that. */
export function dataFolderFaults(dataDir: string): readonly string[] {
  try {
    checkDataFolder(dataDir);
    return [];
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return error.code === "config" ? error.lines : [];
  }
}

/** @returns whether it was made here: an agent that starts at the same moment may have made it first, then it is theirs. */
function makeFolder(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST" && kindOf(path) === "folder") return false;
    throw error;
  }
}

function unmake(made: readonly string[]): void {
  for (const folder of made.toReversed()) {
    try {
      rmdirSync(folder);
    } catch {
      // Somebody has put something there meanwhile: it is theirs.
      return;
    }
  }
}

function kindOf(path: string): "folder" | "file" | "nothing" {
  try {
    return statSync(path).isDirectory() ? "folder" : "file";
  } catch (error) {
    // Below a file everything is nothing, and the file is found above.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return "nothing";
    throw unusable(path, `cannot be looked at (${code})`, error);
  }
}

function unusable(dataDir: string, why: string, cause?: unknown): Fault {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  // Not 78: the service manager tries again, and starts it once there is room.
  if (code === "ENOSPC" || code === "EDQUOT")
    return new Fault("failed", `dataDir: ${dataDir}: the disk is full (${code}); free it`, { cause });
  return new Fault("config", `dataDir: ${dataDir}: ${why}; name a folder that this account can write`, { cause });
}
