import { test } from "uvu";
import * as assert from "uvu/assert";
import type { StreamView } from "#contract/video.ts";
import { figuresBetween, POOR_S, placeInBox, placeInPicture, stepThin, type Thin, tileState, wide } from "./figures.ts";

const reading = (over: object) => ({
  atMs: 0,
  framesDecoded: 0,
  packetsReceived: 0,
  packetsLost: 0,
  bytesReceived: 0,
  processingS: 0,
  ...over,
});
const view: StreamView = {
  stream: "n01.front",
  node: "n01",
  camera: "front",
  phase: "live",
  live: true,
  viewers: 1,
  watchedBy: [],
  recordingFor: [],
};

test("30 frames in a second, each 60 ms on its way through, over a round trip of 40 ms: 80 ms from the relay", () => {
  const figures = figuresBetween(
    reading({}),
    reading({
      atMs: 1000,
      framesDecoded: 30,
      packetsReceived: 95,
      packetsLost: 5,
      bytesReceived: 125_000,
      processingS: 1.8,
      roundTripS: 0.04,
    }),
  );
  assert.is(figures.framesPerS, 30);
  assert.is(figures.lossRatio, 0.05);
  assert.is(figures.kbitPerS, 1000);
  assert.ok(Math.abs(figures.latencyMs! - 80) < 1e-9);
});

test("no latency is said where no frame came", () => {
  assert.is(figuresBetween(reading({}), reading({ atMs: 1000, roundTripS: 0.04 })).latencyMs, undefined);
});

test("five lossy seconds make stills; live is tried again after 20 s, after the next fall 60 s", () => {
  const lossy = { figures: { framesPerS: 5, kbitPerS: 90, lossRatio: 0.3 }, sends: true };
  let thin: Thin = wide;
  let ms = 0;
  const fall = () => {
    let seconds = 0;
    for (; !thin.stills && seconds < 60; seconds++) thin = stepThin(thin, lossy, (ms += 1000));
    return seconds;
  };
  const wait = () => {
    let seconds = 0;
    for (; thin.stills && seconds < 300; seconds++) thin = stepThin(thin, { sends: true }, (ms += 1000));
    return seconds;
  };
  assert.equal([fall(), wait(), fall(), wait()], [POOR_S, 20, POOR_S, 60]);
});

test("a slow camera over a good link is not a thin link, and a silent camera neither", () => {
  let thin: Thin = wide;
  for (let i = 0; i < 60; i++)
    thin = stepThin(thin, { figures: { framesPerS: 1, kbitPerS: 40, lossRatio: 0 }, sends: i < 30 }, i * 1000);
  assert.not(thin.stills);
});

test("only a picture that moves now is called live; an older one says how old it is and why", () => {
  assert.is(tileState({ phase: "live", stills: false, ageS: 0.4, view }).tone, "live");
  const stopped = tileState({
    phase: "live",
    stills: false,
    ageS: 14,
    view: { ...view, live: false, phase: "failed", why: "unplugged" },
  });
  assert.equal(stopped, {
    tone: "lost",
    word: "old, 14 s",
    why: "The camera gives no picture: unplugged; last picture 14 s ago",
  });
  assert.is(tileState({ phase: "connecting", stills: false, view }).tone, "waiting");
  const failed = { ...view, live: false, phase: "failed" as const, why: "unplugged" };
  assert.equal(tileState({ phase: "connecting", stills: false, view: failed }), {
    tone: "lost",
    word: "no picture",
    why: "The camera gives no picture: unplugged",
  });
  assert.equal(tileState({ phase: "live", stills: true, ageS: 3, view }), { tone: "stills", word: "still, 3 s old" });
  assert.is(tileState({ phase: "live", stills: true, ageS: 30, view }).tone, "lost");
  assert.match(tileState({ phase: "retrying", stills: false, refused: "needs a role", view }).why!, /needs a role/);
});

test("a place in a picture of 4:3 inside a box of 16:9, there and back; beside the picture there is none", () => {
  const [box, picture] = [
    { width: 1600, height: 900 },
    { widthPx: 640, heightPx: 480 },
  ];
  assert.equal(placeInPicture(box, picture, { x: 800, y: 450 }), { x: 0.5, y: 0.5 });
  assert.is(placeInPicture(box, picture, { x: 100, y: 450 }), undefined);
  assert.equal(placeInBox(box, picture, { x: 0, y: 0 }), { left: 12.5, top: 0 });
});

test.run();
