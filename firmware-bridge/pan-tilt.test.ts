/** johnny-five against our Firmata firmware on an emulated ATmega328P, and the mount that survives its board: one build serves both. */
import { Duplex } from "node:stream";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openCameraMount } from "./camera-mount.ts";
import { openPanTilt } from "./pan-tilt.ts";
import { buildFirmware, type Emulator, startEmulator } from "./testing/emulator.ts";

const firmware = buildFirmware();
const silent = { debug() {}, info() {}, warn() {}, error() {} };

const settings = {
  path: "/dev/ttyACM0",
  panDeg: [0, 180] as [number, number],
  tiltDeg: [30, 150] as [number, number],
  lamp: 0 as const,
  log: silent,
};

let seen = (): unknown => undefined;
async function until(what: string, fact: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!fact()) {
    if (Date.now() > end) assert.unreachable(`not within 20 s: ${what} ${JSON.stringify(seen())}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

if (firmware) {
  test("90 degrees is a pulse of 1500 us, 180 is cut to the range's 120; a lamp goes on and off", async () => {
    const chip = startEmulator({ hexPath: firmware.panTilt });
    seen = () => chip.pins;
    try {
      const board = await openPanTilt(chip.stream, { tiltDeg: [60, 120], signal: AbortSignal.timeout(20_000) });
      assert.equal(board.point(90, 180), { panDeg: 90, tiltDeg: 120 });
      // johnny-five: 600 us at 0 degrees, 2400 us at 180.
      await until("pan at 90 degrees", () => Math.abs(chip.pins.servoUs[0] - 1500) <= 10);
      await until("tilt at 120 degrees", () => Math.abs(chip.pins.servoUs[1] - 1800) <= 10);
      board.lamp(0, true);
      await until("lamp on", () => chip.pins.lamps[0] && !chip.pins.lamps[1]);
      board.lamp(0, false);
      await until("lamp off", () => !chip.pins.lamps[0]);
      await board.close();
    } finally {
      await chip.stop();
    }
  });
}

if (firmware) {
  test("a board that falls silent is lost after three questions, one that was there longer than its signal is not", async () => {
    const chip = startEmulator({ hexPath: firmware.panTilt });
    const deadline = new AbortController();
    try {
      const board = await openPanTilt(chip.stream, { signal: deadline.signal, askEveryMs: 50 });
      deadline.abort();
      assert.is(process.listenerCount("SIGINT"), 0, "stopping is the agent's own affair");
      board.lamp(1, true);
      await until("lamp on", () => chip.pins.lamps[1]);
      chip.pause(true);
      assert.is(await board.ended, "it does not answer any more");
    } finally {
      await chip.stop();
    }
  });
}

if (firmware) {
  test("absent, there, dead and there again: each board is told the pose that holds, 135 degrees is 1950 us", async () => {
    const chips: Emulator[] = [];
    let openings = 0;
    const mount = openCameraMount({
      ...settings,
      open: async (path) => {
        if (openings++ === 0) throw new Error(`no ${path}`);
        const chip = startEmulator({ hexPath: firmware.panTilt });
        chips.push(chip);
        return chip.stream;
      },
    });
    try {
      const phases: string[] = [];
      mount.onHealth(() => phases.push(`${mount.health.phase}: ${mount.health.why}`));
      mount.hold({ panDeg: 135, tiltDeg: 60, lampOn: true });
      const pointed = (chip: Emulator | undefined) =>
        chip !== undefined &&
        Math.abs(chip.pins.servoUs[0] - 1950) <= 10 &&
        Math.abs(chip.pins.servoUs[1] - 1200) <= 10 &&
        chip.pins.lamps[0];
      await until("pointed", () => pointed(chips[0]));
      chips[0]!.stream.destroy();
      await until("pointed again", () => pointed(chips[1]));
      await until("up", () => mount.health.phase === "up");
      assert.equal(phases, [
        "down: no /dev/ttyACM0",
        "up: undefined",
        "down: the port was closed: is the cable in?",
        "up: undefined",
      ]);
      assert.equal(mount.counters, { openings: 2, failures: 2 });
      mount.hold({ panDeg: 90, tiltDeg: 90, lampOn: false });
      await mount.close();
      await until("at rest", () => !chips[1]!.pins.lamps[0] && Math.abs(chips[1]!.pins.servoUs[0] - 1500) <= 10);
    } finally {
      await mount.close();
      for (const chip of chips) await chip.stop();
    }
  });
}

if (firmware) {
  test("a board that answers and cannot be told its pose is let go: its port is closed before the next attempt", async () => {
    const chips: Emulator[] = [];
    const mount = openCameraMount({
      ...settings,
      open: async () => {
        assert.ok(chips.every(({ stream }) => stream.destroyed));
        chips.push(startEmulator({ hexPath: firmware.panTilt }));
        return chips.at(-1)!.stream;
      },
    });
    const badPose = {
      panDeg: 90,
      tiltDeg: 90,
      get lampOn(): boolean {
        throw new Error("no such lamp");
      },
    };
    try {
      mount.hold(badPose);
      await until("a second attempt", () => chips.length > 1);
      assert.equal(mount.health, { phase: "down", why: "no such lamp" });
      assert.ok(chips[0]!.stream.destroyed);
    } finally {
      await mount.close();
      for (const chip of chips) await chip.stop();
    }
  });
}

test("a board that says nothing is refused with what to check", async () => {
  try {
    await openPanTilt(new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }), {
      signal: AbortSignal.timeout(200),
    });
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /did not answer; check its power, cable/);
  }
});

test.run();
