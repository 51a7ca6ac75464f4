/** One decision a person who passes: made-up embeddings whose distances are known, and what is left of them afterwards. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CHIP_PX } from "./align.ts";
import type { FaceBox } from "./detection.ts";
import { EMBEDDING } from "./distance.ts";
import { type DecidedTrack, FaceTracks, type ListInForce } from "./face-tracks.ts";
import { Gallery } from "./gallery.ts";
import { measuredError } from "./measured-error.ts";
import { Suppressions } from "./suppressions.ts";
import { ruleFor } from "./threshold.ts";

/** Two of them at a and b are |a - b| apart. */
const at = (value: number) => {
  const embedding = new Float32Array(EMBEDDING);
  embedding[0] = value;
  return embedding;
};
const rule = ruleFor(1, measuredError, { falseAlertRate: 0.05, confidence: 0.95 });
if (rule.kind !== "rule") throw new Error(rule.why);

function listOf(id: string, person: string, value: number): ListInForce {
  const gallery = new Gallery([person], at(value), new Float32Array(1));
  if (rule.kind !== "rule") throw new Error(rule.why);
  return { id, rule, nearest: (embedding, spread) => gallery.nearest(embedding, spread) };
}
const box = (x = 100): FaceBox => ({ x, y: 50, widthPx: 60, heightPx: 60, confidence: 0.9 });
const chip = () => new Float32Array(CHIP_PX * CHIP_PX * 3).fill(77);

interface Told extends Omit<DecidedTrack, "embedding" | "chip"> {
  value: number;
  chipValue: number;
  lent: Float32Array;
  lentChip: Uint8Array;
}

function make(
  lists: () => readonly ListInForce[] = () => [listOf("missing", "p1", 1)],
  suppressions = new Suppressions(),
) {
  const tracks = new FaceTracks(lists, suppressions, measuredError);
  const told: Told[] = [];
  const onDecided = ({ embedding, chip: upright, ...rest }: DecidedTrack) =>
    void told.push({ ...rest, value: embedding[0]!, chipValue: upright[0]!, lent: embedding, lentChip: upright });
  /** One look at the faces given as [value, quality, x]; an undefined value is a refused one. */
  const look = (atS: number, ...faces: [number | undefined, number?, number?][]) => {
    for (const [value, score = 0.5, x = 100] of faces) {
      const place = box(x);
      if (!tracks.meet(atS, place).wanted) continue;
      const refused = value === undefined ? ["blurred"] : [];
      tracks.take(
        atS,
        { box: place, refused, score, embedding: value === undefined ? undefined : at(value), chip: chip() },
        onDecided,
      );
    }
    tracks.settle(atS, onDecided);
  };
  return { tracks, told, look, suppressions };
}

test("three good looks of one person are one decision, their fused mean; twenty more looks within 10 s are none", () => {
  const { tracks, told, look } = make();
  look(0, [1.1]);
  look(0.5, [1.2]);
  assert.is(told.length, 0);
  look(1, [1.3]);
  assert.is(told.length, 1);
  const [match] = told;
  assert.equal([match?.outcome.kind, match?.looks], ["possible match", 3]);
  assert.ok(Math.abs(match!.value - 1.2) < 1e-6);
  for (let i = 0; i < 20; i++) look(1.5 + i / 2.5, [1.2]);
  assert.is(told.length, 1);
  const { facesSeen, tracks: people, possible } = tracks.counts;
  assert.equal([facesSeen, people, possible], [23, 1, 1]);
});

test("whoever stands in the box 10 s after the decision is looked at anew: one who took the place is not overlooked", () => {
  const { told, look } = make();
  for (const s of [0, 0.5, 1]) look(s, [3]);
  for (let s = 2; s <= 11; s++) look(s, [1.1]);
  assert.is(told.length, 1);
  for (const s of [11.5, 12, 12.5]) look(s, [1.1]);
  assert.equal(
    told.map(({ outcome }) => outcome.kind),
    ["unknown", "possible match"],
  );
});

test("the best look's face goes to the reviewer, and all is overwritten when the call returns, match or not", () => {
  for (const value of [1.1, 3]) {
    const { told, look } = make();
    for (const s of [0, 0.5, 1]) look(s, [value, 0.3 + s]);
    assert.equal([told[0]?.quality, told[0]?.chipValue], [1.3, 77]);
    assert.ok(told[0]!.lent.every((each) => each === 0));
    assert.ok(told[0]!.lentChip.every((each) => each === 0));
  }
});

