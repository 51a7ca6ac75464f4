/** The pretend dock charges the pretend drone that stands on its pad, for as long as its charger is on. */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startDrone } from "./drone.ts";

test("250 W are half an hour from empty to full; without them the battery sinks", async () => {
  const drone = await startDrone({
    home: { lat: 40.66, lon: -73.91, absAltM: 10 },
    batteryFraction: 0.3,
    speed: 50,
    chargerW: 250,
  });
  const fraction = () => drone.vehicle.truth.batteryFraction;
  try {
    const atStart = fraction();
    await sleep(1_500);
    const charged = fraction();
    // At most 75 s of its time, of 1,800 from empty to full, less what the vehicle takes; a busy machine gives it less.
    assert.ok(charged > atStart + 0.005 && charged < atStart + 0.05, `${atStart} -> ${charged}`);
    const line = connect(drone.dock.port, "127.0.0.1");
    line.write(`${JSON.stringify({ ask: 1, do: "charger", on: false })}\n`);
    while (drone.dock.charging) await sleep(10);
    await sleep(400);
    const off = fraction();
    await sleep(600);
    assert.ok(fraction() < off, `${off} -> ${fraction()}`);
    line.destroy();
  } finally {
    await drone.close();
  }
});

test.run();
