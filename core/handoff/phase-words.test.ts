/** What stands on a record is read by people: no phase or check is told by the program's own name. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FlightPhase } from "#contract/flight.ts";
import { checkWords, overdueWords, phaseSaid } from "./phase-words.ts";

const programName = /[a-z][A-Z]|\w-rc\b/;

test("every phase has words, and every phase that may last too long says what took too long", () => {
  for (const phase of FlightPhase.options) {
    assert.not.match(phaseSaid(phase), programName, phase);
    assert.not.match(overdueWords(phase, "given back"), programName, phase);
  }
  assert.is(overdueWords("onScene", "given back"), "its time over the scene is up");
  assert.is(
    overdueWords("holding", "aircraft 4ca1 180 m away"),
    "it held as long as it may (aircraft 4ca1 180 m away)",
  );
});

test("a failed check is named as on the console", () => {
  assert.is(checkWords("failsafe-rc"), "Failsafe: radio lost");
  assert.is(checkWords("gnss"), "Position");
});

test.run();
