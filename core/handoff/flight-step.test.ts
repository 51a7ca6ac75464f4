import { suite } from "uvu";
import * as assert from "uvu/assert";
import { distanceM, movedBy } from "./local.ts";
import { Rehearsal } from "./rehearsal.ts";
import { dockAt, goodFailsafes, rehearsalSite } from "./rehearsal-site.ts";

const flight = suite("one flight, rehearsed");

flight("flies from its dock to the place, round it, home, and closes the door", () => {
  const r = new Rehearsal();
  r.ask();
  r.until((x) => x.phase === "docked" && x.home);
  assert.equal(r.hops, [
    "received",
    "authorised",
    "preflight",
    "opening",
    "arming",
    "climbing",
    "transit",
    "onScene",
    "returning",
    "landing",
    "closing",
    "charging",
    "docked",
  ]);
  assert.is(r.dock.door, "closed");
  assert.is(r.armed, false);
});

flight("looks level on the way and at the place only over the scene", () => {
  const r = new Rehearsal();
  r.ask();
  r.until((x) => x.home);
  const looks = r.log.flatMap(({ action }) =>
    action.do === "cameraLevel" ||
    action.do === "lookAt" ||
    (action.do === "hop" && ["transit", "onScene", "returning"].includes(action.hop))
      ? [action.do === "hop" ? action.hop : action.do]
      : [],
  );
  assert.equal(looks, ["transit", "cameraLevel", "onScene", "lookAt", "returning", "cameraLevel"]);
});

flight("without authorisation waits for a person, and goes back to its dock after 120 s", () => {
  const r = new Rehearsal();
  r.ask(200, 100, false);
  assert.is(r.phase, "asked");
  r.run(119);
  assert.is(r.phase, "asked");
  r.run(2);
  assert.is(r.phase, "docked");
  assert.not(r.hops.includes("arming"));
});

flight("a person's authorisation starts it", () => {
  const r = new Rehearsal();
  r.ask(200, 100, false);
  r.order({ act: "authorise", flight: r.drone.flight.mission!.flight }, "kim", "remote");
  r.until((x) => x.phase === "onScene");
  assert.is(r.drone.flight.mission!.authorisation!.by, "kim");
});

for (const [name, spoil, check] of [
  [
    "the data-link failsafe is off",
    (r: Rehearsal) => (r.failsafes = { ...goodFailsafes, dataLinkLoss: { action: "none" } }),
    "failsafe-link",
  ],
  [
    "the RC failsafe lands",
    (r: Rehearsal) => (r.failsafes = { ...goodFailsafes, rcLoss: { action: "land" } }),
    "failsafe-rc",
  ],
  [
    "the low-battery failsafe acts at 5 %",
    (r: Rehearsal) => (r.failsafes = { ...goodFailsafes, batteryLow: { action: "return", atFraction: 0.05 } }),
    "failsafe-battery-low",
  ],
  [
    "the geofence only warns",
    (r: Rehearsal) => (r.failsafes = { ...goodFailsafes, geofence: { action: "warn" } }),
    "failsafe-geofence",
  ],
  [
    "it would come home at 30 m",
    (r: Rehearsal) => (r.failsafes = { ...goodFailsafes, returnHeightM: 30 }),
    "return-height",
  ],
  ["the wind blows at 11 m/s", (r: Rehearsal) => (r.wind = { speedMps: 11, fromDeg: 0 }), "wind"],
  ["the battery is at 30 %", (r: Rehearsal) => (r.battery = 0.3), "battery"],
  ["it sees 5 satellites", (r: Rehearsal) => (r.gnss = { fix: "3d", satellites: 5, horizontalM: 0.8 }), "gnss"],
  ["the dock was tampered with", (r: Rehearsal) => (r.dock.tampered = true), "dock"],
  ["it is 60 degrees in the dock", (r: Rehearsal) => (r.dock.airTempC = 60), "dock"],
] as const) {
  flight(`does not arm when ${name}`, () => {
    const r = new Rehearsal();
    spoil(r);
    r.report();
    r.ask();
    assert.is(r.phase, "docked");
    const failed = r.drone.flight.preflight!.filter((one) => !one.ok).map((one) => one.check);
    assert.equal(failed, [check]);
    assert.not(r.log.some(({ action }) => action.do === "arm"));
  });
}

flight("does not fly outside its airspace window", () => {
  const r = new Rehearsal(rehearsalSite({ airspace: [{ from: "06:00", to: "18:00" }] }));
  r.ask();
  assert.equal(
    r.drone.flight.preflight!.filter((one) => !one.ok).map((one) => one.check),
    ["airspace"],
  );
});

flight("refuses a place beyond the geofence at once, in words", () => {
  const r = new Rehearsal();
  assert.match(r.ask(2100, 0), /100 m outside the geofence/);
  assert.is(r.phase, "docked");
});

flight("a flight is flown once: asked again, it is refused", () => {
  const r = new Rehearsal();
  r.ask();
  const id = r.drone.flight.mission!.flight;
  r.until((x) => x.home);
  const place = {
    ...movedBy(dockAt, { eastM: 100, northM: 0 }),
    ellipse95: { semiMajorM: 5, semiMinorM: 5, azimuthDeg: 0 },
  };
  const why = r.order({
    act: "ask",
    flight: id,
    incident: "i1",
    incidentVersion: 1,
    place,
    laneHeightM: 50,
    corridor: [],
  });
  assert.match(why, /was asked before/);
});

flight("a better fix 60 m away moves the scene there", () => {
  const r = new Rehearsal();
  r.ask();
  r.until((x) => x.phase === "onScene");
  const place = {
    ...movedBy(dockAt, { eastM: 260, northM: 100 }),
    ellipse95: { semiMajorM: 5, semiMinorM: 5, azimuthDeg: 0 },
  };
  r.order({ act: "retarget", flight: r.drone.flight.mission!.flight, incidentVersion: 2, place });
  r.until((x) => x.phase === "onScene");
  assert.ok(distanceM(r.position, place) < 40);
});

flight("handed to a pilot and back: the pilot's goto is flown, then autonomy goes on", () => {
  const r = new Rehearsal();
  r.ask();
  r.until((x) => x.phase === "onScene");
  assert.match(r.token("ask", "kim"), /kim has control/);
  assert.is(r.phase, "piloted");
  const to = { ...movedBy(dockAt, { eastM: 150, northM: 150 }), heightM: 45 };
  assert.is(r.order({ act: "goto", flight: r.drone.flight.mission!.flight, to }, "kim", "remote"), "done");
  for (let s = 0; s < 8; s += 2) {
    r.run(2);
    r.token("renew", "kim");
  }
  assert.ok(distanceM(r.position, to) < 2);
  r.token("release", "kim");
  r.run(3);
  assert.is(r.phase, "onScene");
  r.until((x) => x.home);
});

flight("autonomy sends nothing while the on-site pilot has the stick", () => {
  const r = new Rehearsal();
  r.ask();
  r.until((x) => x.phase === "transit");
  r.mode = "position";
  r.send({ type: "mode", tickMs: r.tickMs, to: "position", cause: "pilot", evidence: "RC" });
  assert.is(r.phase, "piloted");
  const before = r.log.length;
  r.run(300);
  const sent = r.log.slice(before).filter(({ action }) => action.do !== "hop");
  assert.is(sent.length, 0);
  assert.match(
    r.order({ act: "return", flight: r.drone.flight.mission!.flight }, "kim", "remote"),
    /on-site pilot has control/,
  );
  r.token("release", "lee", "onsite");
  r.until((x) => x.home);
});

flight.run();
