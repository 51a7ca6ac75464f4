/**
 * Fetches MAVSDK's server: the PyPI wheel `mavsdk-grpc` for this machine, its hash pinned, unpacked into `.tocsin/mavsdk/`:
 * `mavsdk_server` (the program) and `descriptors.binpb` (a FileDescriptorSet of its 39 gRPC services).
 * Plain JavaScript without packages, like setup.mjs: it runs before there are any. Nothing of the wheel is committed.
 *   node bin/mavsdk-setup.mjs
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inflateRawSync } from "node:zlib";

const version = "4.0.5";
/** SHA-256 of each wheel of that version on pypi.org, and the end of its name, for `process.platform-process.arch`. */
const wheels = {
  "linux-x64": {
    tag: "manylinux_2_5_x86_64",
    sha256: "7031721fbec570c33ee3a82ce623747630cdfce49bdac440ddc4e20158d8de2e",
  },
  "linux-arm64": {
    tag: "manylinux2014_aarch64",
    sha256: "a22e8ed646e1ecc759a215e377d1cab92eb0dbdf361973f0427aea0ebad66d1a",
  },
  "linux-arm": {
    tag: "linux_armv7l",
    sha256: "49e3ad2a137f5ffc5dbbabf52eacf99e23403f5e922bd51109d7f4e6ebeb83b3",
  },
  "darwin-arm64": {
    tag: "macosx_14_0_arm64",
    sha256: "72ac22e67f2de22a374419a60a76d8048da39f0e30d3db454c2006faa9132222",
  },
  "darwin-x64": {
    tag: "macosx_13_0_x86_64",
    sha256: "847e213731d7f66dd86f35a7e5241c80b632bab12c372e5954726c4bd7197fee",
  },
};

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/**
 * Sets `.tocsin/mavsdk/` up under `root`, unless it is there already.
 * @returns {Promise<{ok: true, fetched: boolean} | {ok: false, why: string}>} never throws for a network or a missing program.
 */
