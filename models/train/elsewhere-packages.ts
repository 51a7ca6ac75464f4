/** Packages of other projects, by the machine's own apt and mirror: fetched, checked and unpacked. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Package } from "./elsewhere.ts";
import { lieroSamples, soundFontSamples } from "./elsewhere-samples.ts";

export const run = (program: string, args: string[], env = process.env) =>
  execFileSync(program, args, { env, maxBuffer: 2 ** 30, stdio: ["ignore", "pipe", "pipe"] });

/** An apt of its own in `folder`: the machine's own mirror, with the suites of the list beside the machine's. */
export function privateApt(folder: string, packages: readonly Package[]): NodeJS.ProcessEnv {
  const targets = run("apt-get", ["indextargets", "--format", "$(SITE)|$(ORIGIN)|$(LABEL)"]).toString();
  const site = targets
    .split("\n")
    .map((line) => line.split("|"))
    .find(([, origin, label]) => origin === "Debian" && label === "Debian")?.[0];
  if (!site) throw new Error("apt knows no Debian mirror: run apt-get update first, on Debian");
  const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  const suites = [...new Set(packages.map(({ suite }) => suite))];
  writeFileSync(
    join(folder, "sources.list"),
    suites.map((suite) => `deb [signed-by=${keyring}] ${site} ${suite} main contrib\n`).join(""),
  );
  for (const each of ["lists/partial", "cache/archives/partial"]) mkdirSync(join(folder, each), { recursive: true });
  const conf = [
    `Dir::Etc::sourcelist "${folder}/sources.list";`,
    'Dir::Etc::sourceparts "/dev/null";',
    `Dir::State::Lists "${folder}/lists";`,
    `Dir::Cache "${folder}/cache";`,
    'APT::Sandbox::User "root";',
    'Acquire::Languages "none";',
  ];
  writeFileSync(join(folder, "apt.conf"), conf.join("\n"));
  const env = { ...process.env, APT_CONFIG: join(folder, "apt.conf") };
  run("apt-get", ["update"], env);
  return env;
}

/** The package's archive, unpacked below `folder`. Throws where it is not the very one of the list. */
export function unpack(from: Package, folder: string, env: NodeJS.ProcessEnv): string {
  const into = join(folder, from.name);
  mkdirSync(into);
  execFileSync("apt-get", ["download", `${from.name}=${from.version}`], {
    cwd: into,
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const deb = join(into, readdirSync(into)[0]!);
  const digest = createHash("sha256").update(readFileSync(deb)).digest("hex");
  if (digest !== from.sha256)
    throw new Error(`${from.name} ${from.version}: SHA-256 is ${digest}, elsewhere.json says ${from.sha256}`);
  run("dpkg-deb", ["-x", deb, into]);
  rmSync(deb);
  for (const inner of from.containers ?? []) {
    const [file, out] = [join(into, inner.path), join(into, inner.into)];
    mkdirSync(out, { recursive: true });
    if (inner.kind === "zip") run("python3", ["-m", "zipfile", "-e", file, out]);
    else if (inner.kind === "c4group")
      unpackGroup(gunzipSync(Buffer.concat([Buffer.from([0x1f, 0x8b]), readFileSync(file).subarray(2)])), out);
    else if (inner.kind === "soundfont" || inner.kind === "liero")
      for (const [name, wav] of (inner.kind === "liero" ? lieroSamples : soundFontSamples)(readFileSync(file)))
        writeFileSync(join(out, name), wav);
    else
      for (const path of run("gresource", ["list", file])
        .toString()
        .split("\n")
        .filter((line) => line.endsWith(".ogg")))
        writeFileSync(join(out, basename(path)), run("gresource", ["extract", file, path]));
  }
  return into;
}

/** OpenClonk's group files: a scrambled header of 204 bytes, 316 bytes for each entry, then the entries end to end, groups among them. */
function unpackGroup(group: Buffer, out: string): void {
  const head = Buffer.from(group.subarray(0, 204)).map((byte) => byte ^ 237);
  for (let i = 0; i + 2 < head.length; i += 3) [head[i], head[i + 2]] = [head[i + 2]!, head[i]!];
  const entries = new DataView(head.buffer, head.byteOffset).getInt32(36, true);
  mkdirSync(out, { recursive: true });
  for (let k = 0; k < entries; k++) {
    const entry = group.subarray(204 + 316 * k, 204 + 316 * (k + 1));
    const name = entry.toString("latin1", 0, entry.indexOf(0));
    if (name !== basename(name) || name === "..") throw new Error(`entry ${JSON.stringify(name)} is no file name`);
    const at = 204 + 316 * entries + entry.readInt32LE(276);
    const data = group.subarray(at, at + entry.readInt32LE(268));
    if (entry.readInt32LE(264)) unpackGroup(data, join(out, name));
    else writeFileSync(join(out, name), data);
  }
}