test("one good look is decided 3 s later; one who left is decided after 2 s; who was never seen well gives the reasons", () => {
  const { told, look } = make();
  look(0, [3]);
  look(1, [undefined]);
  look(2, [undefined]);
  assert.is(told.length, 0);
  look(3, [undefined]);
  assert.equal([told[0]?.outcome.kind, told[0]?.looks], ["unknown", 1]);
  look(10, [undefined, 0, 400]);
  look(13);
  assert.equal(told.at(-1)?.outcome, { kind: "no decision", why: ["blurred"] });
});

test("a face as far as nobody's second look ever was ends the track: two people who follow in one box are two", () => {
  const { tracks, told, look } = make();
  look(0, [1.1]);
  look(0.5, [3]);
  look(1, [3]);
  look(1.5, [3]);
  assert.equal(
    told.map(({ outcome }) => outcome.kind),
    ["possible match", "unknown"],
  );
  assert.is(tracks.counts.tracks, 2);
});

test("without a list in force nothing is decided about anybody", () => {
  const { told, look } = make(() => []);
  for (const s of [0, 0.5, 1]) look(s, [1]);
  assert.equal(told[0]?.outcome, { kind: "no decision", why: ["no list is in force"] });
});

test("the nearest of two lists is named", () => {
  const { told, look } = make(() => [listOf("a", "far", 1.5), listOf("b", "near", 1.1)]);
  for (const s of [0, 0.5, 1]) look(s, [1]);
  const [match] = told;
  assert.equal([match?.list?.id, match?.outcome.kind === "possible match" && match.outcome.person], ["b", "near"]);
});

test("the same person again within a minute is not said again; after it, it is", () => {
  const { tracks, told, look } = make();
  const pass = (fromS: number, x: number) => {
    for (const s of [0, 0.5, 1]) look(fromS + s, [1.1, 0.5, x]);
  };
  pass(0, 100);
  pass(20, 500);
  pass(90, 900);
  assert.equal(
    told.map(({ outcome }) => outcome.kind),
    ["possible match", "suppressed", "possible match"],
  );
  assert.equal([tracks.counts.possible, tracks.counts.suppressed], [2, 1]);
});

const notThem = (untilNs: bigint, person = "p1", list = "missing") => ({
  match: `m-${person}-${list}`,
  list,
  person,
  embedding: at(1.4),
  spread: 0,
  untilNs,
});

test("a pair that a person rejected is not said; the listed person still is, and another pair too", () => {
  const suppressions = new Suppressions();
  suppressions.add(notThem(100n));
  const passing = (value: number) => {
    const { told, look } = make(undefined, suppressions);
    for (const s of [0, 0.5, 1]) look(s, [value]);
    return told[0]?.outcome.kind;
  };
  // Listed at 1.0, told apart at 1.4.
  assert.is(passing(1.35), "suppressed");
  assert.is(passing(1.05), "possible match");
  suppressions.wipe();
  suppressions.add(notThem(100n, "p2"));
  assert.is(passing(1.35), "possible match");
});

test("a suppression ends by its time, with its list, and by wiping; its embedding is overwritten each time", () => {
  const ends: ((all: Suppressions) => void)[] = [
    (all) => all.expire(100n),
    (all) => all.forgetList("missing"),
    (all) => all.wipe(),
  ];
  for (const end of ends) {
    const all = new Suppressions();
    const entry = notThem(100n);
    all.add(entry);
    all.expire(99n);
    assert.equal(all.matches, ["m-p1-missing"]);
    end(all);
    assert.equal(all.matches, []);
    assert.ok(entry.embedding.every((each) => each === 0));
  }
});

test("of 300 suppressions the newest 256 are kept, and the rest counted", () => {
  const all = new Suppressions();
  for (let i = 0; i < 300; i++) all.add(notThem(100n, `p${i}`));
  assert.equal([all.matches.length, all.dropped, all.matches[0]], [256, 44, "m-p44-missing"]);
});

test("wiped before the decision: one undecided, cut short; wiped after it: nobody twice", () => {
  const { tracks, told, look } = make();
  look(0, [1.1]);
  tracks.wipe();
  for (const s of [1, 1.5, 2]) look(s, [1.1]);
  tracks.wipe();
  const { tracks: people, possible, undecided, interrupted } = tracks.counts;
  assert.equal([people, possible, undecided, interrupted, told.length], [2, 1, 1, 1, 1]);
});

test("in a crowd of 40 faces, 32 are followed and the others counted", () => {
  const { tracks, look } = make();
  look(0, ...Array.from({ length: 40 }, (_, i): [number, number, number] => [3, 0.5, 200 * i]));
  assert.equal([tracks.counts.tracks, tracks.counts.crowdedOut], [32, 8]);
});

test.run();
