/** A named fault: a rig of its own, ready to be asked, and at the end no message of the drone that its schema refuses. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { Rig, type RigOptions } from "./testing.ts";

export function faultsIn(suite: Test) {
  return (name: string, options: RigOptions, run: (rig: Rig) => Promise<void>): void => {
    suite(name, async () => {
      const rig = new Rig(options);
      try {
        await rig.start();
        await rig.available();
        await run(rig);
        assert.equal(rig.faults, []);
      } finally {
        await rig.stop();
      }
    });
  };
}
