/** The flight on disk before anything of it is done; and what a disk that does not take it may hold up. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type DroneAction, newDrone } from "#core/handoff/step.ts";
import { Journal, type Kept } from "./journal.ts";
import { WriteFirst } from "./write-first.ts";

const test = suite("write first");
const kept = (tickMs: number): Kept => ({ version: 1, tickMs, drone: newDrone(tickMs), hops: [] });
type Does = Exclude<
  DroneAction["do"],
  "goTo" | "lookAt" | "follow" | "prepare" | "reclaim" | "hop" | "charger" | "takeOff"
>;
const act = (what: Does): DroneAction => ({ do: what, writer: "autonomy", epoch: 1 });
const takeOff: DroneAction = { do: "takeOff", heightM: 20, writer: "autonomy", epoch: 1 };

class World {
  readonly folder = mkdtempSync(join(tmpdir(), "tocsin-journal-"));
  readonly file = join(this.folder, "flight.json");
  readonly journal = new Journal(this.file);
  readonly faults: unknown[] = [];
  readonly happened: string[] = [];
  readonly first = new WriteFirst(this.journal, pino({ level: "silent" }), {
    perform: (action) => void this.happened.push(action.do),
    refused: (action, why) => void this.happened.push(`no ${action.do}: ${why}`),
    failed: (error) => void this.faults.push(error),
  });

  /** From now on the disk takes nothing and says nothing. @returns lets go of what hangs, in its order. */
  hang(): () => void {
    const hanging: (() => void)[] = [];
    this.journal.write = () => new Promise<void>((resolve) => hanging.push(resolve));
    return () => {
      for (const resolve of hanging) resolve();
    };
  }

  async idle(): Promise<void> {
    const endMs = performance.now() + 20_000;
    while (this.first.waiting > 0 && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function disk(name: string, run: (world: World) => Promise<void>): void {
  test(name, async () => {
    const world = new World();
    try {
      await run(world);
      assert.equal(world.faults, []);
    } finally {
      rmSync(world.folder, { recursive: true, force: true });
    }
  });
}

disk("what follows from a state finds it, or a newer one, on disk; in the order of the states", async (world) => {
  const { first, file, journal } = world;
  const seen: [number, number][] = [];
  const look = (tickMs: number) =>
    first.thenDo(kept(tickMs), false, [], (told) => {
      seen.push([told.tickMs, (JSON.parse(readFileSync(file, "utf8")) as Kept).tickMs]);
    });
  await Promise.all([1, 2, 3, 4].map(look));
  await world.idle();
  // Each is told as it was written, not as it is by then.
  assert.equal(
    seen.map(([state]) => state),
    [1, 2, 3, 4],
  );
  assert.ok(seen.every(([state, onDisk]) => onDisk >= state));
  // The first, and then the newest of those that came meanwhile.
  assert.ok(journal.writes <= 3, `${journal.writes} writes`);
  assert.is((journal.read() as Kept).tickMs, 4);
});

disk(
  "a disk that is full: counted, the caller knows, the door moves; nothing arms and nothing takes off",
  async (world) => {
    const { first, happened } = world;
    // Nothing can be renamed onto a folder with something in it.
    mkdirSync(join(world.file, "in the way"), { recursive: true });
    const written = await first.thenDo(kept(1), false, [act("openDoor")]);
    await first.thenDo(kept(2), false, [act("arm")]);
    await first.thenDo(kept(3), true, [takeOff]);
    await first.thenDo(kept(4), true, [act("startMission")]);
    await world.idle();
    assert.equal([written, first.counters.journalFailures], [false, 4]);
    const why = "the flight cannot be written to disk";
    assert.equal(happened, ["openDoor", `no arm: ${why}`, `no takeOff: ${why}`, "startMission"]);
  },
);

disk("a disk that hangs, on the ground: what follows waits for it, as long as it takes", async (world) => {
  const { first, happened } = world;
  const release = world.hang();
  void first.thenDo(kept(1), false, [act("arm")]);
  // What waits in the air, called at the same time, would be due.
  const other = new World();
  other.hang();
  void other.first.thenDo(kept(1), true, [act("startMission")]);
  await other.idle();
  rmSync(other.folder, { recursive: true });
  assert.equal([other.happened, happened], [["startMission"], []]);
  release();
  await world.idle();
  assert.equal(happened, ["arm"]);
});

disk(
  "a disk that hangs for long, on the ground: two hundred states wait, the oldest go on and do not arm",
  async (world) => {
    const { first, happened } = world;
    const release = world.hang();
    void first.thenDo(kept(0), false, [act("openDoor"), act("arm")]);
    for (let k = 1; k < 201; k++) void first.thenDo(kept(k), false, [act("cameraLevel")]);
    assert.equal(happened, ["openDoor", "no arm: the flight cannot be written to disk"]);
    assert.equal([first.waiting, first.counters.journalOverflow], [200, 1]);
    release();
    await world.idle();
    assert.is(happened.length, 202);
  },
);

disk("a disk that hangs, three states in a row in the air: one wait for all three, in their order", async (world) => {
  const { first, happened } = world;
  world.hang();
  const told: [number, number][] = [];
  for (const [k, action] of [act("cameraLevel"), act("startMission"), act("openDoor")].entries())
    void first.thenDo(kept(k), true, [action], ({ tickMs }) => told.push([tickMs, performance.now()]));
  await world.idle();
  assert.equal([happened, first.counters.journalLate], [["cameraLevel", "startMission", "openDoor"], 3]);
  const [one, two, three] = told;
  // One after the other they would be half a second apart.
  assert.equal([one![0], two![0], three![0]], [0, 1, 2]);
  assert.ok(three![1] - one![1] < 450, `${three![1] - one![1]} ms`);
});

disk("hold behind a hung ground write: out at once, and so is disarm; what it overtook never comes", async (world) => {
  const { first, happened } = world;
  const release = world.hang();
  void first.thenDo(kept(1), false, [act("openDoor"), act("arm")]);
  void first.thenDo(kept(2), true, [takeOff]);
  for (const what of ["hold", "return", "land", "cutMotors", "disarm"] as const)
    void first.thenDo(kept(3), true, [act("startMission"), act(what), act("closeDoor")]);
  assert.equal(happened, ["hold", "return", "land", "cutMotors", "disarm"]);
  assert.is(first.counters.overtaken, 7);
  release();
  await world.idle();
  assert.equal(happened.slice(5), ["openDoor", ...Array(5).fill("closeDoor")]);
});

disk("in the air behind a hung ground write: half a second, and what would arm is not done", async (world) => {
  const { first, happened } = world;
  world.hang();
  void first.thenDo(kept(1), false, [act("arm")]);
  void first.thenDo(kept(2), true, [act("startMission")]);
  await world.idle();
  assert.equal(happened, ["no arm: the flight cannot be written to disk", "startMission"]);
});

test.run();
