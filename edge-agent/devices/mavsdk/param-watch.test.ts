/** Parameters as they come over the wire, and who waits for them. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ParamWatch, paramOf } from "./param-watch.ts";

const test = suite("parameters heard");
/** The integer 2 in the four bytes of a float, as PX4 sends it. */
const twoAsFloat = 2.802596928649634e-45;

test("PX4's 2 comes as the float of its bytes, ArduPilot's as 2.0; a real number is itself", () => {
  assert.equal(paramOf({ param_type: 6, param_value: twoAsFloat }, true), { value: 2, type: "int" });
  assert.equal(paramOf({ param_type: 2, param_value: 2 }, false), { value: 2, type: "int" });
  assert.equal(paramOf({ param_type: 9, param_value: 37.25 }, true), { value: 37.25, type: "float" });
});

test("what JSON cannot carry is not taken for 0: -1 bytewise is NaN on the wire and null here; nor is a type that PX4 has not", () => {
  assert.is(paramOf({ param_type: 6, param_value: null }, true), undefined);
  assert.is(paramOf({ param_type: 4, param_value: twoAsFloat }, true), undefined);
});

test("only what was heard after the question answers it; one that does not come leaves the others", async () => {
  const watch = new ParamWatch();
  const hear = (param_id: string, param_value: number, atMs: number) =>
    watch.hear({ param_id, param_type: 9, param_value }, true, atMs);
  hear("OLD", 1, 100);
  hear("NEW", 2, 201);
  const before = watch.since(["NEW", "LATER"], 200, 5000);
  hear("LATER", 3, 202);
  assert.equal(
    [...(await before)].map(([name, { value }]) => [name, value]),
    [
      ["NEW", 2],
      ["LATER", 3],
    ],
  );
  assert.equal([...(await watch.since(["OLD", "NEW"], 200, 10)).keys()], ["NEW"]);
});

test.run();
