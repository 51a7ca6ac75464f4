import { test } from "uvu";
import * as assert from "uvu/assert";
import { gunshot } from "./acoustics/sources.ts";
import { type City, makeCity } from "./city.ts";
import { NodeClock } from "./node-clock.ts";
import { Rng } from "./rng.ts";
import { burstAmongDistractors, type Scenario } from "./scenarios.ts";
import { renderWorld, World } from "./world.ts";

/** An open field in dry, still air of 20 C with one microphone, 5 m up, so far east of the centre. */
function field(...eastM: number[]): City {
  const air = { tempC: 20, humidityPercent: 0, windMps: 0, turbulence: 0 };
  const city = makeCity(1, { density: 0, air, nodes: 4 });
  const [post] = city.lampposts;
  return {
    ...city,
    lampposts: eastM.map((east, i) => ({ ...post!, id: `n0${i + 1}`, at: { eastM: east, northM: 0, upM: 1.5 } })),
  };
}

function oneShot(atS: number, heightM = 1.5): Scenario {
  const source = { ...gunshot(new Rng(1), { weapon: "45", azimuthDeg: 0 }), heightM };
  return { seed: "x", events: [{ atS, place: [0, 0], source }], truth: { shots: [], distractors: [] }, lengthS: 4 };
}

const quiet = { seed: 1, noiseDbSpl: 20, vehiclesPerMinute: 0, clockSigmaS: 0 };

/** Index of the first sample over half of the loudest: past the converter's ringing. */
function front(samples: Float32Array): number {
  const peak = samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return samples.findIndex((x) => Math.abs(x) > 0.5 * peak);
}

test("a shot 343.2 m away at 20 C is heard one second later, to a tenth of a millisecond in truth and a sample in sound", () => {
  const { nodes, heard } = renderWorld({ ...quiet, city: field(343.2) }, oneShot(1));
  assert.ok(Math.abs(heard[0]!.heard[0]!.arrivalS - 2) < 2e-4, `${heard[0]!.heard[0]!.arrivalS}`);
  const atS = front(nodes[0]!.samples) / 16_000;
  assert.ok(Math.abs(atS - 2) < 2 / 16_000 + 1e-4, `${atS}`);
});

test("it is heard at the same instant at 16, 48 and 96 kHz, within half a sample of the coarsest", () => {
  const instants = [16_000, 48_000, 96_000].map((rateHz) => {
    const { nodes } = renderWorld({ ...quiet, rateHz, city: field(200) }, oneShot(1), 2);
    const { samples, firstS, lastS } = nodes[0]!;
    return firstS + (front(samples) * (lastS - firstS)) / (samples.length - 1);
  });
  for (const instant of instants) assert.ok(Math.abs(instant - instants[1]!) < 1 / 16_000, instants.join());
});

test("twice the distance is 6 dB less energy, and a little more for the air", () => {
  const options = { ...quiet, city: field(100, 200), noiseDbSpl: 0 };
  // Fired on the ground, so that the bounce is as early at both.
  const { nodes } = renderWorld(options, oneShot(0.5, 0.01), 2);
  // Specimens of microphones differ in sensitivity.
  const { posts } = new World(options);
  const [near, far] = nodes.map(({ samples }, i) => {
    const energy = samples.reduce((sum, x) => sum + x * x, 0);
    return 10 * Math.log10(energy) - posts[i]!.microphone.sensitivityDbFsAt94Spl;
  });
  assert.ok(near! - far! > 6 && near! - far! < 7.5, `${near! - far!}`);
  const peak = nodes[0]!.samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const peakDbSpl = 20 * Math.log10(peak) - posts[0]!.microphone.sensitivityDbFsAt94Spl + 94;
  assert.ok(peakDbSpl > 100 && peakDbSpl < 122, `a .45 at 100 m: ${peakDbSpl} dB SPL`);
});

test("at 5 m the microphone clips, at 300 m it does not", () => {
  const { nodes } = renderWorld({ ...quiet, city: field(5, 300) }, oneShot(0.5), 2);
  const [near, far] = nodes.map(({ samples }) => samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0));
  assert.ok(near! > 0.9999);
  assert.ok(far! < 0.2);
});

test("the same seed is the same world to the last sample; another seed is another", () => {
  const city = makeCity(2, { nodes: 4 });
  const scenario = burstAmongDistractors(city, 5);
  const once = (seed: number) => renderWorld({ city, seed }, scenario, 4).nodes.map((node) => node.samples);
  assert.equal(once(1), once(1));
  assert.not.equal(once(1)[0], once(2)[0]);
});

