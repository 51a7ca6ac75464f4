/** The real host code against the real firmware on an emulated ATmega328P. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createSerialDock, type SerialDock } from "./dock.ts";
import { buildFirmware, type Emulator, type EmulatorOptions, startEmulator } from "./testing/emulator.ts";

const firmware = buildFirmware();
const test = suite<{ chip: Emulator; dock: SerialDock }>("dock");

async function until(what: string, fact: () => boolean, limitMs = 20_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!fact()) {
    if (Date.now() > end) assert.unreachable(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function withDock(options: Partial<EmulatorOptions>, body: (dock: SerialDock, chip: Emulator) => Promise<void>) {
  // Twice as fast as life: the host's words are then due within a second of the wall's clock.
  const chip = startEmulator({ hexPath: firmware!.dock, doorTravelS: 0.6, speed: 2, ...options });
  const dock = createSerialDock(chip.stream, "emulator");
  try {
    await dock.ready(AbortSignal.timeout(20_000));
    await body(dock, chip);
  } finally {
    await dock.close();
    await chip.stop();
  }
}

if (firmware) {
  test("opens, takes a drone, closes over it, charges; the air is 23.5 C", () =>
    withDock({}, async (dock, chip) => {
      assert.is(dock.state.door, "closed");
      assert.equal(await dock.openDoor(), { ok: true });
      await until("open", () => dock.state.door === "open");
      chip.padOccupied(true);
      await until("pad seen", () => dock.state.padOccupied === true);
      const atOnce = await dock.closeDoor();
      assert.is(atOnce.ok ? "" : atOnce.why, "obstructed", "the pad has just changed");
      let closing = atOnce;
      await until("the pad has settled", () => {
        void dock.closeDoor().then((result) => {
          closing = result;
        });
        return closing.ok;
      });
      await until("closed", () => dock.state.door === "closed");
      assert.equal(await dock.setCharger(true), { ok: true });
      await until("charging", () => dock.state.charger === "on" && chip.pins.charger);
      chip.airTempC(23.5);
      await until("temperature", () => Math.abs((dock.state.airTempC ?? 0) - 23.5) < 0.5);
      assert.is(dock.ticksPerS, 2_000_000);
    }));

  test("a closing door turns back when the light barrier breaks, and never has both relays on", () =>
    withDock({ doorOpen: true, doorTravelS: 3 }, async (dock, chip) => {
      assert.equal(await dock.closeDoor(), { ok: true });
      await until("half closed", () => chip.pins.door < 0.7);
      chip.breakBarrier(true);
      await until("open again", () => dock.state.door === "open");
      assert.ok(chip.pins.door === 1);
      const refused = await dock.closeDoor();
      assert.is(refused.ok ? "" : refused.why, "obstructed");
      assert.ok(chip.history.some((pins) => pins.motorClose) && chip.history.some((pins) => pins.motorOpen));
      assert.not.ok(chip.history.some((pins) => pins.motorClose && pins.motorOpen));
    }));

  test("the stop button cuts motor and charger, refuses commands, and is latched until turned out", () =>
    withDock({ doorOpen: true, doorTravelS: 3 }, async (dock, chip) => {
      await dock.setCharger(true);
      await dock.closeDoor();
      await until("moving", () => chip.pins.motorClose);
      chip.pressStop(true);
      await until("all off", () => !chip.pins.motorClose && !chip.pins.motorOpen && !chip.pins.charger);
      await until("said", () => dock.state.stopPressed);
      const refused = await dock.openDoor();
      assert.is(refused.ok ? "" : refused.why, "stopped");
      chip.pressStop(false);
      await until("released", () => !dock.state.stopPressed);
      assert.equal(await dock.openDoor(), { ok: true });
    }));

  test("a host that falls silent: a closing door turns back, the charger goes off", () =>
    withDock({ doorOpen: true, doorTravelS: 5 }, async (dock, chip) => {
      await dock.setCharger(true);
      await dock.closeDoor();
      await until("moving", () => chip.pins.motorClose && chip.pins.charger);
      await dock.close();
      await until("charger off", () => !chip.pins.charger);
      await until("open again", () => chip.pins.door === 1 && !chip.pins.motorOpen);
    }));

  test("a door that does not arrive in 15 s is jammed, motor off; it opens again once freed", () =>
    withDock({ speed: 4 }, async (dock, chip) => {
      chip.jamDoor(true);
      await dock.openDoor();
      await until("jammed", () => dock.state.door === "jammed", 60_000);
      assert.not.ok(chip.pins.motorOpen);
      chip.jamDoor(false);
      assert.equal(await dock.openDoor(), { ok: true });
      await until("open", () => dock.state.door === "open");
    }));

  test("a program that runs in a circle: the watchdog takes the motor off and starts it anew, and the door opens when told again", () =>
    withDock({ doorTravelS: 4 }, async (dock, chip) => {
      await dock.setCharger(true);
      await dock.openDoor();
      await until("moving", () => chip.pins.motorOpen && chip.pins.charger);
      let reports = 0;
      dock.onState(() => void reports++);
      await until("reports of a second's life", () => reports > 5);
      chip.hang();
      await until("all off", () => !chip.pins.motorOpen && !chip.pins.charger);
      await until("a new start", () => dock.counters.restarts === 1);
      assert.is(dock.counters.watchdogResets, 1);
      assert.is(dock.state.door, "unknown", "halfway, and nobody moved it");
      assert.equal(await dock.openDoor(), { ok: true });
      await until("open", () => dock.state.door === "open");
      assert.is(dock.counters.restarts, 1);
    }));

  test("an opened box is latched until acknowledged; a dead link is said to be lost", () =>
    withDock({}, async (dock, chip) => {
      chip.openTamperLoop(true);
      await until("tampered", () => dock.state.tampered);
      chip.openTamperLoop(false);
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.ok(dock.state.tampered);
      await dock.acknowledgeTamper();
      await until("forgotten", () => !dock.state.tampered);
      chip.pause(true);
      await until("lost", () => dock.state.link === "lost");
      const refused = await dock.openDoor();
      assert.is(refused.ok ? "" : refused.why, "link");
      chip.pause(false);
      await until("up", () => dock.state.link === "up");
    }));

  test("PPS of a clock 20 ppm fast: 2,000,040 ticks and 1000 samples apart", () =>
    withDock({ ppsEveryS: 1.00002, wordClockHz: 1000 }, async (dock) => {
      const edges: { tick: number; samples: number; pulses: number }[] = [];
      dock.onPps((pps) => edges.push(pps));
      await until("three edges", () => edges.length >= 3, 30_000);
      for (let i = 1; i < edges.length; i++) {
        assert.is((edges[i]!.tick - edges[i - 1]!.tick) >>> 0, 2_000_040);
        assert.ok(Math.abs(edges[i]!.samples - edges[i - 1]!.samples - 1000) <= 1);
        assert.is(edges[i]!.pulses - edges[i - 1]!.pulses, 1);
      }
    }));
} else {
  test("skipped: no firmware could be built here", () => assert.ok(!firmware));
}

test.run();
