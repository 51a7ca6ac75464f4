import assert from "node:assert/strict";
import { test } from "uvu";
import flows from "./default-flows.json" with { type: "json" };

/** A node of Node-RED's editor is 30 px high, the line of its status below it takes 17 more. */
test("in the default flow no node lies on another, nor on the line of status below one", () => {
  const nodes = flows.flatMap(({ id, type, x, y }) => (x === undefined || y === undefined ? [] : [{ id, type, x, y }]));
  assert.ok(nodes.length > 5);
  const hasStatus = ({ type }: { type: string }) => type.startsWith("tocsin-") || type === "http request";
  for (const upper of nodes)
    for (const lower of nodes)
      if (lower.y > upper.y && Math.abs(lower.x - upper.x) < 180)
        assert.ok(lower.y - upper.y >= (hasStatus(upper) ? 50 : 35), `${lower.id} lies on ${upper.id}`);
});

test.run();
