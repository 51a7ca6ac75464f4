/** The units and their installer, into an image: no account is made, nothing is started. */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";

const installer = join(import.meta.dirname, "install.sh");

function inImage(
  run: (root: string, install: (...args: string[]) => { status: number | null; stderr: string }) => void,
) {
  const root = mkdtempSync(join(tmpdir(), "tocsin-image-"));
  try {
    run(root, (...args) => spawnSync(installer, ["--root", root, ...args], { encoding: "utf8" }));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

test("a node's configuration and unit land in the image, readable by the account's group only", () =>
  inImage((root, install) => {
    const config = join(root, "lamp.yaml");
    writeFileSync(config, "site: test\n");
    const { status, stderr } = install("agent", "lamp-01", config);
    assert.is(status, 0, stderr);
    const put = join(root, "etc/tocsin/lamp-01.yaml");
    assert.is(readFileSync(put, "utf8"), "site: test\n");
    assert.is(statSync(put).mode & 0o777, 0o640);
    assert.ok(existsSync(join(root, "etc/systemd/system/tocsin-agent@.service")));
    assert.is(install("gateway", config).status, 0);
    assert.ok(existsSync(join(root, "etc/systemd/system/tocsin-gateway.service")));
  }));

/** Runs an image's own installer of an agent. */
function installFrom(root: string, from: string, script = join(root, from, "systemd/install.sh"), cwd?: string) {
  const config = join(root, "locator.yaml");
  writeFileSync(config, "site: test\n");
  const { status, stderr } = spawnSync(script, ["--root", root, "agent", "locator", config], { encoding: "utf8", cwd });
  const unit = join(root, "etc/systemd/system/tocsin-agent@.service");
  const text = existsSync(unit) ? readFileSync(unit, "utf8") : "";
  return { status, stderr, unit, programs: [...text.matchAll(/^ExecStart(?:Pre)?=(\S+)/gm)].map(([, of]) => of) };
}
const packIn = (root: string, at: string) =>
  cpSync(import.meta.dirname, join(root, at, "systemd"), { recursive: true });
const twice = (program: string) => [program, program];

test("each unit starts the program that its installer came with: a gateway's machine has a node's pack beside its own", () =>
  inImage((root) => {
    const programsOf = (from: string) => {
      packIn(root, from);
      const { status, stderr, programs } = installFrom(root, from);
      assert.is(status, 0, stderr);
      return programs;
    };
    assert.equal(programsOf("opt/tocsin-agent"), twice("/opt/tocsin-agent/bin/tocsin"));
    assert.equal(programsOf("opt/tocsin"), twice("/opt/tocsin/bin/tocsin"));
    assert.equal(programsOf("home/jd/tocsin"), twice("/opt/tocsin/bin/tocsin"), "a checkout elsewhere, as ever");
  }));

test("a unit follows a link that an update turns: the program is named as its installer was called", () =>
  inImage((root) => {
    packIn(root, "opt/tocsin-1.2");
    symlinkSync("tocsin-1.2", join(root, "opt/tocsin"));
    assert.equal(installFrom(root, "opt/tocsin").programs, twice("/opt/tocsin/bin/tocsin"));
    assert.equal(installFrom(root, "opt/tocsin-1.2").programs, twice("/opt/tocsin-1.2/bin/tocsin"));
    assert.equal(
      installFrom(root, "", "../systemd/install.sh", join(root, "opt/tocsin-1.2/systemd")).programs,
      twice("/opt/tocsin-1.2/bin/tocsin"),
    );
    mkdirSync(join(root, "usr/sbin"), { recursive: true });
    const elsewhere = join(root, "usr/sbin/tocsin-install");
    symlinkSync("../../opt/tocsin-1.2/systemd/install.sh", elsewhere);
    assert.equal(
      installFrom(root, "", elsewhere).programs,
      twice("/opt/tocsin-1.2/bin/tocsin"),
      "a link to the script",
    );
  }));

test("a folder of /opt that no unit can name is refused with what to do: the other pack would have been started", () =>
  inImage((root) => {
    packIn(root, "opt/tocsin");
    packIn(root, "opt/tocsin agent");
    const { status, stderr, unit } = installFrom(root, "opt/tocsin agent");
    assert.is(status, 78, stderr);
    assert.match(stderr, "'/opt/tocsin agent' cannot be named in a unit: give the folder a name of letters");
    assert.is(stderr.trim().split("\n").length, 1);
    assert.not(existsSync(unit));
  }));

test("a unit that is a link (systemctl link, systemctl mask) is replaced, and what it led to is left as it was", () =>
  inImage((root) => {
    packIn(root, "opt/tocsin");
    const { unit } = installFrom(root, "opt/tocsin");
    const theirs = join(root, "theirs.service");
    for (const target of [theirs, root]) {
      writeFileSync(theirs, "theirs\n", { mode: 0o600 });
      rmSync(unit);
      symlinkSync(target, unit);
      const { status, stderr, programs } = installFrom(root, "opt/tocsin");
      assert.is(status, 0, stderr);
      assert.ok(lstatSync(unit).isFile());
      assert.is(lstatSync(unit).mode & 0o777, 0o644);
      assert.equal(programs, twice("/opt/tocsin/bin/tocsin"));
      assert.is(readFileSync(theirs, "utf8"), "theirs\n");
      assert.is(statSync(theirs).mode & 0o777, 0o600);
    }
  }));

test("a name with a slash, a missing configuration and no arguments are refused with what to do", () =>
  inImage((root, install) => {
    const config = join(root, "lamp.yaml");
    writeFileSync(config, "");
    const bad = install("agent", "../lamp", config);
    assert.is(bad.status, 64);
    assert.match(bad.stderr, "lower-case letters");
    const missing = install("agent", "lamp-01", join(root, "nothing.yaml"));
    assert.is(missing.status, 65);
    assert.match(missing.stderr, "nothing.yaml cannot be read");
    assert.is(install().status, 64);
  }));

test("a gateway's dataDir that its service cannot write is refused with what to do; nothing is put", () =>
  inImage((root, install) => {
    const config = join(root, "gateway.yaml");
    const put = join(root, "etc/tocsin/gateway.yaml");
    for (const bad of [
      "/var/lib/tocsin # until now",
      "data",
      "/var/lib/tocsin/gateway2",
      "/var/lib/tocsin/gateway/..",
    ]) {
      writeFileSync(config, `site: test\ndataDir: ${bad}\n`);
      const { status, stderr } = install("gateway", config);
      assert.is(status, 78, bad);
      assert.match(stderr, "the service writes /var/lib/tocsin/gateway only");
      assert.is(stderr.trim().split("\n").length, 1);
      assert.not(existsSync(put));
    }
    for (const good of [
      "/var/lib/tocsin/gateway",
      '"/var/lib/tocsin/gateway/"   # its own',
      "/var/lib/tocsin/gateway/b",
    ]) {
      writeFileSync(config, `site: test\ndataDir: ${good}\n`);
      const { status, stderr } = install("gateway", config);
      assert.is(status, 0, stderr);
    }
    writeFileSync(config, "dataDir: /var/lib/tocsin\n");
    assert.is(install("agent", "gateway-1", config).status, 0, "a node's folder is not the gateway's");
  }));

test("a gateway's folder holds none of a node's: each is for its own account only", () => {
  const stateOf = (unit: string) =>
    /^StateDirectory=(.*)$/m.exec(readFileSync(join(import.meta.dirname, unit), "utf8"))![1]!;
  assert.is(stateOf("tocsin-gateway.service"), "tocsin/gateway");
  assert.is(stateOf("tocsin-agent@.service"), "tocsin/%i");
});

/** The calls that a unit's own lists leave, of those asked about: each list adds to or takes from the ones before it (systemd.exec(5)). */
function isAllowed(unit: string, call: string, groups: readonly string[]): boolean {
  let allowed = false;
  for (const [, takes, list] of unit.matchAll(/^SystemCallFilter=(~?)(.*)$/gm))
    if (list!.split(" ").some((name) => name === call || groups.includes(name))) allowed = takes === "";
  return allowed;
}

test("a node may ask the kernel how good the clock is (adjtimex), and can set it by no means", () => {
  const unit = readFileSync(join(import.meta.dirname, "tocsin-agent@.service"), "utf8");
  assert.not.match(unit, /^ProtectClock=(?!no)/m, "a filter of its own, which no list of the unit can soften");
  // @privileged holds @clock, which holds all of these; @system-service holds none.
  const groups = ["@privileged", "@clock"];
  for (const call of ["adjtimex", "clock_adjtime", "clock_adjtime64"]) assert.ok(isAllowed(unit, call, groups), call);
  for (const call of ["clock_settime", "clock_settime64", "settimeofday"])
    assert.not(isAllowed(unit, call, groups), call);
  assert.match(unit, /^CapabilityBoundingSet=$/m);
  assert.match(unit, /^AmbientCapabilities=$/m);
  assert.match(unit, /^NoNewPrivileges=yes$/m);
  assert.not.match(unit, /^DeviceAllow=.*rtc/m, "nor the hardware clock");
});

const analyze = spawnSync("systemd-analyze", ["--version"], { encoding: "utf8" });
if (analyze.status !== 0) console.log("skipped: no systemd-analyze; the units' exposure is not rated");
else
  test("systemd rates both units' exposure below 2.5 of 10", () => {
    for (const unit of ["tocsin-agent@.service", "tocsin-gateway.service"]) {
      const rated = spawnSync(
        "systemd-analyze",
        ["security", "--offline=true", "--no-pager", join(import.meta.dirname, unit)],
        {
          encoding: "utf8",
        },
      );
      const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(rated.stdout) ?? [];
      assert.ok(exposure !== undefined && Number(exposure) < 2.5, `${unit}: ${exposure} ${rated.stderr}`);
    }
  });

test.run();
