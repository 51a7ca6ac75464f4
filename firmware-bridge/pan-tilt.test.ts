/** johnny-five against our Firmata firmware on an emulated ATmega328P. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openPanTilt } from "./pan-tilt.ts";
import { buildFirmware, startEmulator } from "./testing/emulator.ts";

const firmware = buildFirmware(mkdtempSync(join(tmpdir(), "tocsin-pan-tilt-")));

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
      board.close();
    } finally {
      await chip.stop();
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
