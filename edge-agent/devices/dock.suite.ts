/** What every dock promises, whoever is behind it: the pretend one and the real firmware run the same suite. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Dock, DockResult } from "../dock-port.ts";
import { until } from "./bus-suite.ts";

/** A dock with its door closed and nothing on its pad, and a hand on what is around it. */
export interface DockRig {
  dock: Dock;
  obstruct(on: boolean): void;
  pressStop(on: boolean): void;
  openBox(): void;
  /** For good. */
  cutLink(): void;
  close(): Promise<void>;
}

const whyOf = (result: DockResult) => (result.ok ? "accepted" : result.why);

/** Asks until the dock answers so: what it sees takes its time to reach it. */
export async function answered(ask: () => Promise<DockResult>, wanted: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  let why = "";
  while ((why = whyOf(await ask())) !== wanted) {
    if (performance.now() > deadline) throw new Error(`not within 30 s: "${wanted}", but "${why}"`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export function dockBehaves(name: string, makeDock: () => Promise<DockRig>): void {
  const holds = (what: string, body: (rig: DockRig) => Promise<void>) =>
    test(`${name}: ${what}`, async () => {
      const rig = await makeDock();
      try {
        await rig.dock.ready(AbortSignal.timeout(30_000));
        await body(rig);
      } finally {
        await rig.dock.close();
        await rig.close();
      }
    });

  holds("once ready its link is up and it says where the door stands; the door opens and closes", async ({ dock }) => {
    assert.is(dock.state.link, "up");
    assert.is(dock.state.door, "closed");
    const doors: string[] = [];
    const off = dock.onState(({ door }) => {
      if (doors.at(-1) !== door) doors.push(door);
    });
    assert.is(whyOf(await dock.openDoor()), "accepted");
    await until("the open door", () => dock.state.door === "open", 30_000);
    assert.is(whyOf(await dock.openDoor()), "accepted", "an open door opens");
    assert.is(whyOf(await dock.closeDoor()), "accepted");
    await until("the closed door", () => dock.state.door === "closed", 30_000);
    off();
    // A report of the closed door may come before it moves.
    if (doors[0] === "closed") doors.shift();
    assert.equal(doors, ["opening", "open", "closing", "closed"]);
  });

  holds("each state that is told is a new object, and no older than the one before", async ({ dock }) => {
    const seen = [dock.state];
    const off = dock.onState((state) => void seen.push(state));
    await until("four reports", () => seen.length > 4, 20_000);
    off();
    assert.is(new Set(seen).size, seen.length);
    for (let i = 1; i < seen.length; i++) assert.ok(seen[i]!.atMs >= seen[i - 1]!.atMs);
  });

  holds("the charger goes on and off as it is told", async ({ dock }) => {
    for (const on of [true, false, true]) {
      assert.is(whyOf(await dock.setCharger(on)), "accepted");
      await until(`charger ${on}`, () => dock.state.charger === (on ? "on" : "off"), 20_000);
    }
  });

  holds("it does not close on what its barrier sees", async ({ dock, obstruct }) => {
    await dock.openDoor();
    await until("the open door", () => dock.state.door === "open", 30_000);
    obstruct(true);
    await answered(() => dock.closeDoor(), "obstructed");
    await until("the door open", () => dock.state.door === "open", 30_000);
    obstruct(false);
    await answered(() => dock.closeDoor(), "accepted");
  });

  holds("while the stop button is pressed it refuses to move, and says so", async ({ dock, pressStop }) => {
    pressStop(true);
    await until("stop said", () => dock.state.stopPressed, 20_000);
    assert.is(whyOf(await dock.openDoor()), "stopped");
    pressStop(false);
    await until("release said", () => !dock.state.stopPressed, 20_000);
    assert.is(whyOf(await dock.openDoor()), "accepted");
  });

  holds("an opened box is remembered until somebody acknowledges it", async ({ dock, openBox }) => {
    openBox();
    await until("tamper said", () => dock.state.tampered, 20_000);
    // While the box is still open it cannot be talked away.
    await until(
      "tamper forgotten",
      () => {
        void dock.acknowledgeTamper();
        return !dock.state.tampered;
      },
      20_000,
    );
  });

  holds(
    "a host that a busy machine held still for longer than a silence says of no link that it was lost",
    async ({ dock }) => {
      const links = new Set<string>();
      const off = dock.onState(({ link }) => void links.add(link));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);
      await until("the state after it", () => links.size > 0, 20_000);
      off();
      assert.equal([...links], ["up"]);
    },
  );

  holds("a cut link is said to be lost, and orders are refused for it", async ({ dock, cutLink }) => {
    cutLink();
    await until("the loss", () => dock.state.link === "lost", 20_000);
    assert.is(whyOf(await dock.openDoor()), "link");
  });
}
