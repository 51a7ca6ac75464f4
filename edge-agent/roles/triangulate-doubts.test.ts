import { test } from "uvu";
import * as assert from "uvu/assert";
import { arrivalsOf } from "#core/localise/case-figures.ts";
import { cleanCase, randomFrom, type ShotCase, shotCase } from "#core/localise/cases.ts";
import { finalLocaliser } from "#core/localise/localiser.ts";
import type { Log } from "../ports.ts";
import { PositionDoubts } from "./triangulate-doubts.ts";

test("after 60 shots the one node that stands 8 m from its file is told to the technician, once", () => {
  const told: { node?: string }[] = [];
  const log: Log = { debug() {}, info() {}, warn: (facts) => void told.push(facts), error() {} };
  const doubts = new PositionDoubts(log);
  const localiser = finalLocaliser({ airTempC: 20, propagationSigmaS: 0.008 });
  // One set of nodes, shots in many places.
  const posts = shotCase(randomFrom(1), { ...cleanCase, nodes: [9, 9] }).heard;
  const random = randomFrom(2);
  for (let k = 0; k < 60; k++) {
    const [eastM, northM] = [random.uniform(-250, 250), random.uniform(-250, 250)];
    const heard = posts.map((post) => {
      const trueEastM = post.node === "n4" ? post.eastM + 8 : post.eastM;
      const rangeM = Math.hypot(trueEastM - eastM, post.northM - northM, post.upM - 1.5);
      return { ...post, id: `${k}-${post.node}`, toaS: 10 * k + rangeM / 343.2 + 5e-4 * random.normal(), sigmaS: 5e-4 };
    });
    heard.sort((a, b) => a.toaS - b.toaS);
    for (const arrival of arrivalsOf({ heard } as ShotCase))
      for (const shot of localiser.push(arrival).shots) doubts.newest(shot, 0n);
  }
  for (const shot of localiser.flush()) doubts.newest(shot, 0n);
  assert.is(doubts.learn(1n), 1);
  assert.equal(
    told.map(({ node }) => node),
    ["n4"],
  );
  const { eastM, northM } = doubts.doubtOf("n4")!;
  assert.ok(Math.abs(eastM - 8) < 3 && Math.abs(northM) < 3, `${eastM} ${northM}`);
});

test.run();
