/**
 * Bundles one process into a folder that keeps the repository's layout: what code finds beside its own file is found there, too.
 * Packages with machine code or files of their own stay packages, named in the folder's package.json at the versions of this one.
 */
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, extname, join, relative, resolve, sep } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";
import { Fault, whyUnwritten } from "#contract/errors.ts";
import { carryDocuments } from "./documents.ts";

const root = resolve(import.meta.dirname, "..", "..");

/** Machine code, wasm or templates are read from the package's own folder. */
const STAY_PACKAGES = [
  "@serialport/bindings-cpp",
  "@tensorflow/tfjs-backend-wasm",
  "@tensorflow/tfjs-node",
  "classic-level",
  "esbuild",
  "express",
  "johnny-five",
  "maplibre-gl",
  "node-red",
  "node-rtsp-stream",
  "onnxruntime-node",
  "serialport",
  "sharp",
  "usearch",
];

/** A node without TensorFlow's machine code adapts with the wasm backend. */
const OPTIONAL = "@tensorflow/tfjs-node";

const COMMAND = "bin/tocsin.mjs";
/** Its starter asks for the source's name: there stands one line that loads the bundle. */
const bundleOf = (child: string) => child.replace(/\.ts$/, ".mjs");

export interface PackPlan {
  /** Source of the command, `bin/pack/agent.ts`. */
  entry: string;
  /** Sources of child processes that are not named beside their starter by `new URL`. */
  children: readonly string[];
  /** Packages that are asked for by a path made while it runs. */
  packages: readonly string[];
  /** Do sources among the assets name others by `#room/`? */
  subpaths: boolean;
  /** Files and folders copied as they are. */
  assets: readonly string[];
  /** Documents to begin with; those that they lead to come too. */
  documents: readonly string[];
  /** npm scripts of the pack. */
  scripts: Record<string, string>;
}

export interface Packed {
  folder: string;
  /** Bytes of each bundle. */
  bundles: Record<string, number>;
  /** Packages that the machine installs beside it, with their versions. */
  packages: Record<string, string>;
  /** Source files and packages' files that went in. */
  inputs: string[];
}

