import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Election, type ElectionCommand, type ElectionEvent, electionOf, stepElection } from "./election.ts";

const s = (seconds: number) => BigInt(Math.round(seconds * 1e9));

/** Some nodes that hear each other, stepped twice a second. */
function district(names: string[]) {
  const states = new Map<string, Election>(names.map((name) => [name, electionOf(name)]));
  const done: { at: number; node: string; command: ElectionCommand }[] = [];
  const alive = new Set(names);
  function give(node: string, event: ElectionEvent, at: number): void {
    const [next, commands] = stepElection(states.get(node)!, event);
    states.set(node, next);
    for (const command of commands) {
      done.push({ at, node, command });
      if (command.kind !== "say") continue;
      for (const other of alive) if (other !== node) give(other, { kind: "peer", node, nowNs: s(at) }, at);
    }
  }
  return {
    alive,
    done,
    gateway: (reachable: boolean, at: number) => {
      for (const node of alive) give(node, { kind: "gateway", reachable, nowNs: s(at) }, at);
    },
    hear: (node: string, peer: string, at: number) => give(node, { kind: "peer", node: peer, nowNs: s(at) }, at),
    run: (from: number, to: number) => {
      for (let at = from; at < to; at += 0.5) for (const node of alive) give(node, { kind: "tick", nowNs: s(at) }, at);
    },
    leaders: () => [...alive].filter((node) => states.get(node)!.role === "leader"),
  };
}

test("a gateway that is gone for 9 s causes no election", () => {
  const d = district(["a", "b", "c"]);
  d.gateway(false, 0);
  d.run(0, 9);
  d.gateway(true, 9);
  d.run(9, 60);
  assert.equal(d.done, []);
});

test("of three nodes the first leads within 20 s of losing the gateway, the others follow", () => {
  const d = district(["c", "a", "b"]);
  d.gateway(false, 0);
  d.run(0, 20);
  assert.equal(d.leaders(), ["a"]);
  assert.equal(
    d.done.filter(({ command }) => command.kind === "lead").map(({ node }) => node),
    ["a"],
  );
});

test("the leader dies: the next takes over within 8 s; it comes back: the next hands over to it", () => {
  const d = district(["a", "b", "c"]);
  d.gateway(false, 0);
  d.run(0, 20);
  d.alive.delete("a");
  d.run(20, 28);
  assert.equal(d.leaders(), ["b"]);
  d.alive.add("a");
  d.run(28, 45);
  assert.equal(d.leaders(), ["a"]);
  assert.ok(d.done.some(({ node, command }) => node === "b" && command.kind === "hand-over"));
});

test("the gateway comes back: the leader hands over at once and all are idle", () => {
  const d = district(["a", "b"]);
  d.gateway(false, 0);
  d.run(0, 20);
  d.gateway(true, 20);
  assert.equal(d.done.at(-1), { at: 20, node: "a", command: { kind: "hand-over" } });
  assert.equal(d.leaders(), []);
});

test("a follower that stood still for ten seconds itself does not take the others for gone", () => {
  const d = district(["a", "b", "c"]);
  d.gateway(false, 0);
  d.run(0, 20);
  d.alive.delete("b");
  d.run(20, 30);
  d.alive.add("b");
  d.hear("b", "c", 30);
  d.hear("b", "a", 30);
  d.run(30, 50);
  assert.ok(!d.done.some(({ node, command }) => node === "b" && command.kind === "lead"));
  d.alive.delete("a");
  d.run(50, 58);
  assert.equal(d.leaders(), ["b"], "and takes over when the leader is gone");
});

test("a node that hears nobody leads itself", () => {
  const d = district(["z"]);
  d.gateway(false, 0);
  d.run(0, 17);
  assert.equal(d.leaders(), ["z"]);
});

test.run();
