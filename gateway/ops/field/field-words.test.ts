import { test } from "uvu";
import * as assert from "uvu/assert";
import { asked, at, callOf, unitsOf } from "../fixtures/field-samples.ts";
import { askedWords, farFromCallM, unitWords } from "./field-words.ts";

const call = callOf("i1", { status: "onScene", asked: [asked("car-12", { answer: "onScene" })] });
const [car] = unitsOf();
const placed = (eastM: number, more = {}) => ({ ...car!, place: { ...at(46 + eastM, -34), posSigmaM: 6, ...more } });

test("a unit that says it is there and places itself 700 m off is shown with both; one that parks 80 m off is there", () => {
  const words = (eastM: number) => askedWords(call.asked[0]!, farFromCallM(placed(eastM), call));
  // 700 m, less 2.448 x 6 m of its own and 3 m of the place.
  assert.is(words(700), "says it is there, but its last position is 680 m away or more");
  assert.is(words(80), "is there");
});

test("a place that the configuration has, or a robot's, says nothing against its word", () => {
  assert.is(farFromCallM(placed(700, { fixed: true }), call), undefined);
  assert.is(farFromCallM({ ...placed(700), robot: true }, call), undefined);
  assert.is(farFromCallM(undefined, call), undefined);
});

test("a unit whose terminal says available while it is at a call is told with both", () => {
  assert.is(unitWords(car!, [call]), "available, though it said that it is at a call");
  assert.is(unitWords({ ...car!, status: "busy" }, [call]), "busy");
  assert.is(unitWords(car!, []), "available");
});

test.run();
