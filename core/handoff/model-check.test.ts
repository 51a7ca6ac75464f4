import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Bounds, search } from "./model-check.ts";
import { Rehearsal } from "./rehearsal.ts";
import { rehearsalSite } from "./rehearsal-site.ts";

const check = suite("control authority, all interleavings");
const site = rehearsalSite({ onSceneS: 120 });
const folder = fileURLToPath(new URL(".", import.meta.url));

const onScene = new Rehearsal(site);
onScene.ask(200, 0);
onScene.until((x) => x.phase === "onScene");

const withRadio: Bounds = { orders: 2, doubles: 1, radio: 1, ticks: 3, states: 400_000 };
const withoutRadio: Bounds = { orders: 3, doubles: 1, radio: 0, ticks: 2, states: 400_000 };

for (const [name, bounds, least] of [
  ["2 orders and the radio", withRadio, 50_000],
  ["3 orders", withoutRadio, 150_000],
] as const) {
  check(`${name}, lost, doubled and late: never two writers, always a way home`, () => {
    const result = search(onScene.drone, site, bounds);
    assert.is(result.found, undefined, JSON.stringify(result.found, null, 2));
    assert.ok(result.complete, `gave up after ${result.states} states`);
    assert.ok(result.states > least, `${result.states} states only`);
    console.log(`${result.states} states, ${result.transitions} transitions`);
  });
}

interface Mutation {
  entry: string;
  file: string;
  /** Must occur exactly once in the file. */
  from: string;
  to: string;
  out: string;
}

/** @throws when `from` is not there exactly once: the rule has moved, and the test with it. */
async function mutated({ entry, file, from, to, out }: Mutation): Promise<void> {
  const source = await readFile(file, "utf8");
  if (source.split(from).length !== 2) throw new Error(`${file} does not have once: ${from}`);
  await build({
    entryPoints: [entry],
    outfile: out,
    bundle: true,
    format: "esm",
    platform: "node",
    logLevel: "silent",
    plugins: [
      {
        name: "mutation",
        setup(setup) {
          setup.onLoad({ filter: /\.ts$/ }, (args) =>
            args.path === file ? { contents: source.replace(from, to), loader: "ts" } : undefined,
          );
        },
      },
    ],
  });
}

/** Runs the search over the shipped files with one of them changed: a search that finds nothing then could not find anything. */
async function searchWith(file: string, from: string, to: string, bounds: Bounds) {
  const temporary = await mkdtemp(join(tmpdir(), "tocsin-mutant-"));
  try {
    const out = join(temporary, "model-check.mjs");
    await mutated({ entry: join(folder, "model-check.ts"), file: join(folder, file), from, to, out });
    const mutant = (await import(pathToFileURL(out).href)) as { search: typeof search };
    return mutant.search(onScene.drone, site, bounds);
  } finally {
    await rm(temporary, { recursive: true });
  }
}

check("without the epoch check two tenures write, and the search prints how", async () => {
  const { found } = await searchWith("token.ts", "return epoch === authority.epoch;", "return true;", withRadio);
  assert.is(found?.what, "two writers");
  console.log([found!.what, found!.detail, ...found!.trace].join("\n  "));
  assert.ok(found!.trace.length >= 3);
});

check("without the holder check two parties steer", async () => {
  const { found } = await searchWith(
    "orders.ts",
    'if (holder.kind === "remote") return asked.as === "remote" && holder.by === asked.by;',
    'if (holder.kind === "remote") return asked.as === "remote";',
    withoutRadio,
  );
  assert.is(found?.what, "two writers");
});

check("without the lease a pilot who falls silent leaves nobody with a way home", async () => {
  const { found } = await searchWith("authority.ts", "now.tickMs < now.leaseUntilMs", "true", withRadio);
  assert.is(found?.what, "nobody with a way home");
});

check.run();
