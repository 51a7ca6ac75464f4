import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "uvu";
import type { IncidentState } from "#contract/incident.ts";
import { fill, hoursFault, isDue, kindsFault, localHourOf, type Rule, route, wordsOf } from "./routing.ts";

const burst = JSON.parse(
  readFileSync(new URL("./recorded/burst-of-three.json", import.meta.url), "utf8"),
) as IncidentState[];
const last = burst.at(-1) as IncidentState;
const anyone: Rule = {
  kinds: [],
  statuses: [],
  minProbability: 0,
  maxWithinM: 0,
  unverified: true,
  unmeasured: true,
  hours: "",
};
const why = (rule: Partial<Rule>, state: IncidentState = last, hour = 12) => {
  const routed = route({ ...anyone, ...rule }, state, hour);
  return routed.kind === "match" ? "match" : routed.why;
};

test("a rule without conditions lets everything pass, also an incident without a place", () => {
  const { place: _, ...placeless } = last;
  assert.equal(why({}, placeless as IncidentState), "match");
});

test("each condition turns away with its reason", () => {
  assert.equal(why({ minProbability: 0.99 }), "97 % is less than 99 %");
  assert.equal(why({ maxWithinM: 2 }), "within 4 m is wider than 2 m");
  assert.equal(why({ statuses: ["escalated"] }), "it is unreviewed");
  assert.equal(why({ unverified: false }, { ...last, unverified: true }), "it may be an echo");
  assert.equal(why({ maxWithinM: 2 }, { ...last, place: undefined }), "its place is not known");
});

test("a probability that nobody measured is compared with nothing: a person's word passes, a detector's by the tick", () => {
  const known = (probability: number, probabilityKnown: boolean) => ({
    ...last,
    kind: "event" as const,
    what: "somebody on the ground",
    probability,
    probabilityKnown,
  });
  const half = { minProbability: 0.5 };
  assert.equal(why(half, known(0.4, true)), "40 % is less than 50 %");
  for (const probability of [1, 0.4]) {
    assert.equal(why(half, known(probability, false)), "match");
    assert.equal(why({ ...half, unmeasured: false }, known(probability, false)), "its probability is not measured");
  }
  assert.equal(why({ ...half, unmeasured: false }, known(0.6, true)), "match");
  for (const kind of ["caller", "backup", "face"] as const) {
    const judged = { ...last, kind, probability: 0.3, probabilityKnown: false };
    assert.equal(why({ ...half, kinds: [kind], unmeasured: false }, judged), "match", kind);
  }
});

test("a notice tells how many rounds may have been fired where that is open", () => {
  const roundsBetween = { low: 3, high: 5, likely: 3, level: 0.95, weights: [1] };
  assert.match(wordsOf({ ...last, roundsBetween }), /^3 rounds \(3 to 5\), 97 %, within 4 m/);
  assert.match(wordsOf({ ...last, roundsBetween: { ...roundsBetween, high: 3 } }), /^3 rounds, 97 %/);
});

test("a face goes only where faces are named, everything else also where nothing is", () => {
  const of = (kind: typeof last.kind) => ({ ...last, kind });
  for (const kind of ["gunfire", "event", "caller", "backup"] as const) assert.equal(why({}, of(kind)), "match", kind);
  assert.equal(why({}, of("face")), "a face goes only where it is named");
  assert.equal(why({ kinds: ["gunfire", "face"] }, of("face")), "match");
  assert.equal(why({ kinds: ["gunfire"] }, of("face")), "a face goes only where it is named");
  assert.equal(why({ kinds: ["face"] }, of("gunfire")), "it is of kind gunfire");
  assert.equal(kindsFault(["gunfire", "face"]), undefined);
  assert.match(kindsFault(["faces"]) ?? "", /'faces' is not known; known are gunfire/);
});

test("the flow that comes with Tocsin tells the desk of faces and the outside system of none", () => {
  const nodes: { route?: string; kinds?: string }[] = JSON.parse(
    readFileSync(new URL("./default-flows.json", import.meta.url), "utf8"),
  );
  const kinds = Object.fromEntries(nodes.flatMap(({ route, kinds }) => (route ? [[route, kinds]] : [])));
  assert.ok(kinds.desk?.split(",").includes("face"));
  assert.equal(kinds.webhook, "");
});

test("hours run over midnight, the end not included", () => {
  const passes = (hour: number) => why({ hours: "22-06" }, last, hour) === "match";
  assert.deepEqual([21, 22, 23, 0, 5, 6].map(passes), [false, true, true, true, true, false]);
  assert.equal(hoursFault("22-06"), undefined);
  assert.match(hoursFault("22:00-06:00") ?? "", /must be like 22-06/);
});

test("23:30 UTC in November is 18 o'clock in New York and 0 in Berlin", () => {
  const date = new Date("2026-11-22T23:30:00Z");
  assert.deepEqual([localHourOf("America/New_York", date), localHourOf("Europe/Berlin", date)], [18, 0]);
});

test("an incident in words: rounds, how sure, how well placed, status", () => {
  assert.equal(wordsOf(last), "3 rounds, 97 %, within 4 m of 40.43850, -79.99720, unreviewed");
  assert.equal(fill("{incident} v{version}: {nothing}", last), "01M8BURST00000000000000003 v3: {nothing}");
});

test("what nobody measured is not called sure, and 99.7 % is not called 100 %", () => {
  const event = { ...last, kind: "event" as const, rounds: [], probability: 1, what: "somebody on the ground" };
  const said = "somebody on the ground, probability not measured, within 4 m of 40.43850, -79.99720, unreviewed";
  assert.equal(wordsOf({ ...event, probabilityKnown: false }), said);
  // As records from before `probabilityKnown` have it.
  assert.equal(wordsOf(event), said);
  assert.match(wordsOf({ ...event, kind: "caller", probabilityKnown: false }), /a person called/);
  assert.match(wordsOf({ ...last, probability: 0.997 }), /^3 rounds, > 99 %, /);
  assert.match(wordsOf({ ...last, probability: 1 }), /^3 rounds, > 99 %, /);
});

test("of a burst's three versions 'new' passes the first only, 'every' all, and repeats pass never", () => {
  const passed = (moment: "new" | "every") => {
    let before: { version: number; status: string } | undefined;
    return [...burst, ...burst].filter((state) => {
      if (!isDue(moment, state, before)) return false;
      before = state;
      return true;
    }).length;
  };
  assert.deepEqual([passed("new"), passed("every")], [1, 3]);
});

test("an incident that comes back before people after its dismissal is new once more", () => {
  assert.equal(isDue("new", { ...last, version: 5 }, { version: 4, status: "dismissed" }), true);
  assert.equal(isDue("new", { ...last, version: 5 }, { version: 4, status: "unreviewed" }), false);
});

test("'reviewed' passes each decision once", () => {
  const confirmed = { ...last, version: 4, status: "confirmed" as const };
  assert.equal(isDue("reviewed", last, undefined), false);
  assert.equal(isDue("reviewed", confirmed, undefined), true);
  assert.equal(isDue("reviewed", { ...confirmed, version: 5 }, { version: 4, status: "confirmed" }), false);
});

test.run();
