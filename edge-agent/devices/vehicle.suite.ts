/** What every `Vehicle` does, fake or real: one flight from the ground to the ground, told in numbers. */
import { suite, type Test } from "uvu";
import * as assert from "uvu/assert";
import type { FlightMode, ModeChange, StickInput, Traffic, Vehicle, VehicleState } from "#edge-agent/vehicle-port.ts";

/** A vehicle on the ground and the world's hands on it. */
export interface VehicleRig {
  vehicle: Vehicle;
  home: { lat: number; lon: number; absAltM: number };
  pilotMode(mode: "altitude" | "position"): void;
  pilotSticks(): void;
  linkDown(): void;
  linkUp(): void;
  hearTraffic(traffic: { icao: number; callsign: string; lat: number; lon: number; absAltM: number }): void;
  /** True position, where the rig knows it. */
  truth(): { lat: number; lon: number; absAltM: number };
  stop(): Promise<void>;
}

const perLatM = 111_320;

/** Metres across between two places. */
function distanceM(a: { lat: number; lon: number }, b: { lat: number; lon: number }): number {
  const perLonM = perLatM * Math.cos((a.lat * Math.PI) / 180);
  return Math.hypot((a.lat - b.lat) * perLatM, (a.lon - b.lon) * perLonM);
}

