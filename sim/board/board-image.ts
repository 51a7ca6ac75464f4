/** A disk image of Debian with systemd, chrony and what `tocsin pack` makes, not yet installed: as a technician finds it. Kept between runs. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execute } from "./board.ts";

const SUITE = "bookworm";
const SOURCES = [
  `deb http://deb.debian.org/debian ${SUITE} main`,
  `deb http://deb.debian.org/debian-security ${SUITE}-security main`,
];
const PACKAGES = [
  ...["linux-image-amd64", "systemd", "systemd-sysv", "udev", "dbus", "kmod", "iproute2", "procps", "chrony"],
  ...["alsa-utils", "ca-certificates", "e2fsprogs", "openssl", "qemu-guest-agent"],
];
/** Nobody looks at it here, and it is more than half of the image. */
const LEFT_OUT = [
  ...["doc", "locale", "man"].map((folder) => `/usr/share/${folder}/*`),
  ...["gpu", "media", "net/wireless", "net/ethernet"].map((folder) => `/lib/modules/*/kernel/drivers/${folder}/*`),
];
const IMAGE_SIZE = "4G";
/** A board without a processor that virtualises boots half as fast again with all of Debian's modules in its initrd. */
const INITRD = `MODULES=list\nCOMPRESS=gzip\n`;
const IN_INITRD = "virtio_pci\nvirtio_blk\next4\n";

const FILES: Record<string, string> = {
  // A machine's data may fill a disk of its own, and not the system's.
  "etc/fstab": `/dev/vda / ext4 defaults 0 1
/dev/vdb /var/lib/tocsin ext4 defaults 0 2
`,
  "etc/hostname": "board\n",
  "etc/systemd/network/80-board.network": "[Match]\nName=en*\n[Network]\nDHCP=ipv4\n",
  "etc/systemd/journald.conf.d/board.conf": "[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\n",
  "etc/modules-load.d/board.conf": "snd-aloop\n",
  // Its sources are given in a file of their own, as /etc/chrony/sources.d/README says.
  "etc/chrony/chrony.conf":
    "sourcedir /etc/chrony/sources.d\nconfdir /etc/chrony/conf.d\ndriftfile /var/lib/chrony/chrony.drift\nmakestep 1 -1\nmaxupdateskew 100\nrtcsync\n",
};
const UNITS = ["systemd-networkd", "chrony"];
const MASKED = ["apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_reap.service", "dpkg-db-backup.timer"];

export interface BoardImage {
  /** To be copied by `copyOf`. */
  root: string;
  boot: { kernel: string; initrd: string };
}

/** What this machine lacks to make and boot one; undefined where it lacks nothing. */
export async function boardsLack(): Promise<string | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") return "boards are x86-64 machines under Linux";
  if (process.getuid?.() !== 0) return "making a board's disk needs root";
  for (const [program, of] of [
    ["qemu-system-x86_64", "qemu-system-x86"],
    ["mmdebstrap", "mmdebstrap"],
    ["mke2fs", "e2fsprogs"],
  ] as const)
    if (!["/usr/bin", "/usr/sbin", "/sbin"].some((folder) => existsSync(join(folder, program))))
      return `${program} is not installed (apt-get install ${of})`;
  return undefined;
}

/** @param cache keeps Debian and the packs' packages; @param packs folders that `tocsin pack` has written, by name: /root/pack-NAME on the board. */
export async function makeBoardImage(
  cache: string,
  packs: Record<string, string>,
  more: Record<string, string | Uint8Array>,
): Promise<BoardImage> {
  mkdirSync(cache, { recursive: true });
  const debian = await kept(cache, "debian", [SUITE, PACKAGES, LEFT_OUT, INITRD, IN_INITRD], async (folder) => {
    await execute("mmdebstrap", [
      ...["--variant=minbase", "--mode=root", `--include=${PACKAGES.join(",")}`],
      ...LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`),
      // Before the kernel's package makes its initrd.
      `--essential-hook=cd "$1" && mkdir -p etc/initramfs-tools/conf.d usr/share/initramfs-tools/modules.d && printf '${INITRD}' >etc/initramfs-tools/conf.d/board && printf '${IN_INITRD}' >usr/share/initramfs-tools/modules.d/board`,
      ...[SUITE, folder, ...SOURCES],
    ]);
  });
  const stage = join(cache, `stage.${process.pid}`);
  try {
    // Links: nothing of it is written to.
    await execute("cp", ["-al", debian, stage]);
    for (const [path, text] of Object.entries({ ...FILES, ...more })) {
      mkdirSync(join(stage, path, ".."), { recursive: true });
      rmSync(join(stage, path), { force: true });
      writeFileSync(join(stage, path), text);
    }
    for (const folder of ["var/log/journal", "var/lib/tocsin", "etc/chrony/conf.d"])
      mkdirSync(join(stage, folder), { recursive: true });
    await execute("systemctl", [`--root=${stage}`, "enable", ...UNITS]);
    await execute("systemctl", [`--root=${stage}`, "mask", ...MASKED]);
    for (const [name, folder] of Object.entries(packs)) {
      const listed = readFileSync(join(folder, "package.json"), "utf8");
      const modules = await kept(cache, `packages-${name}`, [listed], async (made) => {
        mkdirSync(made);
        writeFileSync(join(made, "package.json"), listed);
        const quiet = ["--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline"];
        const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip", NODE_OPTIONS: "" };
        await execute("npm", ["install", "--omit=dev", ...quiet], { cwd: made, env });
      });
      await placePack(folder, join(stage, "root", `pack-${name}`));
      await execute("cp", ["-al", join(modules, "node_modules"), join(stage, "root", `pack-${name}`, "node_modules")]);
    }
    const root = join(cache, `board.${process.pid}.ext4`);
    rmSync(root, { force: true });
    await execute("mke2fs", ["-q", "-t", "ext4", "-d", stage, root, IMAGE_SIZE]);
    const inBoot = readdirSync(join(debian, "boot"));
    const [kernel, initrd] = ["vmlinuz-", "initrd.img-"].map((start) =>
      join(debian, "boot", inBoot.find((name) => name.startsWith(start)) ?? ""),
    ) as [string, string];
    return { root, boot: { kernel, initrd } };
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** The pack may be on another file system than the image's stage, where nothing can be linked. */
export async function placePack(pack: string, at: string): Promise<void> {
  await execute("cp", ["-a", "--reflink=auto", pack, at]);
}

/** A disk of its own for one board; holes stay holes. */
export async function copyOf(image: BoardImage, file: string): Promise<string> {
  await execute("cp", ["--sparse=always", image.root, file]);
  return file;
}

/** Made once for what it is made of. */
async function kept(
  cache: string,
  name: string,
  of: unknown,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const key = createHash("sha256").update(JSON.stringify(of)).digest("hex").slice(0, 12);
  const folder = join(cache, `${name}-${key}`);
  if (existsSync(folder)) return folder;
  for (const old of readdirSync(cache).filter((entry) => entry.startsWith(`${name}-`)))
    rmSync(join(cache, old), { recursive: true, force: true });
  const part = join(cache, `unfinished-${name}.${process.pid}`);
  try {
    await make(part);
    renameSync(part, folder);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
  return folder;
}
