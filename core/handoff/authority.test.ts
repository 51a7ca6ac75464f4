import { suite } from "uvu";
import * as assert from "uvu/assert";
import { movedBy } from "./local.ts";
import { Rehearsal } from "./rehearsal.ts";
import { dockAt } from "./rehearsal-site.ts";
import type { Order } from "./token.ts";

const token = suite("who has control");

function onScene(): { r: Rehearsal; flight: string } {
  const r = new Rehearsal();
  r.ask();
  r.until((x) => x.phase === "onScene");
  return { r, flight: r.drone.flight.mission!.flight };
}
const epoch = (r: Rehearsal) => r.drone.authority.epoch;
const to = { ...movedBy(dockAt, { eastM: 150, northM: 50 }), heightM: 45 };

token("land called by one is not taken back by another's return or hold; the epoch moves once", () => {
  const { r, flight } = onScene();
  r.order({ act: "land", flight }, "ann", "remote");
  const after = epoch(r);
  assert.match(r.order({ act: "return", flight }, "bob", "remote"), /ann has called land, which is stronger/);
  assert.match(r.order({ act: "hold", flight }, "bob", "remote"), /stronger/);
  assert.is(epoch(r), after);
  assert.is(r.phase, "landing");
});

token("return overrides hold, land overrides return, each with a new epoch", () => {
  const { r, flight } = onScene();
  const start = epoch(r);
  r.order({ act: "hold", flight }, "ann", "remote");
  assert.is(r.phase, "holding");
  r.order({ act: "return", flight }, "bob", "remote");
  assert.is(r.phase, "returning");
  r.order({ act: "land", flight }, "cid", "remote");
  assert.is(r.phase, "landing");
  assert.is(epoch(r), start + 3);
});

token("a stop holds for 4 s, then lands, and nobody's return takes it back", () => {
  const { r, flight } = onScene();
  r.order({ act: "stop", flight }, "ann", "remote");
  assert.is(r.mode, "hold");
  assert.match(r.order({ act: "return", flight }, "bob", "remote"), /stronger/);
  r.run(4.5);
  assert.is(r.mode, "land");
});

token("a pilot asks, the holder is asked, grants, and the old holder's goto is refused by epoch", () => {
  const { r, flight } = onScene();
  r.token("takeover", "kim");
  const kims = epoch(r);
  assert.match(r.token("ask", "lee"), /kim was asked/);
  assert.equal(
    r.drone.authority.asks.map(({ by }) => by),
    ["lee"],
  );
  assert.match(r.token("grant", "kim", "remote", kims, "mo"), /mo has not asked/);
  assert.match(r.token("grant", "kim", "remote", kims, "lee"), /lee has control/);
  assert.match(
    r.order({ act: "goto", flight, to }, "kim", "remote", kims),
    /control changed hands since you looked: granted to/,
  );
  assert.is(r.order({ act: "goto", flight, to }, "lee", "remote"), "done");
});

token("dispatch never holds the token, and nobody takes it on the ground over the network", () => {
  const { r } = onScene();
  assert.match(r.token("takeover", "dispatch", "dispatch"), /dispatch does not fly/);
  assert.match(new Rehearsal().token("takeover", "kim"), /on the ground/);
});

token("an order made on a picture 4 s old is refused to the holder, a call for safety until 8 s", () => {
  const { r, flight } = onScene();
  r.token("takeover", "kim");
  const base = { by: "kim", as: "remote" as const, epoch: epoch(r), flight };
  const send = (order: Omit<Order, "id">, id: string) => {
    const payload = order.act === "goto" ? { act: "goto" as const, flight, to } : { act: "hold" as const, flight };
    r.send({ type: "order", tickMs: r.tickMs, order: { ...order, id }, payload });
    return r.drone.authority.answers.at(-1)!;
  };
  assert.is(send({ ...base, act: "goto", seenTickMs: r.tickMs - 4000 }, "a").accepted, false);
  assert.is(send({ ...base, by: "ann", act: "hold", seenTickMs: r.tickMs - 9000 }, "b").accepted, false);
  assert.is(send({ ...base, by: "ann", act: "hold", seenTickMs: r.tickMs - 7000 }, "c").accepted, true);
});

token("the same message twice does its work once", () => {
  const { r, flight } = onScene();
  const order = {
    id: "once",
    by: "ann",
    as: "remote" as const,
    epoch: epoch(r),
    seenTickMs: r.tickMs,
    act: "hold",
    flight,
  };
  r.send({ type: "order", tickMs: r.tickMs, order, payload: { act: "hold", flight } });
  const after = epoch(r);
  r.token("takeover", "kim");
  r.send({ type: "order", tickMs: r.tickMs, order, payload: { act: "hold", flight } });
  assert.is(epoch(r), after + 1);
  assert.is(r.phase, "piloted");
});

token("a remote pilot silent for 5 s loses it; one who renews keeps it for a minute", () => {
  const { r } = onScene();
  r.token("takeover", "kim");
  for (let s = 0; s < 60; s += 2) {
    r.run(2);
    r.token("renew", "kim");
  }
  assert.is(r.phase, "piloted");
  r.run(4.5);
  assert.is(r.phase, "piloted");
  r.run(1);
  assert.is(r.phase, "holding");
  assert.equal(r.drone.authority.holder, { kind: "autonomy" });
});

token("the on-site pilot overrides a land in force and everybody else", () => {
  const { r, flight } = onScene();
  r.order({ act: "land", flight }, "ann", "remote");
  r.byItself("position", "pilot");
  assert.is(r.phase, "piloted");
  for (const act of ["hold", "return", "land", "stop"] as const) {
    assert.match(r.order({ act, flight }, "ann", "remote"), /on-site pilot has control/);
  }
  assert.match(r.token("takeover", "kim"), /on-site pilot has control/);
  assert.match(r.token("release", "kim"), /on-site pilot has control/);
});

token("motors are cut on site only, and above 1 m only when asked twice within 5 s", () => {
  const { r, flight } = onScene();
  assert.match(r.order({ act: "cut", flight }, "kim", "remote"), /on site only/);
  assert.match(r.order({ act: "cut", flight }, "lee", "onsite"), /would fall: ask again within 5 s/);
  assert.is(r.armed, true);
  r.run(6);
  assert.match(r.order({ act: "cut", flight }, "lee", "onsite"), /ask again/);
  assert.is(r.armed, true);
  assert.match(r.order({ act: "cut", flight }, "lee", "onsite"), /motors cut by lee/);
  assert.is(r.armed, false);
});

token("a goto outside the fence, above the ceiling or into a roof is refused to its rightful holder", () => {
  const { r, flight } = onScene();
  r.token("takeover", "kim");
  const goto = (eastM: number, heightM: number) =>
    r.order({ act: "goto", flight, to: { ...movedBy(dockAt, { eastM, northM: 0 }), heightM } }, "kim", "remote");
  assert.match(goto(2100, 50), /outside the geofence/);
  assert.match(goto(150, 130), /120 m are allowed/);
  assert.match(goto(150, 25), /32 m above ground at least/);
  assert.is(goto(150, 50), "done");
});

token.run();
