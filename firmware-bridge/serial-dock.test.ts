/** The dock's promises kept by the real firmware, and over a real tty whose cable is pulled. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { until } from "#edge-agent/devices/bus-suite.ts";
import { answered, dockBehaves } from "#edge-agent/devices/dock.suite.ts";
import type { Log } from "#edge-agent/ports.ts";
import { FlyConfig } from "#edge-agent/roles/fly/config.ts";
import { createSerialDock } from "./dock.ts";
import { openSerial } from "./serial.ts";
import { SerialCable } from "./serial-cable.ts";
import { buildFirmware, startEmulator } from "./testing/emulator.ts";

const folder = mkdtempSync(join(tmpdir(), "tocsin-serial-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const firmware = buildFirmware(folder);
const socat = spawnSync("socat", ["-V"]).status === 0;

function listening() {
  const lines: string[] = [];
  const keep = (facts: object, text: string) => void lines.push(`${text} ${JSON.stringify(facts)}`);
  return { lines, log: { debug: keep, info: keep, warn: keep, error: keep } satisfies Log };
}

if (firmware) {
  dockBehaves("real firmware", async () => {
    const chip = startEmulator({ hexPath: firmware.dock, doorTravelS: 0.3 });
    return {
      dock: createSerialDock(chip.stream, "emulator"),
      obstruct: (on) => chip.breakBarrier(on),
      pressStop: (on) => chip.pressStop(on),
      openBox: () => {
        chip.openTamperLoop(true);
        setTimeout(() => chip.openTamperLoop(false), 300);
      },
      cutLink: () => chip.pause(true),
      close: () => chip.stop(),
    };
  });
}

/** A tty at `path` whose other end is the emulated chip; killed, it is a pulled cable. */
async function cable(path: string, port: number): Promise<ChildProcess> {
  const child = spawn("socat", [`pty,link=${path},raw,echo=0,b115200`, `tcp:127.0.0.1:${port}`], { stdio: "ignore" });
  await until("the tty", () => existsSync(path));
  return child;
}

async function pull(child: ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  await until("socat's end", () => child.exitCode !== null || child.signalCode !== null);
}

test("a serial port that is let go is no longer open, and comes up again at the same path", async () => {
  if (!socat) {
    console.log("skipped: needs socat");
    return;
  }
  const [path, far] = [join(folder, "ttyNear"), join(folder, "ttyFar")];
  const child = spawn("socat", [`pty,link=${path},raw,echo=0`, `pty,link=${far},raw,echo=0`], { stdio: "ignore" });
  try {
    await until("the tty", () => existsSync(path) && existsSync(far));
    const tty = realpathSync(path);
    const held = () => readdirSync("/proc/self/fd").filter((fd) => linkOf(`/proc/self/fd/${fd}`) === tty).length;
    for (let times = 0; times < 2; times++) {
      const port = await openSerial(path, 115_200);
      port.on("data", () => undefined);
      assert.is(held(), 1);
      port.destroy();
      await until("the file to be closed", () => held() === 0);
    }
  } finally {
    await pull(child);
  }
});

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // Its file was closed since the folder was read.
    return undefined;
  }
}

test("over a tty: opens the door; the cable is pulled and put back, and the same dock opens and closes again", async () => {
  if (!firmware || !socat) {
    console.log("skipped: needs gcc-avr, avr-libc, make and socat");
    return;
  }
  const chip = startEmulator({ hexPath: firmware.dock, doorTravelS: 0.3 });
  const wire = createServer((socket) => {
    const up = (bytes: Buffer) => void socket.write(bytes);
    chip.stream.on("data", up);
    socket.on("data", (bytes) => void chip.stream.write(bytes));
    socket.on("error", () => undefined);
    socket.on("close", () => chip.stream.off("data", up));
  });
  await new Promise<void>((resolve) => wire.listen(0, "127.0.0.1", resolve));
  const { port } = wire.address() as AddressInfo;
  const path = join(folder, "ttyDock");
  const { lines, log } = listening();
  // No tty yet: the host is up before the dock has power.
  const stream = new SerialCable({ path, baudRate: 115_200, log });
  const dock = createSerialDock(stream, path);
  let child: ChildProcess | undefined;
  try {
    await until("the first failure", () => stream.counters.failures > 0);
    child = await cable(path, port);
    await dock.ready(AbortSignal.timeout(30_000));
    assert.equal(await dock.openDoor(), { ok: true });
    await until("the open door", () => dock.state.door === "open", 30_000);
    await pull(child);
    await until("the loss", () => dock.state.link === "lost", 20_000);
    const refused = await dock.closeDoor();
    assert.is(refused.ok ? "" : refused.why, "link");
    child = await cable(path, port);
    await until("the link again", () => dock.state.link === "up", 30_000);
    assert.is(stream.counters.openings, 2);
    await answered(() => dock.closeDoor(), "accepted");
    await until("the closed door", () => dock.state.door === "closed", 30_000);
    assert.ok(lines.some((line) => line.startsWith("no serial port; trying again") && line.includes("ttyDock")));
  } finally {
    try {
      await dock.close();
      if (child) await pull(child);
    } finally {
      wire.close();
      // Its thread would hold the process for good.
      await chip.stop();
    }
  }
});

test("a drone's configuration names its dock on a serial port; 115200 baud where none is given", () => {
  const { dock } = FlyConfig.entries;
  const path = "/dev/serial/by-id/usb-dock";
  assert.equal(v.parse(dock, { kind: "serial", path }), { kind: "serial", path, baudRate: 115_200 });
  assert.not.ok(v.is(dock, { kind: "serial" }));
  assert.not.ok(v.is(dock, { kind: "serial", path, port: 7000 }));
});

test("a port that is away: bytes are dropped and counted, one line is logged, and it ends when told", async () => {
  const { lines, log } = listening();
  let asked = 0;
  const port = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const stream = new SerialCable({
    path: "/dev/nowhere",
    baudRate: 9600,
    log,
    open: async () => {
      if (++asked < 3) throw new Error("no such port");
      return port;
    },
  });
  stream.write(Buffer.from("12345"));
  await until("the third attempt", () => stream.counters.openings === 1);
  assert.is(stream.counters.droppedBytes, 5);
  assert.is(lines.filter((line) => line.includes("no such port")).length, 1);
  const heard: string[] = [];
  stream.on("data", (bytes: Buffer) => heard.push(bytes.toString()));
  port.push(Buffer.from("ok"));
  await until("the bytes", () => heard.join("") === "ok");
  stream.destroy();
  assert.ok(port.destroyed);
});

test.run();
