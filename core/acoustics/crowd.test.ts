import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Scores } from "#contract/shot.ts";
import { Crowd } from "./crowd.ts";
import { crowdWeights as weights } from "./testing-crowd.ts";

const alone = (gunshot: number): Scores => ({
  gunshot,
  firework: 0,
  vehicle: 0,
  impact: (1 - gunshot) / 4,
  glass: 0,
  other: (3 * (1 - gunshot)) / 4,
});
const sumOf = (scores: Scores) => Object.values(scores).reduce((a, b) => a + b, 0);

test("an impulse with nothing before it keeps its probability; without weights every one does", () => {
  assert.ok(Math.abs(new Crowd(weights).judge(5, -12, alone(0.6)).scores.gunshot - 0.6) < 0.002);
  const plain = new Crowd(undefined);
  for (let i = 0; i < 20; i++) plain.judge(i / 10, -10, alone(0.01));
  assert.equal(plain.judge(2, -10, alone(0.6)), { scores: alone(0.6) });
});

test("rain: after ten drops as loud in a second 0.6 becomes 0.2; the rest is shared as before and sums to 1", () => {
  const crowd = new Crowd(weights);
  for (let i = 0; i < 10; i++) crowd.judge(i / 10, -20, alone(0.02));
  const { scores, company } = crowd.judge(1, -20, alone(0.6));
  assert.ok(scores.gunshot < 0.22, `${scores.gunshot}`);
  assert.ok(Math.abs(sumOf(scores) - 1) < 1e-12);
  assert.ok(Math.abs(scores.other / scores.impact - 3) < 1e-9);
  assert.ok(company!.among > 9 && company!.among < 10, `among ${company!.among}`);
  assert.is(company!.alone, 0.6);
});

test("ten drops 25 dB fainter, or heard more than two seconds ago, take nothing off", () => {
  const faint = new Crowd(weights);
  for (let i = 0; i < 10; i++) faint.judge(i / 10, -45, alone(0.02));
  assert.ok(faint.judge(1, -20, alone(0.6)).scores.gunshot > 0.59);
  const past = new Crowd(weights);
  for (let i = 0; i < 10; i++) past.judge(i / 10, -20, alone(0.02));
  assert.ok(past.judge(2.95, -20, alone(0.6)).scores.gunshot > 0.59);
});

test("a burst: a round as loud as a sure one before it loses little more than a tenth, echoes among them or not", () => {
  const crowd = new Crowd(weights);
  crowd.judge(0, -10, alone(0.97));
  for (let i = 1; i < 8; i++) crowd.judge(i / 100, -16, alone(0.1));
  const { scores, company } = crowd.judge(0.1, -10, alone(0.6));
  assert.ok(company!.afterShot > 0.95, `${company!.afterShot}`);
  assert.ok(scores.gunshot > 0.49, `${scores.gunshot}`);
});

test("fifteen rounds 90 ms apart of which none is sure, two echoes behind each, speak for one another: all stay above 0.45", () => {
  const crowd = new Crowd(weights);
  for (let round = 0; round < 15; round++) {
    const { scores } = crowd.judge(0.09 * round, -10, alone(0.6));
    assert.ok(scores.gunshot > 0.45, `round ${round}: ${scores.gunshot}`);
    for (const lateS of [0.02, 0.04]) crowd.judge(0.09 * round + lateS, -18, alone(0.1));
  }
});

test("thunder: forty claps of 0.3 each in two seconds hardly speak for one another, and 0.6 behind them becomes less than 0.3", () => {
  const crowd = new Crowd(weights);
  const without = new Crowd({ ...weights, shotShare: undefined });
  for (let i = 0; i < 40; i++) for (const each of [crowd, without]) each.judge(i / 20, -10, alone(0.3));
  assert.ok(without.judge(1.99, -10, alone(0.6)).company!.afterShot > 0.7);
  const { scores, company } = crowd.judge(1.99, -10, alone(0.6));
  assert.ok(company!.afterShot < 0.45 && scores.gunshot < 0.3, `${company!.afterShot} ${scores.gunshot}`);
});

test("scale and bias make a probability of the log odds: of 0.5 with scale 1.2 and bias 0.4 comes 1 / (1 + e^-0.4)", () => {
  const { scores } = new Crowd({ ...weights, scale: 1.2, bias: 0.4 }).judge(0, -10, alone(0.5));
  assert.ok(Math.abs(scores.gunshot - 1 / (1 + Math.exp(-0.4))) < 0.002, `${scores.gunshot}`);
});

test("what follows a sure shot 12 dB fainter is told with more doubt: it may be its echo", () => {
  const crowd = new Crowd(weights);
  crowd.judge(0, -10, alone(0.97));
  const { scores, company } = crowd.judge(0.2, -22, alone(0.6));
  assert.ok(company!.echoOfShot > 0.95, `${company!.echoOfShot}`);
  assert.ok(scores.gunshot > 0.25 && scores.gunshot < 0.35, `${scores.gunshot}`);
});

test("a certain score stays a probability, and the ear's densest rain holds no more than 512 impulses", () => {
  const crowd = new Crowd(weights);
  for (let i = 0; i < 2000; i++) crowd.judge(i / 1000, -20, alone(0));
  const { scores, company } = crowd.judge(2, -20, alone(1));
  assert.ok(company!.among <= 512, `${company!.among}`);
  assert.ok(scores.gunshot > 0.999 && scores.gunshot < 1 && Math.abs(sumOf(scores) - 1) < 1e-9);
});

test.run();
