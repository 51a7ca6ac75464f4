import { test } from "uvu";
import * as assert from "uvu/assert";
import { agoS, callerOf } from "../fixtures/field-samples.ts";
import { isOwnCaller } from "./calling.ts";

const incident = { incident: "i1", kind: "caller" as const };
const link = (id: string, createdBy: string, s: number) => callerOf("i1", { id, createdBy, createdAt: agoS(s) });

test("who made the link that opened a caller's incident is not alarmed by it; all others are", () => {
  const links = [link("c1", "jd", 60)];
  assert.is(isOwnCaller(incident, links, "jd"), true);
  assert.is(isOwnCaller(incident, links, "ann"), false);
});

test("who sends a second link of somebody else's caller made nothing; nor does a link make gunfire one's own", () => {
  const links = [link("c2", "jd", 10), link("c1", "ann", 60)];
  assert.is(isOwnCaller(incident, links, "jd"), false);
  assert.is(isOwnCaller({ ...incident, kind: "gunfire" }, [link("c1", "jd", 60)], "jd"), false);
});

test.run();