/** Replaces an earlier pack in `folder`, once the new one is whole. Throws `Fault` (usage) where something else is there, and esbuild's errors where the source is broken. */
export async function bundleProcess(plan: PackPlan, folder: string): Promise<Packed> {
  refuseForeign(folder);
  const unfinished = `${folder}.${process.pid}.unfinished`;
  try {
    const packed = await bundleInto(plan, unfinished);
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
    return { ...packed, folder };
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** What npm and a pack's first run put beside what was packed; `dist` holds the console that a gateway bundled. */
const LATER = ["node_modules", "package-lock.json", "package.json", ".tocsin", "dist"];

/** Only what an earlier pack put there may be replaced. */
function refuseForeign(folder: string): void {
  const found = lookedAt(folder);
  if (!found) return;
  if (!found.isDirectory()) throw new Fault("usage", `--out ${folder}: is there and is no folder; name a new one`);
  const inside = readdirSync(folder);
  if (inside.length === 0) return;
  const packed = packedIn(folder);
  if (!packed)
    throw new Fault(
      "usage",
      `--out ${folder}: is not empty and no earlier pack; name a new folder, or empty it yourself`,
    );
  const foreign = inside.filter((name) => !packed.includes(name) && !LATER.includes(name));
  if (foreign.length > 0)
    throw new Fault(
      "usage",
      `--out ${folder}: holds what no pack put there (${foreign.slice(0, 5).join(", ")}); move it away, or name a new folder`,
    );
}

function lookedAt(folder: string) {
  try {
    return lstatSync(folder, { throwIfNoEntry: false });
  } catch (cause) {
    throw new Fault("usage", `--out ${folder}: ${whyUnwritten(cause)}; name a folder elsewhere`, { cause });
  }
}

/** The names at the top of a folder that a pack wrote, as its package.json lists them; undefined where it is none. */
function packedIn(folder: string): string[] | undefined {
  try {
    const { files } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { files?: unknown };
    return existsSync(join(folder, COMMAND)) && Array.isArray(files) ? files.map(String) : undefined;
  } catch {
    return undefined;
  }
}

/** Beside the folder that was named, so that the two can change places. */
function makeFolder(unfinished: string): void {
  const missing: string[] = [];
  for (let at = unfinished; !existsSync(at); at = dirname(at)) missing.unshift(at);
  // One at a time: with `recursive` Node 24 never returns where a file system refuses new folders, as /proc does.
  for (const folder of missing) {
    try {
      mkdirSync(folder);
    } catch (cause) {
      throw new Fault("usage", `--out: ${dirname(folder)}: ${whyUnwritten(cause)}; name a folder elsewhere`, { cause });
    }
  }
}

async function bundleInto(plan: PackPlan, folder: string): Promise<Packed> {
  makeFolder(folder);
  const bundles: Record<string, number> = {};
  const outside = new Set(plan.packages);
  const inputs = new Set<string>();
  // Worker threads and child processes are files of their own, found while their starters are read.
  const waiting = new Map([
    [plan.entry, COMMAND],
    ...plan.children.map((child): [string, string] => [child, bundleOf(child)]),
  ]);
  for (const [source, target] of waiting) {
    const { metafile } = await bundle(source, folder, target, (child) => waiting.set(child, bundleOf(child)));
    if (target !== COMMAND) writeFileSync(join(folder, source), `import "./${basename(target)}";\n`);
    for (const file of Object.keys(metafile.inputs)) inputs.add(file);
    for (const name of packagesOf(metafile)) outside.add(name);
    bundles[target] = Object.values(metafile.outputs).reduce((sum, { bytes }) => sum + bytes, 0);
  }
  for (const asset of plan.assets) {
    if (!existsSync(join(root, asset))) continue;
    mkdirSync(dirname(join(folder, asset)), { recursive: true });
    const filter = (path: string) => !/\.(test|bench|suite)\.tsx?$/.test(path);
    cpSync(join(root, asset), join(folder, asset), { recursive: true, filter });
  }
  carryDocuments(root, folder, plan.documents);
  const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as PackageFile;
  const packages = Object.fromEntries([...outside].sort().map((name) => [name, versionOf(name, own)]));
  const { [OPTIONAL]: optional, ...needed } = packages;
  const overrides = Object.fromEntries(Object.entries(own.overrides).filter(([name]) => name in packages));
  const manifest = {
    name: own.name,
    version: own.version,
    license: own.license,
    private: true,
    type: "module",
    dependencies: { ...needed, node: own.dependencies.node ?? "" },
    optionalDependencies: optional === undefined ? {} : { [OPTIONAL]: optional },
    allowScripts: own.allowScripts,
    overrides,
    scripts: plan.scripts,
    files: readdirSync(folder).sort(),
    ...(plan.subpaths && { imports: own.imports }),
  };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return { folder, bundles, packages, inputs: [...inputs].sort() };
}

interface PackageFile {
  name: string;
  version: string;
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
  license: string;
  imports: Record<string, string>;
  allowScripts: Record<string, boolean>;
  overrides: Record<string, Record<string, string>>;
}

async function bundle(
  source: string,
  folder: string,
  target: string,
  onChild: (source: string) => void,
): Promise<{ metafile: Metafile }> {
  const extension = extname(target);
  return build({
    absWorkingDir: root,
    entryPoints: [{ in: source, out: target.replace(extension, "") }],
    outdir: folder,
    outExtension: { ".js": extension },
    // What a role alone needs is read when that role starts; chunks lie beside the entry, so that paths from one hold for all.
    splitting: target === COMMAND,
    chunkNames: `${dirname(target)}/[name]-[hash]`,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    metafile: true,
    sourcemap: "linked",
    sourcesContent: false,
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "linked",
    external: STAY_PACKAGES,
    logLevel: "error",
    // CommonJS inside an ESM bundle asks for these.
    banner: {
      js: 'import{createRequire as bundleRequire}from"node:module";import{fileURLToPath as bundlePath}from"node:url";const require=bundleRequire(import.meta.url);const __filename=bundlePath(import.meta.url);const __dirname=bundlePath(new URL(".",import.meta.url));',
    },
    plugins: [ownPlaces(target, onChild)],
  });
}

/** Each source keeps believing that it stands where it stands in the repository. */
function ownPlaces(target: string, onChild: (source: string) => void): Plugin {
  const up = "../".repeat(target.split("/").length - 1);
  return {
    name: "own-places",
    setup(builder) {
      builder.onLoad({ filter: /\.[cm]?tsx?$/ }, ({ path }) => {
        if (path.includes(`${sep}node_modules${sep}`)) return undefined;
        const text = readFileSync(path, "utf8");
        const source = relative(root, path).split(sep).join("/");
        for (const [, child] of text.matchAll(/new URL\("(\.[^"]*\.ts)", import\.meta\.url\)/g))
          if (child !== undefined) onChild(join(dirname(source), child));
        const url = `new URL(${JSON.stringify(`${up}${source}`)}, import.meta.url)`;
        const contents = text.replaceAll(/import\.meta\.(url|dirname|filename)/g, (_, what: string) => {
          if (what === "url") return `${url}.href`;
          return what === "filename" ? `bundlePath(${url})` : `bundlePath(new URL(".", ${url}))`;
        });
        return { contents, loader: path.endsWith("x") ? "tsx" : "ts" };
      });
    },
  };
}

/** Packages that a bundle asks for when it runs; what an optional `require` did not find is left out. */
function packagesOf({ outputs }: Metafile): string[] {
  const paths = Object.values(outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  return STAY_PACKAGES.filter((name) => paths.some((path) => path === name || path.startsWith(`${name}/`)));
}

/** As package.json pins it, or as npm brought it for another package; an optional one may not be there. */
function versionOf(name: string, own: PackageFile): string {
  const pinned = own.dependencies[name] ?? own.optionalDependencies[name];
  if (pinned !== undefined) return pinned;
  return (JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")) as PackageFile).version;
}
