/** The pretend vehicle against figures that a person can check, without MAVLink. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Autopilot } from "./autopilot.ts";
import { customMode, modeOf } from "./modes.ts";
import { fromWireFloat, toWireFloat } from "./params.ts";
import { toLocal, toWgs84 } from "./place.ts";
import { seeded } from "./random.ts";

const test = suite("simulated vehicle");
const origin = { lat: 52.1, lon: 5.1, altM: 12 };

function craftOn(params: Record<string, number> = {}) {
  const texts: string[] = [];
  const says = { text: (_: number, text: string) => texts.push(text), modeChanged: () => {} };
  const craft = new Autopilot(origin, says, seeded(3), 0);
  for (const [name, value] of Object.entries(params)) craft.params.get(name)!.value = value;
  craft.groundHeardAtS = 0;
  return { craft, texts };
}

/** Steps of 20 ms with the ground heard once a second. */
function run(craft: Autopilot, seconds: number, options: { silent?: boolean } = {}) {
  for (let i = 0; i < seconds * 50; i++) {
    if (!options.silent && i % 50 === 0) craft.groundHeardAtS = craft.timeS;
    craft.step(0.02);
  }
}

function flying(params: Record<string, number> = {}) {
  const made = craftOn(params);
  assert.is(made.craft.arm(false), undefined);
  assert.is(made.craft.takeOff(30), undefined);
  run(made.craft, 20);
  assert.is(made.craft.mode, "hold");
  return made;
}

const across = (craft: Autopilot) => Math.hypot(craft.body.position.n, craft.body.position.e);

test("climbs to 30 m and holds within half a metre", () => {
  const { craft } = flying();
  assert.ok(Math.abs(craft.body.position.u - 30) < 0.5, `${craft.body.position.u}`);
  assert.is(craft.landed, "air");
});

test("flies 100 m at no more than 8 m/s and 4 m/s2, and stops within 1 m of it", () => {
  const { craft } = flying();
  const at = toWgs84(origin, { n: 100, e: 0, u: 30 });
  assert.is(craft.goTo(at.lat, at.lon, at.altM, undefined), undefined);
  let fastest = 0;
  let hardest = 0;
  for (let i = 0; i < 30 * 50; i++) {
    const before = craft.body.velocity.n;
    craft.groundHeardAtS = craft.timeS;
    craft.step(0.02);
    fastest = Math.max(fastest, craft.body.velocity.n);
    hardest = Math.max(hardest, Math.abs(craft.body.velocity.n - before) / 0.02);
  }
  assert.ok(fastest > 7 && fastest < 8.1, `${fastest} m/s`);
  assert.ok(hardest < 4.05, `${hardest} m/s2`);
  assert.ok(Math.abs(craft.body.position.n - 100) < 1);
});

test("a wind of 10 m/s does not carry a holding vehicle off; one of 25 m/s does", () => {
  const { craft } = flying({ COM_WIND_MAX: -1 });
  craft.wind.e = 10;
  run(craft, 20);
  assert.ok(across(craft) < 3, `${across(craft)} m`);
  craft.wind.e = 25;
  run(craft, 10);
  assert.ok(across(craft) > 40, `${across(craft)} m`);
});

test("hovers between 20 and 28 minutes on a full battery, and its voltage falls", () => {
  const { craft } = flying();
  const full = craft.battery.voltageV;
  const started = craft.battery.fraction;
  run(craft, 60);
  const minutes = 1 / (started - craft.battery.fraction);
  assert.ok(minutes > 20 && minutes < 28, `${minutes} minutes`);
  assert.ok(craft.battery.voltageV < full);
});

test("5 s without the ground: holds 2 s, then comes home and lands where it rose", () => {
  const { craft, texts } = flying();
  const at = toWgs84(origin, { n: 80, e: 0, u: 30 });
  craft.goTo(at.lat, at.lon, at.altM, undefined);
  run(craft, 15);
  run(craft, 5.2, { silent: true });
  assert.is(craft.mode, "hold");
  assert.ok(texts.some((text) => text.includes("data link lost")));
  run(craft, 2, { silent: true });
  assert.is(craft.mode, "return");
  run(craft, 120, { silent: true });
  assert.is(craft.landed, "ground");
  assert.is(craft.armed, false);
  assert.ok(across(craft) < 1.5, `${across(craft)} m from home`);
});

