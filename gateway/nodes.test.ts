import { test } from "uvu";
import * as assert from "uvu/assert";
import type { NodeState } from "#contract/node.ts";
import { type Condition, conditionOf } from "#contract/node-condition.ts";
import { Nodes } from "./nodes.ts";

const at = "2026-11-22T18:04:12Z";
const clock = (sigmaS: number, synchronised = true) => ({ source: "ntp", synchronised, sigmaS }) as const;
const deaf = { at, passed: false, detail: "no sound for 5 s" };

/** What each says beside being online and listening, as the figures call it and as the console shows it. */
const said: [Partial<NodeState>, keyof ReturnType<Nodes["conditions"]>, Condition][] = [
  [{}, "well", "ok"],
  [{ clock: clock(2e-3) }, "well", "ok"],
  [{ clock: clock(2.5), roles: ["stream"] }, "well", "ok"],
  [{ clock: clock(2.5) }, "clock", "clock"],
  [{ clock: clock(0, false) }, "clock", "clock"],
  [{ clock: clock(0, false), roles: ["stream"] }, "clock", "clock"],
  [{ selfTest: deaf, clock: clock(2.5) }, "deaf", "fault"],
  [{ status: "fault", selfTest: deaf }, "faulty", "fault"],
  [{ status: "lost", selfTest: deaf }, "lost", "lost"],
  [{ status: "stopping" }, "lost", "lost"],
];

function nodesOf(states: Partial<NodeState>[]): Nodes {
  const nodes = new Nodes();
  for (const [i, state] of states.entries())
    nodes.set({ v: 1, id: `s${i}`, node: `n${i}`, at, status: "online", roles: ["listen"], ...state } as NodeState);
  return nodes;
}

test("the figures count a node as the console shows it: a clock that is 2.5 s unsure is no well node", () => {
  for (const [state, figure, shown] of said) {
    const nodes = nodesOf([state]);
    const counted = Object.entries(nodes.conditions()).filter(([, n]) => n > 0);
    assert.equal(counted, [[figure, 1]], JSON.stringify(state));
    assert.is(conditionOf(nodes.get("n0")), shown, JSON.stringify(state));
  }
  const all = nodesOf(said.map(([state]) => state));
  assert.equal(all.conditions(), { well: 3, faulty: 1, deaf: 1, clock: 3, lost: 2 });
});

test("of the clocks that are there, those are good that the console trusts: 2 of 6 here", () => {
  assert.equal(nodesOf(said.map(([state]) => state)).clocks(), { synchronised: 2, total: 6 });
});

test.run();