/** Polls until it holds; fails with the vehicle's state after `withinS`. */
export async function until(
  what: string,
  rig: { vehicle: Vehicle },
  holds: (state: VehicleState) => boolean,
  withinS = 40,
) {
  for (const endMs = performance.now() + withinS * 1000; !holds(rig.vehicle.state); ) {
    if (performance.now() > endMs)
      assert.unreachable(`${what}: not within ${withinS} s; ${JSON.stringify(rig.vehicle.state)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function vehicleBehaves(name: string, makeRig: () => Promise<VehicleRig>): Test {
  const test = suite(`vehicle: ${name}`);
  let rig: VehicleRig;
  const changes: ModeChange[] = [];
  const north = (metres: number) => ({ lat: rig.home.lat + metres / perLatM, lon: rig.home.lon });
  const ok = async (result: Promise<{ ok: boolean }>) => {
    const got = await result;
    assert.ok(got.ok, JSON.stringify(got));
  };
  const why = async (result: Promise<{ ok: boolean; why?: string }>) => {
    const got = await result;
    return got.ok ? "ok" : got.why;
  };

  test.before(async () => {
    rig = await makeRig();
    rig.vehicle.onModeChange((change) => changes.push(change));
    await rig.vehicle.ready(AbortSignal.timeout(20_000));
    await until("armable", rig, (state) => state.health?.armable === true);
  });
  test.after(async () => {
    await rig?.stop();
  });

  test("on the ground it is up, disarmed, with a 3D fix and a full battery", () => {
    const { state } = rig.vehicle;
    assert.is(state.link, "up");
    assert.is(state.armed, false);
    assert.is(state.gnss?.fix, "3d");
    assert.ok((state.battery?.fraction ?? 0) > 0.95);
    assert.ok(state.linkAgeS < 2, `${state.linkAgeS}`);
    assert.ok(Object.isFrozen(state));
  });

  test("takes off only when armed, flies nowhere from the ground", async () => {
    assert.is(await why(rig.vehicle.takeOff(10)), "state");
    assert.is(await why(rig.vehicle.goTo({ ...north(30), absAltM: rig.home.absAltM + 20 })), "state");
    assert.is(await why(rig.vehicle.takeOff(0)), "input");
    assert.is(await why(rig.vehicle.goTo({ lat: 95, lon: 0, absAltM: 50 })), "input");
  });

  test("says its failsafes: data link and critical battery bring it home, at 40 m", async () => {
    const result = await rig.vehicle.failsafes();
    assert.ok(result.ok);
    assert.is(result.failsafes.dataLinkLoss?.action, "return");
    assert.is(result.failsafes.batteryCritical?.action, "return");
    assert.is(result.failsafes.geofence?.action, "return");
    assert.is(Math.round(result.failsafes.returnHeightM ?? 0), 40);
  });

  test("a parameter is set, read back, and one that is not there is not ok", async () => {
    await ok(rig.vehicle.setParam("RTL_RETURN_ALT", 35));
    const read = await rig.vehicle.getParam("RTL_RETURN_ALT");
    assert.ok(read.ok && read.value === 35, JSON.stringify(read));
    assert.not((await rig.vehicle.getParam("NO_SUCH_PARAM")).ok);
    await ok(rig.vehicle.setParam("RTL_RETURN_ALT", 20));
  });

  test("arms and climbs to 10 m within 1.5 m, then holds: takeoff ours, hold its natural end", async () => {
    await ok(rig.vehicle.arm());
    assert.is(rig.vehicle.state.armed, true);
    await ok(rig.vehicle.takeOff(10));
    await until(
      "at 10 m",
      rig,
      (state) => state.mode === "hold" && Math.abs((state.position?.relAltM ?? 0) - 10) < 1.5,
    );
    assert.equal(
      changes.map(({ to, cause }) => [to, cause]),
      [
        ["takeoff", "commanded"],
        ["hold", "natural"],
      ],
    );
  });

  test("is not disarmed in the air", async () => {
    assert.is(await why(rig.vehicle.disarm()), "state");
    assert.is(rig.vehicle.state.armed, true);
  });

  test("goes 40 m north and 20 m up, within 3 m", async () => {
    const target = { ...north(40), absAltM: rig.home.absAltM + 20 };
    await ok(rig.vehicle.setSpeed(10));
    await ok(rig.vehicle.goTo(target));
    await until("there", rig, () => {
      const truth = rig.truth();
      return distanceM(truth, target) < 3 && Math.abs(truth.absAltM - target.absAltM) < 3;
    });
  });

  test("circles a place 20 m away at 15 m radius within 4 m, and hold stops it", async () => {
    const centre = { ...north(60), absAltM: rig.home.absAltM + 20 };
    await ok(rig.vehicle.orbit({ ...centre, radiusM: 15, speedMS: 6 }));
    await until("on the circle", rig, () => Math.abs(distanceM(rig.truth(), centre) - 15) < 4);
    let travelled = 0;
    let last = rig.truth();
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const now = rig.truth();
      travelled += distanceM(last, now);
      last = now;
      assert.ok(Math.abs(distanceM(now, centre) - 15) < 5, `${distanceM(now, centre)} m from the centre`);
    }
    assert.ok(travelled > 8, `${travelled} m along the circle`);
    await ok(rig.vehicle.hold());
    await until("still", rig, ({ velocity }) => Math.hypot(velocity?.northMS ?? 9, velocity?.eastMS ?? 9) < 0.7);
    assert.is(rig.vehicle.state.mode, "hold");
  });

  test("flies a mission of two places, counts them, and ends in hold by itself", async () => {
    const items = [50, 30].map((metres) => ({ ...north(metres), relAltM: 20, speedMS: 10 }));
    await ok(rig.vehicle.uploadMission(items));
    assert.is(await why(rig.vehicle.uploadMission([])), "input");
    await ok(rig.vehicle.startMission());
    await until("second item", rig, (state) => (state.mission?.current ?? 0) >= 1);
    await until("finished", rig, (state) => state.mission?.finished === true && state.mode === "hold");
    assert.equal(rig.vehicle.state.mission, { current: 2, total: 2, finished: true });
    assert.is(changes.at(-1)?.cause, "natural");
  });

  test("camera 45 degrees down, filming", async () => {
    await ok(rig.vehicle.pointGimbal({ pitchDeg: -45, yawDeg: 0 }));
    await until("camera down", rig, (state) => Math.abs((state.gimbal?.pitchDeg ?? 0) + 45) < 2);
    await ok(rig.vehicle.startVideo());
    assert.is(rig.vehicle.state.camera?.recording, true);
    await ok(rig.vehicle.stopVideo());
    assert.is(rig.vehicle.state.camera?.recording, false);
    assert.is(await why(rig.vehicle.pointGimbal({ pitchDeg: -120, yawDeg: 0 })), "input");
  });

  test("keeps inside its fence: a place beyond is denied", async () => {
    const corner = (n: number, e: number) => ({ lat: rig.home.lat + n / perLatM, lon: rig.home.lon + e / perLatM });
    const points = [corner(-100, -200), corner(-100, 200), corner(150, 200), corner(150, -200)];
    const fence = { polygons: [{ kind: "inclusion" as const, points }] };
    assert.equal(await rig.vehicle.holdsGeofence(fence), { ok: true, same: false });
    await ok(rig.vehicle.setGeofence(fence));
    assert.equal(await rig.vehicle.holdsGeofence(fence), { ok: true, same: true });
    assert.is(await why(rig.vehicle.goTo({ ...north(200), absAltM: rig.home.absAltM + 20 })), "denied");
    await ok(rig.vehicle.clearGeofence());
  });

  test("hears an aircraft by ADS-B with its height and callsign", async () => {
    const heard: Traffic[] = [];
    const off = rig.vehicle.onTraffic((traffic) => heard.push(traffic));
    rig.hearTraffic({ icao: 0x484001, callsign: "LIFELN1", ...north(2000), absAltM: 250 });
    await until("heard", rig, () => heard.length > 0, 5);
    off();
    assert.is(heard[0]?.callsign, "LIFELN1");
    assert.ok(Math.abs((heard[0]?.absAltM ?? 0) - 250) < 1);
  });

  test("a pilot's mode change is noticed within 1 s, and is not ours", async () => {
    const before = changes.length;
    const startMs = performance.now();
    rig.pilotMode("altitude");
    await until("noticed", rig, () => changes.length > before, 5);
    const took = (changes.at(-1)?.atMs ?? Infinity) - startMs;
    assert.ok(took < 1000, `${took} ms`);
    assert.equal(
      [changes.at(-1)?.to, changes.at(-1)?.ours, changes.at(-1)?.cause],
      ["altitude" as FlightMode, false, "pilot"],
    );
    await ok(rig.vehicle.hold());
    await until("hold again", rig, (state) => state.mode === "hold");
    assert.is(changes.at(-1)?.ours, true);
  });

  test("a stick moved by a fifth is noticed within 1 s", async () => {
    const inputs: StickInput[] = [];
    const off = rig.vehicle.onStick((input) => inputs.push(input));
    const startMs = performance.now();
    rig.pilotSticks();
    await until("noticed", rig, () => inputs.length > 0, 5);
    off();
    assert.ok((inputs[0]?.atMs ?? Infinity) - startMs < 1000);
    assert.ok(Math.abs((inputs[0]?.deflection ?? 0) - 0.2) < 0.03, `${inputs[0]?.deflection}`);
  });

  test("without its link a command is answered at once, and it is found again", async () => {
    rig.linkDown();
    await until("lost", rig, (state) => state.link === "lost", 10);
    const startMs = performance.now();
    assert.is(await why(rig.vehicle.hold()), "link");
    assert.ok(performance.now() - startMs < 100);
    rig.linkUp();
    await until("up again", rig, (state) => state.link === "up", 10);
    assert.ok(rig.vehicle.state.counters.linkLosses >= 1);
  });

  test("comes home, lands within 4 m of where it started, and disarms", async () => {
    await ok(rig.vehicle.returnToLaunch());
    await until("on the ground", rig, (state) => state.armed === false && state.landed === "ground", 60);
    const off = distanceM(rig.truth(), rig.home);
    assert.ok(off < 4, `${off} m from home`);
  });

  test("after close every command says link; closing twice is fine", async () => {
    await rig.vehicle.close();
    await rig.vehicle.close();
    assert.is(await why(rig.vehicle.arm()), "link");
  });

  return test;
}
