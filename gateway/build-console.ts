/**
 * Bundles the ops console (`gateway/ops`) into a folder of static files: `index.html`, `main.js`, `main.css`, chunks that are fetched when they
 * are needed (live pictures, robots and backup, callers, matches, the map library), its worker and the typeface, each also as `.br` and `.gz` for `preCompressed` serving.
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, gzip, constants as zlib } from "node:zlib";
import { build, type Metafile } from "esbuild";

const brotli = promisify(brotliCompress);
const gzipped = promisify(gzip);
const require = createRequire(import.meta.url);

const opsFolder = fileURLToPath(new URL("./ops/", import.meta.url));

/** Where `buildConsole` puts the console unless told otherwise: `dist/ops` of the repository. */
export const consoleFolder = fileURLToPath(new URL("../dist/ops/", import.meta.url));

/** What a browser may load for the console; the page carries the same policy, less `frame-ancestors`, which works as a header only. */
export const consolePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; " +
  "worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export interface ConsoleBuild {
  folder: string;
  /** Bytes of each file, uncompressed. */
  files: Record<string, number>;
}

/** Writes the console into `folder`, replacing what is there. Throws esbuild's errors where the source is broken. */
export async function buildConsole(
  folder: string = consoleFolder,
  options: { minify?: boolean } = {},
): Promise<ConsoleBuild> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const maplibre = dirname(require.resolve("maplibre-gl/package.json"));
  const { metafile } = await build({
    metafile: true,
    entryPoints: [
      { in: join(opsFolder, "main.tsx"), out: "main" },
      { in: join(opsFolder, "early.ts"), out: "early" },
      { in: join(opsFolder, "styles/console.css"), out: "main" },
      { in: join(opsFolder, "styles/field.css"), out: "field" },
      { in: join(maplibre, "dist/maplibre-gl.css"), out: "map-library" },
    ],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: "esm",
    target: ["es2022"],
    minify: options.minify ?? true,
    legalComments: "linked",
    jsx: "automatic",
    jsxImportSource: "preact",
    external: ["*.woff2"],
    logLevel: "warning",
  });
  const inter = dirname(require.resolve("@fontsource-variable/inter/package.json"));
  const copies: [string, string][] = [
    [join(opsFolder, "index.html"), "index.html"],
    [join(opsFolder, "favicon.svg"), "favicon.svg"],
    [join(maplibre, "dist/maplibre-gl-worker.mjs"), "map-worker.js"],
    [join(inter, "files/inter-latin-wght-normal.woff2"), "inter.woff2"],
  ];
  for (const [from, to] of copies) await writeFile(join(folder, to), await readFile(from));
  const page = join(folder, "index.html");
  await writeFile(page, withPreloads(await readFile(page, "utf8"), neededAtOnce(metafile)));
  const files: Record<string, number> = {};
  for (const name of await readdir(folder)) {
    const bytes = await readFile(join(folder, name));
    files[name] = bytes.length;
    if (name.endsWith(".woff2") || bytes.length < 512) continue;
    await writeFile(
      join(folder, `${name}.br`),
      await brotli(bytes, { params: { [zlib.BROTLI_PARAM_QUALITY]: options.minify === false ? 1 : 9 } }),
    );
    await writeFile(join(folder, `${name}.gz`), await gzipped(bytes));
  }
  return { folder, files };
}

/** Chunks that `main.js` cannot begin without, by name: those that it imports, and those that they do. */
function neededAtOnce({ outputs }: Metafile): string[] {
  const main = Object.keys(outputs).find((path) => basename(path) === "main.js") as string;
  const seen = new Set([main]);
  for (const path of seen)
    for (const { path: next, kind, external } of outputs[path]?.imports ?? [])
      if (kind === "import-statement" && external !== true) seen.add(next);
  seen.delete(main);
  return [...seen].map((path) => basename(path));
}

/** The browser fetches all of them together with `main.js`, not one after the other has told of it. */
function withPreloads(html: string, chunks: readonly string[]): string {
  const links = chunks.map((name) => `    <link rel="modulepreload" href="./${name}" />\n`).join("");
  return html.replace('    <script type="module" src="./main.js"', (script) => `${links}${script}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { files } = await buildConsole(process.argv[2]);
  for (const [name, bytes] of Object.entries(files)) {
    process.stdout.write(`${name.padEnd(24)} ${String(Math.ceil(bytes / 1000)).padStart(6)} kB\n`);
  }
}
