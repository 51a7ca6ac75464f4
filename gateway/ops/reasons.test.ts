import { test } from "uvu";
import * as assert from "uvu/assert";
import { reasonOfKey, undoKind, verdictKindOf, verdictKinds } from "./reasons.ts";

test("each verdict has a key of its own and at most nine reasons, one per digit", () => {
  const all = [...verdictKinds, undoKind];
  assert.is(new Set(all.map(({ key }) => key)).size, 4);
  for (const { reasons } of all) {
    assert.ok(reasons.length >= 1 && reasons.length <= 9);
    assert.is(new Set(reasons).size, reasons.length);
  }
});

test("D then 1 dismisses as fireworks; a digit without a reason and other keys pick nothing", () => {
  const dismiss = verdictKindOf("dismissed");
  assert.is(dismiss.key, "d");
  assert.is(reasonOfKey(dismiss, "1"), "Fireworks");
  assert.is(reasonOfKey(dismiss, "9"), undefined);
  assert.is(reasonOfKey(dismiss, "x"), undefined);
});

test.run();
