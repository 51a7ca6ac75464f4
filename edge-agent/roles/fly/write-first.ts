/**
 * What follows from a state is done once that state is on disk, in the order of the states; the disk is waited for beside the event loop. A call for
 * safety waits for nothing. In the air a disk that hangs or is full holds the rest up for half a second at most: a vehicle needs its orders more than
 * its journal. On the ground it waits as long as it takes, but for a bounded number of states.
 */
import type { DroneAction } from "#core/handoff/step.ts";
import type { Log } from "../../ports.ts";
import type { Journal, Kept } from "./journal.ts";

/** A sound disk takes milliseconds, a busy one some tenths of a second. */
const airPatienceMs = 500;
/** States that wait on the ground for a disk that hangs, a second each at the slowest; the oldest then goes on without it. */
const mostWaiting = 200;

const urgent = new Set<DroneAction["do"]>(["hold", "return", "land", "disarm", "cutMotors"]);
/** What a call for safety takes back where it is not out yet. */
const moves = new Set<DroneAction["do"]>(["arm", "takeOff", "startMission", "follow", "goTo"]);

export interface Doer {
  perform(action: DroneAction): void;
  /** It is not done, because its state is not on disk. */
  refused(action: DroneAction, why: string): void;
  /** Gets what the two above, and what follows them, throw. */
  failed(error: unknown): void;
}

interface Entry {
  kept: Kept;
  actions: readonly DroneAction[];
  after: (kept: Kept) => void;
  disk: OnDisk;
}

/** Apart from what is to be done, so that a disk that hangs for days does not keep every flight's state in memory. */
interface OnDisk {
  /** Undefined until it is known. */
  written?: boolean;
}

export class WriteFirst {
  readonly counters = { journalFailures: 0, journalLate: 0, journalOverflow: 0, overtaken: 0 };
  readonly #journal: Journal;
  readonly #log: Log;
  readonly #doer: Doer;
  #queue: Entry[] = [];

  constructor(journal: Journal, log: Log, doer: Doer) {
    this.#journal = journal;
    this.#log = log;
    this.#doer = doer;
  }

  /** States whose consequences are still to come: what is told of them now might be told of something that a power cut takes back. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** @returns whether it is on disk, when that is known. */
  async write(kept: Kept): Promise<boolean> {
    try {
      await this.#journal.write(kept);
      return true;
    } catch (err) {
      if (this.counters.journalFailures++ === 0)
        this.#log.error({ err }, "the flight's journal can't be written; free or replace the disk");
      return false;
    }
  }

  /**
   * Writes, then does. Hold, return, land, disarm and cutMotors go out within this call, and what would move the vehicle and was to come before them
   * does not come any more.
   * @param after called behind the actions, with the state that they follow from: that is what may be told. @returns as `write`.
   */
  thenDo(
    kept: Kept,
    airborne: boolean,
    actions: readonly DroneAction[],
    after: (kept: Kept) => void = () => {},
  ): Promise<boolean> {
    const written = this.write(kept);
    const last = actions.findLastIndex((action) => urgent.has(action.do));
    if (last >= 0) for (const one of this.#queue) one.actions = this.#overtaken(one.actions);
    const later = [...this.#overtaken(actions.slice(0, last + 1)), ...actions.slice(last + 1)];
    const disk: OnDisk = {};
    const entry: Entry = { kept, actions: later.filter((action) => !urgent.has(action.do)), after, disk };
    this.#queue.push(entry);
    if (this.#queue.length > mostWaiting) {
      this.counters.journalOverflow++;
      this.#do(this.#queue.shift()!);
    }
    const late = () => {
      this.counters.journalLate++;
      this.#doThrough(entry);
    };
    // From now on, not from its turn on: those before it are not waited for any longer than it is.
    const timer = airborne ? setTimeout(late, airPatienceMs) : undefined;
    void written.then((onDisk) => {
      clearTimeout(timer);
      disk.written = onDisk;
      while (this.#queue[0]?.disk.written !== undefined) this.#do(this.#queue.shift()!);
    });
    this.#safely(() => {
      for (const action of actions) if (urgent.has(action.do)) this.#doer.perform(action);
    });
    return written;
  }

  #overtaken(actions: readonly DroneAction[]): DroneAction[] {
    const left = actions.filter((action) => !moves.has(action.do));
    this.counters.overtaken += actions.length - left.length;
    return left;
  }

  #doThrough(entry: Entry): void {
    const count = this.#queue.indexOf(entry) + 1;
    for (const due of this.#queue.splice(0, count)) this.#do(due);
  }

  #do({ kept, actions, after, disk: { written } }: Entry): void {
    this.#safely(() => {
      for (const action of actions) {
        // Armed only by what is on disk for certain. Once armed, a late disk does not keep it on its pad; one that fails does.
        const allowed = action.do === "arm" ? written === true : action.do !== "takeOff" || written !== false;
        if (allowed) this.#doer.perform(action);
        else this.#doer.refused(action, "the flight cannot be written to disk");
      }
      after(kept);
    });
  }

  #safely(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#doer.failed(error);
    }
  }
}
