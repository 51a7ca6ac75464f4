import { test } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { RuleSet, streetRules } from "./rule-set.ts";
import { type AbnormalEvent, RuleBook } from "./rules.ts";
import type { Track } from "./track-types.ts";

const all = ["person", "fallen", "sound:glass-break"];

const somebody = (id: number, timeS: number, x: number, y: number, more: Partial<Track> = {}): Track => {
  const covariance = new Float64Array(16);
  for (let i = 0; i < 4; i++) covariance[5 * i] = i < 2 ? 0.04 : 0.01;
  return {
    id,
    phase: "confirmed",
    timeS,
    xyM: [x, y],
    velocityMps: [0, 0],
    covariance,
    rangeM: [9, 11],
    bearingOnly: false,
    kind: "person",
    kinds: { person: 0.95, vehicle: 0.03, sound: 0.02 },
    marks: {},
    bornS: 0,
    seenS: timeS,
    sightings: 9,
    sensors: ["front"],
    ...more,
  };
};

/** Every half second; what fired, of one rule. */
function play(rule: string, untilS: number, at: (timeS: number) => Track[], detectors = all): AbnormalEvent[] {
  const book = new RuleBook(streetRules, detectors);
  const events: AbnormalEvent[] = [];
  for (let timeS = 0; timeS <= untilS; timeS += 0.5) events.push(...book.step(timeS, at(timeS), []));
  return events.filter((event) => event.rule === rule);
}

test("somebody who stays within 8 m for 180 s is told of once, with time, distance and kind as reasons", () => {
  const events = play("loitering", 600, (t) => [somebody(7, t, 3 * Math.sin(t / 20), 2)]);
  assert.is(events.length, 1);
  const [event] = events;
  assert.is(event?.timeS, 180);
  assert.equal(event?.tracks, [7]);
  assert.is(event?.revision, "street-1");
  const [stay, away, sure] = event!.reasons;
  assert.equal([stay?.value, stay?.threshold, stay?.unit], [180, 180, "s"]);
  assert.ok(away!.value < away!.threshold);
  assert.equal([sure?.value, sure?.threshold], [0.95, 0.7]);
  assert.match(event!.text, "180 s");
});

test("who walks on, is seen too vaguely, or is hardly a person, does not loiter", () => {
  assert.is(play("loitering", 400, (t) => [somebody(1, t, 0.5 * t, 0)]).length, 0);
  assert.is(play("loitering", 400, (t) => [somebody(1, t, 0, 0, { bearingOnly: true })]).length, 0);
  const unsure = { kinds: { person: 0.6, vehicle: 0.3, sound: 0.1 } };
  assert.is(play("loitering", 400, (t) => [somebody(1, t, 0, 0, unsure)]).length, 0);
  assert.is(play("loitering", 400, (t) => [somebody(1, t, 0, 0, { phase: "tentative" })]).length, 0);
});

test("back after leaving: told again only when 900 s have passed", () => {
  const away = (t: number) => (t > 200 && t < 300) || (t > 700 && t < 800);
  const events = play("loitering", 1500, (t) => [somebody(2, t, away(t) ? 40 : 0, 0)]);
  assert.equal(
    events.map((event) => event.timeS),
    [180, 1080],
  );
});

const crowd = (t: number, people: number, speed: number) =>
  Array.from({ length: people }, (_, i) => somebody(i + 1, t, 2 * i + speed * t, 0, { velocityMps: [speed, 0] }));

test("six people running together at 3.5 m/s are a running crowd after 2 s; walking, four, or scattered, they are not", () => {
  const [event, ...more] = play("running-crowd", 20, (t) => crowd(t, 6, 3.5));
  assert.is(more.length, 0);
  assert.is(event?.timeS, 2);
  assert.is(event?.tracks.length, 6);
  assert.equal(
    event?.reasons.map(({ what, value }) => [what, value]),
    [
      ["people together", 6],
      ["share who run", 1],
      ["mean speed of those", 3.5],
      ["time", 2],
    ],
  );
  assert.ok(event?.xyM && Math.abs(event.xyM[0] - 12) < 1e-9);
  assert.is(play("running-crowd", 20, (t) => crowd(t, 6, 1.4)).length, 0);
  assert.is(play("running-crowd", 20, (t) => crowd(t, 4, 3.5)).length, 0);
  const apart = (t: number) => crowd(t, 6, 3.5).map((each) => ({ ...each, xyM: [each.id * 20, 0] as const }));
  assert.is(play("running-crowd", 20, apart).length, 0);
});

