import { test } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../devices/bus-suite.ts";
import type { Microphone } from "../ports.ts";
import { SoundWatch } from "./sound-watch.ts";

test("a microphone's trouble is told when it was seen twice, though no frame ever comes, and its end at once", async () => {
  let looks = 0;
  const microphone: Microphone = {
    name: "test",
    get trouble() {
      looks += 1;
      return looks <= 4 ? "no sound: unplugged" : undefined;
    },
    counters: { lostSamples: 0, restarts: 0 },
    async *frames() {},
  };
  const told: (string | undefined)[] = [];
  const watch = new SoundWatch(microphone, (fault) => told.push(fault), 5);
  await until("five looks", () => told.length >= 4);
  watch.stop();
  assert.equal(told.slice(0, 4), ["no sound: unplugged", "no sound: unplugged", "no sound: unplugged", undefined]);
});

test.run();
