import assert from "node:assert/strict";
import { test } from "uvu";
import { readKnocks } from "./knock.ts";

const every = (count: number, ms: number) => Array.from({ length: count }, (_, i) => i * ms);

test("one to six even knocks are yes, no, cannot speak, weapon, hurt, hiding; seven and twelve are help", () => {
  const means = [1, 2, 3, 4, 5, 6, 7, 12].map((count) => readKnocks(every(count, 250)).answers);
  assert.deepEqual(means, [["yes"], ["no"], ["cannotSpeak"], ["weapon"], ["hurt"], ["hiding"], ["help"], ["help"]]);
});

test("slow knocks, 900 ms apart, are still one answer, and a clear one", () => {
  const { answers, orElse } = readKnocks(every(4, 900));
  assert.deepEqual([answers, orElse], [["weapon"], []]);
});

test("a finger that bounces for 40 ms knocks once", () => {
  assert.deepEqual(readKnocks([0, 40, 300, 335]).answers, ["no"]);
});

test("a pause of 2 s parts two answers", () => {
  const { answers, text, orElse } = readKnocks([0, 200, 2200]);
  assert.deepEqual(answers, ["no", "yes"]);
  assert.equal(text, "2 knocks: no; 1 knock: yes");
  assert.deepEqual(orElse, []);
});

test("two quick knocks, 700 ms of quiet, two more: four, or twice two, and both are told", () => {
  const { answers, orElse } = readKnocks([0, 200, 900, 1100]);
  assert.deepEqual(answers, ["weapon"]);
  assert.deepEqual(
    orElse.map((other) => other.answers),
    [["no", "no"]],
  );
});

test.run();