test("a track whose speed is all doubt does not run", () => {
  const wild = (t: number) =>
    crowd(t, 6, 3.5).map((each) => ({ ...each, covariance: each.covariance.map((v, i) => (i === 10 ? 4 : v)) }));
  assert.is(play("running-crowd", 20, wild).length, 0);
});

test("lying still for 5 s is told, lying for 3 s or creeping is not; a flicker of the detector does not break the time", () => {
  const lying = (t: number, fallen: number, speed = 0.1) => [
    somebody(3, t, 5, 5, { marks: { fallen }, velocityMps: [speed, 0] }),
  ];
  const [event, ...more] = play("fallen-person", 60, (t) => lying(t, t === 2.5 ? 0.5 : 0.9));
  assert.is(event?.timeS, 5);
  assert.is(more.length, 0);
  assert.equal(event?.xyM, [5, 5]);
  assert.is(play("fallen-person", 60, (t) => lying(t, t < 3 ? 0.9 : 0.1)).length, 0);
  assert.is(play("fallen-person", 60, (t) => lying(t, 0.9, 0.8)).length, 0);
});

test("glass heard at 0.85 is told once; at 0.7 not; again 61 s later", () => {
  const book = new RuleBook(streetRules, all);
  const glass = (timeS: number, probability: number) =>
    book.step(timeS, [], [{ timeS, label: "glass-break", probability, azimuthRad: 1 }]);
  assert.is(glass(0, 0.7).length, 0);
  const [event] = glass(10, 0.85);
  assert.is(event?.kind, "sound-heard");
  assert.is(event?.azimuthRad, 1);
  assert.equal(event?.reasons[0], { what: "probability of glass-break", value: 0.85, threshold: 0.8, unit: "1" });
  assert.is(book.step(11, [], []).length, 0);
  assert.is(glass(12, 0.9).length, 0, "the same event");
  assert.is(glass(40, 0.9).length, 0, "resting");
  assert.is(glass(71, 0.9).length, 1);
  assert.is(book.status().find((each) => each.rule === "glass-break")?.fired, 2);
});

test("a rule whose detector is missing is off, says which, and never fires", () => {
  const book = new RuleBook(streetRules, ["person"]);
  const off = book.status().filter((each) => !each.on);
  assert.equal(
    off.map(({ rule, why }) => [rule, why]),
    [
      ["fallen-person", "off: no detector for fallen"],
      ["glass-break", "off: no detector for sound:glass-break"],
    ],
  );
  assert.is(book.step(0, [], [{ timeS: 0, label: "glass-break", probability: 1 }]).length, 0);
  assert.is(play("fallen-person", 60, (t) => [somebody(1, t, 0, 0, { marks: { fallen: 1 } })], ["person"]).length, 0);
});

test("a rule set with faults is refused field by field", () => {
  const [first] = streetRules.rules;
  const faults = (data: unknown) =>
    (v.safeParse(RuleSet, data).issues ?? []).map((issue) => `${v.getDotPath(issue)}: ${issue.message}`).join("; ");
  const wrong = faults({ ...streetRules, rules: [{ ...first, radiusM: -1, colour: "red" }] });
  assert.match(wrong, "rules.0.radiusM: ");
  assert.match(wrong, "rules.0.colour: ");
  assert.match(faults({ ...streetRules, rules: [first, first] }), /its own id/);
  assert.equal(v.parse(RuleSet, JSON.parse(JSON.stringify(streetRules))), streetRules);
});

test.run();
