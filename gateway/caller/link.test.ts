import assert from "node:assert/strict";
import { test } from "uvu";
import { end, type Link, open, stateOf } from "./link.ts";

const MINUTE = 60_000;
const fresh: Link = { openUntilMs: 15 * MINUTE };
const tap = (link: Link, nowMs: number, shown?: string) => open(link, { shown, fresh: "phone-1" }, nowMs, 240 * MINUTE);

function opened(): Link {
  const outcome = tap(fresh, 0);
  assert.equal(outcome.kind, "opened");
  return outcome.kind === "opened" ? outcome.link : fresh;
}

test("a link of 15 minutes waits at 14:59 and is expired at 15:00", () => {
  assert.equal(stateOf(fresh, 15 * MINUTE - 1), "waiting");
  assert.equal(stateOf(fresh, 15 * MINUTE), "expired");
  assert.deepEqual(tap(fresh, 15 * MINUTE), { kind: "over", state: "expired" });
});

test("the first tap binds it to that device: the same one may come again, another may not", () => {
  const link = opened();
  assert.equal(stateOf(link, MINUTE), "open");
  assert.deepEqual(tap(link, MINUTE, "phone-1"), { kind: "same" });
  assert.deepEqual(tap(link, MINUTE, "phone-2"), { kind: "otherDevice" });
  assert.deepEqual(tap(link, MINUTE), { kind: "otherDevice" });
});

test("an open link lasts four hours, also past the time in which it could be opened", () => {
  const link = opened();
  assert.equal(stateOf(link, 239 * MINUTE), "open");
  assert.equal(stateOf(link, 240 * MINUTE), "ended");
});

test("ended before it was opened it is revoked, after that it is ended; neither opens again, nor does an expired one change", () => {
  const revoked = end(fresh, 0);
  assert.equal(stateOf(revoked, 0), "revoked");
  assert.deepEqual(tap(revoked, 0), { kind: "over", state: "revoked" });
  const ended = end(opened(), MINUTE);
  assert.deepEqual(tap(ended, MINUTE, "phone-1"), { kind: "over", state: "ended" });
  assert.equal(stateOf(end(fresh, 16 * MINUTE), 16 * MINUTE), "expired");
});

test.run();
