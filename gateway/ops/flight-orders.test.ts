import { test } from "uvu";
import * as assert from "uvu/assert";
import type { FlightPhase } from "#contract/flight.ts";
import { CENTRE, incidentOf } from "./fixtures/city.ts";
import { ScriptedDrone } from "./fixtures/drone.ts";
import { ordersOf, sendOrder } from "./flight-orders.ts";
import { etaWords, hasControl, phaseWords, seconds } from "./flight-words.ts";
import { type Me, mayNotJudge, mayNotTake } from "./rights.ts";
import { type Drone, withControl, withState } from "./state/drones.ts";

const incident = incidentOf({ id: "i1", firedAt: "2026-11-22T18:04:12Z" });
const pilot: Me = { user: "jd", roles: ["pilot"] };
const dispatcher: Me = { user: "ann", roles: ["dispatch"] };

function drone(phase: FlightPhase, change: (scripted: ScriptedDrone) => void = () => {}): Drone {
  const scripted = new ScriptedDrone({ id: "d1", dock: CENTRE, incident, phase });
  change(scripted);
  const { state, control } = scripted.speak();
  const atMs = Date.parse(state.at);
  return withControl(withState(new Map(), state, atMs), control, atMs).get("d1")!;
}
const orders = (one: Drone, me = pilot, afterMs = 0) => ordersOf(one, me, one.stateHeardMs + afterMs);
const ids = (one: Drone, me = pilot) => orders(one, me).map(({ id }) => id);
const find = (one: Drone, id: string, me = pilot, afterMs = 0) =>
  orders(one, me, afterMs).find((order) => order.id === id);

test("hold, return and e-stop need one press; authorise, take over, land here and send name what will happen", () => {
  const flying = drone("transit");
  for (const id of ["hold", "return", "stop"]) assert.is(find(flying, id)!.second, undefined, id);
  assert.match(find(flying, "takeover")!.second!.ask, /^Take d1 over from autonomy\? It stops where it is/);
  assert.match(find(flying, "land")!.second!.ask, /^Land d1 here\? .* not at its dock/);
  assert.match(find(drone("asked"), "authorise")!.second!.ask, /takes off and flies 40 m above ground .* after 52 s/);
  assert.match(sendOrder(pilot, "Blake Ave", 1).second!.ask, /^Send a drone to Blake Ave\?/);
});

test("what may be told follows the phase; nothing ever cuts motors", () => {
  assert.equal(ids(drone("asked")), ["authorise", "return"]);
  assert.equal(ids(drone("preflight")), ["return"]);
  assert.equal(ids(drone("arming")), ["return", "stop"]);
  assert.equal(ids(drone("transit")), ["takeover", "hold", "return", "land", "stop"]);
  assert.equal(ids(drone("closing")), []);
  assert.equal(ids(drone("outOfService")), ["clear"]);
});

test("a dispatcher may call it home but not take it over, and reads why", () => {
  const flying = drone("transit");
  assert.is(find(flying, "return", dispatcher)!.refused, undefined);
  assert.is(find(flying, "takeover", dispatcher)!.refused, "needs the role pilot, you are dispatch");
  assert.is(
    find(flying, "hold", { user: "r", roles: ["reviewer"] })!.refused,
    "needs the role pilot or dispatch, you are reviewer",
  );
  assert.is(find(flying, "takeover", { user: "a", roles: ["admin"] })!.refused, undefined);
});

test("who has it gives it back at once; another pilot asks or takes over; the one who asked may be given it", () => {
  const taken = drone("transit", (one) => one.order("takeover", "jd", {}));
  assert.equal(ids(taken), ["release", "goto", "look", "hold", "return", "land", "stop"]);
  assert.is(find(taken, "release")!.second, undefined);
  const maria: Me = { user: "maria", roles: ["pilot"] };
  assert.equal(ids(taken, maria).slice(0, 2), ["ask", "takeover"]);
  const asked = drone("transit", (one) => {
    one.order("takeover", "jd", {});
    one.order("ask", "maria", {});
  });
  assert.is(find(asked, "grant")!.to, "maria");
  assert.is(find(asked, "ask", maria)!.refused, "you have asked already");
});

test("with the on-site pilot nobody else's order is offered but giving it back from on site", () => {
  const onsite = drone("onScene", (one) => one.radio("the stick was moved"));
  assert.is(find(onsite, "release")!.as, "onsite");
  assert.match(find(onsite, "release")!.second!.choices[0]!, /^I am on site/);
  for (const id of ["takeover", "hold", "return", "land", "stop"])
    assert.is(find(onsite, id)!.refused, "the on-site pilot has control", id);
});

test("of a drone that is silent for 12 s hold, return and e-stop are still tried, the rest not", () => {
  const flying = drone("transit");
  assert.is(find(flying, "land", pilot, 12_000)!.refused, "d1 was not heard for 12 s");
  assert.is(find(flying, "takeover", pilot, 12_000)!.refused, "d1 was not heard for 12 s");
  for (const id of ["hold", "return", "stop"]) assert.is(find(flying, id, pilot, 12_000)!.refused, undefined, id);
});

test("no drone is sent to nowhere, nor where none is ready", () => {
  assert.is(sendOrder(pilot, undefined, 1).refused, "nobody knows where it was");
  assert.is(sendOrder(pilot, "Blake Ave", 0).refused, "no drone is ready");
});

test("42.2 s of flight with a picture 2 s old are an ETA of 41 s; an old picture has none", () => {
  const { state } = drone("transit");
  const flying = { ...state!, plan: { ...state!.plan!, etaSceneS: 42.2 } };
  assert.is(etaWords(flying, 2, false), "ETA 41 s");
  assert.is(etaWords(flying, 5, true), undefined);
  assert.is(etaWords({ ...flying, phase: "returning" }, 1, false), "home in 1 min 00 s");
  assert.is(etaWords({ ...flying, phase: "asked" }, 1, false), undefined, "it has not left");
  assert.is(seconds(125), "2 min 05 s");
});

test("control in words", () => {
  assert.is(hasControl({ kind: "autonomy" }, "jd"), "Autonomy has control");
  assert.is(hasControl({ kind: "remote", by: "jd" }, "jd"), "You have control");
  assert.is(hasControl({ kind: "remote", by: "maria" }, "jd"), "maria has control");
  assert.is(hasControl({ kind: "onsite" }, "jd"), "The on-site pilot has control");
  assert.is(phaseWords("unreached"), "Out of reach, on its own failsafes");
});

test("who looks after the machines neither takes nor judges an incident, a pilot takes it; each is told which role it needs", () => {
  const tech: Me = { user: "tech", roles: ["technician"] };
  assert.is(mayNotTake(tech), "needs the role dispatch or reviewer or pilot, you are technician");
  assert.is(mayNotJudge(tech), "needs the role dispatch or reviewer, you are technician");
  assert.is(mayNotTake(pilot), undefined);
  assert.is(mayNotJudge(pilot), "needs the role dispatch or reviewer, you are pilot");
  assert.is(mayNotJudge({ user: "a", roles: ["admin"] }), undefined);
});

test.run();
