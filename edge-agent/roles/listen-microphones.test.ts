/** What a node with several microphones tells, and what it does when one is dead. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { MicrophonePlace } from "#core/acoustics/bearing.ts";
import type { Microphone } from "../ports.ts";
import { blast, listening, noise, RATE, seconds } from "./testing-listen.ts";

test("four microphones 20 cm apart: a blast from the east has a bearing of 90 degrees", async () => {
  const places = [
    { eastM: 0.1, northM: 0.1, upM: 0 },
    { eastM: 0.1, northM: -0.1, upM: 0 },
    { eastM: -0.1, northM: -0.1, upM: 0 },
    { eastM: -0.1, northM: 0.1, upM: 0 },
  ];
  const speedMps = 331.3 * Math.sqrt(1 + 20 / 273.15);
  const channels = places.map(({ eastM }, i) => {
    const sound = noise(5 * RATE, 21 + i);
    blast(sound, 40_000 - (eastM / speedMps) * RATE);
    return sound;
  });
  const world = await listening([{ tick: 0, channels }], { places });
  const [message] = await world.over();
  assert.ok(message?.bearingDeg !== undefined && Math.abs(message.bearingDeg - 90) < 6, `${message?.bearingDeg}`);
});

test("two microphones 20 cm apart, east and west: a blast from 30 degrees is told as from 30 or 150", async () => {
  const places = [0.1, -0.1].map((eastM) => ({ eastM, northM: 0, upM: 0 }));
  const speedMps = 331.3 * Math.sqrt(1 + 20 / 273.15);
  const channels = places.map(({ eastM }, i) => {
    const sound = noise(5 * RATE, 31 + i);
    blast(sound, 40_000 - ((eastM * Math.sin(Math.PI / 6)) / speedMps) * RATE);
    return sound;
  });
  const scored: unknown[] = [];
  const world = await listening([{ tick: 0, channels }], {
    places,
    onScored: ({ bearingDeg, bearingsDeg }) => void scored.push([bearingDeg, bearingsDeg]),
  });
  const [message] = await world.over();
  const { bearingDeg, bearingsDeg, bearingSigmaDeg } = message!;
  assert.is(bearingDeg, undefined, "whoever reads only this takes it for sure");
  const [north, south] = bearingsDeg!.toSorted((a, b) => a - b) as [number, number];
  assert.ok(Math.abs(north - 30) < 6 && Math.abs(south - 150) < 6, `${north} ${south}`);
  assert.ok(bearingSigmaDeg! > 0 && bearingSigmaDeg! < 10, `${bearingSigmaDeg}`);
  assert.equal(scored, [[undefined, bearingsDeg]]);
});

const above = [0, 0.2].map((upM) => ({ eastM: 0, northM: 0, upM }));
const arrays: Record<string, { places: MicrophonePlace[]; dead: number[] }> = {
  "two above one another": { places: above, dead: [] },
  "three above one another": { places: [...above, { eastM: 0, northM: 0, upM: 0.4 }], dead: [] },
  "three in one place": { places: [above[0]!, above[0]!, above[0]!], dead: [] },
  "two above one another and a third, which is dead": {
    places: [...above, { eastM: 0.2, northM: 0, upM: 0 }],
    dead: [2],
  },
};
for (const [name, { places, dead }] of Object.entries(arrays)) {
  test(`microphones ${name}: both blasts are told, without a bearing, and the role lives`, async () => {
    const channels = places.map((_, i) => {
      const sound = noise(6 * RATE, 41 + i);
      for (const s of [2.5, 4]) blast(sound, s * RATE);
      return dead.includes(i) ? new Float32Array(sound.length) : sound;
    });
    const world = await listening([{ tick: 0, channels }], { places });
    const got = await world.over();
    assert.equal(
      got.map(({ toa, bearingDeg, bearingsDeg }) => [Math.round(10 * seconds(toa)), bearingDeg, bearingsDeg]),
      [
        [25, undefined, undefined],
        [40, undefined, undefined],
      ],
    );
    assert.equal([world.counters.withoutBearing, world.counters.misplaced], [2, 0]);
    assert.equal(world.tests, []);
  });
}

test("the first of two microphones is dead: the shot is told all the same, and the self-test names the dead one", async () => {
  const sound = noise(14 * RATE);
  blast(sound, 12.5 * RATE);
  const places = [-0.1, 0.1].map((eastM) => ({ eastM, northM: 0, upM: 0 }));
  const world = await listening([{ tick: 0, channels: [new Float32Array(14 * RATE), sound] }], { places });
  const [message, ...rest] = await world.over();
  assert.is(rest.length, 0);
  assert.ok(Math.abs(seconds(message!.toa) - 12.5) < 1e-4, message!.toa);
  assert.is(message!.bearingDeg, undefined, "one microphone tells no direction");
  assert.equal(world.tests, [
    "microphone 1 of 2 has given nothing but 0 for 10 s; microphone 2 is listened on instead",
  ]);
  assert.is(world.counters.microphoneSwitches, 1);
});

test("a microphone that fails ends the role with its reason", async () => {
  const broken: Microphone = {
    name: "broken",
    counters: { lostSamples: 0, restarts: 0 },
    // biome-ignore lint/correctness/useYield: it fails before it gives anything
    async *frames() {
      throw new Error("no such card");
    },
  };
  const ended = await listening([], { microphone: broken }).then(({ done }) =>
    done.catch((error: Error) => error.message),
  );
  assert.is(ended, "no such card");
});

test.run();
