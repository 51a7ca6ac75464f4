/** The console's files: bundled when their sources changed, served without a log-in (they hold no data). */
import { createHash } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { buildConsole, consoleFolder } from "../build-console.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const sources = ["gateway/ops", "gateway/build-console.ts", "contract", "package-lock.json"];

/**
 * Folder with the bundle of the sources as they are; the name carries their hash, so that two gateways never build into one.
 * @param spare where it is made when the program's own folder cannot be written, as in a hardened unit.
 */
export async function consoleFiles(spare: string): Promise<string> {
  const hash = hashOfSources();
  const shipped = join(consoleFolder, hash);
  if (existsSync(join(shipped, "index.html"))) return shipped;
  const folder = isWritable(root) ? shipped : join(spare, hash);
  if (existsSync(join(folder, "index.html"))) return folder;
  const making = `${folder}.${process.pid}`;
  try {
    await buildConsole(making);
    nameWhenOnDisk(making, folder);
    removeOld(folder);
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    // Another process may have finished the same bundle first.
    if (!existsSync(join(folder, "index.html"))) throw error;
  }
  return folder;
}

export async function serveConsole(app: FastifyInstance, folder: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: folder,
    preCompressed: true,
    setHeaders: (reply, path) => {
      const fixed = /\.woff2$|-[A-Z0-9]{8}\.js/.test(path);
      reply.header("cache-control", fixed ? "public, max-age=31536000, immutable" : "no-cache");
    },
  });
}

/** Its name is what says that it is whole: a power cut after the renaming must not leave empty files under it. */
export function nameWhenOnDisk(making: string, folder: string): void {
  for (const name of [...(readdirSync(making, { recursive: true }) as string[]), "."]) {
    const handle = openSync(join(making, name), "r");
    fsyncSync(handle);
    closeSync(handle);
  }
  renameSync(making, folder);
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** A gateway may still serve what is younger. */
const OLD_MS = 24 * 3_600_000;

function removeOld(kept: string): void {
  for (const { name, parentPath } of readdirSync(dirname(kept), { withFileTypes: true })) {
    const path = join(parentPath, name);
    if (path !== kept && Date.now() - statSync(path).mtimeMs > OLD_MS) rmSync(path, { recursive: true, force: true });
  }
}

function hashOfSources(): string {
  const hash = createHash("sha256");
  for (const source of sources) {
    for (const file of filesUnder(join(root, source))) hash.update(file.slice(root.length)).update(readFileSync(file));
  }
  return hash.digest("hex").slice(0, 16);
}

function filesUnder(path: string): string[] {
  if (!existsSync(path)) return [];
  const entries = readdirSync(dirname(path), { withFileTypes: true });
  const self = entries.find((entry) => join(dirname(path), entry.name) === path);
  if (!self?.isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.includes(".test."))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
