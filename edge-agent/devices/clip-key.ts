/** The key that clips are encrypted with: 256 random bits, made on the first start, readable by the agent alone. */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Fault } from "#contract/errors.ts";

const BYTES = 32;
/** What a file system answers that knows neither links nor rights, by itself or through FUSE. */
const UNABLE = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

type Link = (from: string, to: string) => void;

/** @param link a test puts another file system's in its place. Throws `Fault` (config) where it is no key, or where none can be kept. */
export function openClipKey(path: string, link: Link = linkSync): Buffer {
  // Empty where an older agent's power went as it made one: nothing was ever sealed with it.
  if (statSync(path, { throwIfNoEntry: false })?.size === 0) rmSync(path);
  return told(dirname(path), () => {
    if (!existsSync(path)) makeKey(path, link);
    const key = readFileSync(path);
    if (key.length !== BYTES)
      throw new Fault(
        "config",
        `${path}: is not a key of ${BYTES} bytes; delete it and the clips beside it, then start again`,
      );
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
    return key;
  });
}

/** Tries whether a key can be kept in a folder, and leaves nothing there. Throws as `openClipKey` does. */
export function tryClipKey(folder: string, link: Link = linkSync): void {
  const path = join(folder, `.clip.key.${process.pid}`);
  try {
    openClipKey(path, link);
  } finally {
    rmSync(path, { force: true });
  }
}

/** Written beside and then named, so that a full disk or a power cut leaves no half of one, and none takes the place of another's. */
function makeKey(path: string, link: Link): void {
  const part = `${path}.part`;
  try {
    writeFileSync(part, randomBytes(BYTES), { mode: 0o600, flush: true });
    link(part, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(part, { force: true });
  }
}

function told<T>(folder: string, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined || !UNABLE.includes(code)) throw cause;
    throw new Fault(
      "config",
      `dataDir: ${folder} is on a file system without links and rights (${code}), as FAT and exFAT are: a key would be anybody's there; name a folder on ext4 or the like ('findmnt -T ${folder}' says what it is), or keep no clips (roles.listen.clips.keepHours: 0)`,
      { cause },
    );
  }
}
