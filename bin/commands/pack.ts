/** `tocsin pack`: bundles one process into a folder for its machine. */
import { chmodSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Fault } from "#contract/errors.ts";
import { type Command, printJson, say } from "../command.ts";
import { bundleProcess } from "../pack/bundle.ts";
import { plans } from "../pack/plans.ts";

const help = `
usage: tocsin pack ${Object.keys(plans).join("|")} --out DIR [--json]

Writes what one process needs into DIR (new, empty, or an earlier pack, which is replaced): a bundle, its models and its systemd unit, and a package.json with the
few packages that bring machine code. A lamppost then carries no Node-RED, no console and no sources. On the machine:

  cd DIR && npm install --omit=dev && bin/tocsin doctor

  --out DIR  the folder to write
  --json     print {"folder", "bundles", "packages"} instead of a summary
`;

/** The same start as bin/tocsin of the repository, on a bundle. */
const launcher = `#!/bin/sh
root=$(dirname -- "$(readlink -f -- "$0")")/..
node="$root/node_modules/node/bin/node"
[ -x "$node" ] || node=$(command -v node) || { echo "tocsin: not set up yet; run npm install in $root" >&2; exit 78; }
export NODE_COMPILE_CACHE="\${NODE_COMPILE_CACHE:-$root/.tocsin/compile-cache}"
export ORT_DISABLE_TELEMETRY=1
flags=
if [ "$1" = agent ]; then
  export MALLOC_ARENA_MAX="\${MALLOC_ARENA_MAX:-1}"
  flags=\${TOCSIN_NODE_FLAGS:---max-semi-space-size=1 --optimize-for-size}
fi
# DEP0169: a package's url.parse, of which Node warns only where it stands in a bundle.
exec "$node" $flags --enable-source-maps --disable-warning=ExperimentalWarning --disable-warning=DEP0169 "$root/bin/tocsin.mjs" "$@"
`;

async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { out: { type: "string" }, json: { type: "boolean" } },
  });
  const [name, ...rest] = positionals;
  const plan = name !== undefined && Object.hasOwn(plans, name) ? plans[name] : undefined;
  if (!plan || rest.length > 0) throw new Fault("usage", `which process? One of: ${Object.keys(plans).join(", ")}`);
  if (values.out === undefined) throw new Fault("usage", "where to? Give --out DIR");
  const packed = await bundleProcess(plan, resolve(values.out));
  const start = join(packed.folder, "bin/tocsin");
  writeFileSync(start, launcher);
  chmodSync(start, 0o755);
  const { folder, bundles, packages } = packed;
  if (values.json) printJson({ folder, bundles, packages });
  else {
    for (const [file, bytes] of Object.entries(bundles))
      say(`${String(Math.ceil(bytes / 1000)).padStart(7)} kB  ${file}`);
    say(`packages for npm install: ${Object.keys(packages).join(", ")}`);
  }
  return 0;
}

export const command: Command = { summary: "bundle one process for its machine", help, run };
