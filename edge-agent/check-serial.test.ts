import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkSerial, serialPortsOf } from "./check-serial.ts";

const folder = mkdtempSync(join(tmpdir(), "tocsin-check-serial-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const portsOf = (roles: object, clock: object = {}) =>
  serialPortsOf({ roles, clock } as Parameters<typeof serialPortsOf>[0]);

test("each board and autopilot at a serial port is found by its field, under whatever name udev gave it", () => {
  const roles = {
    fly: { vehicle: { url: "serial:///dev/autopilot:57600" }, dock: { kind: "serial", path: "/dev/dock" } },
    patrol: { body: { kind: "serial", path: "/dev/wheels" } },
    stream: { cameras: [{ name: "front", panTilt: { path: "/dev/mount" } }, { name: "back" }] },
  };
  assert.equal(portsOf(roles, { bridge: { path: "/dev/pulse" } }), [
    "/dev/pulse",
    "/dev/autopilot",
    "/dev/dock",
    "/dev/wheels",
    "/dev/mount",
  ]);
});

test("over a network there is no port, and a path that is none of a board's is none", () => {
  const roles = {
    listen: { selfTest: { speaker: "/dev/ttyUSB0" } },
    fly: { vehicle: { url: "udpin://0.0.0.0:14540" }, dock: { kind: "tcp", port: 7010 } },
    patrol: { body: { kind: "mqtt" } },
  };
  assert.equal(portsOf(roles), []);
});

test("a named port is looked for by its name; without names, whatever looks like one is told", async () => {
  const [port, dock] = [join(folder, "ttyUSB0"), join(folder, "dock")];
  assert.is((await checkSerial(undefined, folder)).ok, false);
  writeFileSync(port, "");
  symlinkSync(port, dock);
  assert.equal(await checkSerial(undefined, folder), { name: "serial", ok: true, detail: port });
  assert.equal(await checkSerial([dock], folder), { name: "serial", ok: true, detail: dock });
  rmSync(port);
  const { ok, detail } = await checkSerial([dock], folder);
  assert.equal([ok, detail], [false, `no serial port at ${dock}`]);
});

test.run();