test("a scenario fired again is another instant and another state of the air, the same events", () => {
  const city = makeCity(2, { nodes: 4 });
  const scenario = burstAmongDistractors(city, 5);
  const world = new World({ city, seed: 1 });
  const first = [...world.play(scenario, 0)];
  const second = [...world.play(scenario, 30)];
  assert.is(first.length, second.length);
  const off = second.map((each, i) => each.heard[0]!.arrivalS - first[i]!.heard[0]!.arrivalS - 30);
  assert.ok(
    off.every((x) => Math.abs(x) < 5e-3),
    off.join(),
  );
  assert.ok(off.some((x) => x !== 0));
});

test("houses matter: in a dense city most posts hear a shot over roofs or around corners, and most hear echoes", () => {
  const city = makeCity(3);
  let diffracted = 0;
  let echoing = 0;
  let all = 0;
  for (let seed = 0; seed < 4; seed++) {
    const scenario = burstAmongDistractors(city, seed, { distractors: [], rounds: 1 });
    for (const { heard } of new World({ city, seed }).play(scenario, 0)) {
      all++;
      if (heard[0]!.firstKind === "diffracted") diffracted++;
      if (heard[0]!.echoes.length > 0) echoing++;
    }
  }
  assert.is(all, 40);
  assert.ok(diffracted > 20, `${diffracted}`);
  assert.ok(echoing > 20, `${echoing}`);
});

test("a clock of 15 ppm gains 15 microseconds a second on world time, and back", () => {
  const clock = new NodeClock(new Rng(1), { rateHz: 16_000, sigmaS: 1e-4 });
  const gainedS = 16_000 * 100 * (1 / 16_000) - (clock.timeOf(1_600_000) - clock.timeOf(0));
  assert.ok(Math.abs(gainedS - 100e-6 * clock.ppm) < 1e-7);
  assert.ok(Math.abs(clock.tickAt(clock.timeOf(12_345)) - 12_345) < 1e-6);
});

test("the error of a node's UTC has the sigma it states: 500 clocks of 1 ms", () => {
  const errors = Array.from({ length: 500 }, (_, i) =>
    new NodeClock(new Rng(i), { rateHz: 16_000, sigmaS: 1e-3 }).errorS(50),
  );
  const rms = Math.sqrt(errors.reduce((sum, x) => sum + x * x, 0) / errors.length);
  assert.ok(Math.abs(rms - 1e-3) < 1e-4, `${rms}`);
});

test("an array hears a shot from the west 0.2 m / c earlier at a microphone 0.2 m further west, and no earlier to the north", () => {
  const city = field(200);
  const { nodes } = renderWorld(
    {
      ...quiet,
      city,
      noiseDbSpl: 0,
      arrayM: [
        [-0.2, 0, 0],
        [0, 0.2, 0],
      ],
    },
    oneShot(0.5),
    1.2,
  );
  const [east, west, north] = nodes[0]!.channels;
  assert.equal(east, nodes[0]!.samples);
  /** Lag of b behind a that fits best, by parabola through the correlation's peak, in samples. */
  const lag = (a: Float32Array, b: Float32Array) => {
    const at = front(a);
    const score = (shift: number) => {
      let sum = 0;
      for (let i = at - 50; i < at + 100; i++) sum += a[i]! * b[i + shift]!;
      return sum;
    };
    const shifts = Array.from({ length: 41 }, (_, i) => i - 20);
    const best = shifts.reduce((top, shift) => (score(shift) > score(top) ? shift : top));
    const [l, m, r] = [score(best - 1), score(best), score(best + 1)];
    return best + (l - r) / (2 * (l - 2 * m + r));
  };
  // The source lies to the west: the microphone 0.2 m west of the first hears it 0.2 / 343.2 s = 9.32 samples earlier.
  assert.ok(Math.abs(lag(east!, west!) + (0.2 / 343.2) * 16_000) < 0.15, `${lag(east!, west!)}`);
  assert.ok(Math.abs(lag(east!, north!)) < 0.15, `${lag(east!, north!)}`);
});

test("a bad clock says so", () => {
  const world = new World({ city: makeCity(1, { nodes: 4 }), seed: 1, badClocks: { n02: 0.02 } });
  assert.is(world.posts[1]!.clock.state.sigmaS, 0.02);
  assert.is(world.posts[0]!.clock.state.sigmaS, 1e-4);
});

test.run();