export async function mavsdkServer(root, say) {
  const folder = join(root, ".tocsin", "mavsdk");
  const wheel = wheels[`${process.platform}-${process.arch}`];
  if (wheel === undefined)
    return { ok: false, why: `mavsdk-grpc ${version} has no server for ${process.platform}-${process.arch}` };
  const stamp = join(folder, "stamp");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wheel.sha256) return { ok: true, fetched: false };

  mkdirSync(join(root, ".tocsin"), { recursive: true });
  const work = mkdtempSync(join(root, ".tocsin", "mavsdk-"));
  try {
    say(`fetching mavsdk-grpc ${version} (16 MB) ...`);
    const byPip = wheelByPip(work);
    const bytes = byPip.bytes ?? (await wheelByHttp(wheel, say, byPip.why));
    if (sha256(bytes) !== wheel.sha256)
      return {
        ok: false,
        why: `mavsdk-grpc's wheel has SHA-256 ${sha256(bytes)}, expected ${wheel.sha256}: look at the package index that pip is configured for`,
      };
    const unpacked = join(work, "unpacked");
    mkdirSync(unpacked);
    const descriptors = [];
    for (const { name, content } of zipEntries(bytes)) {
      if (name === "mavsdk_grpc/bin/mavsdk_server") {
        writeFileSync(join(unpacked, "mavsdk_server"), content());
        chmodSync(join(unpacked, "mavsdk_server"), 0o755);
        // Its extensions of google.protobuf options are of use to protoc only, and protobufjs cannot resolve them.
      } else if (/^mavsdk_grpc\/(?!mavsdk_options)\w+_pb2\.py$/.test(name))
        descriptors.push(fileDescriptor(name, content().toString()));
    }
    if (!existsSync(join(unpacked, "mavsdk_server")) || descriptors.length < 30)
      return { ok: false, why: "mavsdk-grpc's wheel is not laid out as expected (server or *_pb2.py missing)" };
    writeFileSync(join(unpacked, "descriptors.binpb"), descriptorSet(descriptors));
    writeFileSync(join(unpacked, "stamp"), wheel.sha256);
    rmSync(folder, { recursive: true, force: true });
    renameSync(unpacked, folder);
    return { ok: true, fetched: true };
  } catch (error) {
    return { ok: false, why: error.message };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** By pip, which knows the machine's mirrors, certificates and proxies, and checks the hash itself. */
function wheelByPip(work) {
  const requirements = join(work, "requirements.txt");
  const hashes = Object.values(wheels).map((each) => `--hash=sha256:${each.sha256}`);
  writeFileSync(requirements, `mavsdk-grpc==${version} ${hashes.join(" ")}\n`);
  const options = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--quiet", "-r", requirements, "-d", work];
  const done = spawnSync("python3", ["-m", "pip", "download", ...options], { encoding: "utf8" });
  if (done.error) return { why: "python3 is missing" };
  if (done.status !== 0) return { why: `pip could not: ${done.stderr.trim().split("\n").slice(-1)[0]}` };
  const file = readdirSync(work).find((name) => name.endsWith(".whl"));
  return file === undefined ? { why: "pip wrote no wheel" } : { bytes: readFileSync(join(work, file)) };
}

/** Without pip: from the index's JSON pages (PEP 691), the index being the one that pip's environment or file names. */
async function wheelByHttp(wheel, say, whyNotPip) {
  const help = `mavsdk-grpc ${version} could not be fetched (${whyNotPip}). Install python3 and pip (Debian: apt-get install python3-pip), or let this machine reach its package index, then run: node bin/mavsdk-setup.mjs`;
  if (process.env.PIP_NO_INDEX) throw new Error(help);
  const index = configuredIndex().replace(/\/$/, "");
  say(`${whyNotPip}; asking ${new URL(index).host} directly ...`);
  try {
    const page = await fetch(`${index}/mavsdk-grpc/`, { headers: { accept: "application/vnd.pypi.simple.v1+json" } });
    if (!page.ok) throw new Error(`the index answered ${page.status}`);
    const { files } = await page.json();
    const file = files.find(
      (each) => each.filename.startsWith(`mavsdk_grpc-${version}-`) && each.filename.endsWith(`${wheel.tag}.whl`),
    );
    if (file === undefined) throw new Error(`the index has no ${wheel.tag} wheel`);
    const answer = await fetch(new URL(file.url, page.url));
    if (!answer.ok) throw new Error(`the wheel's address answered ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  } catch (error) {
    throw new Error(`${help}\n(${error.message})`);
  }
}

/** `index-url` of pip's environment or configuration files, in pip's order of precedence. */
function configuredIndex() {
  if (process.env.PIP_INDEX_URL) return process.env.PIP_INDEX_URL;
  const files = [
    process.env.PIP_CONFIG_FILE,
    join(homedir(), ".config/pip/pip.conf"),
    join(homedir(), ".pip/pip.conf"),
    "/etc/pip.conf",
  ];
  for (const file of files) {
    if (!file || !existsSync(file)) continue;
    const line = /^\s*index-url\s*=\s*(\S+)/m.exec(readFileSync(file, "utf8"));
    if (line) return line[1];
  }
  return "https://pypi.org/simple";
}

/** Entries of a zip file by its central directory (APPNOTE.TXT 4.3.12): stored or deflated, which is what wheels are. */
function* zipEntries(zip) {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0) throw new Error("the wheel is not a zip file");
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const method = zip.readUInt16LE(at + 10);
    const packed = zip.readUInt32LE(at + 20);
    const nameLength = zip.readUInt16LE(at + 28);
    const local = zip.readUInt32LE(at + 42);
    const name = zip.toString("utf8", at + 46, at + 46 + nameLength);
    yield {
      name,
      content() {
        const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
        const bytes = zip.subarray(start, start + packed);
        return method === 0 ? bytes : inflateRawSync(bytes);
      },
    };
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
}

/** The serialised FileDescriptorProto that protoc writes into a `_pb2.py` as the bytes literal given to AddSerializedFile. */
export function fileDescriptor(name, python) {
  const call = python.indexOf("AddSerializedFile(");
  if (call < 0) throw new Error(`${name} holds no descriptor`);
  let at = call + "AddSerializedFile(".length;
  const bytes = [];
  for (;;) {
    while (/\s/.test(python[at])) at++;
    if (python[at] !== "b") break;
    const quote = python[at + 1];
    for (at += 2; python[at] !== quote; ) at = pythonByte(python, at, bytes);
    at++;
  }
  if (bytes.length === 0) throw new Error(`${name} holds no descriptor`);
  return Buffer.from(bytes);
}

/** One byte of a Python bytes literal (Language Reference 2.4.1) appended to `bytes`; returns where the next one starts. */
function pythonByte(python, at, bytes) {
  if (python[at] !== "\\") {
    bytes.push(python.charCodeAt(at));
    return at + 1;
  }
  const letter = python[at + 1];
  if (letter === "x") {
    bytes.push(Number.parseInt(python.slice(at + 2, at + 4), 16));
    return at + 4;
  }
  const octal = /^[0-7]{1,3}/.exec(python.slice(at + 1, at + 4));
  if (octal) {
    bytes.push(Number.parseInt(octal[0], 8) & 0xff);
    return at + 1 + octal[0].length;
  }
  if (letter === "\n") return at + 2;
  const named = { n: 10, r: 13, t: 9, a: 7, b: 8, f: 12, v: 11, "\\": 92, "'": 39, '"': 34 }[letter];
  if (named === undefined) throw new Error(`unknown escape \\${letter} in a bytes literal`);
  bytes.push(named);
  return at + 2;
}

/** FileDescriptorSet { repeated FileDescriptorProto file = 1; } (descriptor.proto). */
export function descriptorSet(files) {
  const parts = [];
  for (const file of files) {
    const length = [];
    for (let left = file.length; ; left >>>= 7) {
      length.push(left > 127 ? (left & 127) | 128 : left);
      if (left <= 127) break;
    }
    parts.push(Buffer.from([0x0a, ...length]), file);
  }
  return Buffer.concat(parts);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const root = join(dirname(fileURLToPath(import.meta.url)), "..");
  const say = (text) => process.stderr.write(`setup: ${text}\n`);
  const done = await mavsdkServer(root, say);
  say(done.ok ? `mavsdk_server ${version} is in .tocsin/mavsdk` : done.why);
  if (!done.ok) process.exit(1);
}
