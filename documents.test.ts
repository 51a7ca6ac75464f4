/** The documents name nothing that is not there: links, files, commands and their options, channels, routes. */
import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Command } from "./bin/command.ts";
import { channels } from "./contract/channels.ts";

const root = import.meta.dirname;
const exclude = (path: string) => /(^|\/)(node_modules|dist|\.tocsin|\.git)$/.test(path);
const files = globSync("{*,{bin,contract,core,docs,edge-agent,firmware-bridge,flows,gateway,models,sim,systemd}/**}", {
  cwd: root,
  exclude,
});
const here = new Set(files);
const scripts = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> })
  .scripts;

const documents = files
  .filter((file) => file.endsWith(".md"))
  .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }));

/** What stands in backticks on one line, and the lines of blocks of code without their comments. */
function codeOf(text: string): string[] {
  const blocks = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)].flatMap(([, kind, body]) =>
    kind !== "" && kind !== "sh" ? [] : body!.split("\n").map((line) => line.replace(/(^|\s)#\s.*$/, "")),
  );
  const indented = text.split("\n").filter((line) => /^ {4}\S/.test(line) && !/^\s*([-*]|\d\.) /.test(line));
  const prose = text.replace(/^```[\s\S]*?^```/gm, "");
  return [...blocks, ...indented, ...[...prose.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!)];
}

const code = documents.flatMap(({ file, text }) => codeOf(text).map((line) => ({ file, line })));

/** GitHub's name of a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

function anchorsOf(file: string): string[] {
  return [...readFileSync(join(root, file), "utf8").matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!));
}

/** `a/{b,c}.ts` is `a/b.ts` and `a/c.ts`. */
function braces(name: string): string[] {
  const match = /^(.*)\{([^{}]*,[^{}]*)\}(.*)$/.exec(name);
  return match ? match[2]!.split(",").flatMap((each) => braces(`${match[1]}${each.trim()}${match[3]}`)) : [name];
}

function isThere(name: string): boolean {
  if (/[*?]/.test(name)) return globSync(name, { cwd: root, exclude }).length > 0;
  return here.has(name.replace(/\/$/, "")) || files.some((file) => file.startsWith(name.replace(/\/?$/, "/")));
}

const rooms = "bin|contract|core|docs|edge-agent|firmware-bridge|flows|gateway|models|sim|systemd";

/** Names of files in a piece of code: with a room of the house before them, or a source's name alone. */
function namesIn(line: string): string[] {
  const withRoom = [...line.matchAll(new RegExp(`(?<![\\w./<:-])(?:${rooms})/[\\w./*{},-]+`, "g"))].map(([x]) => x);
  const alone = [...line.matchAll(/(?<![\w./*{},-])[\w/.-]+\.(?:test|bench|suite)\.ts(?![\w])/g)].map(([x]) => x);
  return [...withRoom, ...alone].map((name) => name.replace(/[.,]+$/, ""));
}

/** Names with a room before them that are no files of ours: channels, and what a run or a pack writes. */
const isFile = (name: string) => !channels.has(name) && !/[A-Z]{3,}/.test(name) && !/^(flows|models)\/?$/.test(name);

function missing(name: string): boolean {
  return braces(name).some((each) => {
    if (new RegExp(`^(${rooms})/`).test(each)) return !isThere(each);
    return !files.some((file) => file === each || file.endsWith(`/${each}`) || basename(file) === each);
  });
}

test("found the documents: more than 20, with more than 400 pieces of code", () => {
  assert.ok(documents.length > 20, `${documents.length} documents`);
  assert.ok(code.length > 400, `${code.length} pieces of code`);
});

test("every link leads to a file that is there, and to a heading of it", () => {
  const wrong = documents.flatMap(({ file, text }) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, to]) => to!)
      .filter((to) => !/^https?:/.test(to))
      .filter((to) => {
        const [path, anchor] = to.split("#") as [string, string?];
        const target = path === "" ? file : join(dirname(file), path);
        return !isThere(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
      })
      .map((to) => `${file}: ${to}`),
  );
  assert.equal(wrong, []);
});

test("every file that is named is there", () => {
  const named = code.flatMap(({ file, line }) => namesIn(line).map((name) => ({ file, name })));
  assert.ok(named.length > 150, `${named.length} names`);
  const wrong = named.filter(({ name }) => isFile(name) && missing(name)).map(({ file, name }) => `${file}: ${name}`);
  assert.equal(wrong, []);
  assert.ok(missing("core/localise/nowhere.ts") && missing("nowhere.test.ts") && missing("core/{a,b}.ts"));
});

test("every npm script and tocsin command that is named exists, with its options", async () => {
  const wrong: string[] = [];
  let asked = 0;
  for (const { file, line } of code) {
    for (const [, script] of line.matchAll(/npm run (?:-s )?(\w[\w:-]*)/g)) {
      // `npm run setup` of a pack is that of the pack's own package.json, of the same name.
      if (!scripts[script!]) wrong.push(`${file}: npm run ${script}`);
    }
    const calls = line.matchAll(/(?:^|[\s&|])(?:bin\/|\/opt\/tocsin\/bin\/)?tocsin ([a-z|\\]+)([^;&|]*)/g);
    for (const [, names, rest] of calls) {
      if (/^nft /.test(line)) continue;
      for (const name of names!.split(/\\?\|/).slice(0, names!.startsWith("agent") ? 1 : 2)) {
        if (!here.has(`bin/commands/${name}.ts`)) {
          if (!["help"].includes(name)) wrong.push(`${file}: tocsin ${name}`);
          continue;
        }
        const { command } = (await import(`./bin/commands/${name}.ts`)) as { command: Command };
        for (const [option] of rest!.matchAll(/--[a-z][a-z-]*/g)) {
          asked++;
          if (!command.help.includes(option)) wrong.push(`${file}: tocsin ${name} ${option}`);
        }
      }
    }
  }
  assert.equal(wrong, []);
  assert.ok(asked > 20, `${asked} options`);
});

test("TypeScript is run by the packaged Node: the machine's own may be older", () => {
  const bare = code.filter(({ line }) => /(?<!npx )\bnode (--[\w-]+( tsx)? )*[\w/{},.-]+\.ts\b/.test(line));
  assert.equal(
    bare.map(({ file, line }) => `${file}: ${line}`),
    [],
  );
});

test("every channel that is named exists", () => {
  const areas = new Set([...channels.keys()].map((name) => name.split("/")[0]));
  const named = code.flatMap(({ file, line }) =>
    [...line.matchAll(/^([a-z]+)\/([a-z]+)$/g)]
      .filter(([name, area]) => areas.has(area!) && !missing(name) === false)
      .map(([name]) => ({ file, name })),
  );
  assert.ok(named.length > 30, `${named.length} names`);
  // Events of the console's WebSocket bear names of the same form.
  const wrong = named.filter(({ name }) => !channels.has(name) && name !== "incident/entry");
  assert.equal(wrong, []);
});

test("every route that is named is served", () => {
  const served = files
    .filter((file) => file.startsWith("gateway/") && file.endsWith(".ts") && !/\.(test|bench|suite)\.ts$/.test(file))
    .map((file) => readFileSync(join(root, file), "utf8"))
    .join("\n");
  const named = code.flatMap(({ file, line }) =>
    [...line.matchAll(/(?<=^|\s)\/(?:api|video|c)\/[\w./:<>-]+/g)].map(([route]) => ({ file, route })),
  );
  assert.ok(named.length > 10, `${named.length} routes`);
  // `:id` of a path is named otherwise in places; WHIP and WHEP are served below a star.
  const forms = (route: string) => {
    const plain = route.replace(/[<:]\w+>?/g, ":x");
    return [plain, plain.replace(/:x$/, "*")];
  };
  const known = served.replace(/\/:\w+/g, "/:x");
  const wrong = named.filter(
    ({ route }) => !forms(route).some((form) => known.includes(`${form}"`) || known.includes(`${form}\``)),
  );
  assert.equal(
    wrong.map(({ file, route }) => `${file}: ${route}`),
    [],
  );
});

test.run();
