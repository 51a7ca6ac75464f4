/** The caller's page, bundled into memory: two files and the shell, each named by its hash, so that a phone fetches them once. */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import { build } from "esbuild";

const brotli = promisify(brotliCompress);
const gzipped = promisify(gzip);
const folder = fileURLToPath(new URL("./page/", import.meta.url));

export interface PageFile {
  bytes: Buffer;
  type: string;
  encoding?: "br" | "gzip";
}

export interface PageFiles {
  html: string;
  /** Names with the size in bytes, uncompressed and by brotli. */
  sizes: Record<string, { bytes: number; brotli: number }>;
  get(name: string, acceptEncoding: string | undefined): PageFile | undefined;
}

/** Throws esbuild's errors where the source is broken. */
export async function bundlePage(): Promise<PageFiles> {
  const { outputFiles } = await build({
    entryPoints: [
      { in: `${folder}main.tsx`, out: "page" },
      { in: `${folder}page.css`, out: "page" },
    ],
    outdir: "/",
    write: false,
    bundle: true,
    format: "esm",
    target: ["es2020", "safari15.4"],
    minify: true,
    charset: "utf8",
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "warning",
  });
  const files = new Map<string, { type: string; plain: Buffer; br: Buffer; gzip: Buffer }>();
  const sizes: PageFiles["sizes"] = {};
  const named = async (ending: string, type: string) => {
    const output = outputFiles.find(({ path }) => path.endsWith(ending));
    if (!output) throw new Error(`the bundle has no ${ending}`);
    const plain = Buffer.from(output.contents);
    const name = `${createHash("sha256").update(plain).digest("hex").slice(0, 16)}${ending}`;
    const br = await brotli(plain);
    files.set(name, { type, plain, br, gzip: await gzipped(plain) });
    sizes[name] = { bytes: plain.length, brotli: br.length };
    return name;
  };
  const js = await named(".js", "text/javascript; charset=utf-8");
  const css = await named(".css", "text/css; charset=utf-8");
  return {
    html: shell(js, css),
    sizes,
    get: (name, acceptEncoding = "") => {
      const file = files.get(name);
      if (!file) return undefined;
      const { type, plain, br, gzip } = file;
      if (/\bbr\b/.test(acceptEncoding)) return { type, bytes: br, encoding: "br" };
      if (/\bgzip\b/.test(acceptEncoding)) return { type, bytes: gzip, encoding: "gzip" };
      return { type, bytes: plain };
    },
  };
}

/** Says nothing of what it is for: it may be shown as a preview on a locked phone that somebody else holds. */
function shell(js: string, css: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
<meta name="referrer" content="no-referrer">
<meta name="format-detection" content="telephone=no">
<title>Link</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/c/page/${css}">
<script type="module" src="/c/page/${js}"></script>
</head>
<body><div id="page"></div><noscript>JavaScript · 자바스크립트 · JavaScript-Code · جافا سكريبت: on</noscript></body>
</html>
`;
}
