/** The fence that waits on the vehicle: read ahead, never believed for long. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { dockAt, rehearsalSite } from "#core/handoff/rehearsal-site.ts";
import { fakeVehicle } from "../../devices/fake-vehicle.ts";
import { FenceAhead, freshS } from "./fence-ahead.ts";

const test = suite("fence ahead");

function rig() {
  const site = rehearsalSite();
  const { vehicle, world } = fakeVehicle({ home: { lat: dockAt.lat, lon: dockAt.lon, absAltM: dockAt.altM } });
  const clock = { ms: 0 };
  const ahead = new FenceAhead(vehicle, site, () => clock.ms);
  const done = (command: string) => world.commands.filter((one) => one === command).length;
  /** As the role does, while it waits in its dock. */
  const wait = async (seconds: number) => {
    for (const endMs = clock.ms + seconds * 1000; clock.ms < endMs; clock.ms += 200) {
      ahead.keep();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { site, vehicle, clock, ahead, done, wait };
}

test("set once, read back every 10 s: an order a minute later takes its word, at most 10 s old, without a message", async () => {
  const { vehicle, ahead, done, wait } = rig();
  await wait(60);
  assert.equal([done("setGeofence"), done("holdsGeofence")], [1, 6]);
  const fence = await ahead.ensure();
  assert.ok(fence.ok && fence.readAgoS <= 10.2, JSON.stringify(fence));
  assert.is(done("holdsGeofence"), 6);
  await vehicle.close();
});

test("read longer ago than 30 s, it is read again before anything arms", async () => {
  const { vehicle, clock, ahead, done, wait } = rig();
  await wait(5);
  clock.ms += freshS * 1000 + 5000;
  const reads = done("holdsGeofence");
  const fence = await ahead.ensure();
  assert.ok(fence.ok && fence.readAgoS === 0);
  assert.equal([done("holdsGeofence") - reads, done("setGeofence")], [1, 1]);
  await vehicle.close();
});

test("taken off the vehicle by somebody: seen within 10 s, left alone until an order comes, then set again", async () => {
  const { vehicle, ahead, done, wait } = rig();
  await wait(5);
  await vehicle.clearGeofence();
  await wait(12);
  assert.equal([done("setGeofence"), ahead.counters.fenceFoundOther], [1, 1]);
  assert.ok((await ahead.ensure()).ok);
  assert.is(done("setGeofence"), 2);
  await vehicle.close();
});

test("after the vehicle was away nothing of what was known counts; a fence that cannot be read back is no fence", async () => {
  const { vehicle, ahead, done, wait } = rig();
  await wait(5);
  ahead.forget();
  await vehicle.clearGeofence();
  const fence = await ahead.ensure();
  assert.ok(fence.ok);
  assert.is(done("setGeofence"), 2);
  ahead.forget();
  await vehicle.close();
  assert.not((await ahead.ensure()).ok);
});

test("away while its fence is being read or set: what comes of it counts for nothing afterwards", async () => {
  for (const command of ["holdsGeofence", "setGeofence"] as const) {
    const { vehicle, clock, ahead, done } = rig();
    if (command === "holdsGeofence") await ahead.ensure();
    clock.ms += (freshS + 5) * 1000;
    const real = vehicle[command].bind(vehicle);
    let goOn = () => {};
    const asked = new Promise<void>((called) => {
      vehicle[command] = (async (fence: Parameters<typeof real>[0]) => {
        const result = await real(fence);
        called();
        await new Promise<void>((resolve) => (goOn = resolve));
        return result;
      }) as never;
    });
    const before = ahead.ensure();
    await asked;
    ahead.forget();
    vehicle[command] = real as never;
    await new Promise((resolve) => setImmediate(resolve));
    goOn();
    assert.not((await before).ok, command);
    const reads = done("holdsGeofence");
    assert.ok((await ahead.ensure()).ok);
    assert.is(done("holdsGeofence"), reads + 1, command);
    await vehicle.close();
  }
});

test.run();