test("comes home at its return height: never under 40 m on the way from 80 m off", () => {
  const { craft } = flying();
  const at = toWgs84(origin, { n: 80, e: 0, u: 30 });
  craft.goTo(at.lat, at.lon, at.altM, undefined);
  run(craft, 15);
  craft.setMode("return");
  let lowest = Infinity;
  for (let i = 0; i < 40 * 50 && across(craft) > 3; i++) {
    craft.groundHeardAtS = craft.timeS;
    craft.step(0.02);
    if (across(craft) < 70) lowest = Math.min(lowest, craft.body.position.u);
  }
  assert.ok(lowest > 39, `${lowest} m`);
});

test("battery under 12 % comes home, under 6 % lands at once", () => {
  const { craft } = flying();
  craft.battery.fraction = 0.11;
  run(craft, 3);
  assert.is(craft.mode, "return");
  craft.battery.fraction = 0.05;
  run(craft, 3);
  assert.is(craft.mode, "land");
});

test("no satellites: lands and drifts with the wind, a metre a second in a wind of 3", () => {
  const { craft } = flying({ COM_WIND_MAX: -1 });
  craft.wind.e = 3;
  craft.gnss.available = false;
  run(craft, 5);
  assert.is(craft.mode, "land");
  assert.ok(across(craft) > 3, `${across(craft)} m`);
});

test("a stick moved by a third takes it into Position; by a fifth it does not", () => {
  const { craft } = flying();
  craft.rc.sticks.roll = 0.2;
  run(craft, 1);
  assert.is(craft.mode, "hold");
  craft.rc.sticks.roll = 0.34;
  run(craft, 1);
  assert.is(craft.mode, "position");
  assert.ok(craft.body.position.e > 0.5);
});

test("is not armed with a bad compass, without satellites or at 20 % battery; in the air not disarmed", () => {
  for (const spoil of [
    (craft: Autopilot) => void (craft.sensors.magnetometer = false),
    (craft: Autopilot) => void (craft.battery.fraction = 0.2),
  ]) {
    const { craft } = craftOn();
    spoil(craft);
    assert.type(craft.arm(false), "string");
    assert.is(craft.armed, false);
  }
  const { craft } = flying();
  assert.is(craft.disarm(false), "not landed");
  assert.is(craft.armed, true);
});

test("the fence: outside 50 m it turns home, and a place beyond is refused", () => {
  const { craft } = flying({ GF_MAX_HOR_DIST: 50 });
  const at = toWgs84(origin, { n: 60, e: 0, u: 30 });
  assert.is(craft.goTo(at.lat, at.lon, at.altM, undefined), "outside geofence");
  craft.body.position.n = 55;
  run(craft, 1);
  assert.is(craft.mode, "return");
});

test("PX4's numbers: hold is 4,3 in bytes 2 and 3; 1 as INT32 travels as the float of its bytes", () => {
  assert.is(customMode("hold"), 0x03040000);
  assert.is(modeOf(3, 1), "orbit");
  const wire = toWireFloat({ type: "int", value: 1 });
  assert.is(wire, 2 ** -149);
  assert.is(fromWireFloat("int", wire), 1);
  assert.is(fromWireFloat("int", toWireFloat({ type: "int", value: 4001 })), 4001);
});

test("a degree of latitude at 52.1 north is 111 266 m, and there and back is the same place", () => {
  const local = toLocal(origin, 53.1, 5.1, 12);
  assert.ok(Math.abs(local.n - 111_266) < 10, `${local.n}`);
  const back = toWgs84(origin, local);
  assert.ok(Math.abs(back.lat - 53.1) < 1e-9);
});

test.run();
